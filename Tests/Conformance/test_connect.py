# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""CONNECT and CONNACK: what is accepted, what is refused and how."""

from __future__ import annotations

import packets
from case import ConformanceCase, both, versions
from packets import V5, V31, V311, Prop, Reason, Type
from wire import Client


class AcceptedConnects(ConformanceCase):
    """CONNECT packets that must succeed."""

    @versions(V31, V311, V5)
    def test_connack_is_first_and_success(self, version: int) -> None:
        """[v5:MQTT-3.1.4-5] [v5:MQTT-3.2.0-1] [v5:MQTT-3.2.0-2] [v5:MQTT-3.2.2-1] [v5:MQTT-3.2.2-2]
        [v5:MQTT-3.2.2-8] [v5:MQTT-3.1.3-1] [v5:MQTT-4.2.0-1] [v3:MQTT-3.1.4-4] [v3:MQTT-3.2.0-1] [v3:MQTT-3.2.2-1]
        [v31:name-and-level] [v3:MQTT-3.1.3-1] [v3:MQTT-7.1.1-1]"""
        client = self.open(version)
        connack = client.connect(self.unique())
        self.assertFalse(connack.session_present)
        client.expect_nothing()

    @versions(V31, V311, V5)
    def test_client_ids_of_1_to_23_letters_and_digits(self, version: int) -> None:
        """[v5:MQTT-3.1.3-3] [v5:MQTT-3.1.3-4] [v5:MQTT-3.1.3-5] [v3:MQTT-3.1.3-5]"""
        alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        for client_id in ["a", alphabet[:23], alphabet[23:46], alphabet[-23:]]:
            self.client(version, client_id)

    @versions(V31, V311, V5)
    def test_long_and_unusual_client_ids(self, version: int) -> None:
        """Longer than 23 and with letters beyond ASCII: accepted in every version, 3.1 included [v5:MQTT-3.1.3-5]
        [v31:long-client-id]"""
        for client_id in ["x" * 24, "x" * 1024, "größe/#+ $ 漢字 😀"]:
            self.client(version, client_id)

    def test_v5_empty_client_id_gets_one_assigned(self) -> None:
        """[v5:MQTT-3.1.3-6] [v5:MQTT-3.1.3-7] [v5:MQTT-3.2.2-16]"""
        assigned = {str(self.open().connect("").get(Prop.ASSIGNED_CLIENT_ID)) for _ in range(5)}
        self.assertEqual(len(assigned), 5)
        self.assertNotIn("None", assigned)
        self.assertNotIn("", assigned)

    def test_v5_assigned_client_id_names_the_session(self) -> None:
        """[v5:MQTT-3.1.3-2] [v5:MQTT-3.1.3-7] [v5:MQTT-3.1.2-23]"""
        first = self.open()
        assigned = first.connect("", properties=[(Prop.SESSION_EXPIRY, 60)]).get(Prop.ASSIGNED_CLIENT_ID)
        first.disconnect()
        connack = self.open().connect(str(assigned), clean=False)
        self.assertTrue(connack.session_present)

    def test_v5_no_assigned_client_id_for_a_given_one(self) -> None:
        """Assigned Client Identifier comes only where the server chose [v5:MQTT-3.2.2-16]"""
        self.assertIsNone(self.open().connect(self.unique()).get(Prop.ASSIGNED_CLIENT_ID))

    def test_v311_empty_client_id_with_clean_session(self) -> None:
        """[v3:MQTT-3.1.3-6] [v3:MQTT-3.1.3-7]: two such clients live side by side"""
        first, second = self.client(V311, ""), self.client(V311, "")
        first.expect_nothing()
        second.expect_nothing()

    @both
    def test_credentials_in_every_allowed_form(self, version: int) -> None:
        """[v5:MQTT-3.1.2-16] [v5:MQTT-3.1.2-17] [v5:MQTT-3.1.2-18] [v5:MQTT-3.1.2-19] [v5:MQTT-3.1.3-12]
        [v3:MQTT-3.1.2-18] [v3:MQTT-3.1.2-19] [v3:MQTT-3.1.2-20] [v3:MQTT-3.1.2-21]"""
        self.client(version, username="name")
        self.client(version, username="", password=b"")
        self.client(version, username="ünï", password=b"\x00\xff\xfe")
        if version == V5:
            self.client(version, password=b"token")

    def test_v5_announced_limits(self) -> None:
        """CONNACK tells the configured Receive Maximum, Topic Alias Maximum and Maximum Packet Size, and no feature is
        switched off [v5:MQTT-3.2.2-9] [v5:MQTT-3.2.2-10]"""
        connack = self.open().connect(self.unique())
        self.assertEqual(connack.get(Prop.RECEIVE_MAXIMUM), 1024)
        self.assertEqual(connack.get(Prop.TOPIC_ALIAS_MAXIMUM), 16)
        self.assertEqual(connack.get(Prop.MAXIMUM_PACKET_SIZE), 10 * 1024 * 1024)
        self.assertIsNone(connack.get(Prop.MAXIMUM_QOS))
        for feature in (Prop.RETAIN_AVAILABLE, Prop.WILDCARD_AVAILABLE, Prop.SUBSCRIPTION_ID_AVAILABLE):
            self.assertIn(connack.get(feature), (None, 1))
        self.assertIn(connack.get(Prop.SHARED_AVAILABLE), (None, 1))

    def test_v5_properties_of_connect_are_accepted(self) -> None:
        """Every CONNECT property but authentication at once [v5:MQTT-3.1.4-1] [v5:MQTT-1.5.7-1]"""
        properties = [
            (Prop.SESSION_EXPIRY, 0),
            (Prop.RECEIVE_MAXIMUM, 5),
            (Prop.MAXIMUM_PACKET_SIZE, 1000),
            (Prop.TOPIC_ALIAS_MAXIMUM, 5),
            (Prop.REQUEST_RESPONSE_INFO, 1),
            (Prop.REQUEST_PROBLEM_INFO, 1),
            (Prop.USER_PROPERTY, ("a", "1")),
            (Prop.USER_PROPERTY, ("a", "2")),
        ]
        self.client(properties=properties)

    def test_v5_response_information_only_when_asked(self) -> None:
        """[v5:MQTT-3.1.2-28]"""
        for properties in ([], [(Prop.REQUEST_RESPONSE_INFO, 0)]):
            connack = self.open().connect(self.unique(), properties=properties)
            self.assertIsNone(connack.get(Prop.RESPONSE_INFO))

    def test_v5_client_limit_holds_for_connack(self) -> None:
        """With a Maximum Packet Size of 100 nothing optional may push CONNACK beyond it
        [v5:MQTT-3.1.2-24] [v5:MQTT-3.2.2-19] [v5:MQTT-3.2.2-20]"""
        connack = self.open().connect(
            self.unique(), properties=[(Prop.MAXIMUM_PACKET_SIZE, 100), (Prop.REQUEST_RESPONSE_INFO, 1)]
        )
        self.assertLessEqual(connack.size, 100)


