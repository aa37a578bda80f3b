# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""PUBLISH and the QoS flows, client to server and server to client."""

from __future__ import annotations

import packets
from case import ConformanceCase, both, versions
from packets import V5, V31, V311, Prop, Reason, Type


class Delivery(ConformanceCase):
    """One publisher, one subscriber, each QoS against each."""

    @versions(V31, V311, V5)
    def test_delivered_qos_is_the_lower_of_the_two(self, version: int) -> None:
        """[v5:MQTT-3.8.4-8] [v3:MQTT-3.8.4-6] [v5:MQTT-3.3.4-1] [v5:MQTT-4.3.1-1] [v5:MQTT-4.3.2-1] [v5:MQTT-4.3.2-2]
        [v5:MQTT-4.3.2-4] [v5:MQTT-4.3.3-1] [v5:MQTT-4.3.3-2] [v5:MQTT-4.3.3-4] [v5:MQTT-4.3.3-8] [v5:MQTT-4.3.3-11]
        [v5:MQTT-2.2.1-2] [v5:MQTT-2.2.1-4] [v5:MQTT-2.2.1-5] [v5:MQTT-3.3.1-2] [v5:MQTT-3.3.2-3] [v5:MQTT-4.5.0-1]
        [v3:MQTT-2.3.1-4] [v3:MQTT-2.3.1-5] [v3:MQTT-2.3.1-6] [v3:MQTT-3.3.1-2] [v3:MQTT-3.3.4-1] [v3:MQTT-3.3.5-1]
        [v3:MQTT-4.3.1-1] [v3:MQTT-4.3.2-1] [v3:MQTT-4.3.2-2] [v3:MQTT-4.3.3-1] [v3:MQTT-4.3.3-2] [v3:MQTT-4.5.0-1]"""
        publisher = self.client(version)
        for granted in (0, 1, 2):
            topic = self.topic(str(granted))
            subscriber = self.subscriber(topic, version=version, options=granted)
            for qos in (0, 1, 2):
                with self.subTest(granted=granted, published=qos):
                    publisher.publish(topic, f"{qos}", qos)
                    message = subscriber.expect_message(f"{qos}", topic=topic, qos=min(granted, qos), dup=False)
                    self.assertFalse(message.retain)
            subscriber.expect_nothing()

    @versions(V31, V311, V5)
    def test_across_versions(self, version: int) -> None:
        """A message travels from each version to each other one [v5:MQTT-4.5.0-1] [v3:MQTT-7.0.0-2]"""
        publisher = self.client(version)
        subscribers = [self.subscriber(self.topic(), version=other, options=2) for other in (V31, V311, V5)]
        for qos in (0, 1, 2):
            publisher.publish(self.topic(), f"q{qos}", qos)
            for subscriber in subscribers:
                subscriber.expect_message(f"q{qos}", qos=qos)

    @both
    def test_payload_is_opaque(self, version: int) -> None:
        """Every byte value, nothing at all, and half a megabyte come out as they went in [v5:MQTT-3.3.4-1]"""
        publisher = self.client(version)
        subscriber = self.subscriber(self.topic(), version=version, options=1)
        for payload in (b"", bytes(range(256)), b"\xc3\x28", bytes(range(256)) * 2048):
            publisher.publish(self.topic(), payload, 1)
            subscriber.expect_message(payload)

    @both
    def test_order_is_kept(self, version: int) -> None:
        """[v5:MQTT-4.6.0-5] [v5:MQTT-4.6.0-6] [v3:MQTT-4.6.0-5] [v3:MQTT-4.6.0-6]"""
        publisher = self.client(version)
        for qos in (0, 1, 2):
            topic = self.topic(str(qos))
            subscriber = self.subscriber(topic, version=version, options=qos)
            ids = range(1, 201)
            publisher.send(
                *[packets.publish(topic, str(n), qos, n if qos else None, version=version) for n in ids]
            )
            self.assertEqual([found.packet_id for found in publisher.fence()], list(ids) if qos else [])
            publisher.send(*[packets.acknowledgement(Type.PUBREL, n) for n in ids if qos == 2])
            publisher.fence()
            for n in ids:
                subscriber.expect_message(str(n), acknowledge=False)

    @both
    def test_order_between_many_clients(self, version: int) -> None:
        """[v5:MQTT-4.6.0-5] [v3:MQTT-4.6.0-6]: each subscriber sees each publisher's messages in order, none twice and
        none lost, on whatever threads they live"""
        count, names = 200, [f"p{n}" for n in range(6)]
        subscribers = [self.subscriber(self.topic("+"), version=version, options=1) for _ in range(6)]
        for name in names:
            publisher = self.client(version)
            topic = self.topic(name)
            publisher.send(*[packets.publish(topic, str(n), 1, n + 1, version=version) for n in range(count)])
        for subscriber in subscribers:
            seen: dict[str, list[int]] = {}
            for _ in range(count * len(names)):
                message = subscriber.expect(Type.PUBLISH)
                subscriber.acknowledge(message)
                seen.setdefault(message.topic, []).append(int(message.payload))
            self.assertEqual(seen, {self.topic(name): list(range(count)) for name in names})

    @both
    def test_a_publisher_that_leaves_at_once(self, version: int) -> None:
        """What was sent before the close, with DISCONNECT or without, is processed [v5:MQTT-4.5.0-1]"""
        subscriber = self.subscriber(self.topic(), version=version)
        for farewell in (packets.disconnect(version), b""):
            client = self.open(version)
            client.send(
                packets.connect(self.unique(), version),
                packets.publish(self.topic(), "last words", version=version),
                farewell,
            )
            client.socket.shutdown(1)
            subscriber.expect_message("last words")

    @both
    def test_own_messages_come_back(self, version: int) -> None:
        """Without No Local a client hears itself [v5:MQTT-4.5.0-1]"""
        client = self.subscriber(self.topic(), version=version)
        client.send_publish(self.topic(), "self")
        client.expect_message("self")

    @both
    def test_split_at_every_byte(self, version: int) -> None:
        """A packet may arrive in any pieces [v5:MQTT-4.2.0-1]"""
        client = self.open(version)
        stream = packets.connect(self.unique(), version=version) + packets.subscribe(1, [(self.topic(), 0)], version)
        stream += packets.publish(self.topic(), "pieces", version=version)
        for byte in stream:
            client.send(bytes([byte]))
        client.expect(Type.CONNACK)
        client.expect(Type.SUBACK)
        client.expect_message("pieces")


