# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""paho-mqtt in every version that it speaks."""

from __future__ import annotations

import queue
from typing import Any

import paho.mqtt.client as paho
from case import ConformanceCase
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

TIMEOUT = 10.0
VERSIONS = {"3.1": paho.MQTTv31, "3.1.1": paho.MQTTv311, "5": paho.MQTTv5}


class PahoClient:
    """A paho client whose callbacks end in queues."""

    def __init__(
        self,
        address: tuple[str, int],
        version: int,
        client_id: str,
        clean: bool = True,
        transport: str = "tcp",
        authority: str | None = None,
        credentials: tuple[str, str] | None = None,
        **will: Any,
    ) -> None:
        is_v5 = version == paho.MQTTv5
        self.version = version
        arguments: dict[str, Any] = {} if is_v5 else {"clean_session": clean}
        arguments |= {"protocol": version, "transport": transport}
        self.paho = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id, **arguments)
        self.events: dict[str, queue.Queue[Any]] = {
            name: queue.Queue() for name in ("connect", "disconnect", "subscribe", "unsubscribe", "message", "publish")
        }
        for name, events in self.events.items():
            setattr(self.paho, f"on_{name}", lambda *values, events=events: events.put(values))
        if authority is not None:
            self.paho.tls_set(authority)
        if credentials is not None:
            self.paho.username_pw_set(*credentials)
        if transport == "websockets":
            self.paho.ws_set_options(path="/mqtt")
        if will:
            self.paho.will_set(**will)
        fields: dict[str, Any] = {}
        if is_v5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 0 if clean else 1000
            fields = {"clean_start": clean, "properties": properties}
        self.paho.connect(*address, **fields)
        self.paho.loop_start()
        self.connected = self.wait("connect")

    def wait(self, name: str) -> Any:
        """The next event of this kind."""
        try:
            return self.events[name].get(timeout=TIMEOUT)
        except queue.Empty:
            raise AssertionError(f"paho had no event {name!r}") from None

    def message(self) -> paho.MQTTMessage:
        """The next message."""
        return self.wait("message")[2]

    def subscribe(self, topic: str, qos: int = 0, options: SubscribeOptions | None = None) -> list[int]:
        """Subscribes and returns the codes of the SUBACK."""
        if options is not None:
            self.paho.subscribe(topic, options=options)
        else:
            self.paho.subscribe(topic, qos)
        return [code.value for code in self.wait("subscribe")[3]]

    def unsubscribe(self, topic: str) -> None:
        """Unsubscribes and waits for UNSUBACK."""
        self.paho.unsubscribe(topic)
        self.wait("unsubscribe")

    def publish(self, topic: str, payload: bytes, qos: int = 0, retain: bool = False, **fields: Any) -> None:
        """Publishes and waits until it is acknowledged."""
        self.paho.publish(topic, payload, qos, retain, **fields).wait_for_publish(TIMEOUT)

    def lose(self) -> None:
        """Closes the socket without DISCONNECT."""
        self.paho.loop_stop()
        connection = self.paho.socket()
        if connection is not None:
            connection.close()

    def disconnect(self) -> None:
        """Ends in order."""
        self.paho.disconnect()
        self.paho.loop_stop()


