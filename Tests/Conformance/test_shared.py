# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Shared subscriptions: $share/<group>/<filter> and $queue/<filter>."""

from __future__ import annotations

import packets
from case import ConformanceCase, both
from packets import V5, V311, Prop, Reason, Type, options
from wire import Client


class SharedCase(ConformanceCase):
    """Helpers for groups."""

    def shared(self, suffix: str = "t", group: str = "g") -> str:
        """The shared form of a topic; the group has a name of its own for each test."""
        return f"$share/{self._prefix}-{group}/{self.topic(suffix)}"

    @staticmethod
    def payloads(client: Client) -> list[str]:
        """What came to a member until now, acknowledged."""
        found = []
        for message in client.fence():
            client.acknowledge(message)
            found.append(message.payload.decode())
        return found


class Distribution(SharedCase):
    """Who gets what."""

    @both
    def test_each_message_to_one_member_in_turn(self, version: int) -> None:
        """[v5:MQTT-4.8.2-1] [v5:MQTT-4.8.2-2]: round robin over the members"""
        for prefix in (self.shared(), f"$queue/{self.topic('q')}"):
            topic = prefix[prefix.index(self._prefix + "/") :]
            members = [self.subscriber(prefix, version=version) for _ in range(4)]
            publisher = self.client(version)
            for n in range(40):
                publisher.publish(topic, str(n))
            shares = [self.payloads(member) for member in members]
            self.assertEqual([len(share) for share in shares], [10] * 4)
            self.assertEqual(sorted(sum(shares, []), key=int), [str(n) for n in range(40)])

    @both
    def test_groups_and_ordinary_subscribers_each_get_all(self, version: int) -> None:
        """Every group gets each message once, and so does whoever subscribes alone [v5:MQTT-4.5.0-1]"""
        first = self.subscriber(self.shared(group="one"), version=version)
        second = self.subscriber(self.shared(group="two"), version=version)
        alone = self.subscriber(self.topic(), version=version)
        self.client(version).publish(self.topic(), "x")
        for client in (first, second, alone):
            client.expect_message("x")
            client.expect_nothing()

    @both
    def test_wildcards_inside(self, version: int) -> None:
        """The rest after the group is a filter like others [v5:MQTT-4.8.2-2]"""
        member = self.subscriber(self.shared("+/b/#"), version=version)
        publisher = self.client(version)
        for name in ("a/b", "x/b/c/d", "a/c"):
            publisher.publish(self.topic(name), name)
        self.assertEqual(self.payloads(member), ["a/b", "x/b/c/d"])

    @both
    def test_the_granted_qos_holds(self, version: int) -> None:
        """[v5:MQTT-4.8.2-3]: each member has its own"""
        members = [self.subscriber(self.shared(), version=version, options=qos) for qos in (0, 1, 2)]
        publisher = self.client(version)
        for n in range(3):
            publisher.publish(self.topic(), str(n), 2)
        for qos, member in enumerate(members):
            messages = member.fence()
            self.assertEqual([message.qos for message in messages], [qos])

    @both
    def test_no_retained_messages(self, version: int) -> None:
        """A member gets none when it subscribes [v5:MQTT-3.3.1-9]"""
        self.client(version).publish(self.topic(), "kept", 1, retain=True)
        self.subscriber(self.shared(), version=version, options=1).expect_nothing()

    @both
    def test_unsubscribing_leaves_the_group(self, version: int) -> None:
        """[v5:MQTT-3.10.4-1] [v5:MQTT-3.10.4-2]: the others go on, the ordinary subscription of the same filter too"""
        leaver = self.subscriber(self.shared(), version=version)
        stayer = self.subscriber(self.shared(), version=version)
        leaver.subscribe(self.topic())
        leaver.unsubscribe(self.shared())
        publisher = self.client(version)
        for n in range(4):
            publisher.publish(self.topic(), str(n))
        self.assertEqual(self.payloads(stayer), ["0", "1", "2", "3"])
        self.assertEqual(self.payloads(leaver), ["0", "1", "2", "3"])

    def test_v5_subscription_identifier(self) -> None:
        """The member's own identifier comes with the message [v5:MQTT-3.3.4-3]"""
        member = self.client()
        member.subscribe(self.shared(), properties=[(Prop.SUBSCRIPTION_ID, 9)])
        self.client().publish(self.topic(), "x")
        self.assertEqual(member.expect_message("x").all(Prop.SUBSCRIPTION_ID), [9])

    def test_v5_no_local_is_an_error(self) -> None:
        """[v5:MQTT-3.8.3-4]"""
        client = self.client()
        client.send(packets.subscribe(1, [(self.shared(), options(0, no_local=True))]))
        client.expect_error(Reason.PROTOCOL_ERROR)

    @both
    def test_filters_that_cannot_be(self, version: int) -> None:
        """[v5:MQTT-4.8.2-1] [v5:MQTT-4.8.2-2]: no group, no filter, wildcards in the group"""
        client = self.client(version)
        for wrong in ("$share/", "$share/g", "$share/g/", "$share//t", "$share/+/t", "$share/a#/t"):
            with self.subTest(filter=wrong):
                client.subscribe(wrong, expect=Reason.FILTER_INVALID if version == V5 else 0x80)
        client.expect_nothing()


