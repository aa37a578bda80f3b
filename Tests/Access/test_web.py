# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""WebSocket, with TLS and without: who may come that way, and what they may do."""

from __future__ import annotations

import json
import ssl
from typing import ClassVar, Mapping, Optional

import packets
from access_case import ALICE, BAD_CREDENTIALS, NOT_AUTHORIZED, AccessCase, allow, rules
from authority import Authority
from broker import HOST, free_port
from packets import V5, V31, V311
from test_paho import VERSIONS, PahoClient
from websocket import BINARY, CLOSE, Response, WebSocket

GOOD, BAD = "https://good.example", "https://bad.example"


class Web(AccessCase):
    """Four listeners: any page, some pages, encrypted, encrypted with certificates."""

    authority: ClassVar[Authority]
    ports: ClassVar[dict[str, int]]

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        cls.authority = Authority(cls.folder)
        for name in ("server", "client"):
            cls.authority.issue(name)
        path = {name: json.dumps(cls.authority.path(name)) for name in ("server.pem", "server.key", "ca.pem")}
        cls.ports = {name: free_port() for name in ("any", "pages", "secure", "named")}
        tls = f'certfile = {path["server.pem"]}, keyfile = {path["server.key"]}'
        verify = f'cacertfile = {path["ca.pem"]}, verify_peer = true, fail_if_no_peer_cert = true'
        address = {name: f'bind = "{HOST}:{port}/mqtt"' for name, port in cls.ports.items()}
        return {
            "listeners.ws.any": f'{{ {address["any"]} }}',
            "listeners.ws.pages": f'{{ bind = "{HOST}:{cls.ports["pages"]}/other/path", origins = ["{GOOD}"] }}',
            "listeners.wss.secure": f'{{ {address["secure"]}, {tls} }}',
            "listeners.wss.named": f'{{ {address["named"]}, {tls}, {verify}, identity_as_username = cn }}',
            "auth.allow_anonymous": "false",
            "auth.password": "{ alice = secret }",
            "auth.failures.limit": "unlimited",
            "auth.no_match": "deny",
            "auth.acl.rules": rules(allow("u/${username}", "c/#")),
        }

    def web(self, listener: str, tls: Optional[ssl.SSLContext] = None) -> WebSocket:
        """A connection without its request."""
        web = WebSocket((HOST, self.ports[listener]))
        self.addCleanup(web.close)
        if tls is not None:
            web.socket = tls.wrap_socket(web.socket, server_hostname="localhost")
            self.addCleanup(web.socket.close)
        return web

    def connack(self, web: WebSocket, version: int = V5, **fields: object) -> int:
        """The code of the answer to CONNECT."""
        path = "/other/path" if web.address[1] == self.ports["pages"] else "/mqtt"
        self.assertEqual(web.upgrade(path=path, Origin=GOOD).status, 101)
        web.send(BINARY, packets.connect(self.unique(), version=version, **fields))
        return web.receive_bytes(4)[3]

    def upgrade(self, listener: str, *arguments: Optional[str], **headers: str) -> Response:
        """The answer to a request."""
        return self.web(listener).upgrade(*arguments, **headers)

    def context(self, certificate: Optional[str] = None) -> ssl.SSLContext:
        """What a browser goes by."""
        context = ssl.create_default_context(cafile=self.authority.path("ca.pem"))
        if certificate is not None:
            path = self.authority.path(certificate)
            context.load_cert_chain(f"{path}.pem", f"{path}.key")
        return context

    def test_origins(self) -> None:
        """Pages that are not listed are refused before MQTT begins, and so is who says nothing"""
        self.assertEqual(self.upgrade("pages", "mqtt", "/other/path", Origin=GOOD).status, 101)
        self.assertEqual(self.upgrade("pages", "mqtt", "/other/path", Origin=GOOD.upper()).status, 101)
        for origin in (BAD, f"{GOOD}.evil.example", f"{GOOD}:444", "http://good.example", "null", "", "good.example"):
            with self.subTest(origin):
                self.assertEqual(self.upgrade("pages", "mqtt", "/other/path", Origin=origin).status, 403)
        self.assertEqual(self.upgrade("pages", "mqtt", "/other/path").status, 403)
        self.assertEqual(self.upgrade("any", Origin=BAD).status, 101)

    def test_paths_and_protocols(self) -> None:
        """Another path is 404, no protocol of MQTT's 400"""
        for listener, path in (("any", "/mqtt"), ("pages", "/other/path")):
            origin = {"Origin": GOOD}
            self.assertEqual(self.upgrade(listener, "mqtt", path, **origin).status, 101)
            for wrong in ("/", path + "/", path.upper(), path + "x", "/%6dqtt", "//mqtt"):
                self.assertEqual(self.upgrade(listener, "mqtt", wrong, **origin).status, 404, wrong)
            for protocol in (None, "chat", "mqttv5"):
                self.assertEqual(self.upgrade(listener, protocol, path, **origin).status, 400)
            answer = self.upgrade(listener, "chat, mqtt", path, **origin)
            self.assertEqual(answer.headers["sec-websocket-protocol"], "mqtt")

    def test_credentials(self) -> None:
        """The same as over TCP; the refusal comes before the close"""
        for listener, context in (("any", None), ("pages", None), ("secure", self.context())):
            for version in (V31, V311, V5):
                with self.subTest(listener=listener, version=version):
                    self.assertEqual(self.connack(self.web(listener, context), version, **ALICE), 0)
                    for fields, code in (
                        ({}, NOT_AUTHORIZED[version]),
                        ({"username": "alice", "password": "wrong"}, BAD_CREDENTIALS[version]),
                    ):
                        web = self.web(listener, context)
                        self.assertEqual(self.connack(web, version, **fields), code)
                        opcode, _ = web.receive()
                        while opcode == BINARY:
                            opcode, _ = web.receive()
                        self.assertEqual(opcode, CLOSE)
                        self.assertTrue(web.at_end())

    def test_certificates(self) -> None:
        """wss with a certificate, whose name is the user's"""
        web = self.web("named", self.context("client"))
        self.assertEqual(self.connack(web), 0)
        for topic in ("u/client", "u/alice"):
            with self.subTest(topic):
                web = self.web("named", self.context("client"))
                self.assertEqual(self.connack(web, V311), 0)
                web.send(BINARY, packets.subscribe(1, [(topic, 0)], V311))
                answer = web.receive_bytes(5)
                self.assertEqual(answer[4:], b"\0" if topic == "u/client" else b"\x80")
        with self.assertRaises((ssl.SSLError, ConnectionResetError, AssertionError)):
            self.web("named", self.context()).upgrade()

    def paho(self, listener: str, version: str, password: str) -> PahoClient:
        """A client that has its answer."""
        authority = self.authority.path("ca.pem") if listener == "secure" else None
        client = PahoClient(
            ("localhost", self.ports[listener]),
            VERSIONS[version],
            self.unique(),
            transport="websockets",
            authority=authority,
            credentials=("alice", password),
        )
        self.addCleanup(client.disconnect)
        return client

    def test_paho(self) -> None:
        """paho over ws and wss"""
        for listener in ("any", "secure"):
            for version in VERSIONS:
                with self.subTest(listener=listener, version=version):
                    client = self.paho(listener, version, "secret")
                    self.assertFalse(client.connected[3].is_failure, client.connected)
                    self.assertEqual(client.subscribe("c/paho", 2), [2])
                    client.publish("c/paho", bytes(100_000), 2)
                    self.assertEqual(client.message().payload, bytes(100_000))

    def test_paho_is_refused(self) -> None:
        """It hears why"""
        refused = self.paho("secure", "5", "wrong")
        self.assertEqual(refused.connected[3].value, 0x86)

    def test_without_tls(self) -> None:
        """A request without TLS to wss, and TLS to ws, come to nothing"""
        with self.assertRaises((AssertionError, ConnectionResetError)):
            self.upgrade("secure")
        with self.assertRaises((ssl.SSLError, ConnectionResetError)):
            self.web("any", self.context())
        self.assertEqual(self.connack(self.web("secure", self.context()), **ALICE), 0)
