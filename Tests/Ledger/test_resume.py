# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Sessions go on where they were when the broker comes back, whether it was told to end or was killed."""

from __future__ import annotations

import functools
import time
from typing import Callable

import packets
from brokers import DurableBroker
from keeping import KeepingCase, flood, session
from packets import V5, V311, Prop, Type
from wire import Client

Death = Callable[[DurableBroker], object]
Method = Callable[..., None]


def deaths(method: Method) -> Method:
    """Runs a test once for each way in which a broker ends; the method takes a broker that runs, and that way."""

    @functools.wraps(method)
    def run(self: KeepingCase) -> None:
        for name, death in (("told", self.tell), ("killed", DurableBroker.kill)):
            with self.subTest(broker=name):
                broker = self.broker(name)
                broker.start()
                method(self, broker, death)
                self.tell(broker)

    return run


def drain(client: Client, count: int, qos: int = 1, timeout: float = 30) -> list[int]:
    """So many messages, acknowledged: the numbers they carry."""
    found = []
    while len(found) < count:
        packet = client.receive(timeout)
        if packet.type == Type.PUBLISH:
            if packet.qos != qos:
                raise AssertionError(f"expected QoS {qos}, got {packet}")
            found.append(int(packet.payload[:10]))
            kind = Type.PUBACK if qos == 1 else Type.PUBREC
            client.send(packets.acknowledgement(kind, packet.packet_id))
        elif packet.type == Type.PUBREL:
            client.send(packets.acknowledgement(Type.PUBCOMP, packet.packet_id))
        else:
            raise AssertionError(f"expected PUBLISH, got {packet}")
    return found


