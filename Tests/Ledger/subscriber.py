# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Subscribers with a durable state of their own: what they have got, and which QoS 2 identifiers are not released."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Optional

import packets
import payload
from actor import ANSWER, Actor, World
from ledger import OPEN, Subscription, deletes
from packets import V5, Prop, Type
from parser import Packet


class Subscriber(Actor):
    """Stays, and reconnects at once. `lag` is the time in seconds after which it acknowledges."""

    def __init__(
        self,
        world: World,
        name: str,
        version: int,
        filters: dict[str, int],
        expiry: Optional[int] = 3600,
        receive_maximum: Optional[int] = None,
        lag: float = 0,
    ) -> None:
        super().__init__(world, name, version, expiry, receive_maximum)
        self.book = self.ledger.session(name, version)
        numbers = range(1, len(filters) + 1) if version == V5 else [0] * len(filters)
        self.subscriptions = [
            Subscription(topic_filter, qos, number, off=[[0, OPEN]])
            for (topic_filter, qos), number in zip(filters.items(), numbers)
        ]
        self.book.subscriptions = self.subscriptions
        self.lag = lag
        self.ready = asyncio.Event()
        self.held: dict[int, tuple[str, int]] = {}
        """QoS 2: what came under an identifier that has not been released."""
        self.unfinished: set[int] = set()
        """Identifiers for which this line has not seen the end of the handshake: Receive Maximum counts them."""
        self.owed: deque[tuple[int, Type]] = deque()
        self.pending: Optional[tuple[Type, list[Subscription]]] = None
        self.repeated = False
        """Whether what is pending was asked for before, on a line that was lost."""
        self.identifier = 0
        self._answer: Optional[asyncio.Future[Packet]] = None

    # Coming and going

    async def run(self) -> None:
        """Subscribes once, and then only comes and goes."""
        self.pending = (Type.SUBSCRIBE, self.subscriptions)
        while not self.world.over.is_set():
            if self.line is None or self.line.lost.is_set():
                await self.connect()
            if not await self._settle():
                continue
            self.ready.set()
            if self.world.draining.is_set():
                await self.stay()
            else:
                await self.behave()

    async def behave(self) -> None:
        """What it does from one connection to the next."""
        await self.stay(3600)

    async def _settle(self) -> bool:
        """Asks for what is pending; False if the line was lost before the answer."""
        if self.pending is None:
            return True
        kind, subs = self.pending
        line = self.line
        if line is None:
            return False
        self._note_request(kind, subs)
        self.identifier = self.identifier % 65535 + 1
        self._answer = asyncio.get_running_loop().create_future()
        if kind == Type.SUBSCRIBE:
            for number in {sub.identifier for sub in subs}:
                # An identifier goes for all filters of a packet, so each has a packet of its own; all answers count.
                chosen = [sub for sub in subs if sub.identifier == number]
                line.send(self._subscribe_packet(self.identifier + number, number, chosen))
            self._awaited = {self.identifier + sub.identifier for sub in subs}
            self.identifier += len(subs)
        else:
            line.send(packets.unsubscribe(self.identifier, [sub.filter for sub in subs], self.version))
            self._awaited = {self.identifier}
        lost = asyncio.ensure_future(line.lost.wait())
        await asyncio.wait({self._answer, lost}, timeout=ANSWER, return_when=asyncio.FIRST_COMPLETED)
        if not self._answer.done() and not lost.done():
            self.ledger.fault("no answer", self.name, f"{kind.name} is not answered in {ANSWER} s")
            line.close()
        lost.cancel()
        if self.pending is not None:
            self.repeated = True
            return False
        return True

    def _subscribe_packet(self, identifier: int, number: int, subs: list[Subscription]) -> bytes:
        properties = [(Prop.SUBSCRIPTION_ID, number)] if number else None
        return packets.subscribe(identifier, [(sub.filter, sub.qos) for sub in subs], self.version, properties)

    def _note_request(self, kind: Type, subs: list[Subscription]) -> None:
        for sub in subs:
            spans = sub.off if kind == Type.SUBSCRIBE else sub.on
            if spans and spans[-1][1] == OPEN:
                spans[-1][1] = self.ledger.next()

    def _answered(self, packet: Packet) -> None:
        """SUBACK or UNSUBACK."""
        if self.pending is None or packet.packet_id not in self._awaited:
            self.ledger.fault("acknowledgement", self.name, f"{packet.type.name} where none is due")
            return
        kind, subs = self.pending
        for reason in packet.reasons:
            right = reason in {sub.qos for sub in subs} if kind == Type.SUBSCRIBE else reason == 0 or self.repeated
            if not right:
                what = "subscription lost" if reason == 0x11 else "refused"
                self.ledger.fault(what, self.name, f"{packet.type.name} with {reason:#04x}")
        self._awaited.remove(packet.packet_id)
        if self._awaited:
            return
        for sub in subs:
            (sub.on if kind == Type.SUBSCRIBE else sub.off).append([self.ledger.next(), OPEN])
        self.pending, self.repeated = None, False
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(packet)

    # The session

    def resumed(self, connack: Packet) -> None:
        self.unfinished.clear()
        self.owed.clear()

    def begun(self, connack: Packet) -> None:
        self.resumed(connack)
        self.held.clear()
        if self.known:
            self.pending = (Type.SUBSCRIBE, self.subscriptions)

    # Messages

    def received(self, packet: Packet) -> None:
        if packet.type == Type.PUBLISH:
            self._publish(packet)
        elif packet.type == Type.PUBREL:
            self.ledger.write(self.name, f"got PUBREL {packet.packet_id} of {self.held.get(packet.packet_id)}")
            known = self.held.pop(packet.packet_id, None)
            self._owe(packet.packet_id, Type.PUBCOMP if known or self.version != V5 else Type.PUBREL)
        elif packet.type in (Type.SUBACK, Type.UNSUBACK):
            self._answered(packet)

    def _publish(self, packet: Packet) -> None:
        number = payload.read(packet.topic, packet.payload)
        if number is None:
            self.ledger.fault("payload", self.name, f"{packet.topic}: {packet.payload[:20]!r}")
            return
        identifier = packet.packet_id
        self.ledger.write(self.name, f"got {packet.topic} {number} as {identifier} dup {packet.dup} QoS {packet.qos}")
        self._check(packet, number)
        if packet.qos == 1:
            self.ledger.arrive(self.book, packet.topic, number)
            self._owe(identifier, Type.PUBACK)
        elif packet.qos == 2:
            held = self.held.get(identifier)
            if held is None:
                self.held[identifier] = (packet.topic, number)
                self.ledger.arrive(self.book, packet.topic, number)
            elif held != (packet.topic, number):
                detail = f"{identifier} holds {held}, and brings {(packet.topic, number)}"
                self.ledger.fault("identifier in use", self.name, detail)
            elif not packet.dup:
                self.ledger.fault("no DUP", self.name, f"{packet.topic} {number} comes again as {identifier}")
            self._owe(identifier, Type.PUBREC)

    def _check(self, packet: Packet, number: int) -> None:
        """What can be said of a copy by itself."""
        stream = self.ledger.streams.get(packet.topic)
        subs = [sub for sub in self.subscriptions if sub.matches(packet.topic)]
        if stream is None or not subs:
            self.ledger.fault("never subscribed", self.name, f"{packet.topic} {number}")
            return
        qos = min(stream.qos, max(sub.qos for sub in subs))
        if packet.qos != qos or packet.retain:
            detail = f"{packet.topic} {number} with QoS {packet.qos} and RETAIN {packet.retain}, not {qos} and False"
            self.ledger.fault("flags", self.name, detail)
        if self.version == V5 and set(packet.all(Prop.SUBSCRIPTION_ID)) != {sub.identifier for sub in subs}:
            detail = f"{packet.topic} {number} with {packet.all(Prop.SUBSCRIPTION_ID)}"
            self.ledger.fault("subscription identifiers", self.name, detail)
        self.unfinished.add(packet.packet_id)
        if self.receive_maximum is not None and len(self.unfinished) > self.receive_maximum:
            self.ledger.fault("receive maximum", self.name, f"{len(self.unfinished)} above {self.receive_maximum}")

    def _owe(self, identifier: int, kind: Type) -> None:
        """Acknowledges, now or later; always in order."""
        self.owed.append((identifier, kind))
        if self.lag:
            asyncio.get_running_loop().call_later(self.lag, self._pay)
        else:
            self._pay()

    def _pay(self) -> None:
        # Those of an earlier line are forgotten with it.
        if not self.owed or self.line is None or not self.welcome:
            return
        identifier, kind = self.owed.popleft()
        self.ledger.write(self.name, f"sends {kind.name} {identifier}")
        if kind in (Type.PUBACK, Type.PUBCOMP, Type.PUBREL):
            self.unfinished.discard(identifier)
        if kind == Type.PUBREL:
            # Its identifier was not known (any more).
            self.line.send(packets.acknowledgement(Type.PUBCOMP, identifier, 0x92))
        else:
            self.line.send(packets.acknowledgement(kind, identifier))


