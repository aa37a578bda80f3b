# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Sessions: what is kept, what is resent, when it ends."""

from __future__ import annotations

import packets
from case import ConformanceCase, both, versions
from packets import V5, V31, V311, Prop, Reason, Type
from wire import Client


class SessionCase(ConformanceCase):
    """Helpers for sessions that outlive a connection."""

    @staticmethod
    def kept(version: int, seconds: int = 100) -> dict[str, object]:
        """The CONNECT fields that keep a session for some seconds (v3: for good)."""
        return {"properties": [(Prop.SESSION_EXPIRY, seconds)]} if version == V5 else {}

    def resume(self, version: int, client_id: str, present: bool = True) -> Client:
        """A connection that takes the session up again."""
        client = self.open(version)
        connack = client.connect(client_id, clean=False, **self.kept(version))
        self.assertEqual(connack.session_present, present)
        return client

    def persistent(self, version: int, client_id: str, topic: str, options: int = 2) -> Client:
        """A connection with a session that is kept, subscribed to a topic."""
        client = self.client(version, client_id, clean=False, **self.kept(version))
        client.subscribe(topic, options=options)
        return client


class CleanStart(SessionCase):
    """Which CONNECT finds which session."""

    @both
    def test_resume_and_clean_start(self, version: int) -> None:
        """[v5:MQTT-3.1.2-4] [v5:MQTT-3.1.2-5] [v5:MQTT-3.1.2-6] [v5:MQTT-3.1.2-23] [v5:MQTT-3.1.4-4] [v5:MQTT-3.2.2-2]
        [v5:MQTT-3.2.2-3] [v5:MQTT-3.1.3-2] [v5:MQTT-4.1.0-1] [v3:MQTT-3.1.2-4] [v3:MQTT-3.1.2-5] [v3:MQTT-3.1.2-6]
        [v3:MQTT-3.1.4-3] [v3:MQTT-3.2.2-1] [v3:MQTT-3.2.2-2] [v3:MQTT-3.2.2-3] [v3:MQTT-3.1.3-2] [v3:MQTT-4.1.0-1]
        [v3:MQTT-4.1.0-2]"""
        client_id, publisher = self.unique(), self.client(version)
        first = self.resume(version, client_id, present=False)
        first.subscribe(self.topic(), options=1)
        first.disconnect()
        second = self.resume(version, client_id)
        publisher.publish(self.topic(), "known", 1)
        second.expect_message("known")
        second.disconnect()
        clean = self.open(version)
        self.assertFalse(clean.connect(client_id, clean=True, **self.kept(version)).session_present)
        publisher.publish(self.topic(), "unknown", 1)
        clean.expect_nothing()

    def test_v31_session_is_kept(self) -> None:
        """3.1 has the clean session flag too: messages wait [v31:session]"""
        client_id = self.unique()
        first = self.client(V31, client_id, clean=False)
        first.subscribe(self.topic(), options=1)
        first.disconnect()
        self.client(V31).publish(self.topic(), "waited", 1)
        again = self.open(V31)
        again.connect(client_id, clean=False)
        again.expect_message("waited")

    def test_v3_clean_session_leaves_nothing(self) -> None:
        """[v3:MQTT-3.1.2-6]: state of a clean session is not reused"""
        client_id = self.unique()
        self.client(V311, client_id, clean=True).disconnect()
        self.resume(V311, client_id, present=False)

    def test_v5_no_expiry_means_no_session(self) -> None:
        """Session Expiry Interval absent or 0: it ends with the connection [v5:MQTT-4.1.0-2] [v5:MQTT-3.1.2-23]"""
        for properties in ([], [(Prop.SESSION_EXPIRY, 0)]):
            client_id = self.unique()
            client = self.client(client_id=client_id, clean=False, properties=properties)
            client.subscribe(self.topic())
            client.disconnect()
            self.resume(V5, client_id, present=False)

    def test_v5_clean_start_with_expiry_is_kept(self) -> None:
        """Clean Start says how it begins, not how it ends [v5:MQTT-3.1.2-23]"""
        client_id = self.unique()
        self.client(client_id=client_id, clean=True, **self.kept(V5)).disconnect()
        self.resume(V5, client_id)

    @both
    def test_a_session_passes_between_versions(self, version: int) -> None:
        """A client that is upgraded (or downgraded) keeps its subscriptions and waiting messages [v5:MQTT-3.1.3-2]"""
        other = V311 if version == V5 else V5
        client_id = self.unique()
        self.persistent(version, client_id, self.topic()).disconnect()
        self.client().publish(self.topic(), "waited", 2)
        client = self.resume(other, client_id)
        client.expect_message("waited", qos=2)

    def test_v5_options_of_subscriptions_are_kept(self) -> None:
        """No Local, Retain As Published and the identifier outlive the connection [v5:MQTT-3.1.2-5]"""
        client_id, publisher = self.unique(), self.client()
        first = self.client(client_id=client_id, clean=False, **self.kept(V5))
        wanted = packets.options(1, no_local=True, retain_as_published=True)
        first.subscribe(self.topic(), options=wanted, properties=[(Prop.SUBSCRIPTION_ID, 77)])
        first.disconnect()
        publisher.publish(self.topic(), "queued", 1, retain=True)
        second = self.resume(V5, client_id)
        for text in ("queued", "live"):
            message = second.expect_message(text, retain=True)
            self.assertEqual(message.all(Prop.SUBSCRIPTION_ID), [77])
            if text == "queued":
                publisher.publish(self.topic(), "live", 1, retain=True)
        second.publish(self.topic(), "own", 1)
        second.expect_nothing()

    @both
    def test_case_and_length_of_ids_count(self, version: int) -> None:
        """[v5:MQTT-3.1.3-2]: ids that are nearly alike are different clients"""
        base = self.unique()
        clients = [self.client(version, name) for name in (base, base.upper(), base + " ", base + "x" * 200)]
        for client in clients:
            client.expect_nothing()