class SessionTests(KeepingCase):
    """Sessions, their subscriptions and their expiry."""

    @deaths
    def test_session_and_messages(self, broker: DurableBroker, death: Death) -> None:
        """Both versions, both QoS, with what came before and after the restart."""
        publisher = self.client(broker, "publisher")
        for version in (V311, V5):
            client = self.client(broker, f"client-{version}", version)
            client.subscribe("a/+", options=1)
            client.subscribe("b/#", options=2)
            client.close()
        publisher.publish("a/1", "before", qos=1)
        publisher.publish("b/1", "before", qos=2)
        death(broker)
        broker.start()
        publisher = self.resume(broker, "publisher")
        publisher.publish("a/1", "after", qos=1)
        publisher.publish("b/1", "after", qos=2)
        for version in (V311, V5):
            client = self.resume(broker, f"client-{version}", version)
            found = {1: [], 2: []}
            for packet in client.fence():
                self.assertEqual((packet.type, packet.dup), (Type.PUBLISH, False))
                found[packet.qos].append((packet.topic, packet.payload))
            # The standard speaks of the order of one topic and QoS [MQTT-4.6.0-6].
            for qos, topic in ((1, "a/1"), (2, "b/1")):
                self.assertEqual(found[qos], [(topic, b"before"), (topic, b"after")])
            client.close()

    @deaths
    def test_online_sessions(self, broker: DurableBroker, death: Death) -> None:
        """Sessions that had a connection when the broker ended."""
        for version in (V311, V5):
            self.client(broker, f"client-{version}", version).subscribe("a", options=1)
        death(broker)
        broker.start()
        self.client(broker, "publisher").publish("a", "x", qos=1)
        for version in (V311, V5):
            self.resume(broker, f"client-{version}", version).expect_message("x", qos=1)

    @deaths
    def test_sessions_that_are_not_kept(self, broker: DurableBroker, death: Death) -> None:
        """Clean sessions of v3.1.1, and those of v5 that end with the connection."""
        self.client(broker, "client-4", V311, clean=True).subscribe("a", options=1)
        self.client(broker, "client-5", V5, expiry=0).subscribe("a", options=1)
        self.client(broker, "absent", V5, expiry=0).close()
        self.settle(broker)
        death(broker)
        broker.start()
        self.expect_gone(broker, "client-4", V311)
        self.expect_gone(broker, "client-5")
        self.expect_gone(broker, "absent")

    @deaths
    def test_unsubscribed(self, broker: DurableBroker, death: Death) -> None:
        """What was unsubscribed from stays away, what was replaced stays replaced."""
        client = self.client(broker, "client")
        client.subscribe("a", "b", "c", options=1)
        client.subscribe("c", options=2)
        client.unsubscribe("a")
        death(broker)
        broker.start()
        publisher = self.client(broker, "publisher")
        for topic in "abc":
            publisher.publish(topic, topic, qos=2)
        client = self.resume(broker, "client")
        client.expect_message("b", qos=1)
        client.expect_message("c", qos=2)
        client.expect_nothing()

    @deaths
    def test_subscription_options(self, broker: DurableBroker, death: Death) -> None:
        """No Local, Retain As Published, and subscription identifiers."""
        client = self.client(broker, "client")
        client.subscribe("own", options=packets.options(1, no_local=True))
        client.subscribe("keeps/#", options=packets.options(1, retain_as_published=True))
        client.subscribe("plain/#", options=1, properties=[(Prop.SUBSCRIPTION_ID, 268_435_455)])
        death(broker)
        broker.start()
        client = self.resume(broker, "client")
        client.publish("own", "x", qos=1)
        publisher = self.client(broker, "publisher")
        publisher.publish("keeps/1", "1", qos=1, retain=True)
        publisher.publish("plain/1", "2", qos=1, retain=True)
        found = client.expect_message("1", retain=True)
        self.assertEqual(found.all(Prop.SUBSCRIPTION_ID), [])
        found = client.expect_message("2", retain=False)
        self.assertEqual(found.all(Prop.SUBSCRIPTION_ID), [268_435_455])
        client.expect_nothing()

    @deaths
    def test_clean_start(self, broker: DurableBroker, death: Death) -> None:
        """A clean start removes what was stored, for good."""
        for version in (V311, V5):
            client = self.client(broker, f"client-{version}", version)
            client.subscribe("a", options=1)
            client.close()
        publisher = self.client(broker, "publisher")
        publisher.publish("a", "old", qos=1)
        for version in (V311, V5):
            # In v5 with a new session, which is kept; in v3.1.1 that can't be.
            self.client(broker, f"client-{version}", version, clean=True)
        death(broker)
        broker.start()
        self.expect_gone(broker, "client-4", V311)
        publisher = self.resume(broker, "publisher")
        publisher.publish("a", "new", qos=1)
        self.resume(broker, "client-5").expect_nothing()

    @deaths
    def test_shared_group(self, broker: DurableBroker, death: Death) -> None:
        """Members come back to their group; messages wait for one of them each."""
        for member in ("one", "two"):
            self.client(broker, member).subscribe("$share/g/a", options=1)
        death(broker)
        broker.start()
        publisher = self.client(broker, "publisher")
        flood(publisher, "a", (str(number) for number in range(100)))
        found = []
        for member in ("one", "two"):
            client = self.resume(broker, member)
            found.append([packet for packet in client.fence() if packet.type == Type.PUBLISH])
            for packet in found[-1]:
                client.acknowledge(packet)
        numbers = sorted(int(packet.payload) for packets_ in found for packet in packets_)
        self.assertEqual(numbers, list(range(100)))

    def test_what_a_member_leaves_to_its_group(self) -> None:
        """All that waits for a member whose client ends its session goes to another one, exactly once."""
        count = 20_000
        # After a start the broker waits 30 s with it, for members that are not kept.
        for is_killed in (False, True) if self.long else (False,):
            with self.subTest(is_killed=is_killed):
                broker = self.broker(f"killed-{is_killed}")
                broker.start()
                leaver = self.client(broker, "leaver")
                leaver.subscribe("$share/g/a", options=2)
                leaver.close()
                flood(self.client(broker, "publisher"), "a", (f"{number:10}" for number in range(count)), qos=2)
                stayer = self.client(broker, "stayer")
                stayer.subscribe("$share/g/a", options=2)
                stayer.close()
                self.client(broker, "leaver", clean=True)
                if is_killed:
                    time.sleep(0.05)
                    broker.kill()
                    broker.start()
                stayer = self.resume(broker, "stayer")
                self.assertEqual(sorted(drain(stayer, count, qos=2, timeout=45)), list(range(count)))
                self.assertEqual([packet for packet in stayer.fence() if packet.type == Type.PUBLISH], [])

    def test_expiry_runs_on(self) -> None:
        """Expiry in seconds goes on while the broker is down, and is not begun anew."""
        broker = self.broker()
        broker.start()
        for name, expiry in (("short", 2), ("middle", 6), ("long", 60), ("forever", 0xFFFF_FFFF)):
            self.client(broker, name, expiry=expiry).disconnect()
        left = time.monotonic()
        # Their connections end with the broker. When that was it can't know to the second: never too early, so they
        # count from when the next one opens the file, or from two minutes after the first last wrote.
        online = [self.client(broker, "online-short", expiry=2), self.client(broker, "online-long", expiry=60)]
        self.settle(broker)
        broker.kill()
        time.sleep(max(0, left + 4.5 - time.monotonic()))
        broker.start()
        started = time.monotonic()
        self.expect_gone(broker, "short")
        for name in ("long", "forever", "online-long"):
            self.resume(broker, name)
        time.sleep(max(0, left + 8 - time.monotonic(), started + 3.5 - time.monotonic()))
        self.expect_gone(broker, "middle")
        self.expect_gone(broker, "online-short")
        self.assertEqual(len(online), 2)

    def test_expiry_changed_by_disconnect(self) -> None:
        """The Session Expiry Interval of DISCONNECT is that which survives."""
        broker = self.broker()
        broker.start()
        self.client(broker, "longer", expiry=1).disconnect(0, [(Prop.SESSION_EXPIRY, 3600)])
        self.client(broker, "shorter", expiry=3600).disconnect(0, [(Prop.SESSION_EXPIRY, 1)])
        self.client(broker, "ended", expiry=3600).disconnect(0, [(Prop.SESSION_EXPIRY, 0)])
        self.settle(broker)
        broker.kill()
        time.sleep(2.5)
        broker.start()
        self.resume(broker, "longer")
        self.expect_gone(broker, "shorter")
        self.expect_gone(broker, "ended")

    def test_expiry_changed_by_connect(self) -> None:
        """A session that is resumed has the expiry of the new CONNECT."""
        broker = self.broker()
        broker.start()
        self.client(broker, "longer", expiry=1)
        self.resume(broker, "longer", **session(V5, 3600)).close()
        self.client(broker, "shorter", expiry=3600)
        self.resume(broker, "shorter", **session(V5, 1)).close()
        self.settle(broker)
        broker.kill()
        time.sleep(2.5)
        broker.start()
        self.resume(broker, "longer")
        self.expect_gone(broker, "shorter")

    @deaths
    def test_often(self, broker: DurableBroker, death: Death) -> None:
        """One message in each life of the broker, and with another number of event loops."""
        for qos in (1, 2):
            self.client(broker, f"client-{qos}").subscribe(f"{qos}", options=qos)
        for life in range(6):
            for qos in (1, 2):
                self.client(broker, "publisher").publish(f"{qos}", f"{life}", qos=qos)
            death(broker)
            broker.threads = 1 + life % 4
            broker.start()
        for qos in (1, 2):
            client = self.resume(broker, f"client-{qos}")
            for life in range(6):
                client.expect_message(f"{life}", qos=qos)
            client.expect_nothing()


