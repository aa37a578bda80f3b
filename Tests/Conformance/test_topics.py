# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Topic names and filters: matching, `$` topics, UTF-8."""

from __future__ import annotations

import packets
from case import ConformanceCase, both
from packets import V5, Reason, Type
from wire import Closed

MATCHING: list[tuple[str, list[str], list[str]]] = [
    ("a/#", ["a", "a/b", "a/b/c", "a/", "a//"], ["b", "ab", "A/b"]),
    ("a/+", ["a/b", "a/", "a/ "], ["a", "a/b/c", "a//"]),
    ("+/a", ["b/a", "/a"], ["a", "b/c/a"]),
    ("a/+/c", ["a/b/c", "a//c"], ["a/c", "a/b/b/c"]),
    ("+/+", ["/a", "a/", "a/b", "/"], ["a", "a/b/c"]),
    ("a//b", ["a//b"], ["a/b", "a/x/b"]),
    ("/", ["/"], ["", "//", "a/"]),
    ("+/b/#", ["a/b", "a/b/c/d", "/b"], ["a/c", "b"]),
    ("a b/Ä", ["a b/Ä"], ["a b/ä", "ab/Ä"]),
]


class Matching(ConformanceCase):
    """Which names a filter matches."""

    @both
    def test_matching_table(self, version: int) -> None:
        """[v5:MQTT-4.7.1-1] [v5:MQTT-4.7.1-2] [v5:MQTT-4.7.3-4] [v5:MQTT-3.3.2-3] [v3:MQTT-4.7.1-2]
        [v3:MQTT-4.7.1-3] [v3:MQTT-4.7.3-4] [v3:MQTT-3.3.2-3]: no normalisation, case counts, empty levels count"""
        client = self.client(version)
        for number, (topic_filter, matching, others) in enumerate(MATCHING):
            with self.subTest(filter=topic_filter):
                base = self.topic(str(number))
                client.subscribe(f"{base}/{topic_filter}")
                client.send(*[packets.publish(f"{base}/{name}", name, version=version) for name in matching + others])
                found = [message.topic for message in client.fence()]
                self.assertEqual(found, [f"{base}/{name}" for name in matching])
                client.unsubscribe(f"{base}/{topic_filter}")

    @both
    def test_unicode_is_not_normalised(self, version: int) -> None:
        """[v5:MQTT-4.7.3-4] [v5:MQTT-1.5.4-3] [v3:MQTT-4.7.3-4] [v3:MQTT-1.5.3-3]: composed and decomposed forms
        differ, U+FEFF is a character like others"""
        client = self.subscriber(self.topic("é"), self.topic("\ufeffx"), version=version)
        for name in ("e\u0301", "é", "x", "\ufeffx"):
            client.send_publish(self.topic(name), name)
        found = [message.topic for message in client.fence()]
        self.assertEqual(found, [self.topic("é"), self.topic("\ufeffx")])

    @both
    def test_dollar_topics(self, version: int) -> None:
        """[v5:MQTT-4.7.2-1] [v3:MQTT-4.7.2-1]: a leading wildcard does not match them, the literal level does"""
        name = f"${self.unique('d')}"
        wide = self.subscriber("#", "+/x", "+/#", version=version)
        literal = self.subscriber(f"{name}/#", version=version)
        publisher = self.client(version)
        publisher.publish(f"{name}/x", "hidden")
        literal.expect_message("hidden", topic=f"{name}/x")
        publisher.publish(self.topic("y"), "fence")
        names = {message.topic for message in wide.fence()}
        self.assertIn(self.topic("y"), names)
        self.assertFalse({topic for topic in names if topic.startswith("$")})

    @both
    def test_a_dollar_inside_is_ordinary(self, version: int) -> None:
        """[v5:MQTT-4.7.2-1]: only the first character counts"""
        client = self.subscriber(self.topic("#"), version=version)
        client.send_publish(self.topic("$SYS/a"), "x")
        client.expect_message("x")