class Wanderer(Subscriber):
    """Comes and goes."""

    async def behave(self) -> None:
        if await self.stay(self.random.uniform(0.2, 4)):
            await self.leave(politely=self.random.random() < 0.5)
            await self.away(self.random.uniform(0, 4))


class Absentee(Subscriber):
    """Subscribes, leaves, and comes back in the end, or when about as much waits for it as a session may have."""

    MOST = 100_000

    async def behave(self) -> None:
        await self.leave(politely=self.random.random() < 0.5)
        enough = self.ledger.sent + self.MOST
        while self.ledger.sent < enough and not self.world.draining.is_set():
            await self.away(1)
        await self.connect()
        await self.stay(10)


class Double(Subscriber):
    """Lets a backlog grow, and takes its session over while that is being delivered, several times."""

    async def behave(self) -> None:
        if not await self.stay(self.random.uniform(0.02, 0.5)):
            return
        if self.random.random() < 0.3:
            await self.leave(politely=False)
            await self.away(self.random.uniform(1, 4))
        # On a line that is open still, this takes the session over.
        await self.connect()


class Prolonger(Subscriber):
    """Has a session that is kept for a short time, says with DISCONNECT that it be longer, and stays away longer."""

    SHORT = 15
    AWAY = 20.0
    SETTLED = 1.5
    """Nobody acknowledges DISCONNECT: its new expiry counts if the broker lived so long after it."""

    async def behave(self) -> None:
        if not await self.stay(self.random.uniform(1, 3)):
            return
        kills = len(self.ledger.kills)
        await self.leave([(Prop.SESSION_EXPIRY, 3600)])
        await self.away(self.SETTLED)
        if len(self.ledger.kills) == kills:
            self.ledger.notes["expiry prolonged"] += 1
            await self.away(self.AWAY)


