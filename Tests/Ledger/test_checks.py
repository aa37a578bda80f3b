# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The ledger finds what it is there to find, and nothing else: books that are made up, without a broker."""

from __future__ import annotations

import unittest

import payload
from ledger import OPEN, Ledger, SessionLedger, Stream, Subscription, deletes, matches


class BooksCase(unittest.TestCase):
    """A ledger with one stream and one session that is subscribed to it from the beginning."""

    def setUp(self) -> None:
        self.ledger = Ledger()
        self.stream = self.ledger.stream("l/p/a", 2)
        self.session = self.subscribed("s", "l/+/a", 2)

    def subscribed(self, name: str, topic_filter: str, qos: int) -> SessionLedger:
        session = self.ledger.session(name, 5)
        session.subscriptions.append(Subscription(topic_filter, qos, on=[[self.ledger.next(), OPEN]]))
        return session

    def publish(self, count: int = 1, acknowledged: bool = True) -> range:
        """Messages that are sent: their numbers."""
        first = len(self.stream.sent)
        for _ in range(count):
            number = self.ledger.send(self.stream)
            if acknowledged:
                self.ledger.acknowledge(self.stream, number)
        return range(first, first + count)

    def arrive(self, *numbers: int, session: SessionLedger | None = None) -> None:
        for number in numbers:
            self.ledger.arrive(session or self.session, self.stream.topic, number)

    def expect(self, *kinds: str) -> None:
        found = self.ledger.check()
        self.assertEqual([fault.kind for fault in found], list(kinds), [str(fault) for fault in found])


class MessageTests(BooksCase):
    """Messages of one session."""

    def test_all_is_well(self) -> None:
        self.arrive(*self.publish(10))
        self.expect()

    def test_lost(self) -> None:
        self.publish(10)
        self.arrive(0, 1, 2, 4, 5, 6, 7, 8)
        self.expect("lost")
        self.assertEqual(self.ledger.check()[0].count, 2)
        self.assertIn("3 (sent after kill 0", str(self.ledger.check()[0]))

    def test_a_kill_is_told_with_the_message(self) -> None:
        self.ledger.killed()
        number = self.ledger.send(self.stream)
        self.ledger.killed()
        self.ledger.acknowledge(self.stream, number)
        self.assertIn("0 (sent after kill 1, acknowledged after 2)", str(self.ledger.check()[0]))

    def test_what_was_not_acknowledged_may_come_or_not(self) -> None:
        self.publish(2, acknowledged=False)
        self.arrive(1)
        self.expect()

    def test_an_acknowledgement_counts_once(self) -> None:
        self.publish()
        acked = self.stream.acked[0]
        self.ledger.acknowledge(self.stream, 0)
        self.assertEqual(self.stream.acked[0], acked)

    def test_twice_at_qos_2(self) -> None:
        self.publish(2)
        self.arrive(0, 1, 0)
        self.expect("twice")

    def test_twice_at_qos_1(self) -> None:
        self.session.subscriptions[0].qos = 1
        self.publish(3)
        self.arrive(0, 1, 0, 1, 2)
        self.expect()

    def test_disorder(self) -> None:
        self.publish(3)
        self.arrive(0, 2, 1)
        self.expect("out of order")

    def test_never_sent(self) -> None:
        self.arrive(0)
        self.expect("never sent")
        self.ledger.arrive(self.session, "elsewhere", 0)
        self.expect("never sent", "never sent")

    def test_before_suback(self) -> None:
        """Sent before SUBACK had come: it may come."""
        numbers = self.publish(2)
        late = self.subscribed("late", "#", 2)
        self.arrive(*numbers)
        self.expect()
        self.arrive(1, session=late)
        self.expect()