class RefusedVersions(ConformanceCase):
    """Protocol names and levels we do not speak."""

    def refused(self, expected: int, reader_version: int, **fields: object) -> None:
        """CONNECT with these fields must get this refusal, in the form of `reader_version`, and the close."""
        client = self.open(reader_version)
        client.send(packets.connect(self.unique(), **fields))
        client.expect(Type.CONNACK, reason=expected)
        client.expect_closed()

    def test_levels_that_do_not_exist(self) -> None:
        """[v5:MQTT-3.1.2-2] [v5:MQTT-3.2.2-6] [v5:MQTT-3.2.2-7]: v5-form CONNACK 0x84"""
        for level in (6, 7, 127):
            with self.subTest(level=level):
                self.refused(Reason.UNSUPPORTED_VERSION, V5, version=V5, level=level)

    def test_levels_older_than_any(self) -> None:
        """[v3:MQTT-3.1.2-2]: refused in either form"""
        for level in (0, 1, 2):
            with self.subTest(level=level):
                client = self.open()
                client.send(packets.connect(self.unique(), version=V311, level=level))
                self.expect_refusal_or_close(client)

    def test_name_and_level_that_do_not_belong_together(self) -> None:
        """[v3:MQTT-3.1.2-2] [v5:MQTT-3.1.2-1] [v31:name-and-level]: MQTT with level 3, MQIsdp with level 4"""
        self.refused(0x01, V311, version=V311, level=3)
        self.refused(0x01, V311, version=V31, level=4)

    def test_unknown_protocol_name(self) -> None:
        """[v3:MQTT-3.1.2-1] [v5:MQTT-3.1.2-1]: closed, with or without a CONNACK before"""
        for name in ("MQTX", "mqtt", "", "MQTTT", "MQT", "MQIsd"):
            for version in (V311, V5):
                with self.subTest(name=name, version=version):
                    client = self.open(V5)
                    client.send(packets.connect(self.unique(), version=version, protocol_name=name))
                    self.expect_refusal_or_close(client)

    @staticmethod
    def expect_refusal_or_close(client: Client) -> None:
        """Bytes are read raw: the form of the refusal is the broker's choice, success is not."""
        data = b""
        while chunk := client.socket.recv(1024):
            data += chunk
        if data and (data[0] != 0x20 or data[3] == 0):
            raise AssertionError(f"expected a refusal or the close, got {data!r}")


