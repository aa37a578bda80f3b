# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""SUBSCRIBE and UNSUBSCRIBE: what is granted, refused, replaced and removed."""

from __future__ import annotations

import packets
from case import ConformanceCase, both, versions
from packets import V5, V31, V311, Prop, Reason, Type, options

INVALID_FILTERS = ["a/#/b", "a#", "#a", "a/b#", "#/a", "a+", "+a", "a/+b", "a/b+/c", "++", "+#", "##"]


class Granting(ConformanceCase):
    """SUBACK."""

    @versions(V31, V311, V5)
    def test_a_code_for_each_filter_in_order(self, version: int) -> None:
        """[v5:MQTT-3.8.4-1] [v5:MQTT-3.8.4-2] [v5:MQTT-3.8.4-5] [v5:MQTT-3.8.4-6] [v5:MQTT-3.8.4-7]
        [v5:MQTT-3.9.3-1] [v5:MQTT-3.9.3-2] [v5:MQTT-2.2.1-6] [v5:MQTT-2.2.2-1] [v5:MQTT-3.8.3-1]
        [v3:MQTT-3.8.4-1] [v3:MQTT-3.8.4-2] [v3:MQTT-3.8.4-4] [v3:MQTT-3.8.4-5] [v3:MQTT-3.9.3-1] [v3:MQTT-3.9.3-2]
        [v3:MQTT-2.3.1-7] [v3:MQTT-3.8.3-1]"""
        client = self.client(version)
        wanted = [(self.topic(str(n)), n % 3) for n in range(50)]
        client.send(packets.subscribe(0xBEEF, wanted, version))
        suback = client.expect(Type.SUBACK, packet_id=0xBEEF)
        self.assertEqual(suback.reasons, [qos for _, qos in wanted])
        for topic, _ in wanted[:3]:
            client.send_publish(topic, "x")
            client.expect_message("x", topic=topic)

    @both
    def test_an_invalid_filter_fails_alone(self, version: int) -> None:
        """[v5:MQTT-4.7.1-1] [v5:MQTT-4.7.1-2] [v5:MQTT-3.8.4-7] [v3:MQTT-4.7.1-2] [v3:MQTT-4.7.1-3]:
        0x8F (v3: 0x80) for each wrong one, the right ones between them work"""
        client = self.client(version)
        filters = [self.topic("good")]
        for wrong in INVALID_FILTERS:
            filters += [wrong, self.topic("good")]
        refusal = Reason.FILTER_INVALID if version == V5 else 0x80
        client.send(packets.subscribe(5, [(topic_filter, 1) for topic_filter in filters], version))
        suback = client.expect(Type.SUBACK, packet_id=5)
        self.assertEqual(suback.reasons, [1] + [refusal, 1] * len(INVALID_FILTERS))
        client.publish(self.topic("other"), "no")
        client.send_publish(self.topic("good"), "yes")
        client.expect_message("yes")

    @both
    def test_no_filter_at_all(self, version: int) -> None:
        """[v5:MQTT-3.8.3-2] [v5:MQTT-3.10.3-2] [v3:MQTT-3.8.3-3] [v3:MQTT-3.10.3-2]"""
        for empty in (packets.subscribe(1, [], version), packets.unsubscribe(1, [], version)):
            client = self.client(version)
            client.send(empty)
            client.expect_error(Reason.PROTOCOL_ERROR, Reason.MALFORMED_PACKET)

    @both
    def test_packet_id_zero(self, version: int) -> None:
        """[v5:MQTT-2.2.1-3] [v3:MQTT-2.3.1-1]"""
        for wrong in (
            packets.subscribe(0, [("a", 0)], version),
            packets.unsubscribe(0, ["a"], version),
            packets.publish("a", "", 1, 0, version=version),
            packets.publish("a", "", 2, 0, version=version),
        ):
            client = self.client(version)
            client.send(wrong)
            client.expect_error(Reason.PROTOCOL_ERROR, Reason.MALFORMED_PACKET)

    @both
    def test_reserved_option_bits(self, version: int) -> None:
        """[v5:MQTT-3.8.3-5] [v3:MQTT-3.8.3-4]: reserved bits, QoS 3, and (v5) retain handling 3"""
        wrong = [0x03, 0x40, 0x80, 0xC0] + ([0x30] if version == V5 else [0x04, 0x08, 0x10])
        for byte in wrong:
            with self.subTest(options=hex(byte)):
                client = self.client(version)
                client.send(packets.subscribe(1, [(self.topic(), byte)], version))
                client.expect_error(Reason.MALFORMED_PACKET, Reason.PROTOCOL_ERROR)

    @both
    def test_reserved_header_flags(self, version: int) -> None:
        """[v5:MQTT-3.8.1-1] [v5:MQTT-3.10.1-1] [v3:MQTT-3.8.1-1] [v3:MQTT-3.10.1-1]"""
        for flags in (0, 1, 3, 6, 0xF):
            for wrong in (
                packets.subscribe(1, [("a", 0)], version, flags=flags),
                packets.unsubscribe(1, ["a"], version, flags=flags),
            ):
                with self.subTest(flags=flags, kind=wrong[0] >> 4):
                    client = self.client(version)
                    client.send(wrong)
                    client.expect_error(Reason.MALFORMED_PACKET)

    def test_v5_subscription_identifier_bounds(self) -> None:
        """0 and two of them are protocol errors, 1 and 268435455 are not [v5:MQTT-3.3.4-3]"""
        for value in (1, 268_435_455):
            client = self.client()
            client.subscribe(self.topic(), properties=[(Prop.SUBSCRIPTION_ID, value)])
            client.send_publish(self.topic(), "x")
            self.assertEqual(client.expect_message("x").all(Prop.SUBSCRIPTION_ID), [value])
        for wrong in ([0], [1, 2]):
            client = self.client()
            client.send(packets.subscribe(1, [("a", 0)], properties=[(Prop.SUBSCRIPTION_ID, n) for n in wrong]))
            client.expect_error(Reason.PROTOCOL_ERROR, Reason.MALFORMED_PACKET)


