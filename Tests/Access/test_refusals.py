# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""What follows when a client is not allowed something: its own part, and that nobody receives what was refused."""

from __future__ import annotations

from typing import Mapping

import packets
from access_case import (
    ALICE,
    ALICE_AND_BOB,
    BOB,
    DENIED_SUBSCRIPTION,
    EVERY_VERSION,
    AccessCase,
    allow,
    deny,
    rules,
    wait_until,
)
from packets import V5, Prop, Type
from wire import Client

DENIED = 0x87


class RefusalCase(AccessCase):
    """Alice may do everything, everybody else nothing below `secret`."""

    action = "ignore"

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        return {
            "auth.allow_anonymous": "true",
            "auth.deny_action": cls.action,
            "auth.password": ALICE_AND_BOB,
            "auth.acl.rules": rules(allow("#", username="alice"), deny("secret/#"), allow()),
        }

    def watcher(self) -> Client:
        """Receives everything."""
        client = self.enter(**ALICE)
        client.subscribe("#", options=2)
        return client

    def erase(self, topic: str) -> None:
        """Removes a retained message."""
        client = self.enter(**ALICE)
        client.publish(topic, b"", qos=1, retain=True)
        client.close()

    def expect_only(self, watcher: Client, payload: str) -> None:
        """Nothing came before this one message, which is published now."""
        self.enter(**ALICE).publish("end", payload, qos=1)
        watcher.expect_message(payload)


class Ignored(RefusalCase):
    """deny_action = ignore: the client stays."""

    @EVERY_VERSION
    def test_publish(self, version: int) -> None:
        """Acknowledged, with the reason where the version has one, and delivered to nobody"""
        watcher, client = self.watcher(), self.enter(version)
        client.publish("secret/0", "no")
        refused = DENIED if version == V5 else 0
        self.assertEqual(client.publish("secret/1", "no", qos=1).reason, refused)
        self.assertEqual(client.publish("secret/2", "no", qos=2).reason, refused)
        client.expect_nothing()
        self.expect_only(watcher, f"end {version}")

    def test_packet_identifiers(self) -> None:
        """PUBREC with 0x87 ends the exchange: its identifier is free, and receive maximum is not used up"""
        watcher, client = self.watcher(), self.enter()
        for _ in range(2000):
            client.send_publish("secret/2", "no", qos=2, packet_id=1)
            client.expect(Type.PUBREC, packet_id=1, reason=DENIED)
        client.send_publish("open", "yes", qos=2, packet_id=1)
        client.expect(Type.PUBREC, packet_id=1, reason=0)
        client.send(packets.acknowledgement(Type.PUBREL, 1))
        client.expect(Type.PUBCOMP, packet_id=1, reason=0)
        watcher.expect_message("yes")

    def test_topic_alias(self) -> None:
        """A refused publish sets its alias all the same, and an alias goes round no rule"""
        watcher, client = self.watcher(), self.enter()
        for topic in ("secret/alias", ""):
            client.send_publish(topic, "no", qos=1, properties=[(Prop.TOPIC_ALIAS, 1)])
            client.expect(Type.PUBACK, reason=DENIED)
        client.publish("open", "1", qos=1, properties=[(Prop.TOPIC_ALIAS, 1)])
        client.publish("", "2", qos=1, properties=[(Prop.TOPIC_ALIAS, 1)])
        watcher.expect_message("1", topic="open")
        watcher.expect_message("2", topic="open")

    @EVERY_VERSION
    def test_subscribe(self, version: int) -> None:
        """0x80 before version 5, 0x87 in it; the other filters of the packet are granted; no retained message comes"""
        alice = self.enter(**ALICE)
        for topic in ("secret/r", "open/r"):
            alice.publish(topic, topic, qos=1, retain=True)
            self.addCleanup(self.erase, topic)
        client = self.enter(version)
        filters = [("secret/#", 1), ("open/#", 1), ("#", 1), ("secret/r", 0), ("$share/g/secret/#", 1)]
        denied = DENIED_SUBSCRIPTION[version]
        client.send(packets.subscribe(7, filters, version))
        client.expect(Type.SUBACK, packet_id=7, reasons=[denied, 1, denied, denied, denied])
        client.expect_message("open/r")
        alice.publish("secret/r", "later", qos=1, retain=True)
        client.expect_nothing()

    def test_unsubscribe(self) -> None:
        """There is nothing to unsubscribe from: 0x11"""
        client = self.enter()
        client.subscribe("secret/#", expect=DENIED)
        self.assertEqual(client.unsubscribe("secret/#").reasons, [0x11])

    @EVERY_VERSION
    def test_retain(self, version: int) -> None:
        """A refused message is not retained, and deletes nothing that is"""
        alice, client = self.enter(**ALICE), self.enter(version)
        alice.publish("secret/kept", "kept", qos=1, retain=True)
        self.addCleanup(self.erase, "secret/kept")
        client.publish("secret/new", "no", qos=1, retain=True)
        client.publish("secret/kept", b"", qos=1, retain=True)
        alice.subscribe("secret/#")
        alice.expect_message("kept", topic="secret/kept", retain=True)
        alice.expect_nothing()

    @EVERY_VERSION
    def test_will(self, version: int) -> None:
        """A will that is not allowed is not published; one that is allowed is"""
        watcher = self.watcher()
        for topic in ("secret/will", "open/will"):
            client = self.enter(version, will_topic=topic, will_payload=topic, will_qos=1, will_retain=True)
            client.close()
        watcher.expect_message("open/will")
        self.expect_only(watcher, f"end {version}")
        self.enter(**ALICE).publish("open/will", b"", qos=1, retain=True)
        watcher.expect_message(b"")
        late = self.enter(**ALICE)
        late.subscribe("secret/will")
        late.expect_nothing()

    @EVERY_VERSION
    def test_shared(self, version: int) -> None:
        """A group that a client may not join gets nothing through it: alice's member gets all"""
        member = self.enter(**ALICE)
        member.subscribe("$share/g/secret/#")
        self.enter(version).subscribe("$share/g/secret/#", expect=DENIED_SUBSCRIPTION[version])
        alice = self.enter(**ALICE)
        for n in range(6):
            alice.publish("secret/x", str(n), qos=1)
            member.expect_message(str(n))


