# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Message Expiry Interval."""

from __future__ import annotations

from case import ConformanceCase
from packets import V311, Prop, Properties, Type
from wire import Client


def expiry(seconds: int) -> Properties:
    """The property alone."""
    return [(Prop.MESSAGE_EXPIRY, seconds)]


class MessageExpiry(ConformanceCase):
    """What is dropped, and what interval is passed on."""

    KEPT = [(Prop.SESSION_EXPIRY, 100)]

    def sleeper(self, client_id: str) -> Client:
        """A client whose session will collect messages."""
        client = self.client(client_id=client_id, properties=self.KEPT)
        client.subscribe(self.topic(), options=2)
        return client

    def test_expired_messages_are_not_delivered_and_others_are_reduced(self) -> None:
        """[v5:MQTT-3.3.2-5] [v5:MQTT-3.3.2-6]: queued and retained, in one wait of 2 s"""
        sleeper_id = self.unique()
        self.sleeper(sleeper_id).disconnect()
        publisher = self.client()
        for seconds in (1, 50):
            publisher.publish(self.topic(), f"queued{seconds}", 1, properties=expiry(seconds))
            publisher.publish(self.topic(f"kept/{seconds}"), f"kept{seconds}", 1, True, expiry(seconds))
        publisher.publish(self.topic(), "endless", 2)
        self.elapse(2)
        client = self.client(client_id=sleeper_id, clean=False, properties=self.KEPT)
        self.assert_reduced(client.expect_message("queued50").get(Prop.MESSAGE_EXPIRY))
        self.assertIsNone(client.expect_message("endless").get(Prop.MESSAGE_EXPIRY))
        client.expect_nothing()
        late = self.subscriber(self.topic("kept/#"))
        self.assert_reduced(late.expect_message("kept50", retain=True).get(Prop.MESSAGE_EXPIRY))
        late.expect_nothing()
        old = self.subscriber(self.topic("kept/#"), version=V311)
        old.expect_message("kept50")
        old.expect_nothing()

    def assert_reduced(self, interval: object) -> None:
        """An interval of 50 s of which 2 s and not many more have passed."""
        self.assertIsInstance(interval, int)
        self.assertTrue(40 <= int(str(interval)) <= 48, f"interval {interval}")

    def test_passed_on_at_once(self) -> None:
        """[v5:MQTT-3.3.2-6]: a message that did not wait has its interval, up to the largest"""
        subscriber = self.subscriber(self.topic())
        publisher = self.client()
        for seconds in (60, 0xFFFFFFFF):
            publisher.publish(self.topic(), "x", properties=expiry(seconds))
            found = subscriber.expect_message("x").get(Prop.MESSAGE_EXPIRY)
            self.assertIn(found, (seconds, seconds - 1))

    def test_exchange_goes_on_after_expiry(self) -> None:
        """[v5:MQTT-4.3.3-7] [v5:MQTT-4.3.3-13]: a QoS 2 message that was sent once is not dropped by its expiry"""
        client_id = self.unique()
        sleeper = self.sleeper(client_id)
        self.client().publish(self.topic(), "sent", 2, properties=expiry(1))
        message = sleeper.expect_message("sent", acknowledge=False)
        sleeper.close()
        self.elapse(2)
        again = self.client(client_id=client_id, clean=False, properties=self.KEPT)
        self.assertEqual(again.expect(Type.PUBLISH).packet_id, message.packet_id)
        again.acknowledge(message)
        again.expect_nothing()

    def test_messages_of_v3_never_expire(self) -> None:
        """No property is invented for them [v5:MQTT-3.3.2-6]"""
        subscriber = self.subscriber(self.topic())
        self.client(V311).publish(self.topic(), "x", 1)
        self.assertEqual(subscriber.expect_message("x").properties, [])