class Toggler(Subscriber):
    """Subscribes and unsubscribes as it goes."""

    async def behave(self) -> None:
        while await self.stay(self.random.uniform(0.1, 1.5)) and not self.world.draining.is_set():
            self._turn()
            if not await self._settle():
                return
        if self.world.draining.is_set() and self.subscriptions[0].off[-1][1] == OPEN:
            self._turn()
            await self._settle()

    def _turn(self) -> None:
        subscribed = self.subscriptions[0].on[-1][1] == OPEN
        self.pending = (Type.UNSUBSCRIBE if subscribed else Type.SUBSCRIBE, self.subscriptions)


class RetainedReader(Actor):
    """Looks again and again at what is retained. Its sessions end with their connections."""

    def __init__(self, world: World, name: str, topic_filter: str) -> None:
        super().__init__(world, name, V5, expiry=None)
        self.filter = topic_filter
        self.found: dict[str, Optional[int]] = {}
        self._read: Optional[asyncio.Future[None]] = None

    async def run(self) -> None:
        """Looks until all shall come."""
        while not self.world.draining.is_set():
            await self.look()
            await self.away(0.3)

    async def look(self) -> bool:
        """Looks once; False if the connection was lost meanwhile."""
        await self.connect()
        line = self.line
        if line is None:
            return False
        streams = [stream for stream in self.ledger.streams.values() if stream.retained]
        low = {stream.topic: stream.last_acked() for stream in streams}
        self.found = {}
        self._read = asyncio.get_running_loop().create_future()
        line.send(packets.subscribe(1, [(self.filter, 0)]))
        lost = asyncio.ensure_future(line.lost.wait())
        await asyncio.wait({self._read, lost}, timeout=ANSWER, return_when=asyncio.FIRST_COMPLETED)
        done = self._read.done()
        if not done and not lost.done():
            self.ledger.fault("no answer", self.name, f"no SUBACK and PINGRESP in {ANSWER} s")
        lost.cancel()
        if done:
            for stream in streams:
                self.ledger.retained(stream, low[stream.topic], self.found.get(stream.topic), self.name)
            self.ledger.notes["retained messages read"] += len(self.found)
        line.close()
        self.line = None
        return done

    def received(self, packet: Packet) -> None:
        if packet.type == Type.SUBACK:
            assert self.line is not None
            # What is retained comes before the answer to this.
            self.line.send(packets.pingreq())
        elif packet.type == Type.PINGRESP and self._read is not None and not self._read.done():
            self._read.set_result(None)
        elif packet.type == Type.PUBLISH and packet.retain:
            number = payload.read(packet.topic, packet.payload)
            stream = self.ledger.streams.get(packet.topic)
            if number is None or stream is None or deletes(number):
                self.ledger.fault("payload", self.name, f"retained {packet.topic}: {packet.payload[:20]!r}")
            else:
                self.found[packet.topic] = number