class Handover(SharedCase):
    """Members that go."""

    def member(self, version: int, client_id: str) -> Client:
        """A member whose session is kept."""
        kept = {"properties": [(Prop.SESSION_EXPIRY, 100)]} if version == V5 else {}
        client = self.client(version, client_id, clean=False, **kept)
        client.subscribe(self.shared(), options=2)
        return client

    @both
    def test_a_member_that_is_away_is_skipped(self, version: int) -> None:
        """Offline members get nothing while others are there [v5:MQTT-4.5.0-1]"""
        away_id = self.unique()
        away, here = self.member(version, away_id), self.member(version, self.unique())
        away.disconnect()
        publisher = self.client(version)
        for n in range(6):
            publisher.publish(self.topic(), str(n), 1)
        self.assertEqual(self.payloads(here), [str(n) for n in range(6)])
        again = self.open(version)
        again.connect(away_id, clean=False)
        again.expect_nothing()

    @both
    def test_a_message_waits_if_all_are_away(self, version: int) -> None:
        """With nobody online one of the absent members gets it when it comes back [v5:MQTT-4.5.0-1]"""
        ids = [self.unique() for _ in range(2)]
        for client_id in ids:
            self.member(version, client_id).disconnect()
        self.client(version).publish(self.topic(), "waited", 1)
        found = []
        for client_id in ids:
            again = self.open(version)
            again.connect(client_id, clean=False)
            found += self.payloads(again)
        self.assertEqual(found, ["waited"])

    @both
    def test_unacknowledged_qos1_goes_to_another(self, version: int) -> None:
        """A member that leaves without PUBACK: another gets the message"""
        leaver = self.subscriber(self.shared(), version=version, options=1)
        self.client(version).publish(self.topic(), "pending", 1)
        leaver.expect_message("pending", acknowledge=False)
        stayer = self.subscriber(self.shared(), version=version, options=1)
        leaver.close()
        stayer.expect_message("pending")

    @both
    def test_qos2_is_completed_with_the_same_member(self, version: int) -> None:
        """[v5:MQTT-4.8.2-4]"""
        client_id = self.unique()
        member = self.member(version, client_id)
        self.client(version).publish(self.topic(), "two", 2)
        message = member.expect_message("two", acknowledge=False)
        other = self.member(version, self.unique())
        member.close()
        kept = {"properties": [(Prop.SESSION_EXPIRY, 100)]} if version == V5 else {}
        again = self.open(version)
        again.connect(client_id, clean=False, **kept)
        again.expect_message("two", packet_id=message.packet_id, dup=True)
        other.expect_nothing()

    def test_v5_qos2_of_an_ended_session_goes_to_nobody(self) -> None:
        """[v5:MQTT-4.8.2-5]"""
        member = self.subscriber(self.shared(), options=2)
        self.client().publish(self.topic(), "two", 2)
        message = member.expect_message("two", acknowledge=False)
        other = self.subscriber(self.shared(), options=2)
        member.send(packets.acknowledgement(Type.PUBREC, message.packet_id))
        member.expect(Type.PUBREL)
        member.close()
        self.elapse(1)
        other.expect_nothing()

    def test_v5_a_refused_message_goes_to_nobody_else(self) -> None:
        """[v5:MQTT-4.8.2-6]"""
        for qos, kind in ((1, Type.PUBACK), (2, Type.PUBREC)):
            members = [self.subscriber(self.shared(str(qos)), options=qos) for _ in range(2)]
            self.client().publish(self.topic(str(qos)), "no", qos)
            found = [(member, message) for member in members for message in member.fence()]
            self.assertEqual(len(found), 1)
            member, message = found[0]
            member.send(packets.acknowledgement(kind, message.packet_id, Reason.UNSPECIFIED))
            for client in members:
                client.expect_nothing()