class Replacing(ConformanceCase):
    """The same filter again, and filters that overlap."""

    @both
    def test_the_same_filter_replaces(self, version: int) -> None:
        """[v5:MQTT-3.8.4-3] [v3:MQTT-3.8.4-3]: one subscription, the new QoS"""
        subscriber = self.subscriber(self.topic("+"), version=version, options=2)
        subscriber.subscribe(self.topic("+"), options=1)
        publisher = self.client(version)
        publisher.publish(self.topic(), "x", 2)
        subscriber.expect_message("x", qos=1)
        subscriber.expect_nothing()

    @both
    def test_the_same_filter_twice_in_one_packet(self, version: int) -> None:
        """[v5:MQTT-3.8.4-5] [v3:MQTT-3.8.4-4]: as if it came in two, so the last one holds"""
        client = self.client(version)
        client.send(packets.subscribe(1, [(self.topic(), 0), (self.topic(), 2)], version))
        self.assertEqual(client.expect(Type.SUBACK).reasons, [0, 2])
        self.client(version).publish(self.topic(), "x", 1)
        client.expect_message("x", qos=1)
        client.expect_nothing()

    @both
    def test_retained_messages_come_again(self, version: int) -> None:
        """[v5:MQTT-3.8.4-4] [v3:MQTT-3.8.4-3]"""
        self.client(version).publish(self.topic(), "kept", 1, retain=True)
        subscriber = self.client(version)
        for _ in range(2):
            subscriber.subscribe(self.topic(), options=1)
            subscriber.expect_message("kept", retain=True)

    @both
    def test_overlapping_filters_give_one_delivery(self, version: int) -> None:
        """[v5:MQTT-3.3.4-2] [v3:MQTT-3.3.5-1] [v5:MQTT-3.3.4-5]: our rule, one copy with the highest QoS"""
        subscriber = self.subscriber(self.topic("a/#"), version=version, options=0)
        subscriber.subscribe(self.topic("a/+"), options=2)
        subscriber.subscribe(self.topic("a/b"), options=1)
        publisher = self.client(version)
        publisher.publish(self.topic("a/b"), "x", 2)
        subscriber.expect_message("x", qos=2)
        subscriber.expect_nothing()

    def test_v5_one_delivery_names_all_subscriptions(self) -> None:
        """[v5:MQTT-3.3.4-3] [v5:MQTT-3.3.4-4]"""
        subscriber = self.client()
        for number, topic_filter in enumerate(("a/#", "a/+", "+/b"), 1):
            subscriber.subscribe(self.topic(topic_filter), properties=[(Prop.SUBSCRIPTION_ID, number * 1000)])
        subscriber.subscribe(self.topic("a/b"))
        self.client().publish(self.topic("a/b"), "x")
        message = subscriber.expect_message("x")
        self.assertEqual(sorted(message.all(Prop.SUBSCRIPTION_ID)), [1000, 2000, 3000])
        subscriber.expect_nothing()

    def test_v5_a_replaced_subscription_has_the_new_identifier(self) -> None:
        """[v5:MQTT-3.8.4-3]: new identifier, then none"""
        subscriber = self.client()
        publisher = self.client()
        for identifiers in ([1], [2], []):
            subscriber.subscribe(self.topic(), properties=[(Prop.SUBSCRIPTION_ID, n) for n in identifiers])
            publisher.publish(self.topic(), "x")
            self.assertEqual(subscriber.expect_message("x").all(Prop.SUBSCRIPTION_ID), identifiers)

    def test_v5_identifiers_do_not_leak_to_others(self) -> None:
        """Each subscriber sees its own identifier only [v5:MQTT-3.3.4-3]"""
        subscribers = [self.client() for _ in range(3)]
        for number, subscriber in enumerate(subscribers):
            properties = [(Prop.SUBSCRIPTION_ID, number)] if number else []
            subscriber.subscribe(self.topic(), properties=properties)
        self.client().publish(self.topic(), "x")
        for number, subscriber in enumerate(subscribers):
            found = subscriber.expect_message("x").all(Prop.SUBSCRIPTION_ID)
            self.assertEqual(found, [number] if number else [])

    def test_v5_no_local(self) -> None:
        """[v5:MQTT-3.8.3-3]: not to the client that published, but to all others"""
        client = self.subscriber(self.topic(), options=options(1, no_local=True))
        other = self.subscriber(self.topic(), options=options(1, no_local=True))
        client.publish(self.topic(), "x", 1)
        other.expect_message("x")
        client.expect_nothing()

    def test_v5_no_local_hides_only_its_own_subscription(self) -> None:
        """Another filter of the same client without No Local still matches [v5:MQTT-3.8.3-3]"""
        client = self.subscriber(self.topic("a"), options=options(no_local=True))
        client.subscribe(self.topic("+"))
        client.send_publish(self.topic("a"), "x")
        client.expect_message("x")
        client.expect_nothing()


