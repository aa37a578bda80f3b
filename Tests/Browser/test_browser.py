# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""MQTT.js in Chromium, and the browser's WebSocket alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import packets
from browser import Browser, Event, decode, encode
from tools import MosquittoCase, Received
from websocket_case import WebSocketCase

# What MQTT.js calls the versions; 3.1 goes by another sub-protocol.
VERSIONS: dict[str, dict[str, Any]] = {
    "mqttv31": {"protocolId": "MQIsdp", "protocolVersion": 3},
    "mqttv311": {"protocolId": "MQTT", "protocolVersion": 4},
    "mqttv5": {"protocolId": "MQTT", "protocolVersion": 5},
}


@dataclass
class PageClient:
    """A client in the page."""

    browser: Browser
    name: str

    def tell(self, do: str, **arguments: Any) -> None:
        """Has it do something."""
        self.browser.tell(self.name, do, **arguments)

    def wait(self, event: str) -> Event:
        """Its next event of this name."""
        return self.browser.wait(self.name, event)

    def subscribe(self, topic: str, qos: int) -> None:
        """Subscribes and waits for SUBACK."""
        self.tell("subscribe", topic=topic, qos=qos)
        event = self.wait("subscribe")
        assert event["granted"] == [qos], event

    def publish(self, topic: str, *payloads: bytes, qos: int = 0, retain: bool = False) -> None:
        """Publishes all at once; `published` waits."""
        messages = [{"topic": topic, "payload": encode(each), "qos": qos, "retain": retain} for each in payloads]
        self.tell("publish", messages=messages)

    def message(self) -> Received:
        """The next message."""
        event = self.wait("message")
        return Received(event["topic"], event["qos"], event["retain"], decode(event["payload"]))


class BrowserCase(WebSocketCase, MosquittoCase):
    """Tests in one browser."""

    browser: ClassVar[Browser]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.stop)
        cls.browser.start()

    def url(self, path: str = "/mqtt") -> str:
        """Where the broker takes WebSocket connections."""
        host, port = self.broker.websocket_address
        return f"ws://{host}:{port}{path}"

    def mqttjs(self, version: str, client_id: str | None = None, **options: Any) -> PageClient:
        """A client of MQTT.js that is connected."""
        client_id = self.unique()[-23:] if client_id is None else client_id
        client = PageClient(self.browser, self.unique("page"))
        client.tell("open", url=self.url(), options={"clientId": client_id, **VERSIONS[version], **options})
        client.wait("connect")
        self.addCleanup(client.tell, "end")
        return client

    def socket(self, *protocols: str, path: str = "/mqtt") -> PageClient:
        """A WebSocket of the browser, on its way to the broker."""
        client = PageClient(self.browser, self.unique("socket"))
        client.tell("socket", url=self.url(path), protocols=protocols)
        return client


