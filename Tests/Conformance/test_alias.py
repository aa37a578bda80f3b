# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Topic aliases of v5, both ways. run.py configures a maximum of 16 for clients."""

from __future__ import annotations

import packets
from case import ConformanceCase
from packets import V5, Prop, Reason
from parser import Packet
from wire import Client

MAXIMUM = 16


def alias(number: int) -> packets.Properties:
    """The property alone."""
    return [(Prop.TOPIC_ALIAS, number)]


class FromClients(ConformanceCase):
    """Aliases that a client sets."""

    def test_every_alias_up_to_the_maximum(self) -> None:
        """[v5:MQTT-3.3.2-12]: set, used with an empty topic, and set anew"""
        subscriber = self.subscriber(self.topic("#"))
        publisher = self.client()
        for round_name in ("first", "second"):
            for number in range(1, MAXIMUM + 1):
                topic = self.topic(f"{round_name}/{number}")
                publisher.publish(topic, "set", properties=alias(number))
                subscriber.expect_message("set", topic=topic)
        for number in range(1, MAXIMUM + 1):
            for qos in (0, 1, 2):
                publisher.publish("", "used", qos, properties=alias(number))
                subscriber.expect_message("used", topic=self.topic(f"second/{number}"))

    def test_the_alias_of_the_publisher_is_not_passed_on(self) -> None:
        """Aliases belong to one connection and one direction [v5:MQTT-3.1.2-27] [v5:MQTT-3.3.2-7]"""
        subscriber = self.subscriber(self.topic())
        publisher = self.client()
        publisher.publish(self.topic(), "x", properties=alias(3))
        self.assertIsNone(subscriber.expect_message("x").get(Prop.TOPIC_ALIAS))

    def test_two_clients_do_not_share_aliases(self) -> None:
        """[v5:MQTT-3.3.2-7]"""
        subscriber = self.subscriber(self.topic("#"))
        publishers = [self.client() for _ in range(2)]
        for number, publisher in enumerate(publishers):
            publisher.publish(self.topic(str(number)), "set", properties=alias(1))
            subscriber.expect_message("set")
        for number, publisher in enumerate(publishers):
            publisher.publish("", "used", properties=alias(1))
            subscriber.expect_message("used", topic=self.topic(str(number)))

    def test_aliases_end_with_the_connection(self) -> None:
        """[v5:MQTT-3.3.2-7]: not even a session keeps them"""
        client_id, kept = self.unique(), [(Prop.SESSION_EXPIRY, 60)]
        first = self.client(client_id=client_id, properties=kept)
        first.publish(self.topic(), "set", properties=alias(1))
        first.disconnect()
        second = self.client(client_id=client_id, clean=False, properties=kept)
        second.send_publish("", "used", properties=alias(1))
        second.expect_error(Reason.PROTOCOL_ERROR, Reason.TOPIC_ALIAS_INVALID)

    def test_aliases_that_cannot_be(self) -> None:
        """[v5:MQTT-3.3.2-8] [v5:MQTT-3.3.2-9] [v5:MQTT-3.2.2-17]: 0 and above the maximum are 0x94"""
        for number in (0, MAXIMUM + 1, 65535):
            with self.subTest(alias=number):
                client = self.client()
                client.send_publish(self.topic(), "x", properties=alias(number))
                client.expect_error(Reason.TOPIC_ALIAS_INVALID)

    def test_an_alias_nobody_set(self) -> None:
        """A protocol error [v5:MQTT-3.3.2-8]"""
        client = self.client()
        client.send_publish("", "x", properties=alias(5))
        client.expect_error(Reason.PROTOCOL_ERROR, Reason.TOPIC_ALIAS_INVALID)

    def test_alias_twice_in_one_packet(self) -> None:
        """A protocol error, like every repeated property [v5:MQTT-4.13.1-1]"""
        client = self.client()
        client.send_publish(self.topic(), "x", properties=alias(1) * 2)
        client.expect_error(Reason.PROTOCOL_ERROR, Reason.MALFORMED_PACKET)

    def test_an_invalid_topic_sets_no_alias(self) -> None:
        """A retained message and a will are not reached by an alias of somebody else [v5:MQTT-3.3.2-7]"""
        publisher = self.client()
        publisher.publish(self.topic(), "kept", 1, retain=True, properties=alias(2))
        message = self.subscriber(self.topic()).expect_message("kept", retain=True)
        self.assertEqual(message.topic, self.topic())
        self.assertIsNone(message.get(Prop.TOPIC_ALIAS))


class NoAliases(ConformanceCase):
    """A broker that allows none (`mqtt.max_topic_alias = 0`)."""

    settings = {"mqtt.max_topic_alias": "0"}

    def test_any_alias_is_refused(self) -> None:
        """[v5:MQTT-3.2.2-18] [v5:MQTT-3.3.2-9]"""
        client = self.open()
        self.assertIn(client.connect(self.unique()).get(Prop.TOPIC_ALIAS_MAXIMUM), (None, 0))
        client.send_publish(self.topic(), "x", properties=alias(1))
        client.expect_error(Reason.TOPIC_ALIAS_INVALID)


class ToClients(ConformanceCase):
    """Aliases that the broker may use, if the client allows any."""

    def resolve(self, messages: list[Packet], maximum: int) -> list[str]:
        """The topics of messages by the client's own table; breaks of the rules fail."""
        table: dict[int, str] = {}
        found = []
        for message in messages:
            number = message.get(Prop.TOPIC_ALIAS)
            if number is not None:
                self.assertTrue(0 < int(number) <= maximum, f"alias {number}")
                if message.topic:
                    table[int(number)] = message.topic
                self.assertIn(number, table)
            found.append(message.topic or table[int(number)])
        return found

    def run_with(self, maximum: int) -> None:
        """Publishes 20 topics three times to a client with this maximum."""
        subscriber: Client = self.client(properties=[(Prop.TOPIC_ALIAS_MAXIMUM, maximum)] if maximum else [])
        subscriber.subscribe(self.topic(f"{maximum}/#"))
        publisher = self.client()
        wanted = [self.topic(f"{maximum}/{n}") for n in range(20)] * 3
        for topic in wanted:
            publisher.publish(topic, "x")
        self.assertEqual(self.resolve(subscriber.fence(), maximum), wanted)

    def test_within_the_clients_maximum(self) -> None:
        """[v5:MQTT-3.1.2-26] [v5:MQTT-3.3.2-8] [v5:MQTT-3.3.2-10] [v5:MQTT-3.3.2-11]"""
        for maximum in (1, 3, 65535):
            with self.subTest(maximum=maximum):
                self.run_with(maximum)

    def test_none_where_none_is_allowed(self) -> None:
        """[v5:MQTT-3.1.2-27]"""
        self.run_with(0)

    def test_not_carried_over(self) -> None:
        """[v5:MQTT-3.3.2-7]: after a resume the first message names its topic"""
        client_id = self.unique()
        properties = [(Prop.TOPIC_ALIAS_MAXIMUM, 10), (Prop.SESSION_EXPIRY, 60)]
        client = self.client(client_id=client_id, properties=properties)
        client.subscribe(self.topic(), options=1)
        publisher = self.client()
        for _ in range(3):
            publisher.publish(self.topic(), "x", 1)
            client.acknowledge(client.expect(packets.Type.PUBLISH))
        client.fence()
        client.close()
        publisher.publish(self.topic(), "y", 1)
        again = self.client(V5, client_id, clean=False, properties=properties)
        again.expect_message("y", topic=self.topic())
