# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Packets that are no packets, and packets at the wrong time: the connection ends, the broker does not."""

from __future__ import annotations

import random

import packets
from case import ConformanceCase, both
from packets import V5, V311, Prop, Reason, Type
from wire import Client, Closed

BAD = (Reason.MALFORMED_PACKET, Reason.PROTOCOL_ERROR)


class AfterConnect(ConformanceCase):
    """Sent on a connection that stands."""

    def refused(self, version: int, *data: bytes, reasons: tuple[int, ...] = BAD) -> None:
        """Each of these must end a connection of its own."""
        for broken in data:
            with self.subTest(bytes=broken[:16]):
                client = self.client(version)
                client.send(broken)
                client.expect_error(*reasons)

    @both
    def test_wrong_direction(self, version: int) -> None:
        """Packets only a server sends, and the reserved types [v5:MQTT-4.13.1-1] [v3:MQTT-4.8.0-1] [security:3]
        (CVE-2021-28166)"""
        acknowledgement = b"\0\1\0\0" if version == V5 else b"\0\1\0"
        self.refused(
            version,
            packets.packet(Type.CONNACK, 0, b"\0\0\0" if version == V5 else b"\0\0"),
            packets.packet(Type.SUBACK, 0, acknowledgement),
            packets.packet(Type.UNSUBACK, 0, acknowledgement),
            packets.packet(Type.PINGRESP, 0, b""),
            b"\x00\x00",
        )
        if version == V311:
            self.refused(version, packets.auth(0x18), b"\xf0\x00")

    @both
    def test_remaining_length_of_five_bytes(self, version: int) -> None:
        """CVE-2026-21888: more than four length bytes, over a varint's end [v5:MQTT-1.5.5-1] [v3:MQTT-4.8.0-1]
        [security:1]"""
        self.refused(version, b"\x30\xff\xff\xff\xff\x01", b"\xc0\x80\x80\x80\x80\x00", b"\x30\xff\xff\xff\x80\x7f")

    def test_property_lengths_that_lie(self) -> None:
        """A property length beyond the packet, of five bytes, cutting a property [v5:MQTT-4.13.1-1] [security:1]
        [security:12] (NATS 778a0c6c7)"""
        topic = packets.binary("t")
        self.refused(
            V5,
            packets.packet(Type.PUBLISH, 0, topic + b"\x05\x01\x00"),
            packets.packet(Type.PUBLISH, 0, topic + b"\xff\xff\xff\xff\x7f"),
            packets.packet(Type.PUBLISH, 0, topic + b"\x80\x80\x80\x80\x01"),
            packets.packet(Type.PUBLISH, 0, topic + b"\x01\x01"),
            packets.packet(Type.PUBLISH, 0, topic + b"\x03\x02\0\0"),
            packets.packet(Type.PUBLISH, 0, topic + b"\x06\x26\xff\xff\0\0\0"),
            packets.packet(Type.SUBSCRIBE, 2, b"\0\1\x7f" + packets.binary("a") + b"\0"),
            packets.packet(Type.SUBSCRIBE, 2, b"\0\1\x02\x0b\x80" + packets.binary("a") + b"\0"),
            packets.packet(Type.UNSUBSCRIBE, 2, b"\0\1\xff\xff\xff\x7f" + packets.binary("a")),
            packets.packet(Type.PUBACK, 0, b"\0\1\0\x7f"),
            packets.packet(Type.DISCONNECT, 0, b"\0\x7f"),
        )

    def test_properties_that_do_not_belong(self) -> None:
        """[v5:MQTT-2.1.3-1] [v5:MQTT-4.13.1-1]: unknown identifiers, of other packets, repeated"""
        twice = [(Prop.CONTENT_TYPE, "a"), (Prop.CONTENT_TYPE, "b")]
        self.refused(
            V5,
            packets.publish("t", properties=[(0x00, b"")]),
            packets.publish("t", properties=[(0x7F, b"\0")]),
            packets.publish("t", properties=[(0x0FFFFFFF, b"")]),
            packets.publish("t", properties=[(Prop.SESSION_EXPIRY, 1)]),
            packets.publish("t", properties=[(Prop.SERVER_KEEP_ALIVE, 1)]),
            packets.publish("t", properties=twice),
            packets.publish("t", properties=[(Prop.MESSAGE_EXPIRY, 1)] * 2),
            packets.subscribe(1, [("a", 0)], properties=[(Prop.CONTENT_TYPE, "a")]),
            packets.unsubscribe(1, ["a"], properties=[(Prop.SUBSCRIPTION_ID, 1)]),
            packets.disconnect(reason=0, properties=[(Prop.REASON_STRING, "a")] * 2),
            packets.disconnect(reason=0, properties=[(Prop.WILL_DELAY, 1)]),
            packets.acknowledgement(Type.PUBACK, 1, 0, [(Prop.TOPIC_ALIAS, 1)]),
        )

    @both
    def test_bodies_cut_short(self, version: int) -> None:
        """Fields beyond the packet's end [v5:MQTT-4.13.1-1] [v3:MQTT-4.8.0-1] [security:1] (over-reads: nanomq#1154
        and others)"""
        self.refused(
            version,
            packets.packet(Type.PUBLISH, 0, b""),
            packets.packet(Type.PUBLISH, 0, b"\0"),
            packets.packet(Type.PUBLISH, 0, b"\0\5abc"),
            packets.packet(Type.PUBLISH, 0, b"\xff\xff"),
            packets.packet(Type.PUBLISH, 2, b"\0\1a"),
            packets.packet(Type.PUBLISH, 2, b"\0\1a\0"),
            *[packets.packet(kind, 2 if kind == Type.PUBREL else 0, b"\0")
              for kind in (Type.PUBACK, Type.PUBREC, Type.PUBREL, Type.PUBCOMP)],
            *[packets.packet(kind, 2 if kind == Type.PUBREL else 0, b"")
              for kind in (Type.PUBACK, Type.PUBREC, Type.PUBREL, Type.PUBCOMP)],
            packets.packet(Type.SUBSCRIBE, 2, b""),
            packets.packet(Type.SUBSCRIBE, 2, b"\0\1"),
            packets.subscribe(1, [("a", 0)], version)[:1] + packets.varint(3) + b"\0\1\0",
            packets.packet(Type.SUBSCRIBE, 2, b"\0\1" + (b"\0" if version == V5 else b"") + b"\xff\xffa\0"),
            packets.packet(Type.SUBSCRIBE, 2, b"\0\1" + (b"\0" if version == V5 else b"") + b"\0\1a"),
            packets.packet(Type.UNSUBSCRIBE, 2, b"\0\1" + (b"\0" if version == V5 else b"") + b"\0\5a"),
        )

    @both
    def test_bodies_too_long(self, version: int) -> None:
        """Bytes left over, bodies where none may be [v5:MQTT-4.13.1-1] [v3:MQTT-4.8.0-1]"""
        self.refused(
            version,
            packets.packet(Type.PINGREQ, 0, b"\0"),
            packets.packet(Type.PUBACK, 0, b"\0\1\0\0\0"),
            packets.packet(Type.DISCONNECT, 0, b"\0\0\0"),
        )

    @both
    def test_reserved_header_flags(self, version: int) -> None:
        """[v5:MQTT-2.1.3-1] [v5:MQTT-3.6.1-1] [v5:MQTT-3.14.1-1] [v5:MQTT-3.3.1-4] [v3:MQTT-2.2.2-1] [v3:MQTT-2.2.2-2]
        [v3:MQTT-3.6.1-1] [v3:MQTT-3.14.1-1] [v3:MQTT-3.3.1-4]"""
        self.refused(
            version,
            b"\xc1\x00",
            packets.acknowledgement(Type.PUBREL, 1, flags=0),
            packets.acknowledgement(Type.PUBREL, 1, flags=3),
            packets.acknowledgement(Type.PUBACK, 1, flags=2),
            packets.acknowledgement(Type.PUBREC, 1, flags=1),
            packets.acknowledgement(Type.PUBCOMP, 1, flags=8),
            packets.disconnect(version, flags=1),
            packets.publish("t", "x", 3, 1, version=version),
        )

    @both
    def test_dup_without_qos(self, version: int) -> None:
        """[v5:MQTT-3.3.1-2] [v3:MQTT-3.3.1-2]: a QoS 0 PUBLISH has no DUP"""
        self.refused(version, packets.publish("t", "x", 0, dup=True, version=version))

    @both
    def test_packet_id_zero_in_acknowledgements(self, version: int) -> None:
        """[v5:MQTT-2.2.1-3] [v3:MQTT-2.3.1-1] [security:12] (NATS c4616f674): refused or ignored, and the
        broker lives"""
        for kind in (Type.PUBACK, Type.PUBREC, Type.PUBREL, Type.PUBCOMP):
            client = self.client(version)
            client.send(packets.acknowledgement(kind, 0))
            client.close()
        self.client(version).expect_nothing()