class Names(ConformanceCase):
    """Names that may not be."""

    @both
    def test_wildcards_in_a_topic_name(self, version: int) -> None:
        """[v5:MQTT-3.3.2-2] [v5:MQTT-4.7.0-1] [v3:MQTT-3.3.2-2] [v3:MQTT-4.7.1-1]"""
        for name in ("#", "+", "a/#", "a/+/b", "a#b", "a+b"):
            with self.subTest(name=name):
                client = self.client(version)
                client.send_publish(name, "x", 1)
                client.expect_error(Reason.TOPIC_NAME_INVALID, Reason.MALFORMED_PACKET, Reason.PROTOCOL_ERROR)

    @both
    def test_empty_names_and_filters(self, version: int) -> None:
        """[v5:MQTT-4.7.3-1] [v3:MQTT-4.7.3-1] [security:1] (CVE-2021-34432: an empty topic ended the broker)"""
        for qos in (0, 1, 2):
            client = self.client(version)
            client.send_publish("", "x", qos)
            client.expect_error(Reason.PROTOCOL_ERROR, Reason.TOPIC_NAME_INVALID, Reason.MALFORMED_PACKET)
        for wrong in (packets.subscribe(1, [("", 0)], version), packets.unsubscribe(1, [""], version)):
            self.expect_refusal(version, wrong)

    def expect_refusal(self, version: int, data: bytes) -> None:
        """Either the connection ends or the acknowledgement refuses the filter."""
        client = self.client(version)
        client.send(data)
        try:
            answer = client.receive()
        except Closed:
            return
        if answer.type == Type.DISCONNECT:
            client.expect_closed()
        elif answer.type == Type.SUBACK:
            self.assertEqual(answer.reasons, [Reason.FILTER_INVALID if version == V5 else 0x80])
        elif version == V5:
            self.assertIn(answer.reasons[0], (Reason.FILTER_INVALID, Reason.NO_SUBSCRIPTION_EXISTED))

    @both
    def test_ill_formed_utf8(self, version: int) -> None:
        """[v5:MQTT-1.5.4-1] [v5:MQTT-1.5.4-2] [v5:MQTT-3.3.2-1] [v5:MQTT-3.8.3-1] [v5:MQTT-3.10.3-1]
        [v5:MQTT-4.7.3-2] [v3:MQTT-1.5.3-1] [v3:MQTT-1.5.3-2] [v3:MQTT-3.3.2-1] [v3:MQTT-3.8.3-1] [v3:MQTT-3.10.3-1]
        [v3:MQTT-4.7.3-2]: surrogates, U+0000, overlong forms, cut sequences, beyond U+10FFFF"""
        for text in (b"a\0b", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xff",
                     b"\x80", b"a\xc3", b"\xf0\x9f\x98", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80"):
            for wrong in (
                packets.publish(text, "x", version=version),
                packets.subscribe(1, [(text, 0)], version),
                packets.unsubscribe(1, [text], version),
            ):
                with self.subTest(text=text, kind=wrong[0] >> 4):
                    client = self.client(version)
                    client.send(wrong)
                    client.expect_error(
                        Reason.MALFORMED_PACKET, Reason.TOPIC_NAME_INVALID, Reason.FILTER_INVALID, Reason.PROTOCOL_ERROR
                    )

    @both
    def test_ill_formed_utf8_in_connect(self, version: int) -> None:
        """[v5:MQTT-3.1.3-4] [v5:MQTT-3.1.3-11] [v5:MQTT-3.1.3-12] [v3:MQTT-3.1.3-4] [v3:MQTT-3.1.3-10]
        [v3:MQTT-3.1.3-11]: client id, will topic, user name"""
        allowed = (Reason.MALFORMED_PACKET, Reason.CLIENT_ID_NOT_VALID, Reason.TOPIC_NAME_INVALID)
        for text in (b"\xed\xa0\x80", b"a\0", b"\xff"):
            self.expect_refused_connect(*allowed, version=version, data=packets.connect(text, version))
            self.expect_refused_connect(*allowed, version=version, will_topic=text)
            self.expect_refused_connect(*allowed, version=version, username=text)

    @both
    def test_the_longest_name(self, version: int) -> None:
        """65535 bytes are allowed [v5:MQTT-4.7.3-3] [v3:MQTT-4.7.3-3] [security:12] (NATS 54e6bf274)"""
        name = self.topic("").ljust(65535, "x")
        client = self.subscriber(name, version=version)
        client.send_publish(name, "long")
        client.expect_message("long", topic=name)

    @both
    def test_the_deepest_name(self, version: int) -> None:
        """65535 levels end no broker: filter, name, retained message. It may refuse them [v5:MQTT-4.7.3-3]
        [security:8]"""
        deep = "/" * 65535
        wild = "+/" * 32767 + "+"
        client = self.client(version)
        for topic_filter in (deep, wild, "/" * 65533 + "/#"):
            client.send(packets.subscribe(1, [(topic_filter, 1)], version))
            try:
                answer = client.receive()
            except Closed:
                answer = None
            if answer is None or answer.type != Type.SUBACK:
                client = self.client(version)
        publisher = self.client(version)
        publisher.send_publish(deep, "x", retain=True)
        publisher.send_publish("/" * 32767, "x", retain=True)
        publisher.send_publish(deep, "", retain=True)
        publisher.send_publish("/" * 32767, "", retain=True)
        self.subscriber(self.topic(), version=version).expect_nothing()

    @both
    def test_dollar_names_of_every_kind(self, version: int) -> None:
        """[security:8] CVE-2018-12543: topic names that begin with $ but are nothing known, or only nearly: whatever
        becomes of them, the broker lives"""
        names = ["$", "$$", "$/", "$S", "$SYS", "$SYSTEM", "$SYS/", "$share", "$share/g/t", "$queue/t", "$CONTROL/x"]
        for name in names:
            client = self.client(version)
            client.send_publish(name, "x", 1, retain=True)
            client.send_publish(name, "", 1, retain=True)
            client.send(packets.subscribe(9, [(name, 1)], version), packets.unsubscribe(10, [name], version))
            client.close()
        self.client(version).expect_nothing()
