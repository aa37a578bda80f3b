# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Publishers and subscribers of all kinds, a broker that is struck again and again, and the reckoning in the end."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from actor import World
from brokers import DurableBroker
from ledger import EXAMPLES, Fault, Ledger
from packets import V5, V311
from publisher import Publisher
from subscriber import Absentee, Double, Prolonger, RetainedReader, Subscriber, Toggler, Wanderer

FINISH = 60.0
QUIET = 15.0
DEADLINE = 240.0
THREADS = (1, 2, 4)


@dataclass
class Plan:
    """How a run goes."""

    seed: int
    kills: int = 10
    seconds: Optional[float] = None
    """Runs at least so long; kills go on until then."""
    mean: float = 3.5
    """Seconds from one kill to the next, in the mean."""
    pace: float = 2.0
    """Of all publishers, times their usual one."""
    strike: Callable[[DurableBroker], None] = DurableBroker.kill
    """Ends the broker."""
    what: str = "killed"
    merges: bool = True
    """Whether overlapping subscriptions of a session are expected to give one copy."""


def publishers(world: World, pace: float) -> list[Publisher]:
    """All that write to what sessions subscribe to: `l/<publisher>/<a or b>`."""

    def topics(name: str, a: int, b: int) -> dict[str, int]:
        return {f"l/{name}/a": a, f"l/{name}/b": b}

    return [
        Publisher(world, "p0", V5, topics("p0", 1, 1), pace=25 * pace),
        Publisher(world, "p1", V5, topics("p1", 2, 2), pace=25 * pace),
        Publisher(world, "p2", V311, topics("p2", 1, 2), pace=25 * pace),
        Publisher(world, "p3", V311, topics("p3", 2, 1), window=100, pace=25 * pace),
        # Sessions that end with their connections.
        Publisher(world, "p4", V5, topics("p4", 1, 2), expiry=None, pace=20 * pace),
        Publisher(world, "p5", V311, topics("p5", 1, 2), expiry=None, pace=20 * pace),
        # One message after the other, and very many at a time.
        Publisher(world, "p6", V311, topics("p6", 2, 1), window=1, pace=15 * pace),
        Publisher(world, "p7", V5, topics("p7", 1, 2), window=1000, pace=25 * pace),
    ]


def retained_publishers(world: World, pace: float) -> list[Publisher]:
    """Those that write retained messages, which increase and are removed now and then."""
    first = {f"r/0/{number}": 1 + number % 2 for number in range(4)}
    second = {f"r/1/{number}": 1 + number % 2 for number in range(4)}
    return [
        Publisher(world, "r0", V5, first, pace=10 * pace, retained=True),
        Publisher(world, "r1", V311, second, pace=10 * pace, retained=True),
    ]


def subscribers(world: World, merges: bool) -> list[Subscriber]:
    """All sessions; their filters are exact, have wildcards, overlap, and are shared."""
    overlapping = {"l/+/a": 1, "l/p1/#": 2, "l/p7/b": 2, "l/p7/+": 1} if merges else {"l/+/a": 1}
    return [
        Subscriber(world, "exact-1", V311, {"l/p0/a": 1, "l/p2/b": 1}),
        Subscriber(world, "exact-2", V5, {"l/p1/a": 2, "l/p3/a": 2, "l/p6/a": 2}),
        Subscriber(world, "all-1", V5, {"l/#": 1}),
        Subscriber(world, "all-2", V311, {"l/#": 2}),
        Subscriber(world, "overlapping", V5, overlapping),
        # Few in flight at a time, and late acknowledgements.
        Subscriber(world, "narrow-1", V5, {"l/+/b": 1}, receive_maximum=1),
        Subscriber(world, "narrow-2", V5, {"l/+/a": 2}, receive_maximum=3),
        Subscriber(world, "late-1", V311, {"l/+/a": 1, "l/p5/b": 2}, lag=0.2),
        Subscriber(world, "late-2", V5, {"l/+/b": 2}, receive_maximum=60, lag=0.1),
        Wanderer(world, "wanderer-1", V311, {"l/+/a": 1}),
        Wanderer(world, "wanderer-2", V311, {"l/+/b": 2}),
        Wanderer(world, "wanderer-3", V5, {"l/#": 2}, receive_maximum=10),
        Wanderer(world, "wanderer-4", V5, {"l/p0/#": 1, "l/p1/#": 2}, receive_maximum=65535, lag=0.05),
        Absentee(world, "absentee-1", V5, {"l/#": 1}),
        Absentee(world, "absentee-2", V311, {"l/+/a": 2}),
        Double(world, "double-1", V5, {"l/#": 2}, receive_maximum=200),
        Double(world, "double-2", V311, {"l/+/a": 2, "l/+/b": 1}, lag=0.02),
        Prolonger(world, "prolonger", V5, {"l/p1/+": 2, "l/p2/+": 1}, expiry=Prolonger.SHORT),
        Toggler(world, "toggler-1", V5, {"l/+/a": 1}),
        Toggler(world, "toggler-2", V311, {"l/p1/+": 2}),
        Subscriber(world, "member-1", V5, {"$share/g/l/+/a": 2}),
        Wanderer(world, "member-2", V5, {"$share/g/l/+/a": 2}),
        Wanderer(world, "member-3", V311, {"$share/h/l/+/b": 1}),
        Wanderer(world, "member-4", V5, {"$share/h/l/+/b": 1}, receive_maximum=5),
    ]


def latecomers(world: World) -> list[Subscriber]:
    """Sessions that begin while messages are under way."""
    return [
        Subscriber(world, "latecomer-1", V5, {"l/+/a": 2}),
        Wanderer(world, "latecomer-2", V311, {"l/#": 1}),
    ]


