# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Will messages: when they are published, when not, and as what."""

from __future__ import annotations

import packets
from case import ConformanceCase, both, versions
from packets import V5, V31, V311, Prop, Properties, Reason, Type, options
from wire import Client

ENDLESS = [(Prop.SESSION_EXPIRY, 1000)]


class WillCase(ConformanceCase):
    """Helpers for clients with a will."""

    def watcher(self, version: int = V5) -> Client:
        """A subscriber to this test's will topics."""
        return self.subscriber(self.topic("will/#"), version=version, options=options(2))

    def mortal(self, version: int = V5, name: str = "x", delay: int = 0, **fields: object) -> Client:
        """A client with the will `name` on will/<name>."""
        fields = {"will_topic": self.topic(f"will/{name}"), "will_payload": name, **fields}
        if version == V5 and delay:
            fields["will_properties"] = [(Prop.WILL_DELAY, delay)]
        return self.client(version, **fields)


class Published(WillCase):
    """Ends that publish the will."""

    @versions(V31, V311, V5)
    def test_lost_connection_each_qos(self, version: int) -> None:
        """[v5:MQTT-3.1.2-7] [v5:MQTT-3.1.2-8] [v5:MQTT-3.1.2-9] [v5:MQTT-3.1.2-12] [v5:MQTT-3.1.2-14]
        [v3:MQTT-3.1.2-8] [v3:MQTT-3.1.2-9] [v3:MQTT-3.1.2-14] [v3:MQTT-3.1.2-16]"""
        watcher = self.watcher(version)
        for qos in (0, 1, 2):
            self.mortal(version, str(qos), will_qos=qos).close()
            watcher.expect_message(str(qos), topic=self.topic(f"will/{qos}"), qos=qos, retain=False)
            self.subscriber(self.topic(f"will/{qos}"), version=version).expect_nothing()

    @both
    def test_retained_will(self, version: int) -> None:
        """[v5:MQTT-3.1.2-15] [v3:MQTT-3.1.2-17]: stored like any retained message; an empty one removes it"""
        watcher = self.watcher(version)
        self.mortal(version, will_retain=True, will_qos=1).close()
        watcher.expect_message("x", retain=False)
        late = self.watcher(version)
        late.expect_message("x", retain=True)
        self.mortal(version, will_retain=True, will_payload="").close()
        late.expect_message("", retain=False)
        self.watcher(version).expect_nothing()

    @both
    def test_protocol_error(self, version: int) -> None:
        """[v5:MQTT-3.1.2-8] [v3:MQTT-3.1.2-8]: the broker closed, and that counts as a loss"""
        watcher = self.watcher(version)
        client = self.mortal(version)
        client.send(packets.connect("again", version=version))
        client.expect_error(Reason.PROTOCOL_ERROR)
        watcher.expect_message("x")

    @both
    def test_keep_alive_timeout(self, version: int) -> None:
        """[v5:MQTT-3.1.2-22] [v3:MQTT-3.1.2-24]: as if the network had failed"""
        watcher = self.watcher(version)
        self.mortal(version, keep_alive=1)
        watcher.expect_message("x", timeout=5)

    @both
    def test_take_over(self, version: int) -> None:
        """[v5:MQTT-3.1.2-8] [v5:MQTT-3.1.4-3] [v3:MQTT-3.1.2-8]: a will without delay is published"""
        watcher, client_id = self.watcher(version), self.unique()
        self.mortal(version, client_id=client_id)
        self.client(version, client_id)
        watcher.expect_message("x")

    def test_v5_disconnect_with_will(self) -> None:
        """0x04, and every other reason that is not 0 [v5:MQTT-3.1.2-8] [v5:MQTT-3.1.2-10] [v5:MQTT-3.14.2-1]"""
        watcher = self.watcher()
        for reason in (Reason.DISCONNECT_WITH_WILL, Reason.UNSPECIFIED, Reason.PROTOCOL_ERROR):
            self.mortal(name=hex(reason)).disconnect(reason)
            watcher.expect_message(hex(reason))

    @both
    def test_to_all_kinds_of_subscribers(self, version: int) -> None:
        """A will from each version reaches each version [v5:MQTT-3.1.2-8]"""
        watchers = [self.watcher(other) for other in (V31, V311, V5)]
        self.mortal(version, will_qos=1).close()
        for watcher in watchers:
            watcher.expect_message("x", qos=1)

    def test_v5_properties_are_passed_on(self) -> None:
        """[v5:MQTT-3.1.3-10] [v5:MQTT-3.3.2-4] [v5:MQTT-3.3.2-15] [v5:MQTT-3.3.2-16] [v5:MQTT-3.3.2-20]"""
        users: Properties = [(Prop.USER_PROPERTY, (key, str(n))) for n, key in enumerate("bab")]
        sent: Properties = [
            (Prop.PAYLOAD_FORMAT, 1),
            (Prop.CONTENT_TYPE, "text/plain"),
            (Prop.RESPONSE_TOPIC, "answer/here"),
            (Prop.CORRELATION_DATA, b"\0\1\xff"),
            *users,
        ]
        watcher = self.watcher()
        self.mortal(will_properties=[*sent, (Prop.WILL_DELAY, 0)], will_retain=True).close()
        for message in (watcher.expect_message("x"), self.watcher().expect_message("x", retain=True)):
            self.assertEqual(sorted(message.properties[:4]), sorted(sent[:4]))
            self.assertEqual([found for found in message.properties if found[0] == Prop.USER_PROPERTY], users)


