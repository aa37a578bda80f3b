# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Flow control: Receive Maximum, both ways."""

from __future__ import annotations

import packets
from case import ConformanceCase, both
from packets import V5, V311, Prop, Reason, Type


class ToClients(ConformanceCase):
    """The client's Receive Maximum binds the broker."""

    def test_no_more_in_flight_than_allowed(self) -> None:
        """[v5:MQTT-3.3.4-9] [v5:MQTT-4.9.0-1] [v5:MQTT-4.9.0-2]: each acknowledgement lets one more through; order is
        kept"""
        publisher = self.client()
        for maximum in (1, 3):
            topic = self.topic(str(maximum))
            subscriber = self.client(properties=[(Prop.RECEIVE_MAXIMUM, maximum)])
            subscriber.subscribe(topic, options=2)
            for n in range(8):
                publisher.publish(topic, str(n), 1 + n % 2)
            waiting = subscriber.fence()
            self.assertEqual(len(waiting), maximum)
            received = []
            while waiting:
                message = waiting.pop(0)
                received.append(message.payload.decode())
                kind = Type.PUBACK if message.qos == 1 else Type.PUBREC
                subscriber.send(packets.acknowledgement(kind, message.packet_id))
                after = subscriber.fence()
                if message.qos == 2:
                    self.assertEqual([found.type for found in after], [Type.PUBREL])
                    subscriber.send(packets.acknowledgement(Type.PUBCOMP, message.packet_id))
                    after = subscriber.fence()
                waiting += after
                self.assertLessEqual(len(waiting), maximum)
            self.assertEqual(received, [str(n) for n in range(8)])

    def test_a_negative_pubrec_frees_a_place(self) -> None:
        """PUBREC of 0x80 and above ends the exchange [v5:MQTT-3.3.4-9] [v5:MQTT-4.9.0-2]"""
        subscriber = self.client(properties=[(Prop.RECEIVE_MAXIMUM, 1)])
        subscriber.subscribe(self.topic(), options=2)
        publisher = self.client()
        for n in range(3):
            publisher.publish(self.topic(), str(n), 2)
        for n in range(3):
            message = subscriber.expect_message(str(n), acknowledge=False)
            subscriber.expect_nothing()
            subscriber.send(packets.acknowledgement(Type.PUBREC, message.packet_id, Reason.UNSPECIFIED))

    def test_other_packets_are_not_delayed(self) -> None:
        """[v5:MQTT-3.3.4-10] [v5:MQTT-4.9.0-3]: QoS 0, SUBACK, PUBACK, PINGRESP with no quota left"""
        subscriber = self.client(properties=[(Prop.RECEIVE_MAXIMUM, 1)])
        subscriber.subscribe(self.topic("#"), options=1)
        publisher = self.client()
        for n in range(3):
            publisher.publish(self.topic("a"), str(n), 1)
        subscriber.expect_message("0", acknowledge=False)
        publisher.publish(self.topic("b"), "qos0")
        subscriber.expect_message("qos0", qos=0)
        subscriber.subscribe(self.topic("x"), options=1)
        self.assertEqual(subscriber.publish("other/" + self.topic(), "y", 1).type, Type.PUBACK)
        subscriber.expect_nothing()

    def test_the_quota_is_full_again_after_a_resume(self) -> None:
        """What was in flight is resent within the new connection's maximum [v5:MQTT-4.9.0-1] [v5:MQTT-4.4.0-1]"""
        client_id, kept = self.unique(), (Prop.SESSION_EXPIRY, 60)
        subscriber = self.client(client_id=client_id, properties=[kept, (Prop.RECEIVE_MAXIMUM, 10)])
        subscriber.subscribe(self.topic(), options=1)
        publisher = self.client()
        for n in range(6):
            publisher.publish(self.topic(), str(n), 1)
        subscriber.fence()
        subscriber.close()
        again = self.client(client_id=client_id, clean=False, properties=[kept, (Prop.RECEIVE_MAXIMUM, 2)])
        received = []
        for _ in range(6):
            message = again.expect(Type.PUBLISH)
            received.append(message.payload.decode())
            again.acknowledge(message)
        self.assertEqual(received, [str(n) for n in range(6)])

    def test_zero_is_a_protocol_error(self) -> None:
        """Receive Maximum 0 in CONNECT [v5:MQTT-4.9.0-1]"""
        self.expect_refused_connect(
            Reason.PROTOCOL_ERROR, Reason.MALFORMED_PACKET, properties=[(Prop.RECEIVE_MAXIMUM, 0)]
        )

    @both
    def test_acknowledgement_of_the_wrong_kind(self, version: int) -> None:
        """PUBACK for a QoS 2 and PUBREC for a QoS 1 message must not free the id silently: error or ignored, and the
        broker lives on"""
        for qos, wrong in ((1, Type.PUBREC), (2, Type.PUBACK), (2, Type.PUBCOMP)):
            subscriber = self.subscriber(self.topic(), version=version, options=2)
            self.client(version).publish(self.topic(), "x", qos)
            message = subscriber.expect_message("x", acknowledge=False)
            subscriber.send(packets.acknowledgement(wrong, message.packet_id), packets.disconnect(version))
            subscriber.close()
        self.client(version).expect_nothing()


class FromClients(ConformanceCase):
    """The broker's Receive Maximum binds the client."""

    settings = {"mqtt.receive_maximum": "5"}

    def test_exceeding_it_ends_the_connection(self) -> None:
        """0x93 for the sixth QoS 2 message without PUBREL [v5:MQTT-3.3.4-7] [security:5] (CVE-2023-28366)"""
        client = self.open()
        self.assertEqual(client.connect(self.unique()).get(Prop.RECEIVE_MAXIMUM), 5)
        for n in range(1, 6):
            client.send_publish(self.topic(), "x", 2, packet_id=n)
            client.expect(Type.PUBREC, packet_id=n)
        client.send_publish(self.topic(), "x", 2, packet_id=6)
        client.expect_error(Reason.RECEIVE_MAXIMUM_EXCEEDED)

    def test_the_quota_comes_back(self) -> None:
        """Any number of exchanges, one after another [v5:MQTT-3.3.4-7] [v5:MQTT-4.9.0-2]"""
        client = self.client()
        for n in range(1, 31):
            client.publish(self.topic(), "x", 1 + n % 2)

    def test_repetitions_do_not_count_twice(self) -> None:
        """DUP of a known id uses no new place [v5:MQTT-4.3.3-10]"""
        client = self.client()
        for n in range(20):
            client.send_publish(self.topic(), "x", 2, packet_id=1 + n % 5, dup=n >= 5)
            client.expect(Type.PUBREC, packet_id=1 + n % 5)

    def test_v3_has_no_such_limit(self) -> None:
        """A v3 client cannot know the maximum: 1000 ids without PUBREL are served"""
        client = self.client(V311)
        client.send(*[packets.publish("t", "x", 2, n, version=V311) for n in range(1, 1001)])
        answers = client.fence()
        self.assertEqual([answer.packet_id for answer in answers], list(range(1, 1001)))