class PublisherFlows(ConformanceCase):
    """The server as the receiver of QoS 1 and 2."""

    @both
    def test_qos1_id_is_new_after_puback(self, version: int) -> None:
        """[v5:MQTT-4.3.2-5] [v3:MQTT-4.3.2-2]: the same id again, DUP or not, is a new message"""
        subscriber = self.subscriber(self.topic(), version=version)
        publisher = self.client(version)
        for dup in (False, True, False):
            publisher.send_publish(self.topic(), "again", 1, packet_id=7, dup=dup)
            publisher.expect(Type.PUBACK, packet_id=7)
            subscriber.expect_message("again")

    @both
    def test_qos2_is_routed_once(self, version: int) -> None:
        """[v5:MQTT-4.3.3-10] [v3:MQTT-4.3.3-2] [v5:MQTT-3.3.1-3] [v3:MQTT-3.3.1-3] [security:9]: repetitions with DUP
        before PUBREL"""
        subscriber = self.subscriber(self.topic(), version=version, options=2)
        publisher = self.client(version)
        publisher.send_publish(self.topic(), "once", 2, packet_id=9)
        publisher.expect(Type.PUBREC, packet_id=9)
        for _ in range(3):
            publisher.send_publish(self.topic(), "once", 2, packet_id=9, dup=True)
            publisher.expect(Type.PUBREC, packet_id=9)
        publisher.send(packets.acknowledgement(Type.PUBREL, 9))
        publisher.expect(Type.PUBCOMP, packet_id=9, reason=0)
        subscriber.expect_message("once", dup=False)
        subscriber.expect_nothing()

    @both
    def test_qos2_id_is_new_after_pubcomp(self, version: int) -> None:
        """[v5:MQTT-4.3.3-12] [v3:MQTT-4.3.3-2]"""
        subscriber = self.subscriber(self.topic(), version=version, options=2)
        publisher = self.client(version)
        for text in ("first", "second"):
            publisher.send_publish(self.topic(), text, 2, packet_id=9)
            publisher.expect(Type.PUBREC, packet_id=9)
            publisher.send(packets.acknowledgement(Type.PUBREL, 9))
            publisher.expect(Type.PUBCOMP, packet_id=9)
            subscriber.expect_message(text)

    def test_v5_qos2_same_id_without_dup(self) -> None:
        """[v5:MQTT-3.5.2-1] [v5:MQTT-4.3.3-9]: PUBREC 0x91, and after that refusal the id may carry a new message"""
        subscriber = self.subscriber(self.topic(), options=2)
        publisher = self.client()
        publisher.send_publish(self.topic(), "one", 2, packet_id=3)
        publisher.expect(Type.PUBREC, packet_id=3, reason=0)
        publisher.send_publish(self.topic(), "two", 2, packet_id=3)
        publisher.expect(Type.PUBREC, packet_id=3, reason=Reason.PACKET_ID_IN_USE)
        publisher.send_publish(self.topic(), "three", 2, packet_id=3)
        publisher.expect(Type.PUBREC, packet_id=3, reason=0)
        publisher.send(packets.acknowledgement(Type.PUBREL, 3))
        publisher.expect(Type.PUBCOMP, packet_id=3, reason=0)
        subscriber.expect_message("one")
        subscriber.expect_message("three")
        subscriber.expect_nothing()

    def test_v5_an_id_is_new_after_a_refusing_pubrec(self) -> None:
        """[v5:MQTT-4.3.3-9]: a refused QoS 2 message needs no PUBREL, its id may carry the next one"""
        subscriber = self.subscriber(self.topic(), options=2)
        publisher = self.client()
        publisher.send_publish("$SYS/forbidden", "no", 2, packet_id=8)
        publisher.expect(Type.PUBREC, packet_id=8, reason=Reason.NOT_AUTHORIZED)
        publisher.send_publish(self.topic(), "yes", 2, packet_id=8)
        publisher.expect(Type.PUBREC, packet_id=8, reason=0)
        publisher.send(packets.acknowledgement(Type.PUBREL, 8))
        publisher.expect(Type.PUBCOMP, packet_id=8, reason=0)
        subscriber.expect_message("yes")

    def test_v3_qos2_same_id_without_dup_is_a_duplicate(self) -> None:
        """[v3:MQTT-4.3.3-2]: our rule for v3, which has no code for it"""
        subscriber = self.subscriber(self.topic(), version=V311, options=2)
        publisher = self.client(V311)
        for text in ("one", "two"):
            publisher.send_publish(self.topic(), text, 2, packet_id=3)
            publisher.expect(Type.PUBREC, packet_id=3)
        publisher.send(packets.acknowledgement(Type.PUBREL, 3))
        publisher.expect(Type.PUBCOMP, packet_id=3)
        subscriber.expect_message("one")
        subscriber.expect_nothing()

    def test_v5_nobody_subscribes(self) -> None:
        """PUBACK and PUBREC with 0x10 [v5:MQTT-3.4.2-1] [v5:MQTT-3.5.2-1]"""
        publisher = self.client()
        self.assertEqual(publisher.publish(self.topic(), "x", 1).reason, Reason.NO_MATCHING_SUBSCRIBERS)
        self.assertEqual(publisher.publish(self.topic(), "x", 2).reason, Reason.NO_MATCHING_SUBSCRIBERS)

    def test_v5_somebody_subscribes(self) -> None:
        """PUBACK and PUBREC with 0 [v5:MQTT-3.4.2-1] [v5:MQTT-3.5.2-1] [v5:MQTT-3.7.2-1]"""
        self.subscriber(self.topic())
        publisher = self.client()
        self.assertEqual(publisher.publish(self.topic(), "x", 1).reason, 0)
        self.assertEqual(publisher.publish(self.topic(), "x", 2).reason, 0)

    def test_pubrel_for_an_unknown_id(self) -> None:
        """PUBCOMP 0x92 in v5, PUBCOMP in v3 [v5:MQTT-4.3.3-11] [v5:MQTT-3.7.2-1] [v3:MQTT-4.3.3-2]"""
        for version, reason in ((V311, 0), (V5, Reason.PACKET_ID_NOT_FOUND)):
            client = self.client(version)
            client.send(packets.acknowledgement(Type.PUBREL, 4711))
            client.expect(Type.PUBCOMP, packet_id=4711, reason=reason)

    @both
    def test_qos1_and_qos2_ids_do_not_collide_with_the_servers(self, version: int) -> None:
        """Client and server number independently [v5:MQTT-2.2.1-4] [v3:MQTT-2.3.1-4]"""
        client = self.subscriber(self.topic(), version=version, options=2)
        client.send_publish(self.topic(), "echo", 2, packet_id=1)
        client.send(packets.acknowledgement(Type.PUBREL, 1))
        found = {message.type: message for message in client.fence()}
        if Type.PUBLISH not in found:
            found[Type.PUBLISH] = client.expect(Type.PUBLISH)
        self.assertEqual(set(found), {Type.PUBREC, Type.PUBCOMP, Type.PUBLISH})
        client.acknowledge(found[Type.PUBLISH])
        client.expect_nothing()