class Logged(RefusalCase):
    """By itself, since the log leaves out what comes too often."""

    def test_the_log(self) -> None:
        """It has who was refused what; at most one such line a second, so that the client has to try again"""
        client = self.enter(client_id="thief")
        ways = {
            ("publish", "secret/p"): lambda: client.publish("secret/p", qos=1),
            ("subscribe", "secret/s"): lambda: client.subscribe("secret/s", expect=DENIED),
        }
        for (action, topic), attempt in ways.items():
            parts = ("not allowed", "client=thief", f"action={action}", f"topic={topic}", "peer=127.0.0.1:", "0x87")

            def logged() -> bool:
                attempt()
                return any(all(part in line for part in parts) for line in self.broker.log_tail().splitlines())

            wait_until(f"a line of the log with {parts}", logged)

    def test_one_after_the_other(self) -> None:
        """Two refusals of different kinds within a second are two lines: one client does not hide what another does"""
        self.enter(client_id="noisy").publish("secret/noise", qos=1)
        self.enter(client_id="quiet").subscribe("secret/quiet", expect=DENIED)
        for client in ("noisy", "quiet"):
            parts = ("not allowed", f"client={client}")

            def logged() -> bool:
                return any(all(part in line for part in parts) for line in self.broker.log_tail().splitlines())

            wait_until(f"a line of the log with {parts}", logged, timeout=3)


class Disconnected(RefusalCase):
    """deny_action = disconnect: the client goes."""

    action = "disconnect"

    @EVERY_VERSION
    def test_publish(self, version: int) -> None:
        """At each QoS; what was sent behind it has no effect"""
        watcher = self.watcher()
        for qos in (0, 1, 2):
            client = self.enter(version)
            more = packets.publish("open", "late", 0, version=version)
            client.send(packets.publish("secret/x", "no", qos, qos and 1, version=version) + more)
            client.expect_error(DENIED)
        self.expect_only(watcher, f"end {version}")

    @EVERY_VERSION
    def test_subscribe(self, version: int) -> None:
        """By subscribing too"""
        client = self.enter(version)
        client.send(packets.subscribe(1, [("open", 0), ("secret/#", 0)], version))
        client.expect_error(DENIED)

    @EVERY_VERSION
    def test_will(self, version: int) -> None:
        """The will of a client that is sent away is published if it is allowed; a refused will does no more"""
        watcher = self.watcher()
        client = self.enter(version, will_topic="open/will", will_payload="gone", will_qos=1)
        client.send_publish("secret/x", "no")
        client.expect_error(DENIED)
        watcher.expect_message("gone")
        self.enter(version, will_topic="secret/will", will_payload="no").close()
        self.expect_only(watcher, f"end {version}")