class Unsubscribing(ConformanceCase):
    """UNSUBSCRIBE and UNSUBACK."""

    @both
    def test_the_subscription_is_gone(self, version: int) -> None:
        """[v5:MQTT-3.10.4-1] [v5:MQTT-3.10.4-2] [v5:MQTT-3.10.4-4] [v3:MQTT-3.10.4-1] [v3:MQTT-3.10.4-2]
        [v3:MQTT-3.10.4-4]"""
        client = self.subscriber(self.topic("a/#"), self.topic("a/+"), version=version)
        client.unsubscribe(self.topic("a/b"))  # no such filter, although it matches
        client.send_publish(self.topic("a/b"), "x")
        client.expect_message("x")
        client.unsubscribe(self.topic("a/#"))
        client.send_publish(self.topic("a/b"), "y")
        client.expect_message("y")
        client.unsubscribe(self.topic("a/+"))
        client.publish(self.topic("a/b"), "z")
        client.expect_nothing()

    def test_v5_a_code_for_each_filter_in_order(self) -> None:
        """[v5:MQTT-3.10.4-5] [v5:MQTT-3.10.4-6] [v5:MQTT-3.11.3-1] [v5:MQTT-3.11.3-2] [v5:MQTT-3.10.3-1]"""
        client = self.subscriber(self.topic("a"), self.topic("b"))
        unsuback = client.unsubscribe(self.topic("x"), self.topic("b"), self.topic("b"), self.topic("a"))
        self.assertEqual(unsuback.reasons, [0x11, 0, 0x11, 0])

    def test_v3_unsuback_always(self) -> None:
        """[v3:MQTT-3.10.4-5] [v3:MQTT-3.10.4-6]"""
        for version in (V31, V311):
            self.client(version).unsubscribe(self.topic("x"), self.topic("y"))

    @both
    def test_a_message_in_flight_is_completed(self, version: int) -> None:
        """[v5:MQTT-3.10.4-3] [v3:MQTT-3.10.4-3]"""
        client_id = self.unique()
        kept = {"properties": [(Prop.SESSION_EXPIRY, 60)]} if version == V5 else {}
        client = self.subscriber(self.topic(), version=version, options=2, client_id=client_id, clean=False, **kept)
        self.client(version).publish(self.topic(), "x", 2)
        message = client.expect_message("x", acknowledge=False)
        client.unsubscribe(self.topic())
        client.close()
        client = self.open(version)
        client.connect(client_id, clean=False, **kept)
        client.expect_message("x", dup=True, packet_id=message.packet_id)
        client.expect_nothing()
