# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Retained messages."""

from __future__ import annotations

import packets
from case import ConformanceCase, both
from packets import V5, V31, V311, Prop, options


class Retained(ConformanceCase):
    """Storing, replacing, removing, sending."""

    @both
    def test_stored_and_replaced(self, version: int) -> None:
        """[v5:MQTT-3.3.1-5] [v5:MQTT-3.3.1-8] [v5:MQTT-3.3.1-9] [v3:MQTT-3.3.1-5] [v3:MQTT-3.3.1-6] [v3:MQTT-3.3.1-8]
        [v3:MQTT-3.3.1-7] [v3:MQTT-3.3.1-12]"""
        publisher = self.client(version)
        for qos in (0, 1, 2):
            publisher.publish(self.topic(), f"kept{qos}", qos, retain=True)
            publisher.publish(self.topic(), "not kept", qos)
            subscriber = self.subscriber(self.topic(), version=version, options=2)
            subscriber.expect_message(f"kept{qos}", retain=True, qos=qos, dup=False)
            subscriber.expect_nothing()

    @both
    def test_removed_by_an_empty_payload(self, version: int) -> None:
        """[v5:MQTT-3.3.1-6] [v5:MQTT-3.3.1-7] [v3:MQTT-3.3.1-10] [v3:MQTT-3.3.1-11]: the empty message itself is
        delivered to those who subscribe now"""
        publisher = self.client(version)
        publisher.publish(self.topic(), "kept", 1, retain=True)
        present = self.subscriber(self.topic(), version=version, options=1)
        present.expect_message("kept", retain=True)
        publisher.publish(self.topic(), "", 1, retain=True)
        present.expect_message("", retain=False)
        self.subscriber(self.topic(), version=version).expect_nothing()

    @both
    def test_flag_is_clear_for_present_subscribers(self, version: int) -> None:
        """[v5:MQTT-3.3.1-12] [v3:MQTT-3.3.1-9], QoS 0 from v3 to v3 too"""
        publisher = self.client(version)
        for qos in (0, 1, 2):
            subscriber = self.subscriber(self.topic(str(qos)), version=version, options=2)
            publisher.publish(self.topic(str(qos)), "x", qos, retain=True)
            subscriber.expect_message("x", retain=False)

    def test_v5_retain_as_published(self) -> None:
        """[v5:MQTT-3.3.1-13]"""
        subscriber = self.subscriber(self.topic(), options=options(1, retain_as_published=True))
        for version in (V311, V5):
            publisher = self.client(version)
            for retain in (True, False):
                publisher.publish(self.topic(), "x", 1, retain=retain)
                subscriber.expect_message("x", retain=retain)

    def test_v5_retain_handling(self) -> None:
        """[v5:MQTT-3.3.1-9] [v5:MQTT-3.3.1-10] [v5:MQTT-3.3.1-11] [v5:MQTT-3.8.4-4]: 0 always, 1 only when new,
        2 never"""
        self.client().publish(self.topic(), "kept", 1, retain=True)
        for handling, counts in ((0, (1, 1)), (1, (1, 0)), (2, (0, 0))):
            subscriber = self.client()
            for count in counts:
                with self.subTest(handling=handling, count=count):
                    subscriber.subscribe(self.topic(), options=options(0, retain_handling=handling))
                    self.assertEqual(len(subscriber.fence()), count)

    def test_v5_retain_handling_1_after_unsubscribe(self) -> None:
        """A subscription that was removed is new again [v5:MQTT-3.3.1-10]"""
        self.client().publish(self.topic(), "kept", 1, retain=True)
        subscriber = self.client()
        for _ in range(2):
            subscriber.subscribe(self.topic(), options=options(0, retain_handling=1))
            subscriber.expect_message("kept", retain=True)
            subscriber.unsubscribe(self.topic())

    @both
    def test_wildcards_find_all(self, version: int) -> None:
        """[v5:MQTT-3.3.1-9] [v3:MQTT-3.3.1-6]: each matching topic once"""
        publisher = self.client(version)
        names = ["a", "a/b", "a/b/c", "a/x/c", "/a", "b"]
        for name in names:
            publisher.publish(self.topic(name), name, retain=True)
        for topic_filter, found in (
            ("#", names),
            ("a/#", ["a", "a/b", "a/b/c", "a/x/c"]),
            ("+", ["a", "b"]),
            ("a/+/c", ["a/b/c", "a/x/c"]),
            ("+/a", ["/a"]),
            ("x", []),
        ):
            with self.subTest(filter=topic_filter):
                messages = self.subscriber(self.topic(topic_filter), version=version).fence()
                self.assertEqual(sorted(message.topic for message in messages), sorted(self.topic(n) for n in found))
                self.assertTrue(all(message.retain for message in messages))

    @both
    def test_qos_is_lowered_to_the_granted(self, version: int) -> None:
        """[v5:MQTT-3.8.4-8] [v3:MQTT-3.8.4-6]"""
        self.client(version).publish(self.topic(), "kept", 2, retain=True)
        for granted in (0, 1, 2):
            self.subscriber(self.topic(), version=version, options=granted).expect_message("kept", qos=granted)

    def test_survives_its_publisher_and_keeps_properties(self) -> None:
        """[v5:MQTT-3.3.1-5] [v5:MQTT-3.3.2-4] [v5:MQTT-3.3.2-17] [v3:MQTT-3.1.2-7]: the properties are stored with
        it"""
        properties = [(Prop.PAYLOAD_FORMAT, 1), (Prop.CONTENT_TYPE, "text"), (Prop.USER_PROPERTY, ("k", "v"))]
        publisher = self.client()
        publisher.publish(self.topic(), "kept", 1, retain=True, properties=properties)
        publisher.disconnect()
        message = self.subscriber(self.topic()).expect_message("kept", retain=True)
        self.assertEqual(sorted(message.properties), sorted(properties))
        for version in (V31, V311):
            self.subscriber(self.topic(), version=version).expect_message("kept", retain=True)

    def test_v5_subscription_identifier_comes_with_it(self) -> None:
        """[v5:MQTT-3.3.4-3]"""
        self.client().publish(self.topic(), "kept", retain=True)
        subscriber = self.client()
        subscriber.subscribe(self.topic("#"), properties=[(Prop.SUBSCRIPTION_ID, 42)])
        self.assertEqual(subscriber.expect_message("kept").all(Prop.SUBSCRIPTION_ID), [42])

    @both
    def test_suback_and_live_messages_are_not_lost_between(self, version: int) -> None:
        """[v5:MQTT-3.8.4-4]: replacing the subscription while messages flow loses none"""
        publisher = self.client(version)
        subscriber = self.subscriber(self.topic(), version=version, options=1)
        for n in range(50):
            publisher.send_publish(self.topic(), str(n), 1)
            subscriber.send(packets.subscribe(1000 + n, [(self.topic(), 1)], version))
        publisher.fence()
        received = [message.payload for message in subscriber.fence() if message.payload]
        self.assertEqual(received, [str(n).encode() for n in range(50)])
