# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""MQTT over WebSocket: section 6 of both standards."""

from __future__ import annotations

import struct

import packets
from case import both
from packets import V5
from websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Response, WebSocket, frame
from websocket_case import WebSocketCase

PINGREQ = b"\xc0\x00"
PINGRESP = b"\xd0\x00"
DISCONNECT = b"\xe0\x00"


class OverWebSocket(WebSocketCase):
    """The request, and what frames mean to MQTT."""

    def web(self) -> WebSocket:
        """A connection without its request."""
        web = WebSocket(self.broker.websocket_address)
        self.addCleanup(web.close)
        return web

    def upgraded(self) -> WebSocket:
        """A connection that has gone over to WebSocket."""
        web = self.web()
        self.assertEqual(web.upgrade().status, 101)
        return web

    def connected(self, version: int = V5) -> WebSocket:
        """A connection on which MQTT is connected."""
        web = self.upgraded()
        web.send(BINARY, packets.connect(self.unique(), version=version))
        self.expect_connack(web)
        return web

    def expect_connack(self, web: WebSocket) -> None:
        """CONNACK with success."""
        head = web.receive_bytes(4)
        self.assertEqual((head[0], head[3]), (0x20, 0))

    def expect_close(self, web: WebSocket, code: int) -> None:
        """A close frame with this code, perhaps behind last words, and the end."""
        opcode, payload = web.receive()
        while opcode == BINARY:
            opcode, payload = web.receive()
        self.assertEqual((opcode, payload[:2]), (CLOSE, struct.pack(">H", code)))
        self.assertTrue(web.at_end())

    def upgrade(self, *arguments: str | None, **headers: str) -> Response:
        """The answer to a request of its own connection."""
        return self.web().upgrade(*arguments, **headers)

    def test_subprotocol(self) -> None:
        """[v5:MQTT-6.0.0-4] [v3:MQTT-6.0.0-4]: mqtt wherever it is offered; mqttv3.1 for clients of 3.1 alone; who
        offers neither [v5:MQTT-6.0.0-3] [v3:MQTT-6.0.0-3] is refused"""
        for offer, answer in (("mqtt", "mqtt"), ("chat, mqtt", "mqtt"), ("mqttv3.1,mqtt", "mqtt")):
            self.assertEqual(self.upgrade(offer).headers["sec-websocket-protocol"], answer)
        self.assertEqual(self.upgrade("mqttv3.1").headers["sec-websocket-protocol"], "mqttv3.1")
        for offer in (None, "chat", "MQTT", "mqttv5"):
            self.assertEqual(self.upgrade(offer).status, 400)

    def test_other_requests(self) -> None:
        """A wrong path, a page, another version of WebSocket, and too many headers are refused"""
        self.assertEqual(self.upgrade("mqtt", "/").status, 404)
        self.assertEqual(self.upgrade("mqtt", "/mqtt?x").status, 101)
        self.assertEqual(self.upgrade(Connection="keep-alive").status, 426)
        refused = self.upgrade(Sec_WebSocket_Version="8")
        self.assertEqual((refused.status, refused.headers["sec-websocket-version"]), (426, "13"))
        self.assertEqual(self.upgrade(Cookie="x" * 9000).status, 431)

    def test_text(self) -> None:
        """[v5:MQTT-6.0.0-1] [v3:MQTT-6.0.0-1]: a frame of text ends the connection, before CONNECT and after it"""
        for web in (self.upgraded(), self.connected()):
            web.send(TEXT, PINGREQ)
            self.expect_close(web, 1003)

    @both
    def test_packets_and_frames(self, version: int) -> None:
        """[v5:MQTT-6.0.0-2] [v3:MQTT-6.0.0-2]: a packet in many frames, many packets in a frame, and both"""
        connect = packets.connect(self.unique(), version=version)
        web = self.upgraded()
        for byte in connect:
            web.send(BINARY, bytes([byte]))
        self.expect_connack(web)
        web.close()

        web = self.upgraded()
        web.socket.sendall(b"".join(frame(BINARY, part) for part in (connect + PINGREQ[:1], PINGREQ[1:] + PINGREQ)))
        self.expect_connack(web)
        web.close()

    def test_many_pings_in_a_frame(self) -> None:
        """[v5:MQTT-6.0.0-2] [v3:MQTT-6.0.0-2]: each packet of a large frame is answered"""
        web = self.connected(version=packets.V311)
        web.send(BINARY, PINGREQ * 1000)
        self.assertEqual(web.receive_bytes(2000), PINGRESP * 1000)

    def test_parts_and_pings(self) -> None:
        """A message in parts, with a ping between them that is answered"""
        web = self.connected(version=packets.V311)
        web.send(BINARY, PINGREQ[:1], final=False)
        web.send(PING, b"there?")
        self.assertEqual(web.receive(), (PONG, b"there?"))
        web.send(CONTINUATION, PINGREQ[1:])
        self.assertEqual(web.receive(), (BINARY, PINGRESP))

    def test_ends(self) -> None:
        """DISCONNECT, and a close of the client's, are answered with a close"""
        web = self.connected()
        web.send(BINARY, DISCONNECT)
        self.expect_close(web, 1000)
        web = self.connected()
        web.send(CLOSE, struct.pack(">H", 4321) + b"bye")
        self.expect_close(web, 4321)

    def test_broken_frames(self) -> None:
        """Not masked, reserved bits, a length of 2^63: the connection ends with 1002, and the broker goes on"""
        for broken in (frame(BINARY, PINGREQ, masked=False), b"\xc2\x80\0\0\0\0", b"\x82\xff\x80" + bytes(11)):
            web = self.connected()
            web.socket.sendall(broken)
            self.expect_close(web, 1002)

    def test_too_large(self) -> None:
        """A frame of 2^40 bytes is announced: 1009, at once"""
        web = self.connected()
        web.socket.sendall(b"\x82\xff" + struct.pack(">Q", 1 << 40) + bytes(4))
        self.expect_close(web, 1009)

    def test_will(self) -> None:
        """A close without DISCONNECT publishes the will"""
        watcher = self.subscriber(self.topic())
        web = self.upgraded()
        web.send(BINARY, packets.connect(self.unique(), will_topic=self.topic(), will_payload=b"gone"))
        self.expect_connack(web)
        web.send(CLOSE)
        watcher.expect_message("gone")