class MessageTests(KeepingCase):
    """What waits, and what is retained."""

    @deaths
    def test_properties(self, broker: DurableBroker, death: Death) -> None:
        """Everything about a message comes back with it."""
        properties = [
            (Prop.PAYLOAD_FORMAT, 1),
            (Prop.CONTENT_TYPE, "text/plain"),
            (Prop.RESPONSE_TOPIC, "answer/here"),
            (Prop.CORRELATION_DATA, b"\x00\xff\x01"),
            (Prop.USER_PROPERTY, ("b", "2")),
            (Prop.USER_PROPERTY, ("a", "1")),
            (Prop.USER_PROPERTY, ("b", "3")),
        ]
        client = self.client(broker, "client")
        client.subscribe("queued/ü", options=1)
        client.close()
        publisher = self.client(broker, "publisher")
        publisher.publish("queued/ü", "héllo", qos=1, properties=properties)
        publisher.publish("retained/ü", "héllo", qos=1, retain=True, properties=properties)
        death(broker)
        broker.start()
        client = self.resume(broker, "client")
        queued = client.expect_message("héllo", topic="queued/ü", retain=False)
        client.subscribe("retained/#", options=1)
        retained = client.expect_message("héllo", topic="retained/ü", retain=True)
        for found in (queued, retained):
            self.assertEqual(sorted(found.properties, key=lambda p: p[0]), sorted(properties, key=lambda p: p[0]))

    def test_message_expiry(self) -> None:
        """A message's expiry runs on while the broker is down."""
        broker = self.broker()
        broker.start()
        client = self.client(broker, "client")
        client.subscribe("a", options=1)
        client.close()
        publisher = self.client(broker, "publisher")
        for topic, retain in (("a", False), ("kept/1", True)):
            publisher.publish(topic, "short", qos=1, retain=retain, properties=[(Prop.MESSAGE_EXPIRY, 2)])
            topic = topic.replace("1", "2")
            publisher.publish(topic, "long", qos=1, retain=retain, properties=[(Prop.MESSAGE_EXPIRY, 100)])
        began = time.monotonic()
        broker.kill()
        time.sleep(3.2)
        broker.start()
        client = self.resume(broker, "client")
        gone = int(time.monotonic() - began)
        queued = client.expect_message("long", topic="a")
        client.expect_nothing()
        client.subscribe("kept/#", options=1)
        retained = client.expect_message("long", topic="kept/2")
        client.expect_nothing()
        for found in (queued, retained):
            left = found.get(Prop.MESSAGE_EXPIRY)
            self.assertIn(left, range(100 - gone - 3, 100 - gone + 1))

    @deaths
    def test_retained(self, broker: DurableBroker, death: Death) -> None:
        """The last acknowledged one, or none if that was empty; QoS 0 counts too when something later is safe."""
        publisher = self.client(broker, "publisher")
        for number in range(20):
            for topic in ("r/1", "r/2"):
                publisher.publish(topic, str(number), qos=1 + number % 2, retain=True)
        publisher.publish("r/2", "", qos=1, retain=True)
        publisher.publish("r/3", "zero", qos=0, retain=True)
        self.settle(broker)
        death(broker)
        broker.start()
        client = self.client(broker, "client")
        client.subscribe("r/#", options=1)
        found = {packet.topic: packet.payload for packet in client.fence()}
        self.assertEqual(found, {"r/1": b"19", "r/3": b"zero"})

    @deaths
    def test_retained_that_were_in_the_store(self, broker: DurableBroker, death: Death) -> None:
        """Removed or replaced in a later life than that in which they were stored."""
        publisher = self.client(broker, "publisher")
        for topic in ("r/1", "r/2", "r/3"):
            publisher.publish(topic, "old", qos=1, retain=True)
        death(broker)
        broker.start()
        publisher = self.resume(broker, "publisher")
        publisher.publish("r/1", "", qos=1, retain=True)
        publisher.publish("r/2", "new", qos=1, retain=True)
        death(broker)
        broker.start()
        client = self.client(broker, "client")
        client.subscribe("r/#", options=1)
        found = {packet.topic: packet.payload for packet in client.fence()}
        self.assertEqual(found, {"r/2": b"new", "r/3": b"old"})

    def test_full_refuses(self) -> None:
        """What a session may keep is a limit that holds over restarts; what was accepted stays."""
        settings = {"max_session_messages": "100", "when_full": "refuse", "flush_mem_threshold": "10"}
        broker = self.broker(settings=settings)
        broker.start()
        self.client(broker, "client").subscribe("a", options=1)
        publisher = self.client(broker, "publisher")
        broker.kill()
        broker.start()
        publisher = self.resume(broker, "publisher")
        flood(publisher, "a", (str(number) for number in range(100)))
        self.assertEqual(publisher.publish("a", "100", qos=1).reason, 0x97)
        broker.kill()
        broker.start()
        publisher = self.resume(broker, "publisher")
        self.assertEqual(publisher.publish("a", "101", qos=1).reason, 0x97)
        self.assertEqual(publisher.publish("a", "102", qos=2).reason, 0x97)
        client = self.resume(broker, "client")
        self.assertEqual(drain(client, 100), list(range(100)))
        client.expect_nothing()
        self.assertEqual(publisher.publish("a", "103", qos=1).reason, 0)
        client.expect_message("103")

    def test_full_drops_the_oldest(self) -> None:
        """The other policy; those in memory and those on disk."""
        settings = {"max_session_messages": "100", "when_full": "drop_oldest", "flush_mem_threshold": "10"}
        broker = self.broker(settings=settings)
        broker.start()
        client = self.client(broker, "client")
        client.subscribe("a", options=1)
        client.close()
        publisher = self.client(broker, "publisher")
        flood(publisher, "a", (str(number) for number in range(150)))
        self.settle(broker)  # What has to give way is read first; a kill before that would leave it.
        broker.kill()
        broker.start()
        publisher = self.resume(broker, "publisher")
        flood(publisher, "a", (str(number) for number in range(150, 180)))
        client = self.resume(broker, "client")
        self.assertEqual(drain(client, 100), list(range(80, 180)))
        client.expect_nothing()