class OfflineMessages(SessionCase):
    """Messages for a client that is away."""

    @versions(V311, V5)
    def test_queued_in_order(self, version: int) -> None:
        """[v5:MQTT-4.5.0-1] [v5:MQTT-4.6.0-5] [v3:MQTT-3.1.2-5] [v3:MQTT-4.5.0-1]"""
        client_id = self.unique()
        self.persistent(version, client_id, self.topic()).disconnect()
        publisher = self.client(version)
        for n in range(100):
            publisher.publish(self.topic(), str(n), 1 + n % 2)
        client = self.resume(version, client_id)
        found = [client.expect_message(str(n), dup=False, acknowledge=False).qos for n in range(100)]
        self.assertEqual(found, [1, 2] * 50)

    @both
    def test_an_abrupt_loss_is_no_different(self, version: int) -> None:
        """A connection that breaks keeps the session like one that ends in order [v5:MQTT-3.1.2-23]"""
        client_id, watcher = self.unique(), self.subscriber(self.topic("will"))
        fields = {**self.kept(version), "will_topic": self.topic("will"), "will_payload": "gone"}
        client = self.client(version, client_id, clean=False, **fields)
        client.subscribe(self.topic(), options=1)
        client.close()
        watcher.expect_message("gone")
        self.client().publish(self.topic(), "waited", 1)
        self.resume(version, client_id).expect_message("waited")


