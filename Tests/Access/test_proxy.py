# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The PROXY protocol: the address behind a proxy is the client's."""

from __future__ import annotations

import ipaddress
import json
import ssl
import struct
from typing import ClassVar, Mapping

import packets
from access_case import AccessCase, allow, rules
from authority import Authority
from broker import HOST, free_port
from packets import V5, Type
from websocket import BINARY, WebSocket

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
INSIDE, OUTSIDE, INSIDE_6 = "192.0.2.7", "198.51.100.7", "2001:db8::7"


def version_1(source: str, port: int = 1234) -> bytes:
    """A header in text."""
    family = 6 if ":" in source else 4
    target = "2001:db8::1" if family == 6 else "192.0.2.1"
    return f"PROXY TCP{family} {source} {target} {port} 1883\r\n".encode()


def version_2(source: str, port: int = 1234, command: int = 1, extra: bytes = b"") -> bytes:
    """A header in bytes."""
    address = ipaddress.ip_address(source)
    target = ipaddress.ip_address("2001:db8::1" if address.version == 6 else "192.0.2.1")
    body = address.packed + target.packed + struct.pack(">HH", port, 1883) + extra
    family = 0x21 if address.version == 6 else 0x11
    return SIGNATURE + bytes([0x20 | command, family]) + struct.pack(">H", len(body)) + body