class NotPublished(WillCase):
    """Ends that do not."""

    @versions(V31, V311, V5)
    def test_normal_disconnect(self, version: int) -> None:
        """[v5:MQTT-3.1.2-10] [v5:MQTT-3.14.4-3] [v3:MQTT-3.1.2-10] [v3:MQTT-3.1.2-12] [v3:MQTT-3.14.4-3]"""
        watcher = self.watcher(version)
        self.mortal(version).disconnect()
        watcher.expect_nothing()

    @both
    def test_no_will_is_published_without_one(self, version: int) -> None:
        """[v5:MQTT-3.1.2-10] [v3:MQTT-3.1.2-10] [v3:MQTT-3.1.2-12]: the will of an earlier connection is forgotten"""
        watcher, client_id = self.watcher(version), self.unique()
        self.mortal(version, client_id=client_id).close()
        watcher.expect_message("x")
        client = self.client(version, client_id)
        client.send(packets.packet(Type.CONNACK, 0, b"\0\0"))
        self.mortal(version, "fence").close()
        watcher.expect_message("fence")

    @both
    def test_refused_connect(self, version: int) -> None:
        """A CONNECT that is refused leaves no will [v5:MQTT-3.1.4-6] [v3:MQTT-3.1.4-5]"""
        watcher = self.watcher(version)
        fields = {"will_topic": self.topic("will/x"), "will_payload": "x", "version": version}
        data = packets.connect("", level=9, **fields) if version == V5 else packets.connect("", clean=False, **fields)
        client = self.open(version)
        client.send(data)
        self.assertNotEqual(client.expect(Type.CONNACK).reason, 0)
        client.expect_closed()
        self.mortal(version, "fence").close()
        watcher.expect_message("fence")

    @both
    def test_not_to_the_brokers_own_topics(self, version: int) -> None:
        """A will cannot forge what clients may not publish: refused at CONNECT or dropped [security:6]"""
        watcher = self.subscriber("$SYS/#", version=version)
        forged = "$SYS/brokers/nanomq/version"
        client = self.open(version)
        client.send(packets.connect(self.unique(), version, will_topic=forged, will_payload="forged", will_qos=1))
        client.expect(Type.CONNACK)
        client.close()
        self.mortal(version, "fence").close()
        self.watcher(version).expect_nothing()
        self.assertNotIn(b"forged", [message.payload for message in watcher.fence()])