class Resending(SessionCase):
    """Unfinished exchanges go on after a resume."""

    @both
    def test_publish_is_resent_with_dup_id_and_order(self, version: int) -> None:
        """[v5:MQTT-4.4.0-1] [v5:MQTT-3.3.1-1] [v5:MQTT-4.3.2-3] [v5:MQTT-4.3.3-3] [v3:MQTT-4.4.0-1] [v3:MQTT-3.3.1-1]
        [v3:MQTT-4.6.0-1] [v3:MQTT-2.3.1-3]"""
        client_id, publisher = self.unique(), self.client(version)
        client = self.persistent(version, client_id, self.topic())
        for n in range(6):
            publisher.publish(self.topic(), str(n), 1 + n % 2)
        ids = [client.expect_message(str(n), acknowledge=False).packet_id for n in range(6)]
        client.send(packets.acknowledgement(Type.PUBACK, ids[0]))
        client.fence()
        client.close()
        client = self.resume(version, client_id)
        for n in range(1, 6):
            client.expect_message(str(n), dup=True, packet_id=ids[n], acknowledge=False)
        client.expect_nothing()

    @both
    def test_pubrel_is_resent(self, version: int) -> None:
        """[v5:MQTT-4.4.0-1] [v5:MQTT-4.3.3-5] [v5:MQTT-4.3.3-6] [v3:MQTT-4.4.0-1] [v3:MQTT-4.3.3-1]: PUBREL and not
        PUBLISH once PUBREC came"""
        client_id, publisher = self.unique(), self.client(version)
        client = self.persistent(version, client_id, self.topic())
        publisher.publish(self.topic(), "two", 2)
        message = client.expect_message("two", acknowledge=False)
        client.send(packets.acknowledgement(Type.PUBREC, message.packet_id))
        client.expect(Type.PUBREL, packet_id=message.packet_id)
        for _ in range(2):
            client.close()
            client = self.resume(version, client_id)
            client.expect(Type.PUBREL, packet_id=message.packet_id)
        client.send(packets.acknowledgement(Type.PUBCOMP, message.packet_id))
        client.expect_nothing()
        client.close()
        self.resume(version, client_id).expect_nothing()

    @both
    def test_publishers_qos2_survives_the_connection(self, version: int) -> None:
        """[v5:MQTT-4.3.3-10] [v5:MQTT-4.4.0-1] [v3:MQTT-4.3.3-2] [security:9]: the id is still known, so nothing
        comes twice"""
        subscriber = self.subscriber(self.topic(), version=version, options=2)
        client_id = self.unique()
        publisher = self.client(version, client_id, clean=False, **self.kept(version))
        publisher.send_publish(self.topic(), "once", 2, packet_id=77)
        publisher.expect(Type.PUBREC, packet_id=77)
        publisher.close()
        publisher = self.resume(version, client_id)
        publisher.send_publish(self.topic(), "once", 2, packet_id=77, dup=True)
        publisher.expect(Type.PUBREC, packet_id=77)
        publisher.send(packets.acknowledgement(Type.PUBREL, 77))
        publisher.expect(Type.PUBCOMP, packet_id=77)
        subscriber.expect_message("once")
        subscriber.expect_nothing()

    @both
    def test_nothing_is_resent_to_a_new_session(self, version: int) -> None:
        """[v5:MQTT-3.1.2-4] [v3:MQTT-3.1.2-6]"""
        client_id = self.unique()
        client = self.persistent(version, client_id, self.topic())
        self.client(version).publish(self.topic(), "x", 2)
        client.expect_message("x", acknowledge=False)
        client.close()
        client = self.open(version)
        self.assertFalse(client.connect(client_id, clean=True).session_present)
        client.expect_nothing()


class Expiry(SessionCase):
    """Session Expiry Interval."""

    def test_sessions_end_when_their_time_is_over(self) -> None:
        """[v5:MQTT-4.1.0-2] [v5:MQTT-3.1.2-23] [v3:MQTT-3.1.2-4] in one wait of 2 s: 1 s has passed; 100 s, for good,
        and a v3 session have not; DISCONNECT shortened one and prolonged another"""
        cases: list[tuple[str, int, int, int | None, bool]] = [
            ("short", V5, 1, None, False),
            ("long", V5, 100, None, True),
            ("endless", V5, 0xFFFFFFFF, None, True),
            ("shortened", V5, 100, 1, False),
            ("ended", V5, 100, 0, False),
            ("prolonged", V5, 1, 100, True),
            ("v3", V311, 0, None, True),
        ]
        ids = {name: self.unique(name) for name, *_ in cases}
        for name, version, seconds, changed, _ in cases:
            client = self.client(version, ids[name], clean=False, **self.kept(version, seconds))
            client.disconnect(0, None if changed is None else [(Prop.SESSION_EXPIRY, changed)])
        self.elapse(2)
        for name, version, _, _, present in cases:
            with self.subTest(case=name):
                connack = self.open(version).connect(ids[name], clean=False)
                self.assertEqual(connack.session_present, present)

    def test_disconnect_must_not_make_a_session_last(self) -> None:
        """Session Expiry Interval from 0 to more is a protocol error (section 3.14.2.2.2)"""
        client = self.client()
        client.send(packets.disconnect(reason=0, properties=[(Prop.SESSION_EXPIRY, 10)]))
        client.expect_error(Reason.PROTOCOL_ERROR)