class Proxy(AccessCase):
    """Listeners of three kinds that want a header, and one that does not."""

    authority: ClassVar[Authority]
    ports: ClassVar[dict[str, int]]

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        cls.authority = Authority(cls.folder)
        cls.authority.issue("server")
        cls.ports = {name: free_port() for name in ("tcp", "ssl", "ws")}
        files = (json.dumps(cls.authority.path(f"server.{end}")) for end in ("pem", "key"))
        proxied = {name: f'bind = "{HOST}:{port}", proxy_protocol = true' for name, port in cls.ports.items()}
        return {
            "listeners.tcp.proxied": f'{{ {proxied["tcp"]} }}',
            "listeners.ssl.proxied": "{{ {}, certfile = {}, keyfile = {} }}".format(proxied["ssl"], *files),
            "listeners.ws.proxied": f'{{ bind = "{HOST}:{cls.ports["ws"]}/mqtt", proxy_protocol = true }}',
            "limits.connect_timeout": "1s",
            "auth.no_match": "deny",
            "auth.acl.rules": rules(
                allow("inside/#", ipaddr="192.0.2.0/24"),
                allow("inside/#", ipaddr="2001:db8::/32"),
                allow("here/#", ipaddr="127.0.0.1"),
            ),
        }

    @property
    def proxied(self) -> tuple[str, int]:
        """The TCP listener."""
        return (HOST, self.ports["tcp"])

    def test_addresses(self) -> None:
        """Both versions and both families, for rules and for the log"""
        for build in (version_1, version_2):
            for source, inside in ((INSIDE, "ps"), (OUTSIDE, ""), (INSIDE_6, "ps"), ("2001:db9::7", "")):
                with self.subTest(build=build.__name__, source=source):
                    client_id = self.unique()
                    client = self.enter(V5, client_id, address=self.proxied, before=build(source, 4321))
                    self.assert_rights(client, {"inside/x": inside, "here/x": ""})
                    shown = f"[{source}]:4321" if ":" in source else f"{source}:4321"
                    self.wait_for_log("connected", f"client={client_id}", f"peer={shown}", "listener=tcp:proxied")

    def test_mapped(self) -> None:
        """An IPv4 address written as IPv6 is the same address"""
        client = self.enter(address=self.proxied, before=version_2(f"::ffff:{INSIDE}"))
        self.assert_rights(client, {"inside/x": "ps", "here/x": ""})

    def test_no_address(self) -> None:
        """UNKNOWN and LOCAL: the proxy's own"""
        local = SIGNATURE + b"\x20\x00\0\0"
        for header in (b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN ffff::1 x y z\r\n", local, version_2(INSIDE, command=0)):
            client = self.enter(address=self.proxied, before=header)
            self.assert_rights(client, {"inside/x": "", "here/x": "ps"})

    def test_with_what_follows(self) -> None:
        """In one piece with CONNECT, and byte by byte; with other fields behind the addresses"""
        connect = packets.connect(self.unique())
        for header in (version_1(INSIDE), version_2(INSIDE), version_2(INSIDE, extra=b"\x04\0\x01x" * 100)):
            client = self.open(address=self.proxied)
            client.send(header + connect)
            client.expect(Type.CONNACK, reason=0)
            self.assert_rights(client, {"inside/x": "ps"})
            client.close()
            client = self.open(address=self.proxied)
            for byte in header + connect:
                client.send(bytes([byte]))
            client.expect(Type.CONNACK, reason=0)
            self.assert_rights(client, {"inside/x": "ps"})
            client.close()

    def test_before_tls(self) -> None:
        """The header stands before the handshake"""
        context = ssl.create_default_context(cafile=self.authority.path("ca.pem"))
        client = self.enter(address=(HOST, self.ports["ssl"]), tls=context, before=version_2(INSIDE))
        self.assert_rights(client, {"inside/x": "ps", "here/x": ""})
        with self.assertRaises((ssl.SSLError, ConnectionResetError)):
            self.open(address=(HOST, self.ports["ssl"]), tls=context)

    def test_before_websocket(self) -> None:
        """And before the request"""
        web = WebSocket((HOST, self.ports["ws"]))
        self.addCleanup(web.close)
        web.socket.sendall(version_1(INSIDE))
        self.assertEqual(web.upgrade().status, 101)
        client_id = self.unique()
        web.send(BINARY, packets.connect(client_id))
        self.assertEqual(web.receive_bytes(4)[3], 0)
        self.wait_for_log("connected", f"client={client_id}", f"peer={INSIDE}:1234", "listener=ws:proxied")
        bare = WebSocket((HOST, self.ports["ws"]))
        self.addCleanup(bare.close)
        with self.assertRaises((AssertionError, ConnectionResetError)):
            bare.upgrade()

    def test_missing(self) -> None:
        """Without a header, with half of one, or with another one, there is no MQTT"""
        connect = packets.connect("bare")
        for wrong in (
            connect,
            b"PROXY\r\n",
            b"PROXY TCP4 192.0.2.7\r\n",
            b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
            b"PROXY TCP4 192.0.2.256 192.0.2.1 1 2\r\n",
            b"PROXY TCP4 192.0.2.7 192.0.2.1 1 65536\r\n",
            b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2\n" + connect,
            b"proxy TCP4 192.0.2.7 192.0.2.1 1 2\r\n",
            b"PROXY TCP4 " + b"1" * 200,
            SIGNATURE + b"\x11\x11\0\x0c" + bytes(12),
            SIGNATURE + b"\x21\x11\0\x0b" + bytes(11),
            SIGNATURE + b"\x21\x11\xff\xff" + bytes(5000),
            version_1(INSIDE) + version_1(INSIDE) + connect,
            version_1(INSIDE) + bytes(64),
        ):
            with self.subTest(wrong[:40]):
                client = self.open(address=self.proxied)
                client.send(wrong)
                client.expect_closed()

    def test_unasked(self) -> None:
        """A listener that wants none takes none: the address could be anybody's"""
        client = self.open()
        client.send(version_1(INSIDE) + packets.connect("liar"))
        client.expect_closed()

    def test_slow(self) -> None:
        """One that does not come is not waited for longer than CONNECT"""
        begun = [self.open(address=self.proxied) for _ in range(4)]
        for client, data in zip(begun, (b"", b"PROXY TCP4 ", SIGNATURE[:6], version_1(INSIDE))):
            client.send(data)
        for client in begun:
            client.expect_closed(timeout=5)