class Paho(ConformanceCase):
    """What people do with this library."""

    def paho(self, version: str, client_id: str | None = None, **fields: Any) -> PahoClient:
        """A connected client."""
        name = self.unique() if client_id is None else client_id
        client = PahoClient(self.broker.address, VERSIONS[version], name, **fields)
        self.addCleanup(client.disconnect)
        self.assertFalse(client.connected[3].is_failure, client.connected)
        return client

    def test_each_version_and_qos(self) -> None:
        """From each version to each other one; order within a topic is kept"""
        receivers = {name: self.paho(name) for name in VERSIONS}
        for receiver in receivers.values():
            self.assertEqual(receiver.subscribe(self.topic("#"), 2), [2])
        for name in VERSIONS:
            sender = self.paho(name)
            for qos in (0, 1, 2):
                sender.publish(self.topic(name), f"{name} {qos}".encode(), qos)
                for receiver in receivers.values():
                    message = receiver.message()
                    self.assertEqual((message.payload.decode(), message.qos), (f"{name} {qos}", qos))

    def test_retained_and_unsubscribe(self) -> None:
        """Stored, sent on subscribing, not sent after unsubscribing"""
        for name in VERSIONS:
            topic = self.topic(name)
            self.paho(name).publish(topic, b"kept", 1, retain=True)
            client = self.paho(name)
            client.subscribe(topic, 1)
            self.assertTrue(client.message().retain)
            client.unsubscribe(topic)
            client.publish(topic, b"unheard", 1)
            client.subscribe(self.topic("fence"))
            client.publish(self.topic("fence"), b"fence")
            self.assertEqual(client.message().payload, b"fence")

    def test_will(self) -> None:
        """A lost socket publishes it, an orderly end does not"""
        for name in VERSIONS:
            topic = self.topic(name)
            watcher = self.paho("3.1.1")
            watcher.subscribe(topic, 2)
            self.paho(name, topic=topic, payload=b"never", qos=1).disconnect()
            self.paho(name, topic=topic, payload=b"gone", qos=1).lose()
            message = watcher.message()
            self.assertEqual((message.payload, message.qos), (b"gone", 1))

    def test_persistent_session(self) -> None:
        """Messages wait for a client that is away"""
        for name in VERSIONS:
            topic, client_id = self.topic(name), self.unique()
            first = self.paho(name, client_id, clean=False)
            first.subscribe(topic, 2)
            first.disconnect()
            sender = self.paho(name)
            for n in range(20):
                sender.publish(topic, str(n).encode(), 1 + n % 2)
            again = self.paho(name, client_id, clean=False)
            if name != "3.1":
                self.assertTrue(again.connected[2].session_present)
            found = [int(again.message().payload) for _ in range(20)]
            self.assertEqual(sorted(found), list(range(20)))  # a client hands QoS 2 on later than QoS 1
            self.assertEqual([n for n in found if n % 2], list(range(1, 20, 2)))

    def test_a_payload_of_one_megabyte(self) -> None:
        """Both ways, at each QoS"""
        payload = bytes(range(256)) * 4096
        for name in VERSIONS:
            client = self.paho(name)
            client.subscribe(self.topic(name), 2)
            for qos in (0, 1, 2):
                client.publish(self.topic(name), payload, qos)
                self.assertEqual(client.message().payload, payload)

    def test_v5_properties(self) -> None:
        """All of them arrive as they were sent, with the subscription identifier"""
        client = self.paho("5")
        subscription = Properties(PacketTypes.SUBSCRIBE)
        subscription.SubscriptionIdentifier = 321
        client.paho.subscribe(self.topic(), options=SubscribeOptions(qos=1), properties=subscription)
        client.wait("subscribe")
        sent = Properties(PacketTypes.PUBLISH)
        sent.PayloadFormatIndicator = 1
        sent.ContentType = "text/plain"
        sent.ResponseTopic = "answers"
        sent.CorrelationData = b"\x00\xff"
        sent.MessageExpiryInterval = 600
        sent.UserProperty = [("b", "1"), ("a", "2"), ("b", "3")]
        client.publish(self.topic(), b"x", 1, properties=sent)
        found = client.message().properties
        for name in ("PayloadFormatIndicator", "ContentType", "ResponseTopic", "CorrelationData", "UserProperty"):
            self.assertEqual(getattr(found, name), getattr(sent, name), name)
        self.assertIn(found.MessageExpiryInterval, (599, 600))
        self.assertEqual(found.SubscriptionIdentifier, [321])

    def test_v5_no_local_and_take_over(self) -> None:
        """Options of a subscription, and the reason for a connection's end"""
        client_id = self.unique()
        client = self.paho("5", client_id)
        client.subscribe(self.topic(), options=SubscribeOptions(qos=1, noLocal=True))
        client.publish(self.topic(), b"own", 1)
        self.paho("5").publish(self.topic(), b"foreign", 1)
        self.assertEqual(client.message().payload, b"foreign")
        client.paho.reconnect_delay_set(60, 60)
        self.paho("5", client_id)
        self.assertEqual(client.wait("disconnect")[3].value, 0x8E)

    def test_shared_subscription(self) -> None:
        """Each message to one member"""
        for name in VERSIONS:
            members = [self.paho(name) for _ in range(3)]
            for member in members:
                member.subscribe(f"$share/{name}/{self.topic(name)}", 1)
            sender = self.paho(name)
            for n in range(30):
                sender.publish(self.topic(name), str(n).encode(), 1)
            found = [int(member.message().payload) for member in members for _ in range(10)]
            self.assertEqual(sorted(found), list(range(30)))