class Run:
    """One run with one broker."""

    def __init__(self, broker: DurableBroker, plan: Plan, trace: Optional[Path] = None) -> None:
        """`trace` is a file for every packet."""
        self.broker = broker
        self.plan = plan
        self.random = random.Random(f"{plan.seed}/broker")
        self.ledger = Ledger()
        if trace is not None:
            self.ledger.trace = open(trace, "w", encoding="utf-8")
        self.restarts: list[float] = []
        """Seconds from start until the port was open."""

    def go(self) -> list[Fault]:
        """The whole run: all faults."""
        try:
            return asyncio.run(self._go())
        finally:
            self.broker.discard()
            if self.ledger.trace is not None:
                self.ledger.trace.close()

    async def _go(self) -> list[Fault]:
        self.restarts.append(self._start())
        world = World(self.broker.address, self.ledger, self.plan.seed)
        books = subscribers(world, self.plan.merges)
        writers = publishers(world, self.plan.pace) + retained_publishers(world, self.plan.pace)
        reader = RetainedReader(world, "reader", "r/#")
        tasks = [asyncio.ensure_future(book.run()) for book in books]
        await self._within(FINISH, "sessions begin", *(book.ready.wait() for book in books))
        tasks += [asyncio.ensure_future(writer.run()) for writer in writers]
        tasks.append(asyncio.ensure_future(reader.run()))
        late = latecomers(world)
        await self._strike(lambda: tasks.extend(asyncio.ensure_future(book.run()) for book in late))
        await self._within(FINISH, "publishers finish", *(writer.finish() for writer in writers))
        world.draining.set()
        await self._drain(books + late)
        await self._within(FINISH, "retained messages are read", RetainedReader(world, "last-reader", "r/#").look())
        world.over.set()
        await self._within(FINISH, "clients end", *tasks)
        return self.ledger.check()

    async def _within(self, seconds: float, what: str, *waits: object) -> None:
        tasks = [asyncio.ensure_future(wait) for wait in waits]
        done, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        for task in done:
            task.result()
        if late:
            self.ledger.fault("deadline", "run", f"{what}: not in {seconds} s, {len(late)} are missing")

    # Kills

    def _start(self) -> float:
        # With another number of event loops each time: what a loop has written, another one reads.
        self.broker.threads = self.random.choice(THREADS)
        return self.broker.start()

    async def _strike(self, half: Callable[[], None]) -> None:
        """Kills and restarts, and calls `half` in the middle."""
        began = time.monotonic()
        kills = 0
        while kills < self.plan.kills or (self.plan.seconds and time.monotonic() < began + self.plan.seconds):
            pause = min(self.random.expovariate(1 / self.plan.mean), 2.5 * self.plan.mean)
            await asyncio.sleep(max(pause, 0.05))
            self.plan.strike(self.broker)
            self.ledger.killed(self.plan.what)
            kills += 1
            if kills == (self.plan.kills + 1) // 2:
                half()
            while self.random.random() < 0.2:
                # Again before it is up, or just then.
                self.broker.spawn()
                await asyncio.sleep(self.random.uniform(0, 0.4))
                self.plan.strike(self.broker)
                self.ledger.killed(f"{self.plan.what} during start")
            # Clients go on trying meanwhile.
            self.restarts.append(await asyncio.to_thread(self._start))

    # The end

    async def _drain(self, books: list[Subscriber]) -> None:
        """Waits until nothing is missing, or nothing has come for long."""
        ends = time.monotonic() + DEADLINE
        count, last = -1, time.monotonic()
        while time.monotonic() < ends:
            await asyncio.sleep(1)
            if not self.broker.alive:
                self.ledger.fault("broker", "run", "it has ended by itself")
                return
            now = sum(book.book.count() for book in books)
            if now != count:
                count, last = now, time.monotonic()
                continue
            # What comes too often is not waited for, but may come.
            if not any(self.ledger.missing()) and not any(book.held for book in books):
                await asyncio.sleep(1)
                return
            if time.monotonic() > last + QUIET:
                return

    def report(self) -> str:
        """Figures of the run."""
        ledger = self.ledger
        sent = sum(len(stream.sent) for stream in ledger.streams.values())
        arrived = sum(book.count() for book in ledger.sessions.values())
        unique = sum(len(set(n)) for book in ledger.sessions.values() for n in book.arrivals.values())
        notes = ", ".join(f"{name}: {count}" for name, count in sorted(ledger.notes.items()))
        return (
            f"seed {self.plan.seed}: {len(ledger.kills)} kills in {ledger.now:.0f} s, {sent} messages sent, "
            f"{arrived} arrived ({arrived - unique} of them again), "
            f"longest restart {max(self.restarts):.2f} s; {notes}"
        )

    def complaint(self, faults: list[Fault], folder: Path) -> str:
        """What went wrong, with all that it takes to look into it."""
        # A few of each kind: one cause often has thousands of effects.
        kinds: dict[tuple[str, str], list[Fault]] = {}
        for fault in faults:
            kinds.setdefault((fault.kind, fault.where), []).append(fault)
        lines = []
        for same in kinds.values():
            lines += [f"  {fault}" for fault in same[:EXAMPLES]]
            lines += [f"    and {len(same) - EXAMPLES} more of this kind"] if len(same) > EXAMPLES else []
        shown = "\n".join(lines[:80] + ([f"  and {len(lines) - 80} more lines"] if len(lines) > 80 else []))
        kills = ", ".join(f"{kill.seconds:.2f} {kill.what}" for kill in self.ledger.kills)
        return (
            f"{len(faults)} faults\n{shown}\n{self.report()}\nkills at: {kills}\n"
            f"directory: {folder}\nthe broker's log ends with:\n{self.broker.tail(20)}"
        )