class Sessions(AccessCase):
    """Sessions that outlive the right to what they hold."""

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        return {
            "auth.no_match": "deny",
            "auth.password": ALICE_AND_BOB,
            "auth.acl.rules": cls.given("alice/#"),
        }

    @staticmethod
    def given(*topics: str) -> str:
        """Alice may do these, both share `both`, and anonymous clients may do everything."""
        return rules(
            allow(*topics, username="alice"),
            allow("bob/#", username="bob"),
            allow("both/#"),
            deny(username="alice"),
            deny(username="bob"),
            allow(),
        )

    def leave_session(self, version: int, client_id: str) -> None:
        """A session of alice's with two subscriptions and a message waiting for each."""
        properties = [(Prop.SESSION_EXPIRY, 600)] if version == V5 else None
        client = self.enter(version, client_id, clean=False, properties=properties, **ALICE)
        client.subscribe("alice/#", "both/#", options=1)
        client.disconnect()
        other = self.enter()
        other.publish("alice/1", "for alice", qos=1)
        other.publish("both/1", "for both", qos=1)

    def resume(self, version: int, client_id: str, **who: str) -> Client:
        """Comes back."""
        properties = [(Prop.SESSION_EXPIRY, 600)] if version == V5 else None
        return self.enter(version, client_id, clean=False, properties=properties, **who)

    @EVERY_VERSION
    def test_resumed_by_the_same(self, version: int) -> None:
        """Everything is there"""
        client_id = self.unique()
        self.leave_session(version, client_id)
        client = self.resume(version, client_id, **ALICE)
        client.expect_message("for alice")
        client.expect_message("for both")
        client.expect_nothing()

    @EVERY_VERSION
    def test_resumed_by_another(self, version: int) -> None:
        """Bob comes with alice's client identifier: he gets nothing of what only she may receive, now or later"""
        client_id = self.unique()
        self.leave_session(version, client_id)
        client = self.resume(version, client_id, **BOB)
        other = self.enter()
        other.publish("alice/2", "later for alice", qos=1)
        client.send(packets.subscribe(60_000, [("bob/#", 1)], version))
        client.expect_among(Type.SUBACK, 60_000)
        other.publish("bob/1", "end", qos=1)
        for message in iter(lambda: client.expect(Type.PUBLISH), None):
            client.acknowledge(message)
            self.assertNotIn(b"alice", message.payload)
            if message.payload == b"end":
                break

    @EVERY_VERSION
    def test_rights_lost_while_away(self, version: int) -> None:
        """What waits for a client that may not receive it any more is not delivered"""
        client_id = self.unique()
        self.leave_session(version, client_id)
        self.reload(auth__acl__rules=self.given("nothing"))
        self.addCleanup(self.reload)
        client = self.resume(version, client_id, **ALICE)
        client.expect_message("for both")
        client.expect_nothing()
        self.reload()

    @EVERY_VERSION
    def test_rights_lost_while_there(self, version: int) -> None:
        """A subscription that is not allowed any more brings nothing from the reload on; the others go on"""
        client_id = self.unique()
        client = self.enter(version, client_id, **ALICE)
        client.subscribe("alice/#", "both/#", options=1)
        other = self.enter()
        other.publish("alice/1", "before", qos=1)
        client.expect_message("before")
        self.reload(auth__acl__rules=self.given("nothing"))
        self.addCleanup(self.reload)
        # A session is looked at when its turn comes, which may be after the command has ended.
        self.wait_for_log("subscriptions taken away", f"client={client_id}", "count=1", "topic=alice/#")
        other.publish("alice/1", "after", qos=1)
        other.publish("both/1", "go on", qos=1)
        client.expect_message("go on")
        client.publish("alice/x", "no", qos=1)
        self.reload()
        # The subscription is gone, not asleep.
        other.publish("alice/1", "again", qos=1)
        other.publish("both/1", "end", qos=1)
        client.expect_message("end")

    def test_reload_has_ended(self) -> None:
        """When the command has ended, what was taken away is: tried often, since only some turns would show it"""
        other = self.enter()
        self.addCleanup(self.reload)
        for n in range(40):
            client = self.enter(**ALICE)
            client.subscribe("alice/#", "both/#")
            self.reload(auth__acl__rules=self.given("nothing"))
            other.publish("alice/1", "taken away", qos=1)
            other.publish("both/1", "end", qos=1)
            client.expect_message("end")
            self.reload()
            client.close()

    @EVERY_VERSION
    def test_rights_won(self, version: int) -> None:
        """What is allowed by a reload is allowed at once to who is there: no decision is remembered beyond it"""
        client, other = self.enter(version, **ALICE), self.enter()
        other.subscribe("new/#")
        for _ in range(3):
            client.publish("new/x", "no", qos=1)
        self.reload(auth__acl__rules=self.given("new/#"))
        self.addCleanup(self.reload)
        client.publish("new/x", "yes", qos=1)
        other.expect_message("yes")
        self.reload()
        client.publish("new/x", "no again", qos=1)
        other.expect_nothing()
