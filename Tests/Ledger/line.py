# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""One network connection to the broker over asyncio: packets in by callback, bytes out. It does nothing by itself."""

from __future__ import annotations

import asyncio
from typing import Callable, Optional

from packets import V5
from parser import Packet, WireViolation, parse

Address = tuple[str, int]


class Line(asyncio.Protocol):
    """What it reads goes to `on_packet` until it is lost, or until nobody wants to know any more."""

    def __init__(self, version: int, on_packet: Callable[[Line, Packet], None]) -> None:
        self.version = version
        self.on_packet: Optional[Callable[[Line, Packet], None]] = on_packet
        self.violation: Optional[str] = None
        self.lost = asyncio.Event()
        self._buffer = bytearray()
        self._transport: Optional[asyncio.Transport] = None

    @classmethod
    async def open(cls, address: Address, version: int, on_packet: Callable[[Line, Packet], None]) -> Line:
        """Connects; raises OSError or TimeoutError."""
        loop = asyncio.get_running_loop()
        _, line = await asyncio.wait_for(loop.create_connection(lambda: cls(version, on_packet), *address), 5)
        return line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, _: Optional[Exception]) -> None:
        self.on_packet = None
        self.lost.set()

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        start = 0
        while self.on_packet is not None:
            length, shift, at = 0, 0, start + 1
            while True:
                if at >= len(buffer):
                    del buffer[:start]
                    return
                digit = buffer[at]
                length |= (digit & 0x7F) << shift
                at, shift = at + 1, shift + 7
                if not digit & 0x80:
                    break
            if at + length > len(buffer):
                break
            try:
                packet = parse(buffer[start], bytes(buffer[at : at + length]), self.version)
            except WireViolation as violation:
                self.violation = str(violation)
                self.close()
                return
            start = at + length
            self.on_packet(self, packet)
        del buffer[:start]

    def send(self, *data: bytes) -> None:
        """Sends packets. On a line that has been lost that is no error."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(data))

    def abandon(self) -> None:
        """Reads no further, as if everything that comes were lost on the way; what was sent still goes."""
        self.on_packet = None
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def close(self) -> None:
        """Closes without DISCONNECT, as a lost network does."""
        self.on_packet = None
        if self._transport is not None:
            self._transport.abort()

    @property
    def is_v5(self) -> bool:
        """Whether MQTT 5.0 is spoken on it."""
        return self.version == V5