class WillTests(KeepingCase):
    """Wills that wait."""

    def setUp(self) -> None:
        super().setUp()
        self.durable = self.broker()
        self.durable.start()
        self.watcher().subscribe("will/#", options=1)

    def watcher(self) -> Client:
        return self.client(self.durable, "watcher")

    def leave(self, name: str, delay: int, expiry: int = 3600) -> float:
        """A client with a will goes without DISCONNECT: when that was."""
        client = self.client(
            self.durable,
            name,
            expiry=expiry,
            will_topic=f"will/{name}",
            will_payload=name,
            will_qos=1,
            will_properties=[(Prop.WILL_DELAY, delay), (Prop.USER_PROPERTY, ("who", name))],
        )
        client.close()
        return time.monotonic()

    def test_due_after_the_restart(self) -> None:
        """It comes when it is due, and once."""
        left = self.leave("late", 5)
        self.settle(self.durable)
        self.durable.kill()
        self.durable.start()
        watcher = self.resume(self.durable, "watcher")
        watcher.expect_nothing()
        found = watcher.expect_message("late", timeout=15, topic="will/late", qos=1)
        after = time.monotonic() - left
        self.assertEqual(found.get(Prop.USER_PROPERTY), ("who", "late"))
        self.assertTrue(4 <= after <= 9, f"the will came after {after} s")
        self.settle(self.durable)
        self.durable.kill()
        self.durable.start()
        time.sleep(1.5)
        self.resume(self.durable, "watcher").expect_nothing()

    def test_due_while_the_broker_is_down(self) -> None:
        """It comes at the start, also if its session has expired meanwhile, which makes it due."""
        self.leave("due", 2)
        self.leave("expired", 3600, expiry=2)
        self.settle(self.durable)
        self.durable.kill()
        time.sleep(3.5)
        self.durable.start()
        watcher = self.resume(self.durable, "watcher")
        topics = {watcher.expect(Type.PUBLISH, timeout=10).topic for _ in range(2)}
        self.assertEqual(topics, {"will/due", "will/expired"})
        self.expect_gone(self.durable, "expired")
        self.resume(self.durable, "due")

    def test_the_client_is_back(self) -> None:
        """Then there is no will."""
        left = self.leave("back", 4)
        self.settle(self.durable)
        self.durable.kill()
        self.durable.start()
        self.resume(self.durable, "back")
        time.sleep(max(0, left + 6 - time.monotonic()))
        self.resume(self.durable, "watcher").expect_nothing()
        self.durable.kill()
        self.durable.start()
        time.sleep(1.5)
        self.resume(self.durable, "watcher").expect_nothing()


