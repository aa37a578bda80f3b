# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Properties of PUBLISH that are passed on, request and response, and problem information."""

from __future__ import annotations

import packets
from case import ConformanceCase, versions
from packets import V31, V311, Prop, Properties, Reason, Type


class PassedOn(ConformanceCase):
    """What the publisher wrote arrives as it was."""

    ALL: Properties = [
        (Prop.PAYLOAD_FORMAT, 1),
        (Prop.CONTENT_TYPE, "text/plain; charset=utf-8"),
        (Prop.RESPONSE_TOPIC, "answers/to/me"),
        (Prop.CORRELATION_DATA, bytes(range(256))),
        (Prop.USER_PROPERTY, ("b", "1")),
        (Prop.USER_PROPERTY, ("a", "2")),
        (Prop.USER_PROPERTY, ("b", "")),
        (Prop.USER_PROPERTY, ("", "größe")),
        (Prop.USER_PROPERTY, ("b", "1")),
    ]

    def test_all_properties_unaltered_and_in_order(self) -> None:
        """[v5:MQTT-3.3.2-4] [v5:MQTT-3.3.2-13] [v5:MQTT-3.3.2-15] [v5:MQTT-3.3.2-16] [v5:MQTT-3.3.2-17]
        [v5:MQTT-3.3.2-18] [v5:MQTT-3.3.2-19] [v5:MQTT-3.3.2-20] [v5:MQTT-1.5.7-1], at each QoS and to several"""
        subscribers = [self.subscriber(self.topic(), options=2) for _ in range(2)]
        publisher = self.client()
        for qos in (0, 1, 2):
            publisher.publish(self.topic(), "x", qos, properties=self.ALL)
            for subscriber in subscribers:
                self.check(subscriber.expect_message("x").properties)

    def check(self, found: Properties) -> None:
        """All there, nothing more, user properties in their order."""
        self.assertEqual(sorted(found[:4]), sorted(self.ALL[:4]))
        self.assertEqual([entry for entry in found if entry[0] == Prop.USER_PROPERTY], self.ALL[4:])

    def test_through_queue_and_retained(self) -> None:
        """[v5:MQTT-3.3.2-17] [v5:MQTT-3.3.2-18]: waiting changes nothing"""
        client_id, kept = self.unique(), [(Prop.SESSION_EXPIRY, 60)]
        sleeper = self.client(client_id=client_id, properties=kept)
        sleeper.subscribe(self.topic(), options=1)
        sleeper.disconnect()
        self.client().publish(self.topic(), "x", 1, True, self.ALL)
        again = self.client(client_id=client_id, clean=False, properties=kept)
        self.check(again.expect_message("x").properties)
        self.check(self.subscriber(self.topic()).expect_message("x", retain=True).properties)

    @versions(V31, V311)
    def test_v3_subscribers_get_the_payload_alone(self, version: int) -> None:
        """The property block of a v5 message does not leak into a v3 payload [v5:MQTT-3.3.2-4]"""
        subscriber = self.subscriber(self.topic(), version=version)
        self.client().publish(self.topic(), "x", 1, properties=self.ALL)
        subscriber.expect_message("x")

    def test_many_user_properties(self) -> None:
        """A thousand of them [v5:MQTT-3.3.2-17]"""
        many: Properties = [(Prop.USER_PROPERTY, (f"k{n}", "v" * 50)) for n in range(1000)]
        subscriber = self.subscriber(self.topic())
        self.client().publish(self.topic(), "x", 1, properties=many)
        self.assertEqual(subscriber.expect_message("x").properties, many)

    def test_reserved_properties_are_refused(self) -> None:
        """[v5:MQTT-3.3.4-6] [v5:MQTT-3.3.2-14] [v5:MQTT-3.3.2-13] [v5:MQTT-3.3.2-19] [v5:MQTT-4.13.1-1]: a
        subscription identifier from a client, wildcards in the response topic, ill-formed text, wrong values"""
        for wrong in (
            [(Prop.SUBSCRIPTION_ID, 1)],
            [(Prop.RESPONSE_TOPIC, "a/#")],
            [(Prop.RESPONSE_TOPIC, "a/+/b")],
            [(Prop.RESPONSE_TOPIC, b"\xff")],
            [(Prop.CONTENT_TYPE, b"\xed\xa0\x80")],
            [(Prop.PAYLOAD_FORMAT, 2)],
            [(Prop.USER_PROPERTY, (b"\xff", "v"))],
            [(Prop.USER_PROPERTY, ("k", b"\0"))],
        ):
            with self.subTest(properties=wrong):
                client = self.client()
                client.send_publish(self.topic(), "x", 1, properties=wrong)
                client.expect_error(Reason.PROTOCOL_ERROR, Reason.MALFORMED_PACKET, Reason.TOPIC_NAME_INVALID)


class RequestResponse(ConformanceCase):
    """A whole request with its answer."""

    def test_request_and_answer(self) -> None:
        """[v5:MQTT-3.3.2-15] [v5:MQTT-3.3.2-16]: response topic and correlation data find their way"""
        responder = self.subscriber(self.topic("request"), options=1)
        requester = self.subscriber(self.topic("answer"), options=1)
        properties = [(Prop.RESPONSE_TOPIC, self.topic("answer")), (Prop.CORRELATION_DATA, b"\0id\xff")]
        requester.publish(self.topic("request"), "question", 1, properties=properties)
        request = responder.expect_message("question")
        correlation = [(Prop.CORRELATION_DATA, request.get(Prop.CORRELATION_DATA))]
        responder.publish(str(request.get(Prop.RESPONSE_TOPIC)), "reply", 1, properties=correlation)
        self.assertEqual(requester.expect_message("reply").get(Prop.CORRELATION_DATA), b"\0id\xff")

    def test_response_information_when_asked(self) -> None:
        """It may be absent; if it comes it is text [v5:MQTT-3.1.2-28]"""
        connack = self.open().connect(self.unique(), properties=[(Prop.REQUEST_RESPONSE_INFO, 1)])
        self.assertIsInstance(connack.get(Prop.RESPONSE_INFO), (str, type(None)))


class ProblemInformation(ConformanceCase):
    """Request Problem Information 0."""

    def test_no_reason_strings_where_unwanted(self) -> None:
        """[v5:MQTT-3.1.2-29]: PUBACK, PUBREC, PUBCOMP, PUBREL, SUBACK, UNSUBACK carry neither reason string nor user
        property; only CONNACK and DISCONNECT may"""
        client = self.client(properties=[(Prop.REQUEST_PROBLEM_INFO, 0)])
        found = [
            client.publish("$SYS/forbidden", "x", 1),
            client.publish("$SYS/forbidden", "x", 2),
            client.publish(self.topic(), "x", 1),
            client.subscribe("a/#/b", expect=Reason.FILTER_INVALID),
            client.unsubscribe("not/there"),
        ]
        client.send(packets.acknowledgement(Type.PUBREL, 999), packets.acknowledgement(Type.PUBREC, 999))
        found += client.fence()
        for packet in found:
            with self.subTest(type=packet.type.name):
                self.assertEqual(packet.properties, [])
