# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The ledger: what publishers sent and saw acknowledged, what subscribers were promised and got, and whether it fits.

Everything in it is in order of one count of events, the tick: all clients live in one process, which is never killed.
"It was sent after the SUBACK had come" is a comparison of two ticks.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Iterator, Optional, TextIO

OPEN = 1 << 62
"""The tick of what has not ended yet."""
EXAMPLES = 5
"""Messages that are named for one fault; the others are counted."""


@dataclass
class Stream:
    """The messages of one publisher to one topic, numbered from 0; all have the same QoS."""

    topic: str
    qos: int
    retained: bool = False
    sent: list[int] = field(default_factory=list)
    """By number, the tick at which it was sent first."""
    acked: list[int] = field(default_factory=list)
    """By number, the tick at which PUBACK or PUBCOMP came; `OPEN` if none has."""

    def last_acked(self) -> int:
        """The highest number that has been acknowledged; -1: none."""
        return next((n for n in range(len(self.acked) - 1, -1, -1) if self.acked[n] != OPEN), -1)


@dataclass
class Subscription:
    """A filter of a session, and when it certainly was, or was not, subscribed to."""

    filter: str
    qos: int
    identifier: int = 0
    on: list[list[int]] = field(default_factory=list)
    """Spans from SUBACK until UNSUBSCRIBE is sent."""
    off: list[list[int]] = field(default_factory=list)
    """Spans from UNSUBACK until SUBSCRIBE is sent."""

    @property
    def group(self) -> Optional[str]:
        """The whole filter if it is shared: members are those who have the same."""
        return self.filter if self.filter.startswith("$share/") else None

    def matches(self, topic: str) -> bool:
        """Whether messages to a topic are due to it."""
        return matches(self.filter.split("/", 2)[2] if self.group else self.filter, topic)

    def covers(self, sent: int, acked: int) -> bool:
        """Whether it was there from before a message was sent until after it was acknowledged."""
        return any(start < sent and acked < end for start, end in self.on)

    def excludes(self, sent: int, acked: int) -> bool:
        """Whether it was not there for all of that time."""
        return any(start < sent and acked < end for start, end in self.off)


@dataclass
class SessionLedger:
    """What one session was promised and got."""

    name: str
    version: int
    subscriptions: list[Subscription] = field(default_factory=list)
    arrivals: dict[str, list[int]] = field(default_factory=dict)
    """By topic, the numbers in the order in which they came; at QoS 2 what the method says is the same counts once."""

    def effective_qos(self, stream: Stream) -> int:
        """The QoS at which the stream's messages are due to it, shared subscriptions aside; 0: not at all."""
        found = [sub.qos for sub in self.subscriptions if not sub.group and sub.matches(stream.topic)]
        return min(stream.qos, max(found, default=0))

    def count(self) -> int:
        """All arrivals."""
        return sum(map(len, self.arrivals.values()))


@dataclass
class Fault:
    """What should not be."""

    kind: str
    where: str
    detail: str
    count: int = 1

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.detail}"


@dataclass
class Kill:
    """An end of the broker that it did not expect."""

    tick: int
    seconds: float
    """Since the ledger began."""
    what: str = "killed"