class MQTTJS(BrowserCase):
    """What a page does with MQTT.js."""

    def test_each_version_and_qos(self) -> None:
        """From the page to itself and to mosquitto_sub, and from mosquitto_pub to the page"""
        for version in VERSIONS:
            topic = self.topic(version)
            page = self.mqttjs(version)
            page.subscribe(f"{topic}/#", 2)
            outside = self.subscribe(version, "-t", f"{topic}/page", "-q", "2", "-C", "3")
            for qos in (0, 1, 2):
                with self.subTest(version=version, qos=qos):
                    text = f"{version} {qos} grüezi".encode()
                    page.publish(f"{topic}/page", text, qos=qos)
                    self.assertIsNone(page.wait("publish")["text"])
                    self.assertEqual(page.message(), Received(f"{topic}/page", qos, False, text))
                    self.assertEqual(outside.message(), Received(f"{topic}/page", qos, False, text))
                    self.publish(version, "-t", f"{topic}/tool", "-q", str(qos), "-s", stdin=text)
                    self.assertEqual(page.message(), Received(f"{topic}/tool", qos, False, text))
            self.assertEqual(outside.finish(), 0)

    def test_a_payload_of_one_megabyte(self) -> None:
        """Every byte arrives, in both directions"""
        payload = bytes(range(256)) * 4096
        for version in VERSIONS:
            topic = self.topic(version)
            page = self.mqttjs(version)
            page.subscribe(topic, 1)
            page.publish(topic, payload, qos=1)
            self.assertEqual(page.message().payload, payload)
            self.publish(version, "-t", topic, "-q", "1", "-s", stdin=payload)
            self.assertEqual(page.message().payload, payload)

    def test_many_messages(self) -> None:
        """1000 messages sent at once arrive in order"""
        payloads = [str(n).encode() for n in range(1000)]
        for version in VERSIONS:
            for qos in (0, 1):
                topic = self.topic(f"{version}/{qos}")
                page = self.mqttjs(version)
                page.subscribe(topic, qos)
                page.publish(topic, *payloads, qos=qos)
                self.assertEqual([page.message().payload for _ in payloads], payloads)

    def test_retained(self) -> None:
        """Stored by the page, found by another client of the page"""
        for version in VERSIONS:
            topic = self.topic(version)
            page = self.mqttjs(version)
            page.publish(topic, b"kept", qos=1, retain=True)
            page.wait("publish")
            other = self.mqttjs(version)
            other.subscribe(topic, 1)
            self.assertEqual(other.message(), Received(topic, 1, True, b"kept"))

    def test_will(self) -> None:
        """A page whose connection goes without DISCONNECT leaves its will"""
        for version in VERSIONS:
            topic = self.topic(version)
            watcher = self.subscribe("mqttv311", "-t", topic, "-q", "1", "-C", "1")
            page = self.mqttjs(version, will={"topic": topic, "payload": "gone", "qos": 1})
            page.tell("lose")
            self.assertEqual(watcher.message(), Received(topic, 1, False, b"gone"))

    def test_keep_alive(self) -> None:
        """MQTT's own pings keep the connection; WebSocket's are not needed"""
        page = self.mqttjs("mqttv5", keepalive=1)
        page.wait("pingresp")
        page.wait("pingresp")

    def test_taken_over(self) -> None:
        """DISCONNECT says why before the connection ends"""
        client_id = self.unique()
        first = self.mqttjs("mqttv5", client_id)
        self.mqttjs("mqttv5", client_id)
        self.assertEqual(first.wait("disconnect")["reason"], 0x8E)
        first.wait("close")


class BrowserSocket(BrowserCase):
    """What the browser itself makes of the broker's WebSocket."""

    def test_subprotocols(self) -> None:
        """The broker agrees on mqtt or mqttv3.1, without extensions"""
        offers = {("mqtt",): "mqtt", ("mqttv3.1",): "mqttv3.1", ("chat", "mqtt"): "mqtt", ("mqttv3.1", "mqtt"): "mqtt"}
        for offered, agreed in offers.items():
            socket = self.socket(*offered)
            opened = socket.wait("open")
            self.assertEqual((opened["protocol"], opened["extensions"]), (agreed, ""))
            socket.tell("close", code=1000)
            closed = socket.wait("close")
            self.assertEqual((closed["code"], closed["clean"]), (1000, True))

    def test_refused(self) -> None:
        """No sub-protocol of MQTT, or another path: no connection"""
        for protocols, path in (((), "/mqtt"), (("chat",), "/mqtt"), (("mqtt",), "/"), (("mqtt",), "/mqtt/x")):
            closed = self.socket(*protocols, path=path).wait("close")
            self.assertEqual((closed["code"], closed["clean"]), (1006, False))

    def test_text(self) -> None:
        """A frame of text ends the connection with code 1003"""
        socket = self.socket("mqtt")
        socket.wait("open")
        socket.tell("send", text="hello")
        closed = socket.wait("close")
        self.assertEqual((closed["code"], closed["clean"]), (1003, True))

    def test_packets_across_frames(self) -> None:
        """CONNECT byte by byte, then two packets in a frame"""
        socket = self.socket("mqtt")
        socket.wait("open")
        for byte in packets.connect(self.unique()):
            socket.tell("send", payload=encode(bytes([byte])))
        self.assertEqual(decode(socket.wait("data")["payload"])[0], 0x20)
        socket.tell("send", payload=encode(b"\xc0\x00\xc0\x00"))
        answer = b""
        while len(answer) < 4:
            answer += decode(socket.wait("data")["payload"])
        self.assertEqual(answer, b"\xd0\x00\xd0\x00")
        socket.tell("send", payload=encode(b"\xe0\x00"))
        closed = socket.wait("close")
        self.assertEqual((closed["code"], closed["clean"]), (1000, True))

    def test_what_is_no_packet(self) -> None:
        """The broker's last words, if any, and a clean close"""
        socket = self.socket("mqtt")
        socket.wait("open")
        socket.tell("send", payload=encode(b"\x00\x00"))
        closed = socket.wait("close")
        self.assertEqual((closed["code"], closed["clean"]), (1000, True))