class RefusedClientIds(ConformanceCase):
    """Client identifiers that cannot be."""

    def test_v311_empty_id_without_clean_session(self) -> None:
        """[v3:MQTT-3.1.3-8] [v3:MQTT-3.1.3-9] [v3:MQTT-3.2.2-4] [v3:MQTT-3.2.2-5] [v5:MQTT-3.1.3-8]"""
        client = self.open(V311)
        client.connect("", clean=False, expect_reason=0x02)
        client.expect_closed()

    def test_v31_empty_id(self) -> None:
        """3.1 asks for at least one character: 0x02 [v31:empty-client-id]"""
        for clean in (True, False):
            client = self.open(V31)
            client.connect("", clean=clean, expect_reason=0x02)
            client.expect_closed()


class ConnectOrder(ConformanceCase):
    """What comes before, after and instead of CONNECT."""

    @versions(V31, V311, V5)
    def test_second_connect(self, version: int) -> None:
        """[v5:MQTT-3.1.0-2] [v3:MQTT-3.1.0-2]"""
        client = self.client(version)
        client.send(packets.connect(self.unique(), version=version))
        client.expect_error(Reason.PROTOCOL_ERROR)

    @both
    def test_any_other_packet_first(self, version: int) -> None:
        """[v5:MQTT-3.1.0-1] [v3:MQTT-3.1.0-1] [v5:MQTT-3.14.0-1] [security:3]: closed without a word, also
        PUBACK before CONNECT"""
        firsts = [
            packets.publish("t", "x", version=version),
            packets.publish("t", "x", qos=2, packet_id=1, version=version),
            *[packets.acknowledgement(kind, 1) for kind in (Type.PUBACK, Type.PUBREC, Type.PUBREL, Type.PUBCOMP)],
            packets.subscribe(1, [("#", 0)], version),
            packets.unsubscribe(1, ["#"], version),
            packets.pingreq(),
            packets.disconnect(version),
            packets.auth(Reason.CONTINUE_AUTHENTICATION),
            packets.packet(Type.CONNACK, 0, b"\0\0"),
            packets.packet(Type.SUBACK, 0, b"\0\1\0"),
            packets.packet(Type.PINGRESP, 0, b""),
        ]
        for first in firsts:
            with self.subTest(first=first[:4]):
                client = self.open(version)
                client.send(first)
                client.expect_closed()

    @both
    def test_packets_sent_before_the_connack_arrives_are_served(self, version: int) -> None:
        """A client need not wait for CONNACK; order is kept [v5:MQTT-3.2.0-1] [v3:MQTT-3.2.0-1]"""
        client = self.open(version)
        client.send(
            packets.connect(self.unique(), version=version),
            packets.subscribe(1, [(self.topic(), 1)], version),
            packets.publish(self.topic(), "early", 0, version=version),
            packets.pingreq(),
        )
        client.expect(Type.CONNACK, reason=0)
        client.expect(Type.SUBACK, packet_id=1)
        client.expect_message("early")
        client.expect(Type.PINGRESP)

    def test_nothing_after_a_refused_connect_is_processed(self) -> None:
        """[v5:MQTT-3.1.4-6] [v3:MQTT-3.1.4-5]"""
        subscriber = self.subscriber(self.topic())
        client = self.open(V311)
        client.send(
            packets.connect("", version=V311, clean=False), packets.publish(self.topic(), "never", version=V311)
        )
        client.expect(Type.CONNACK, reason=0x02)
        client.expect_closed()
        subscriber.expect_nothing()