class Delayed(WillCase):
    """Will Delay Interval and Session Expiry Interval of v5."""

    def test_delay_session_end_and_resume(self) -> None:
        """[v5:MQTT-3.1.2-8] [v5:MQTT-3.1.3-9] [v5:MQTT-3.1.2-10], all in one wait: the will comes after its delay, or
        with the session's end if that is earlier, at once without a session, and never after a resume"""
        watcher = self.watcher()
        self.mortal(name="delayed", delay=1, properties=ENDLESS).close()
        self.mortal(name="session", delay=1000, properties=[(Prop.SESSION_EXPIRY, 1)]).close()
        with_will = self.mortal(name="0x04", delay=1, properties=ENDLESS)
        with_will.disconnect(Reason.DISCONNECT_WITH_WILL)
        resumed = self.unique()
        self.mortal(name="never", client_id=resumed, delay=1, properties=ENDLESS).close()
        self.assertTrue(self.open().connect(resumed, clean=False, properties=ENDLESS).session_present)
        self.mortal(name="no session", delay=1).close()
        watcher.expect_message("no session", timeout=0.9)
        watcher.expect_nothing()
        found = {watcher.expect(Type.PUBLISH, timeout=5).payload.decode() for _ in range(3)}
        self.assertEqual(found, {"delayed", "session", "0x04"})
        self.mortal(name="second fence", delay=1, properties=ENDLESS).close()
        watcher.expect_message("second fence")

    def test_clean_start_ends_the_session_and_the_delay(self) -> None:
        """[v5:MQTT-3.1.2-8] [v5:MQTT-3.1.2-4]: the will of the session that ends is published at once"""
        for abrupt in (True, False):
            watcher, client_id = self.watcher(), self.unique()
            client = self.mortal(name="x", client_id=client_id, delay=1000, properties=ENDLESS)
            if abrupt:
                client.close()
            self.client(client_id=client_id, clean=True)
            watcher.expect_message("x")
            watcher.close()

    def test_take_over_within_the_session_cancels_a_delayed_will(self) -> None:
        """[v5:MQTT-3.1.3-9]: the session goes on, so the will waits no more"""
        watcher, client_id = self.watcher(), self.unique()
        self.mortal(name="never", client_id=client_id, delay=1, properties=ENDLESS)
        self.client(client_id=client_id, clean=False, properties=ENDLESS)
        self.mortal(name="fence", delay=2, properties=ENDLESS).close()
        watcher.expect_message("fence", timeout=6)

    def test_session_end_by_disconnect(self) -> None:
        """DISCONNECT 0x04 with expiry 0 ends the session, and the delay with it [v5:MQTT-3.1.2-8]"""
        watcher = self.watcher()
        client = self.mortal(delay=1000, properties=ENDLESS)
        client.disconnect(Reason.DISCONNECT_WITH_WILL, [(Prop.SESSION_EXPIRY, 0)])
        watcher.expect_message("x")


class MalformedWills(WillCase):
    """CONNECT packets whose will cannot be."""

    REFUSALS = (Reason.MALFORMED_PACKET, Reason.PROTOCOL_ERROR, Reason.TOPIC_NAME_INVALID)

    @both
    def test_flags_that_contradict(self, version: int) -> None:
        """[v5:MQTT-3.1.2-11] [v5:MQTT-3.1.2-12] [v5:MQTT-3.1.2-13] [v3:MQTT-3.1.2-11] [v3:MQTT-3.1.2-13]
        [v3:MQTT-3.1.2-14] [v3:MQTT-3.1.2-15]: QoS or retain without a will, QoS 3"""
        for flags in (0x02 | 0x08, 0x02 | 0x10, 0x02 | 0x18, 0x02 | 0x20):
            with self.subTest(flags=hex(flags)):
                self.expect_refused_connect(*self.REFUSALS, version=version, flags=flags)
        self.expect_refused_connect(*self.REFUSALS, version=version, flags=0x02 | 0x04 | 0x18, will_topic="a")

    @both
    def test_fields_missing(self, version: int) -> None:
        """[v5:MQTT-3.1.2-9] [v3:MQTT-3.1.2-9]: the flag without topic and payload"""
        self.expect_refused_connect(*self.REFUSALS, version=version, flags=0x02 | 0x04)

    @both
    def test_topics_that_cannot_be(self, version: int) -> None:
        """[v5:MQTT-3.1.3-11] [v5:MQTT-4.7.0-1] [v5:MQTT-4.7.3-1] [v3:MQTT-4.7.1-1]: wildcards, the empty topic"""
        for topic in ("#", "a/+", ""):
            with self.subTest(topic=topic):
                self.expect_refused_connect(*self.REFUSALS, version=version, will_topic=topic)

    def test_v5_properties_that_cannot_be(self) -> None:
        """[v5:MQTT-3.1.4-1]: unknown, of another packet, twice, out of range"""
        for properties in (
            [(Prop.TOPIC_ALIAS, 1)],
            [(Prop.SESSION_EXPIRY, 1)],
            [(0x7F, b"")],
            [(Prop.WILL_DELAY, 1), (Prop.WILL_DELAY, 1)],
            [(Prop.PAYLOAD_FORMAT, 2)],
            [(Prop.RESPONSE_TOPIC, "a/#")],
            [(Prop.CONTENT_TYPE, b"\xff")],
        ):
            with self.subTest(properties=properties):
                self.expect_refused_connect(*self.REFUSALS, will_topic="a", will_properties=properties)