class HandshakeTests(KeepingCase):
    """What was in flight, in both directions."""

    @deaths
    def test_redelivery(self, broker: DurableBroker, death: Death) -> None:
        """In flight: with the same packet identifiers and DUP, in order; what waits comes behind, without."""
        for version in (V311, V5):
            client = self.client(broker, f"client-{version}", version)
            client.subscribe(f"a/{version}", options=1)
            publisher = self.client(broker, "publisher")
            flood(publisher, f"a/{version}", map(str, range(5)))
            sent = [client.expect(Type.PUBLISH) for _ in range(5)]
            self.assertFalse(any(packet.dup for packet in sent))
            for packet in sent[:2]:
                client.acknowledge(packet)
            client.fence()
            client.close()
            flood(publisher, f"a/{version}", map(str, range(5, 8)))
            self.settle(broker)
            death(broker)
            broker.start()
            for _ in range(2):
                client = self.resume(broker, f"client-{version}", version)
                again = [client.expect(Type.PUBLISH) for _ in range(6)]
                self.assertEqual([packet.payload for packet in again], [b"2", b"3", b"4", b"5", b"6", b"7"])
                self.assertEqual([packet.packet_id for packet in again[:3]], [packet.packet_id for packet in sent[2:]])
                self.assertTrue(all(packet.dup for packet in again[:3]))
                client.close()
            client = self.resume(broker, f"client-{version}", version)
            for number in range(2, 8):
                client.expect_message(str(number), dup=True)
            client.expect_nothing()
            client.close()

    @deaths
    def test_outbound_before_pubrec(self, broker: DurableBroker, death: Death) -> None:
        """QoS 2: PUBLISH again, under its identifier."""
        client = self.client(broker, "client")
        client.subscribe("a", options=2)
        publisher = self.client(broker, "publisher")
        publisher.publish("a", "x", qos=2)
        sent = client.expect(Type.PUBLISH, qos=2)
        # At once, with nothing to make sure that more than the message is safe: sent means that it may have come.
        death(broker)
        broker.start()
        client = self.resume(broker, "client")
        client.expect_message("x", packet_id=sent.packet_id, dup=True)
        client.expect_nothing()

    @deaths
    def test_outbound_after_pubrec(self, broker: DurableBroker, death: Death) -> None:
        """QoS 2: PUBLISH or PUBREL again, under its identifier; once PUBREL has come, only that."""
        client = self.client(broker, "client")
        client.subscribe("a", options=2)
        publisher = self.client(broker, "publisher")
        for payload in ("one", "two"):
            publisher.publish("a", payload, qos=2)
        first, second = client.expect(Type.PUBLISH), client.expect(Type.PUBLISH)
        client.send(packets.acknowledgement(Type.PUBREC, first.packet_id))
        client.expect(Type.PUBREL, packet_id=first.packet_id)
        client.send(packets.acknowledgement(Type.PUBREC, second.packet_id))
        death(broker)
        broker.start()
        client = self.resume(broker, "client")
        got = {}
        while len(got) < 2:
            packet = client.receive()
            if packet.type == Type.PUBLISH:
                self.assertEqual((packet.packet_id, packet.payload, packet.dup), (second.packet_id, b"two", True))
                client.send(packets.acknowledgement(Type.PUBREC, packet.packet_id))
            else:
                self.assertEqual(packet.type, Type.PUBREL)
                got[packet.packet_id] = packet
                client.send(packets.acknowledgement(Type.PUBCOMP, packet.packet_id))
        self.assertEqual(set(got), {first.packet_id, second.packet_id})
        client.expect_nothing()
        self.settle(broker)
        death(broker)
        broker.start()
        self.resume(broker, "client").expect_nothing()

    @deaths
    def test_pubrec_at_once(self, broker: DurableBroker, death: Death) -> None:
        """QoS 2: a client that answers before it is asked again: after PUBREL there is no PUBLISH [MQTT-4.3.3-6]."""
        client = self.client(broker, "client")
        client.subscribe("a", options=2)
        publisher = self.client(broker, "publisher")
        publisher.publish("a", "x", qos=2)
        sent = client.expect(Type.PUBLISH, qos=2)
        death(broker)
        broker.start()
        client = self.open(broker)
        client.send(
            packets.connect("client", **session(V5, 3600)), packets.acknowledgement(Type.PUBREC, sent.packet_id)
        )
        client.expect(Type.CONNACK, session_present=True)
        kinds = [packet.type for packet in client.fence()]
        self.assertIn(kinds, ([Type.PUBREL], [Type.PUBLISH], [Type.PUBLISH, Type.PUBREL]))

    @deaths
    def test_inbound_duplicate(self, broker: DurableBroker, death: Death) -> None:
        """QoS 2: a message that was confirmed with PUBREC is not routed again, and PUBREL completes it."""
        for version in (V311, V5):
            watcher = self.client(broker, "watcher")
            watcher.subscribe("a", options=2)
            watcher.close()
            publisher = self.client(broker, f"publisher-{version}", version)
            for identifier in (7, 8):
                publisher.send_publish("a", f"{identifier}", 2, identifier)
                publisher.expect(Type.PUBREC, packet_id=identifier, reason=0)
            death(broker)
            broker.start()
            publisher = self.resume(broker, f"publisher-{version}", version)
            publisher.send_publish("a", "7", 2, 7, dup=True)
            publisher.expect(Type.PUBREC, packet_id=7, reason=0)
            for identifier in (7, 8):
                publisher.send(packets.acknowledgement(Type.PUBREL, identifier))
                publisher.expect(Type.PUBCOMP, packet_id=identifier, reason=0)
            # Now it is free for a new message.
            publisher.send_publish("a", "new", 2, 7)
            publisher.expect(Type.PUBREC, packet_id=7, reason=0)
            publisher.send(packets.acknowledgement(Type.PUBREL, 7))
            publisher.expect(Type.PUBCOMP, packet_id=7, reason=0)
            publisher.close()
            watcher = self.resume(broker, "watcher")
            for payload in ("7", "8", "new"):
                watcher.expect_message(payload, qos=2)
            watcher.expect_nothing()
            watcher.close()

    @deaths
    def test_inbound_released(self, broker: DurableBroker, death: Death) -> None:
        """QoS 2: what PUBCOMP completed is complete: the identifier is free in the next life."""
        self.client(broker, "watcher").subscribe("a", options=2)
        publisher = self.client(broker, "publisher")
        publisher.publish("a", "old", qos=2)
        death(broker)
        broker.start()
        publisher = self.resume(broker, "publisher")
        publisher.send_publish("a", "new", 2, 1)
        publisher.expect(Type.PUBREC, packet_id=1, reason=0)
        publisher.send(packets.acknowledgement(Type.PUBREL, 1))
        publisher.expect(Type.PUBCOMP, packet_id=1, reason=0)
        watcher = self.resume(broker, "watcher")
        # The first one was in flight when the broker ended.
        watcher.expect_message("old", qos=2)
        watcher.expect_message("new", qos=2, dup=False)
        watcher.expect_nothing()


