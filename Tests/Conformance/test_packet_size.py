# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Maximum Packet Size, both ways."""

from __future__ import annotations

import packets
from case import ConformanceCase, both
from packets import V5, V311, Prop, Reason, Type, options

LIMIT = 300


class ToClients(ConformanceCase):
    """The client's maximum binds the broker."""

    def limited(self, *extra: tuple[int, packets.PropertyValue], client_id: str | None = None, clean: bool = True):
        """A client that takes packets of at most LIMIT bytes."""
        return self.client(client_id=client_id, clean=clean, properties=[(Prop.MAXIMUM_PACKET_SIZE, LIMIT), *extra])

    def test_larger_messages_are_dropped_for_it_alone(self) -> None:
        """[v5:MQTT-3.1.2-24] [v5:MQTT-3.1.2-25]: as if delivered; others and later messages are not concerned, and no
        place in the window stays taken"""
        subscriber = self.limited((Prop.RECEIVE_MAXIMUM, 1))
        subscriber.subscribe(self.topic(), options=2)
        other = self.subscriber(self.topic(), options=2)
        publisher = self.client()
        for qos in (0, 1, 2):
            publisher.publish(self.topic(), b"x" * LIMIT, qos)
            publisher.publish(self.topic(), f"small{qos}", qos)
            other.expect_message(b"x" * LIMIT)
            other.expect_message(f"small{qos}")
            subscriber.expect_message(f"small{qos}")
        subscriber.expect_nothing()

    def test_exactly_the_limit_fits(self) -> None:
        """[v5:MQTT-3.1.2-24]: the whole packet counts, header included"""
        subscriber = self.limited()
        subscriber.subscribe(self.topic())
        fitting = LIMIT - len(packets.publish(self.topic(), b"")) - 1  # a length of two bytes instead of one
        publisher = self.client()
        publisher.publish(self.topic(), b"y" * (fitting + 1))
        publisher.publish(self.topic(), b"x" * fitting)
        self.assertEqual(subscriber.expect_message(b"x" * fitting).size, LIMIT)
        subscriber.expect_nothing()

    def test_retained_and_queued_messages_too(self) -> None:
        """[v5:MQTT-3.1.2-24]: also on subscribing and on resuming"""
        client_id = self.unique()
        publisher = self.client()
        publisher.publish(self.topic("kept"), b"x" * LIMIT, 1, retain=True)
        subscriber = self.client(client_id=client_id, properties=[(Prop.SESSION_EXPIRY, 60)])
        subscriber.subscribe(self.topic("#"), options=options(1, retain_handling=2))
        subscriber.disconnect()
        for payload in (b"x" * LIMIT, b"small"):
            publisher.publish(self.topic("queued"), payload, 1)
        again = self.limited((Prop.SESSION_EXPIRY, 60), client_id=client_id, clean=False)
        again.expect_message("small")
        again.subscribe(self.topic("kept"), options=1)
        again.expect_nothing()

    def test_optional_properties_give_way(self) -> None:
        """With a tiny maximum, acknowledgements and DISCONNECT come without reason strings
        [v5:MQTT-3.4.2-2] [v5:MQTT-3.4.2-3] [v5:MQTT-3.5.2-2] [v5:MQTT-3.5.2-3] [v5:MQTT-3.6.2-2] [v5:MQTT-3.6.2-3]
        [v5:MQTT-3.7.2-2] [v5:MQTT-3.7.2-3] [v5:MQTT-3.9.2-1] [v5:MQTT-3.9.2-2] [v5:MQTT-3.11.2-1] [v5:MQTT-3.11.2-2]
        [v5:MQTT-3.14.2-3] [v5:MQTT-3.14.2-4]"""
        limit = 100
        client = self.client(properties=[(Prop.MAXIMUM_PACKET_SIZE, limit)])
        found = [
            client.publish(self.topic(), "x", 1),
            client.publish(self.topic(), "x", 2),
            client.publish("$SYS/forbidden", "x", 1),
            client.publish("$SYS/forbidden", "x", 2),
            client.subscribe("a/#/b", "#/", expect=Reason.FILTER_INVALID),
            client.unsubscribe("not/there"),
        ]
        client.send(packets.acknowledgement(Type.PUBREL, 999), packets.acknowledgement(Type.PUBREC, 999))
        found += client.fence()
        client.send(packets.connect("again"))
        found.append(client.expect(Type.DISCONNECT))
        for packet in found:
            self.assertLessEqual(packet.size, limit)

    def test_zero_is_a_protocol_error(self) -> None:
        """Maximum Packet Size 0 in CONNECT [v5:MQTT-3.1.4-1]"""
        self.expect_refused_connect(
            Reason.PROTOCOL_ERROR, Reason.MALFORMED_PACKET, properties=[(Prop.MAXIMUM_PACKET_SIZE, 0)]
        )


class FromClients(ConformanceCase):
    """The broker's own maximum."""

    settings = {"mqtt.max_packet_size": "2KB"}

    @both
    def test_a_larger_packet_ends_the_connection(self, version: int) -> None:
        """[v5:MQTT-3.2.2-15]: 0x95, at the header already, before any of the body was sent"""
        for size in (2049, 10_000, 268_435_455):
            client = self.client(version)
            client.send(b"\x30" + packets.varint(size))
            client.expect_error(Reason.PACKET_TOO_LARGE)

    @both
    def test_the_largest_packet_passes(self, version: int) -> None:
        """[v5:MQTT-3.2.2-15]: announced, and 2048 bytes in all are allowed"""
        subscriber = self.subscriber(self.topic(), version=version)
        client = self.open(version)
        connack = client.connect(self.unique())
        if version == V5:
            self.assertEqual(connack.get(Prop.MAXIMUM_PACKET_SIZE), 2048)
        head = len(packets.publish(self.topic(), b"", version=version)) + 1
        client.send_publish(self.topic(), b"x" * (2048 - head))
        subscriber.expect_message(b"x" * (2048 - head))
        client.send_publish(self.topic(), b"x" * (2049 - head))
        client.expect_error(Reason.PACKET_TOO_LARGE)
        subscriber.expect_nothing()