class SubscriberFlows(ConformanceCase):
    """The server as the sender of QoS 1 and 2."""

    @both
    def test_ids_in_flight_are_distinct_and_not_zero(self, version: int) -> None:
        """[v5:MQTT-2.2.1-4] [v5:MQTT-4.3.2-1] [v3:MQTT-2.3.1-1] [v3:MQTT-2.3.1-4]"""
        subscriber = self.subscriber(self.topic(), version=version, options=2)
        publisher = self.client(version)
        for n in range(20):
            publisher.publish(self.topic(), str(n), 1 + n % 2)
        messages = [subscriber.expect_message(str(n), acknowledge=False) for n in range(20)]
        self.assertEqual(len({message.packet_id for message in messages}), 20)

    def test_ids_wrap_around_those_in_flight(self) -> None:
        """[v5:MQTT-2.2.1-4] [v3:MQTT-2.3.1-4]: 70000 messages to one session while the first stays unacknowledged: its
        id is not used again, and neither is 0"""
        subscriber = self.subscriber(self.topic(), version=V311, options=1)
        publisher = self.client(V311)
        publisher.publish(self.topic(), "first", 1)
        held = subscriber.expect_message("first", acknowledge=False).packet_id
        batch = 500
        data = b"".join(packets.publish(self.topic(), "x", 1, n, version=V311) for n in range(1, batch + 1))
        for _ in range(70_000 // batch):
            publisher.send(data)
            ids = [subscriber.expect(Type.PUBLISH).packet_id for _ in range(batch)]
            self.assertNotIn(held, ids)
            self.assertEqual(len(set(ids)), batch)
            subscriber.send(*[packets.acknowledgement(Type.PUBACK, packet_id) for packet_id in ids])
            self.assertEqual(len(publisher.fence()), batch)

    @both
    def test_no_resend_while_connected(self, version: int) -> None:
        """[v5:MQTT-4.4.0-1] [v5:MQTT-4.3.2-3] [v5:MQTT-4.3.3-3]: an unacknowledged message is not repeated"""
        subscriber = self.subscriber(self.topic(), version=version, options=2)
        publisher = self.client(version)
        publisher.publish(self.topic(), "one", 1)
        publisher.publish(self.topic(), "two", 2)
        subscriber.expect_message("one", acknowledge=False)
        subscriber.expect_message("two", acknowledge=False)
        subscriber.expect_nothing()

    @both
    def test_acknowledgements_nobody_waits_for(self, version: int) -> None:
        """PUBACK and PUBCOMP for unknown ids do no harm; PUBREC gets PUBREL (v5: 0x92) [v5:MQTT-3.6.2-1]"""
        client = self.client(version)
        client.send(packets.acknowledgement(Type.PUBACK, 99), packets.acknowledgement(Type.PUBCOMP, 99))
        client.expect_nothing()
        client.send(packets.acknowledgement(Type.PUBREC, 99))
        pubrel = client.expect(Type.PUBREL, packet_id=99)
        if version == V5:
            self.assertEqual(pubrel.reason, Reason.PACKET_ID_NOT_FOUND)

    @both
    def test_repeated_acknowledgements(self, version: int) -> None:
        """A second PUBACK frees nothing twice; a second PUBREC gets PUBREL again [v5:MQTT-4.3.3-6]"""
        subscriber = self.subscriber(self.topic(), version=version, options=2)
        publisher = self.client(version)
        publisher.publish(self.topic(), "one", 1)
        one = subscriber.expect_message("one")
        subscriber.acknowledge(one)
        publisher.publish(self.topic(), "two", 2)
        two = subscriber.expect_message("two", acknowledge=False)
        for _ in range(2):
            subscriber.send(packets.acknowledgement(Type.PUBREC, two.packet_id))
            subscriber.expect(Type.PUBREL, packet_id=two.packet_id)
        subscriber.send(packets.acknowledgement(Type.PUBCOMP, two.packet_id))
        subscriber.expect_nothing()

    def test_v5_negative_acknowledgement_ends_the_exchange(self) -> None:
        """[v5:MQTT-4.4.0-2]: PUBACK and PUBREC with 0x80 and above; the message does not come again on resume"""
        client_id = self.unique()
        kept = [(Prop.SESSION_EXPIRY, 60)]
        subscriber = self.subscriber(self.topic(), options=2, client_id=client_id, properties=kept)
        publisher = self.client()
        for qos, kind in ((1, Type.PUBACK), (2, Type.PUBREC)):
            publisher.publish(self.topic(), f"no{qos}", qos)
            message = subscriber.expect_message(f"no{qos}", acknowledge=False)
            subscriber.send(packets.acknowledgement(kind, message.packet_id, Reason.UNSPECIFIED))
        subscriber.expect_nothing()
        subscriber.disconnect()
        again = self.open()
        self.assertTrue(again.connect(client_id, clean=False, properties=kept).session_present)
        again.expect_nothing()
