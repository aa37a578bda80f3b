# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""What publishers and subscribers have in common: a session, and connections that come and go."""

from __future__ import annotations

import asyncio
import random
from typing import Optional

import packets
from ledger import Ledger
from line import Address, Line
from packets import V5, Prop, Properties, Type
from parser import Packet

RETRY = 0.02
ANSWER = 20.0


class World:
    """What all clients of a run share."""

    def __init__(self, address: Address, ledger: Ledger, seed: int) -> None:
        self.address = address
        self.ledger = ledger
        self.seed = seed
        self.draining = asyncio.Event()
        """Set when all shall come and stay."""
        self.over = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    def random(self, name: str) -> random.Random:
        """A generator for one client, which does not depend on what others do."""
        return random.Random(f"{self.seed}/{name}")


class Actor:
    """A client with a session. `expiry` is that of the session in seconds; None: the session ends with the line."""

    def __init__(
        self, world: World, name: str, version: int, expiry: Optional[int] = 3600, receive_maximum: Optional[int] = None
    ) -> None:
        self.world = world
        self.ledger = world.ledger
        self.name = name
        self.version = version
        self.expiry = expiry
        self.receive_maximum = receive_maximum
        self.random = world.random(name)
        self.line: Optional[Line] = None
        self.known = False
        """Whether a CONNACK has been seen, so that the broker has to know the session."""
        self.welcome = False
        """Whether this line has seen its CONNACK: until then nobody knows what goes on and what begins."""
        self._connack: Optional[asyncio.Future[Packet]] = None

    # The session

    def resumed(self, connack: Packet) -> None:
        """The broker knows the session: what was under way goes on."""

    def begun(self, connack: Packet) -> None:
        """The session is new: what was under way is void."""

    def received(self, packet: Packet) -> None:
        """Any packet but CONNACK."""

    # The line

    async def connect(self) -> None:
        """Tries until a CONNACK has come."""
        while not self.world.over.is_set():
            if self.line is not None:
                # It may be open still: then this is a take-over.
                self.ledger.write(self.name, "connects")
                self.line.abandon()
            before, self.line, self.welcome = self.line, None, False
            try:
                line = await Line.open(self.world.address, self.version, self._receive)
            except (OSError, TimeoutError):
                await asyncio.sleep(RETRY)
                continue
            self.line = line
            self._connack = asyncio.get_running_loop().create_future()
            line.send(self._connect_packet())
            connack = await self._await_connack(line)
            if before is not None:
                before.close()
            if connack is None:
                line.close()
                await asyncio.sleep(RETRY)
                continue
            if connack.reason:
                self.ledger.fault("refused", self.name, f"CONNACK with {connack.reason:#04x}")
                line.close()
                await asyncio.sleep(0.5)
                continue
            return

    async def _await_connack(self, line: Line) -> Optional[Packet]:
        assert self._connack is not None
        lost = asyncio.ensure_future(line.lost.wait())
        await asyncio.wait({self._connack, lost}, timeout=ANSWER, return_when=asyncio.FIRST_COMPLETED)
        if not self._connack.done() and not lost.done():
            self.ledger.fault("no answer", self.name, f"no CONNACK in {ANSWER} s")
        lost.cancel()
        return self._connack.result() if self._connack.done() else None

    def _connect_packet(self) -> bytes:
        properties: Properties = []
        if self.version == V5:
            if self.expiry is not None:
                properties.append((Prop.SESSION_EXPIRY, self.expiry))
            if self.receive_maximum is not None:
                properties.append((Prop.RECEIVE_MAXIMUM, self.receive_maximum))
        return packets.connect(
            self.name, self.version, clean=self.expiry is None, keep_alive=0, properties=properties or None
        )

    def _receive(self, line: Line, packet: Packet) -> None:
        if line is not self.line:
            return
        if packet.type == Type.CONNACK:
            # At once and not when the task wakes up: other packets may be right behind it.
            if not packet.reason:
                self._welcomed(packet)
            if self._connack is not None and not self._connack.done():
                self._connack.set_result(packet)
        elif packet.type == Type.DISCONNECT:
            self.ledger.notes[f"DISCONNECT {packet.reason:#04x}"] += 1
        else:
            self.received(packet)

    def _welcomed(self, connack: Packet) -> None:
        self.ledger.write(self.name, f"got CONNACK, session present {connack.session_present}")
        if self.known and self.expiry is not None and not connack.session_present:
            self.ledger.fault("session lost", self.name, "no session present where there was one")
        if self.expiry is None and connack.session_present:
            self.ledger.fault("session kept", self.name, "session present after a clean start")
        self.welcome = True
        if connack.session_present:
            self.resumed(connack)
        else:
            self.begun(connack)
        self.known = True

    async def stay(self, seconds: Optional[float] = None) -> bool:
        """Stays until the line is lost, or so long, or (with a time) until all shall come. Whether it was not lost."""
        line = self.line
        if line is None:
            return False
        waits = [asyncio.ensure_future(line.lost.wait()), asyncio.ensure_future(self.world.over.wait())]
        if seconds is not None:
            waits.append(asyncio.ensure_future(self.world.draining.wait()))
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if line.violation is not None:
            self.ledger.fault("wire", self.name, line.violation)
        return not line.lost.is_set()

    async def away(self, seconds: Optional[float] = None) -> None:
        """Stays away so long, or until all shall come."""
        waiting = asyncio.ensure_future(self.world.draining.wait())
        await asyncio.wait({waiting}, timeout=seconds)
        waiting.cancel()

    async def leave(self, properties: Optional[Properties] = None, politely: bool = True) -> bool:
        """Ends the connection, with DISCONNECT and after the broker has taken notice of it, or without. Whether that
        was how it ended."""
        line = self.line
        assert line is not None
        alive = not line.lost.is_set()
        if politely and alive:
            line.on_packet = None
            line.send(packets.disconnect(self.version, 0 if properties else None, properties))
            try:
                await asyncio.wait_for(line.lost.wait(), ANSWER)
            except TimeoutError:
                self.ledger.fault("no answer", self.name, f"the line is open {ANSWER} s after DISCONNECT")
        line.close()
        self.line = None
        return alive
