# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""A publisher that keeps to the standard: it sends again what was not acknowledged, and nothing else."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Optional

import packets
import payload
from actor import Actor, World
from ledger import Stream, deletes
from packets import V5, Prop, Type
from parser import Packet

WINDOW = 20
LAST_ROUND = 5


@dataclass
class Outgoing:
    """A message that is under way."""

    stream: Stream
    number: int
    released: bool = False
    """Whether PUBREC has come, so that PUBREL is due."""


class Publisher(Actor):
    """Writes its streams in bursts; reconnects at once."""

    def __init__(
        self,
        world: World,
        name: str,
        version: int,
        topics: dict[str, int],
        expiry: Optional[int] = 3600,
        window: int = WINDOW,
        pace: float = 25,
        retained: bool = False,
    ) -> None:
        """`topics` with their QoS; `pace` is in messages a second, in the mean."""
        super().__init__(world, name, version, expiry)
        self.streams = [self.ledger.stream(topic, qos, retained) for topic, qos in topics.items()]
        self.window = window
        self.allowed = window
        self.pace = pace
        self.flights: dict[int, Outgoing] = {}
        """By packet identifier, in the order in which they were sent."""
        self.again: deque[Outgoing] = deque()
        """What a session that is void has not seen acknowledged, and may be sent as something new."""
        self.due = 0
        self.identifier = 0
        self.finished = asyncio.Event()
        self.closing = False

    async def run(self) -> None:
        """Publishes until the end."""
        writing = asyncio.ensure_future(self._write())
        while not self.world.over.is_set():
            await self.connect()
            await self.stay()
        writing.cancel()

    async def finish(self) -> None:
        """Sends a last few on each stream, and waits until all are acknowledged."""
        self.closing = True
        self.due = LAST_ROUND * len(self.streams)
        self._pump()
        await self.finished.wait()

    async def _write(self) -> None:
        while not self.closing:
            burst = self.random.choice((1, 1, 2, 5, 10, 40))
            await asyncio.sleep(self.random.expovariate(self.pace / burst))
            if not self.closing:
                self.due = min(self.due + burst, 4 * self.window)
                self._pump()

    # Sending

    def _pump(self) -> None:
        """Sends what is due, as far as the window allows."""
        if self.line is None or self.line.lost.is_set() or not self.welcome:
            return
        while len(self.flights) < self.allowed and (self.again or self.due):
            if self.again:
                message = self.again.popleft()
            else:
                stream = self.streams[self.due % len(self.streams)]
                message = Outgoing(stream, self.ledger.send(stream))
                self.due -= 1
            identifier = self._next_identifier()
            self.flights[identifier] = message
            self._send(identifier, message, dup=False)
        if self.closing and not (self.flights or self.again or self.due):
            self.finished.set()

    def _send(self, identifier: int, message: Outgoing, dup: bool) -> None:
        assert self.line is not None
        stream = message.stream
        what = "PUBREL of" if message.released else "PUBLISH"
        self.ledger.write(self.name, f"sends {what} {stream.topic} {message.number} as {identifier} dup {dup}")
        if message.released:
            self.line.send(packets.acknowledgement(Type.PUBREL, identifier))
            return
        empty = stream.retained and deletes(message.number)
        data = b"" if empty else payload.build(stream.topic, message.number)
        self.line.send(
            packets.publish(stream.topic, data, stream.qos, identifier, stream.retained, dup, self.version)
        )

    def _next_identifier(self) -> int:
        while True:
            self.identifier = self.identifier % 65535 + 1
            if self.identifier not in self.flights:
                return self.identifier

    # The session

    def resumed(self, connack: Packet) -> None:
        self._allow(connack)
        for identifier, message in self.flights.items():
            self._send(identifier, message, dup=True)
        self.ledger.notes["sent again"] += len(self.flights)
        self._pump()

    def begun(self, connack: Packet) -> None:
        """QoS 1 may be sent as new messages. What became of QoS 2 nobody knows: sent again, it might come twice."""
        self._allow(connack)
        for message in self.flights.values():
            if message.stream.qos == 1:
                self.again.append(message)
            else:
                self.ledger.notes["fate unknown"] += 1
        self.flights.clear()
        self._pump()

    def _allow(self, connack: Packet) -> None:
        limit = connack.get(Prop.RECEIVE_MAXIMUM)
        self.allowed = min(self.window, limit) if isinstance(limit, int) else self.window

    def received(self, packet: Packet) -> None:
        message = self.flights.get(packet.packet_id)
        self.ledger.write(self.name, f"got {packet.type.name} {packet.packet_id}")
        if packet.type in (Type.PUBACK, Type.PUBREC) and packet.reason >= 0x80:
            self.ledger.fault("refused", self.name, f"{packet.type.name} with {packet.reason:#04x}")
            self.flights.pop(packet.packet_id, None)
        elif packet.type == Type.PUBREC:
            if message is None:
                # A session that was void for us goes on for the broker: no such message (4.3.3).
                code = 0x92 if self.version == V5 else None
                assert self.line is not None
                self.line.send(packets.acknowledgement(Type.PUBREL, packet.packet_id, code))
                self.ledger.notes["PUBREC out of nowhere"] += 1
                return
            self._expect(message.stream.qos == 2, packet)
            message.released = True
            # PUBREL goes in the order of PUBREC [MQTT-4.6.0-4], also when it is sent again.
            self.flights[packet.packet_id] = self.flights.pop(packet.packet_id)
            self._send(packet.packet_id, message, dup=False)
        elif packet.type in (Type.PUBACK, Type.PUBCOMP):
            if message is None:
                self.ledger.fault("acknowledgement", self.name, f"{packet.type.name} of nothing: {packet.packet_id}")
                return
            self._expect(message.stream.qos == (1 if packet.type == Type.PUBACK else 2), packet)
            self._expect(packet.type == Type.PUBACK or message.released, packet)
            del self.flights[packet.packet_id]
            self.ledger.acknowledge(message.stream, message.number)
        self._pump()

    def _expect(self, condition: bool, packet: Packet) -> None:
        if not condition:
            self.ledger.fault("acknowledgement", self.name, f"{packet.type.name} where none is due")