class Ledger:
    """All streams and sessions of one run."""

    def __init__(self) -> None:
        self.tick = 0
        self.sent = 0
        self.began = time.monotonic()
        self.streams: dict[str, Stream] = {}
        self.sessions: dict[str, SessionLedger] = {}
        self.faults: list[Fault] = []
        self.kills: list[Kill] = []
        self.notes: Counter[str] = Counter()
        self.trace: Optional[TextIO] = None
        """Where every packet is written down, for who looks into a fault."""

    @property
    def now(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    def next(self) -> int:
        """The tick of an event."""
        self.tick += 1
        return self.tick

    def write(self, who: str, what: str) -> None:
        """A line of the trace."""
        if self.trace is not None:
            self.trace.write(f"{self.now:.4f} {self.tick} {who} {what}\n")

    def fault(self, kind: str, where: str, detail: str) -> None:
        """Something was seen that should not be."""
        self.write(where, f"FAULT {kind}: {detail}")
        self.faults.append(Fault(kind, where, f"{detail} (at {self.now:.2f} s)"))

    def killed(self, what: str = "killed") -> None:
        """The broker was ended at this moment."""
        self.kills.append(Kill(self.next(), self.now, what))
        self.write("broker", what)

    # What publishers say

    def stream(self, topic: str, qos: int, retained: bool = False) -> Stream:
        """A new stream; a topic has one publisher."""
        assert topic not in self.streams
        self.streams[topic] = Stream(topic, qos, retained)
        return self.streams[topic]

    def send(self, stream: Stream) -> int:
        """A new message is sent for the first time: its number."""
        self.sent += 1
        stream.sent.append(self.next())
        stream.acked.append(OPEN)
        return len(stream.sent) - 1

    def acknowledge(self, stream: Stream, number: int) -> None:
        """Its publisher saw the acknowledgement."""
        if stream.acked[number] == OPEN:
            stream.acked[number] = self.next()

    # What subscribers say

    def session(self, name: str, version: int) -> SessionLedger:
        """A new session."""
        assert name not in self.sessions
        self.sessions[name] = SessionLedger(name, version)
        return self.sessions[name]

    def arrive(self, session: SessionLedger, topic: str, number: int) -> None:
        """A message came for the first time, or again at QoS 1."""
        stream = self.streams.get(topic)
        if stream is None or number >= len(stream.sent):
            self.fault("never sent", session.name, f"{topic} {number}")
            return
        session.arrivals.setdefault(topic, []).append(number)

    # What comes of it

    def check(self) -> list[Fault]:
        """All faults: those that were seen as they happened, and what the books say."""
        return [*self.faults, *self.missing(), *self._surplus(), *self._disorder()]

    def missing(self) -> Iterator[Fault]:
        """Acknowledged messages that have not come where they had to."""
        for session in self.sessions.values():
            own = [sub for sub in session.subscriptions if not sub.group]
            for stream in self.streams.values():
                subs = [sub for sub in own if sub.matches(stream.topic)]
                if subs:
                    lost = self._missing(stream, subs, set(session.arrivals.get(stream.topic, ())))
                    yield from self._told("lost", session.name, stream, lost)
        for group, members in self._groups().items():
            subs = [sub for member in members for sub in member.subscriptions if sub.group == group]
            for stream in self.streams.values():
                if subs[0].matches(stream.topic):
                    got = {number for member in members for number in member.arrivals.get(stream.topic, ())}
                    yield from self._told("lost", group, stream, self._missing(stream, subs, got))

    @staticmethod
    def _missing(stream: Stream, subs: list[Subscription], got: set[int]) -> list[int]:
        return [
            number
            for number, (sent, acked) in enumerate(zip(stream.sent, stream.acked))
            if acked != OPEN and number not in got and any(sub.covers(sent, acked) for sub in subs)
        ]

    def _surplus(self) -> Iterator[Fault]:
        """Messages that came twice at QoS 2, to two members of a group, or without a subscription."""
        for session in self.sessions.values():
            for topic, numbers in session.arrivals.items():
                stream = self.streams[topic]
                counts = Counter(numbers)
                subs = [sub for sub in session.subscriptions if sub.matches(topic)]
                if subs and min(stream.qos, max(sub.qos for sub in subs)) == 2:
                    twice = [number for number, times in counts.items() if times > 1]
                    yield from self._told("twice", session.name, stream, twice)
                strays = [
                    number
                    for number in counts
                    if all(sub.excludes(stream.sent[number], stream.acked[number]) for sub in subs)
                ]
                yield from self._told("not subscribed", session.name, stream, strays)
        for group, members in self._groups().items():
            for stream in self.streams.values():
                qos = min(sub.qos for member in members for sub in member.subscriptions if sub.group == group)
                if min(qos, stream.qos) == 2:
                    owners = Counter(n for member in members for n in set(member.arrivals.get(stream.topic, ())))
                    yield from self._told("twice", group, stream, [n for n, times in owners.items() if times > 1])

    def _disorder(self) -> Iterator[Fault]:
        """Messages that came first after later ones of their stream had; in a group nobody promises an order."""
        for session in self.sessions.values():
            for topic, numbers in session.arrivals.items():
                if any(sub.group for sub in session.subscriptions if sub.matches(topic)):
                    continue
                highest, seen, late = -1, set[int](), []
                for number in numbers:
                    if number not in seen and number < highest:
                        late.append(number)
                    seen.add(number)
                    highest = max(highest, number)
                yield from self._told("out of order", session.name, self.streams[topic], late)

    def _groups(self) -> dict[str, list[SessionLedger]]:
        groups: dict[str, list[SessionLedger]] = {}
        for session in self.sessions.values():
            for group in {sub.group for sub in session.subscriptions if sub.group}:
                groups.setdefault(group, []).append(session)
        return groups

    def _told(self, kind: str, where: str, stream: Stream, numbers: list[int]) -> Iterator[Fault]:
        if numbers:
            shown = ", ".join(self._place(stream, number) for number in sorted(numbers)[:EXAMPLES])
            more = f" and {len(numbers) - EXAMPLES} more" if len(numbers) > EXAMPLES else ""
            detail = f"QoS {stream.qos} {stream.topic} {shown}{more}, {len(stream.sent)} were sent"
            yield Fault(kind, where, detail, len(numbers))

    def _place(self, stream: Stream, number: int) -> str:
        """A message, and between which kills it was sent and acknowledged."""
        sent = sum(kill.tick < stream.sent[number] for kill in self.kills)
        if stream.acked[number] == OPEN:
            return f"{number} (sent after kill {sent}, not acknowledged)"
        acked = sum(kill.tick < stream.acked[number] for kill in self.kills)
        return f"{number} (sent after kill {sent}, acknowledged after {acked})"

    def retained(self, stream: Stream, low: int, found: Optional[int], who: str) -> None:
        """A reader found this number retained (None: no message), after `low` had been acknowledged.

        Each `DELETES`th message of a retained stream removes what is there.
        """
        possible = range(low, len(stream.sent))
        right = any(number < 0 or deletes(number) for number in possible) if found is None else found in possible
        if not right:
            what = "nothing" if found is None else found
            self.fault("retained", who, f"{stream.topic}: {what} where {low} to {len(stream.sent) - 1} may be")


DELETES = 7


def deletes(number: int) -> bool:
    """Whether this message of a retained stream is the empty one that removes the others."""
    return number % DELETES == DELETES - 1


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a filter matches a topic (4.7)."""
    levels = topic.split("/")
    parts = topic_filter.split("/")
    for index, part in enumerate(parts):
        if part == "#":
            return True
        if index >= len(levels) or part not in ("+", levels[index]):
            return False
    return len(parts) == len(levels)