class BacklogTests(KeepingCase):
    """Very many messages."""

    COUNT = 20_000

    def backlog(self, broker: DurableBroker, version: int, count: int, size: int = 0, **fields: object) -> None:
        """Messages that wait for the client "client"."""
        client = self.client(broker, "client", version, **fields)
        client.subscribe("a", options=1)
        client.close()
        flood(self.client(broker, "publisher"), "a", (f"{number:10}".ljust(size, "x") for number in range(count)))

    def test_order_and_receive_maximum(self) -> None:
        """In order, as many at a time as Receive Maximum allows, and fresh ones behind."""
        broker = self.broker()
        broker.start()
        self.backlog(broker, V5, self.COUNT)
        broker.kill()
        broker.start()
        client = self.open(broker)
        began = time.monotonic()
        connack = client.connect(
            "client", clean=False, properties=[(Prop.SESSION_EXPIRY, 3600), (Prop.RECEIVE_MAXIMUM, 50)]
        )
        self.assertTrue(connack.session_present)
        first = [client.expect(Type.PUBLISH, timeout=10) for _ in range(50)]
        client.expect_nothing()
        for packet in first:
            client.acknowledge(packet)
        publisher = self.resume(broker, "publisher")
        numbers = [int(packet.payload) for packet in first] + drain(client, self.COUNT // 2)
        flood(publisher, "a", (f"{self.COUNT + number:10}" for number in range(500)))
        numbers += drain(client, self.COUNT + 500 - len(numbers))
        seconds = time.monotonic() - began
        self.assertEqual(numbers, list(range(self.COUNT + 500)))
        client.expect_nothing()
        self.assertLess(seconds, 20)

    def test_before_v5(self) -> None:
        """Without a Receive Maximum; half of it before another restart, which repeats nothing that was acknowledged."""
        broker = self.broker()
        broker.start()
        self.backlog(broker, V311, self.COUNT)
        broker.kill()
        broker.start()
        client = self.resume(broker, "client", V311)
        self.assertEqual(drain(client, self.COUNT // 2), list(range(self.COUNT // 2)))
        client.fence()
        client.close()
        self.settle(broker)
        broker.kill()
        broker.start()
        client = self.resume(broker, "client", V311)
        self.assertEqual(drain(client, self.COUNT // 2), list(range(self.COUNT // 2, self.COUNT)))
        client.expect_nothing()

    def test_take_over(self) -> None:
        """The client comes again and again while its backlog is being delivered."""
        broker = self.broker()
        broker.start()
        self.backlog(broker, V5, 5_000)
        broker.kill()
        broker.start()
        # The numbers in the order in which each came first.
        first: dict[int, None] = {}
        for _ in range(20):
            # The last one stays open: the next takes its session over.
            client = self.resume(broker, "client")
            first.update(dict.fromkeys(drain(client, 100)))
        client = self.resume(broker, "client")
        while len(first) < 5_000:
            # What was not acknowledged comes again.
            first.update(dict.fromkeys(drain(client, 1)))
        self.assertEqual(list(first), list(range(5_000)))

    def test_memory(self) -> None:
        """200,000 messages of 1 KiB wait, and are delivered: the broker's memory does not hold them."""
        limit = 128 * 1024 * 1024
        broker = self.broker(settings={"max_session_messages": "250000"})
        broker.start()
        self.backlog(broker, V5, 200_000, size=1024)
        peaks = [broker.memory()]
        broker.kill()
        broker.start()
        peaks.append(broker.memory())
        client = self.resume(broker, "client")
        self.assertEqual(drain(client, 200_000), list(range(200_000)))
        peaks.append(broker.memory())
        shown = ", ".join(f"{peak / 1024 / 1024:.0f} MiB" for peak in peaks)
        print(f"memory while messages came, at the next start, and when all were delivered: {shown}")
        self.assertLess(max(peaks), limit, shown)

    def test_many_sessions(self) -> None:
        """100,000 sessions with 1,000,000 messages: the broker is ready in seconds."""
        if not self.long:
            self.skipTest("takes minutes: --long")
        broker = self.broker(
            settings={"disk_cache_size": "2000000"}, others="limits.max_sessions = 200000\nlog.level = warn"
        )
        broker.start()
        for first in range(0, 100_000, 100):
            lines = [Client(broker.address) for _ in range(100)]
            for number, line in enumerate(lines, first):
                line.send(
                    packets.connect(f"client-{number}", **session(V5, 3600)),
                    packets.subscribe(1, [(f"many/{number // 10}", 1)]),
                )
            for line in lines:
                line.expect(Type.CONNACK, reason=0)
                line.expect(Type.SUBACK, reasons=[1])
                line.close()
        publisher = self.client(broker, "publisher")
        for topic in range(10_000):
            flood(publisher, f"many/{topic}", (f"{topic}:{number}" for number in range(10)))
        broker.kill()
        seconds = broker.start()
        print(f"100,000 sessions with 1,000,000 messages: ready in {seconds:.1f} s, {broker.memory() >> 20} MiB")
        self.assertLess(seconds, 15)
        for number in (0, 1, 49_999, 99_999):
            client = self.resume(broker, f"client-{number}")
            for count in range(10):
                client.expect_message(f"{number // 10}:{count}")
            client.expect_nothing()
            client.close()