class Connects(ConformanceCase):
    """CONNECT packets that are malformed."""

    REFUSALS = (Reason.MALFORMED_PACKET, Reason.PROTOCOL_ERROR)

    @both
    def test_reserved_connect_flag(self, version: int) -> None:
        """[v5:MQTT-3.1.2-3] [v5:MQTT-3.1.4-1] [v3:MQTT-3.1.2-3] [v3:MQTT-3.1.4-1]"""
        self.expect_refused_connect(*self.REFUSALS, version=version, flags=0x03)

    @both
    def test_credentials_missing_or_left_over(self, version: int) -> None:
        """[v5:MQTT-3.1.2-16] [v5:MQTT-3.1.2-17] [v5:MQTT-3.1.2-18] [v5:MQTT-3.1.2-19] [v3:MQTT-3.1.2-18]
        [v3:MQTT-3.1.2-19] [v3:MQTT-3.1.2-20] [v3:MQTT-3.1.2-21]"""
        for flags in (0x82, 0xC2):
            self.expect_refused_connect(*self.REFUSALS, version=version, flags=flags)
        self.expect_refused_connect(*self.REFUSALS, version=version, flags=0xC2, username="only")
        self.expect_refused_connect(*self.REFUSALS, version=version, tail=packets.binary("user"))

    def test_v3_password_without_user_name(self) -> None:
        """[v3:MQTT-3.1.2-22]"""
        self.expect_refused_connect(version=V311, password=b"secret")

    @both
    def test_header_flags(self, version: int) -> None:
        """[v5:MQTT-2.1.3-1] [v3:MQTT-2.2.2-2]: closed, with or without a CONNACK"""
        for flags in (1, 2, 4, 8):
            data = packets.connect(self.unique(), version)
            client = self.open(version)
            client.send(bytes([data[0] | flags]) + data[1:])
            self.expect_end(client)

    @both
    def test_cut_at_every_byte_and_filled_with_length(self, version: int) -> None:
        """A CONNECT whose body ends anywhere [v5:MQTT-3.1.4-1] [v5:MQTT-3.1.3-3] [v3:MQTT-3.1.4-1] [v3:MQTT-3.1.3-3]
        [v3:MQTT-3.2.2-6] [security:1]"""
        fields = {"will_topic": "w", "will_payload": "p", "username": "u", "password": "p"}
        body = packets.connect("id", version, **fields)[2:]
        for length in range(len(body)):
            with self.subTest(length=length):
                client = self.open(version)
                client.send(packets.packet(Type.CONNECT, 0, body[:length]))
                self.expect_end(client)

    @staticmethod
    def expect_end(client: Client) -> None:
        """The close, with or without a refusal before."""
        try:
            answer = client.receive()
        except Closed:
            return
        if answer.type != Type.CONNACK or answer.reason == 0:
            raise AssertionError(f"expected a refusal or the close, got {answer}")
        client.expect_closed()

    def test_v5_properties_that_cannot_be(self) -> None:
        """[v5:MQTT-3.1.4-1] [v5:MQTT-3.1.4-2] [v5:MQTT-4.13.2-1] [v5:MQTT-3.2.2-6] [v5:MQTT-3.2.2-7]"""
        for wrong in (
            [(0x7F, b"")],
            [(Prop.TOPIC_ALIAS, 1)],
            [(Prop.SESSION_EXPIRY, 1)] * 2,
            [(Prop.REQUEST_PROBLEM_INFO, 2)],
            [(Prop.REQUEST_RESPONSE_INFO, 2)],
            [(Prop.AUTH_DATA, b"without a method")],
            [(Prop.USER_PROPERTY, ("k", b"\xff"))],
        ):
            with self.subTest(properties=wrong):
                self.expect_refused_connect(*self.REFUSALS, properties=wrong)

    def test_v5_property_length_of_five_bytes(self) -> None:
        """[v5:MQTT-1.5.5-1] [v5:MQTT-3.1.4-1]: also lengths beyond the packet"""
        head = packets.binary("MQTT") + b"\x05\x02\0\x3c"
        for length in (b"\x80\x80\x80\x80\x01", b"\xff\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x7f"):
            data = packets.packet(Type.CONNECT, 0, head + length + packets.binary("id"))
            self.expect_refused_connect(*self.REFUSALS, data=data)


class Noise(ConformanceCase):
    """Bytes without sense: whatever the broker answers, it must live."""

    @both
    def test_random_bytes_and_broken_copies(self, version: int) -> None:
        """Random streams, and true packets with flipped bytes, by a fixed seed [v5:MQTT-4.13.1-1] [v3:MQTT-4.8.0-1]
        [security:8]"""
        chance = random.Random(version)
        models = [
            packets.publish("topic/a", "payload", 2, 7, version=version),
            packets.subscribe(3, [("a/+/b", 1), ("$share/g/x", 2)], version),
            packets.unsubscribe(4, ["a/#"], version),
            packets.acknowledgement(Type.PUBREL, 7),
            packets.disconnect(version, 4 if version == V5 else None),
            packets.connect("x", version, will_topic="w", username="u", password="p"),
        ]
        for _ in range(150):
            broken = bytearray(chance.choice(models) * 2)
            for _ in range(chance.randint(1, 4)):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            client = self.client(version) if chance.random() < 0.8 else self.open(version)
            client.send(bytes(broken), chance.randbytes(chance.randint(0, 40)))
            client.close()
        self.subscriber(self.topic(), version=version).expect_nothing()
