# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Addresses that fail too often."""

from __future__ import annotations

from typing import Mapping

import packets
from access_case import ALICE, BAD_CREDENTIALS, BLOCKED, AccessCase, hashed
from broker import HOST, free_port
from packets import V5, V31, V311, Type

LIMIT = 3
WRONG = {"username": "alice", "password": "wrong"}


class Failures(AccessCase):
    """Three failures block an address for two seconds, then for four. All of 127.0.0.0/8 is this machine."""

    proxy: int

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        cls.proxy = free_port()
        return {
            "auth.allow_anonymous": "true",
            "auth.password": f'{{ alice = secret, slow = "{hashed("secret", 5000)}" }}',
            "auth.failures": "{ limit = 3, window = 60s, block = 2s, max_block = 4s }",
            "listeners.tcp.proxied": f'{{ bind = "{HOST}:{cls.proxy}", proxy_protocol = true }}',
        }

    def fail_once(self, source: str, version: int = V5, **wrong: str) -> None:
        """One failure."""
        self.enter(version, None, BAD_CREDENTIALS[version], source=source, **(wrong or WRONG))

    def test_blocked(self) -> None:
        """Even with the right password or none, and back after the time; others, and who is there, notice nothing"""
        for version in (V31, V311, V5):
            with self.subTest(version=version):
                source = f"127.0.1.{version}"
                there = self.enter(version, source=source, **ALICE)
                for _ in range(LIMIT):
                    self.fail_once(source, version)
                for fields in (ALICE, WRONG, {}):
                    self.enter(version, None, BLOCKED[version], source=source, **fields)
                self.enter(version, source=f"127.0.2.{version}", **ALICE)
                there.expect_nothing()
                self.wait_for_log("address blocked", f"peer={source}", "seconds=2")
        self.elapse(2)
        for version in (V31, V311, V5):
            self.enter(version, source=f"127.0.1.{version}", **ALICE)

    def test_twice_as_long(self) -> None:
        """The second time it is twice as long, and being refused meanwhile makes it no longer"""
        source = "127.0.3.1"
        for _ in range(LIMIT):
            self.fail_once(source)
        self.elapse(2)
        for _ in range(LIMIT):
            self.fail_once(source)
        self.elapse(2)
        self.enter(V5, None, BLOCKED[V5], source=source, **ALICE)
        self.elapse(2)
        self.enter(source=source, **ALICE)

    def test_what_counts(self) -> None:
        """Wrong passwords, plain or slow, and unknown users, of whatever client; a success takes nothing back"""
        source = "127.0.4.1"
        self.fail_once(source, username="slow", password="wrong")
        self.fail_once(source, username="nobody", password="secret")
        self.enter(source=source, **ALICE)
        for _ in range(LIMIT):
            self.enter(source=source)
        self.fail_once(source, username="", password="")
        self.enter(V5, None, BLOCKED[V5], source=source, **ALICE)

    def test_many_at_once(self) -> None:
        """Of thirty attempts at the same time, the fourth and all behind it are refused as blocked"""
        source = "127.0.5.1"
        clients = [self.open(source=source) for _ in range(30)]
        for client in clients:
            client.send(packets.connect(self.unique(), username="slow", password="wrong"))
        reasons = [client.expect(Type.CONNACK).reason for client in clients]
        self.assertEqual((reasons.count(BAD_CREDENTIALS[V5]), reasons.count(BLOCKED[V5])), (LIMIT, 27))

    def test_behind_a_proxy(self) -> None:
        """It is the address behind the proxy that is blocked, not the proxy's"""
        address = (HOST, self.proxy)
        bad, good = (f"PROXY TCP4 192.0.2.{n} 192.0.2.9 1 2\r\n".encode() for n in (1, 2))
        for _ in range(LIMIT):
            self.enter(V5, None, BAD_CREDENTIALS[V5], address, before=bad, **WRONG)
        self.enter(V5, None, BLOCKED[V5], address, before=bad, **ALICE)
        self.enter(address=address, before=good, **ALICE)
        self.enter(**ALICE)
        self.wait_for_log("address blocked", "peer=192.0.2.1")

    def test_an_ipv6_network(self) -> None:
        """Addresses of one /64 count together"""
        address = (HOST, self.proxy)
        headers = [f"PROXY TCP6 2001:db8::{n}:{n} 2001:db8::9 1 2\r\n".encode() for n in range(1, 5)]
        for header in headers[:3]:
            self.enter(V5, None, BAD_CREDENTIALS[V5], address, before=header, **WRONG)
        self.enter(V5, None, BLOCKED[V5], address, before=headers[3], **ALICE)
        self.enter(address=address, before=b"PROXY TCP6 2001:db8:0:1::1 2001:db8::9 1 2\r\n", **ALICE)

    def test_reload(self) -> None:
        """A reload forgets no failures"""
        source = "127.0.6.1"
        for _ in range(LIMIT):
            self.fail_once(source)
        self.reload()
        self.enter(V5, None, BLOCKED[V5], source=source, **ALICE)
