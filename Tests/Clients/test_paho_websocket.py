# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""paho-mqtt over WebSocket."""

from __future__ import annotations

from test_paho import VERSIONS, PahoClient
from websocket_case import WebSocketCase


class PahoWebSocket(WebSocketCase):
    """The same library over both transports."""

    def paho(
        self, version: str, transport: str = "websockets", client_id: str | None = None, **will: object
    ) -> PahoClient:
        """A connected client."""
        address = self.broker.address if transport == "tcp" else self.broker.websocket_address
        name = self.unique() if client_id is None else client_id
        client = PahoClient(address, VERSIONS[version], name, transport=transport, **will)
        self.addCleanup(client.disconnect)
        self.assertFalse(client.connected[3].is_failure, client.connected)
        return client

    def test_each_version_and_qos(self) -> None:
        """From WebSocket to TCP and back; order within a topic is kept"""
        for name in VERSIONS:
            clients = {transport: self.paho(name, transport) for transport in ("tcp", "websockets")}
            for client in clients.values():
                self.assertEqual(client.subscribe(self.topic(f"{name}/#"), 2), [2])
            for transport, sender in clients.items():
                for qos in (0, 1, 2):
                    sender.publish(self.topic(f"{name}/{transport}"), f"{transport} {qos}".encode(), qos)
                    for receiver in clients.values():
                        message = receiver.message()
                        self.assertEqual((message.payload.decode(), message.qos), (f"{transport} {qos}", qos))

    def test_a_payload_of_one_megabyte(self) -> None:
        """Both ways, at each QoS"""
        payload = bytes(range(256)) * 4096
        for name in VERSIONS:
            client = self.paho(name)
            client.subscribe(self.topic(name), 2)
            for qos in (0, 1, 2):
                client.publish(self.topic(name), payload, qos)
                self.assertEqual(client.message().payload, payload)

    def test_many_messages(self) -> None:
        """1000 messages sent at once arrive in order"""
        for name in VERSIONS:
            client = self.paho(name)
            client.subscribe(self.topic(name), 0)
            for n in range(1000):
                client.paho.publish(self.topic(name), str(n))
            self.assertEqual([int(client.message().payload) for _ in range(1000)], list(range(1000)))

    def test_will(self) -> None:
        """A lost connection publishes it, an orderly end does not"""
        for name in VERSIONS:
            topic = self.topic(name)
            watcher = self.paho("3.1.1", "tcp")
            watcher.subscribe(topic, 2)
            self.paho(name, topic=topic, payload=b"never", qos=1).disconnect()
            self.paho(name, topic=topic, payload=b"gone", qos=1).lose()
            message = watcher.message()
            self.assertEqual((message.payload, message.qos), (b"gone", 1))

    def test_taken_over(self) -> None:
        """DISCONNECT says why before the connection ends"""
        client_id = self.unique()
        first = self.paho("5", client_id=client_id)
        first.paho.reconnect_delay_set(60, 60)
        self.paho("5", client_id=client_id)
        self.assertEqual(first.wait("disconnect")[3].value, 0x8E)