class SpanTests(BooksCase):
    """Subscriptions that end."""

    def setUp(self) -> None:
        super().setUp()
        self.subscription = self.session.subscriptions[0]

    def unsubscribe(self, acknowledged: bool = True) -> None:
        self.subscription.on[-1][1] = self.ledger.next()
        if acknowledged:
            self.subscription.off.append([self.ledger.next(), OPEN])

    def subscribe(self) -> None:
        if self.subscription.off:
            self.subscription.off[-1][1] = self.ledger.next()
        self.subscription.on.append([self.ledger.next(), OPEN])

    def test_before_unsubscribe(self) -> None:
        self.publish()
        self.unsubscribe()
        self.expect("lost")

    def test_acknowledged_after_unsubscribe(self) -> None:
        number = self.ledger.send(self.stream)
        self.unsubscribe()
        self.ledger.acknowledge(self.stream, number)
        self.expect()
        self.arrive(number)
        self.expect()

    def test_after_unsuback(self) -> None:
        self.unsubscribe()
        self.arrive(*self.publish())
        self.expect("not subscribed")

    def test_without_unsuback(self) -> None:
        self.unsubscribe(acknowledged=False)
        self.arrive(*self.publish())
        self.expect()

    def test_subscribed_again(self) -> None:
        self.unsubscribe()
        self.publish()
        self.subscribe()
        self.arrive(*self.publish())
        self.expect()
        self.publish()
        self.expect("lost")


class GroupTests(BooksCase):
    """Shared subscriptions."""

    def setUp(self) -> None:
        super().setUp()
        self.one = self.subscribed("one", "$share/g/l/#", 2)
        self.two = self.subscribed("two", "$share/g/l/#", 2)

    def publish(self, count: int = 1, acknowledged: bool = True) -> range:
        numbers = super().publish(count, acknowledged)
        self.arrive(*numbers)
        return numbers

    def test_each_at_one_member(self) -> None:
        self.publish(4)
        self.arrive(3, 0, session=self.one)
        self.arrive(2, 1, session=self.two)
        self.expect()

    def test_lost(self) -> None:
        self.publish(3)
        self.arrive(0, session=self.one)
        self.arrive(1, session=self.two)
        self.expect("lost")

    def test_at_two_members(self) -> None:
        self.publish()
        self.arrive(0, session=self.one)
        self.arrive(0, session=self.two)
        self.expect("twice")

    def test_at_two_members_at_qos_1(self) -> None:
        self.stream.qos = 1
        self.publish()
        self.arrive(0, session=self.one)
        self.arrive(0, session=self.two)
        self.expect()


class RetainedTests(unittest.TestCase):
    """What is retained."""

    def setUp(self) -> None:
        self.ledger = Ledger()
        self.stream: Stream = self.ledger.stream("r/0", 1, retained=True)
        for _ in range(5):
            self.ledger.acknowledge(self.stream, self.ledger.send(self.stream))
        self.ledger.send(self.stream)

    def look(self, found: int | None) -> int:
        self.ledger.retained(self.stream, self.stream.last_acked(), found, "reader")
        return len(self.ledger.faults)

    def test_the_last_acknowledged_or_a_later_one(self) -> None:
        self.assertEqual(self.look(4), 0)
        self.assertEqual(self.look(5), 0)

    def test_an_earlier_one(self) -> None:
        self.assertEqual(self.look(3), 1)

    def test_none(self) -> None:
        self.assertEqual(self.look(None), 1)

    def test_none_after_a_removal(self) -> None:
        while not deletes(len(self.stream.sent) - 1):
            self.ledger.send(self.stream)
        self.assertEqual(self.look(None), 0)
        self.ledger.acknowledge(self.stream, self.ledger.send(self.stream))
        self.assertEqual(self.look(None), 1)

    def test_none_before_the_first(self) -> None:
        empty = self.ledger.stream("r/1", 1, retained=True)
        self.ledger.retained(empty, empty.last_acked(), None, "reader")
        self.assertEqual(self.ledger.faults, [])


class PartTests(unittest.TestCase):
    """What the ledger is made of."""

    def test_filters(self) -> None:
        for topic_filter in ("a/b", "a/+", "+/+", "#", "a/#", "a/b/#", "+/b"):
            self.assertTrue(matches(topic_filter, "a/b"), topic_filter)
        for topic_filter in ("a", "+", "a/b/+", "b/#", "a/b/c", "A/b"):
            self.assertFalse(matches(topic_filter, "a/b"), topic_filter)

    def test_payloads(self) -> None:
        sizes = set()
        for number in range(2_000):
            data = payload.build("l/p/a", number)
            sizes.add(len(data))
            self.assertEqual(payload.read("l/p/a", data), number)
        self.assertGreater(max(sizes), payload.LARGE)
        data = payload.build("l/p/a", 7)
        for wrong in (data[:-1], data + b"x", b"8" + data[1:], data[:5] + bytes([data[5] ^ 1]) + data[6:], b"", b"x:"):
            self.assertIsNone(payload.read("l/p/a", wrong), wrong)
        self.assertIsNone(payload.read("l/p/b", data))
