# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""A small blocking WebSocket client (RFC 6455): it sends the frames it is told to, right or wrong."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import struct
from dataclasses import dataclass
from typing import Optional

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TIMEOUT = 10.0
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


@dataclass(frozen=True)
class Response:
    """The broker's answer to the request."""

    status: int
    headers: dict[str, str]


class WebSocket:
    """One connection."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.socket = socket.create_connection(address, timeout=TIMEOUT)
        self._buffer = b""

    def upgrade(self, protocols: Optional[str] = "mqtt", path: str = "/mqtt", **headers: str) -> Response:
        """Asks for WebSocket; header names have underscores for hyphens. A 101 has to have the right proof."""
        key = base64.b64encode(os.urandom(16))
        host, port = self.address
        fields = {"Host": f"{host}:{port}", "Upgrade": "websocket", "Connection": "Upgrade"}
        fields |= {"Sec-WebSocket-Key": key.decode(), "Sec-WebSocket-Version": "13"}
        if protocols is not None:
            fields["Sec-WebSocket-Protocol"] = protocols
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        while b"\r\n\r\n" not in self._buffer:
            self._fill()
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        first, *rest = head.decode().split("\r\n")
        found = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        response = Response(int(first.split()[1]), found)
        if response.status == 101:
            proof = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
            assert found["sec-websocket-accept"] == proof, found
        return response

    def send(self, opcode: int, payload: bytes = b"", final: bool = True, masked: bool = True) -> None:
        """Sends a frame of less than 64 KiB."""
        self.socket.sendall(frame(opcode, payload, final, masked))

    def receive(self) -> tuple[int, bytes]:
        """The next frame, which has to be whole and not masked: opcode and payload."""
        first, second = self._take(2)
        assert first & 0xF0 == 0x80 and second < 128, f"{first:02x} {second:02x}"
        length = second
        if second == 126:
            (length,) = struct.unpack(">H", self._take(2))
        elif second == 127:
            (length,) = struct.unpack(">Q", self._take(8))
        return first & 0x0F, self._take(length)

    def receive_bytes(self, count: int) -> bytes:
        """As many bytes of binary frames, however they are cut."""
        found = b""
        while len(found) < count:
            opcode, payload = self.receive()
            assert opcode == BINARY, opcode
            found += payload
        return found

    def at_end(self) -> bool:
        """Whether the broker has closed and nothing is left to read."""
        return not self._buffer and self.socket.recv(1) == b""

    def close(self) -> None:
        """Closes the socket."""
        self.socket.close()

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill()
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _fill(self) -> None:
        data = self.socket.recv(65536)
        assert data, "the broker has closed the connection"
        self._buffer += data


def frame(opcode: int, payload: bytes = b"", final: bool = True, masked: bool = True) -> bytes:
    """A frame of less than 64 KiB."""
    length = len(payload)
    mask = os.urandom(4) if masked else b""
    flag = 0x80 if masked else 0
    head = bytes([(0x80 if final else 0) | opcode])
    head += bytes([flag | length]) if length < 126 else struct.pack(">BH", flag | 126, length)
    if masked:
        payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return head + mask + payload
