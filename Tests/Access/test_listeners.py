# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Listeners: their limits, addresses that cannot be had, and changes while the broker runs."""

from __future__ import annotations

import socket
from typing import ClassVar, Mapping

from access_case import AccessCase, wait_until
from broker import HOST, free_port
from packets import V5, V31, V311, Reason
from wire import Address, Client, Closed

ADMINISTRATIVE = 0x98


class Limits(AccessCase):
    """A listener for two connections, one for two a second, and one without limits."""

    ports: ClassVar[dict[str, int]]

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        cls.ports = {name: free_port() for name in ("two", "slow", "moved")}
        return {
            "listeners.tcp.two": f'{{ bind = "{HOST}:{cls.ports["two"]}", max_connections = 2 }}',
            "listeners.tcp.slow": f'{{ bind = "{HOST}:{cls.ports["slow"]}", max_connect_rate = 2 }}',
            "listeners.tcp.moved": f'{{ bind = "{HOST}:{cls.ports["moved"]}" }}',
        }

    def at(self, name: str) -> Address:
        """A listener's address."""
        return (HOST, self.ports[name])

    def assert_full(self, name: str) -> None:
        """A connection is closed at once."""
        client = self.open(address=self.at(name))
        client.expect_closed()

    def let_in(self, name: str) -> Client:
        """A client that comes again until there is room."""
        found: list[Client] = []

        def comes() -> bool:
            client = self.open(address=self.at(name))
            try:
                client.connect(self.unique())
            except (AssertionError, OSError):
                return False
            found.append(client)
            return True

        wait_until("there is room", comes)
        return found[0]

    def test_connections(self) -> None:
        """The third is refused, with the others undisturbed and other listeners open; one leaves, another comes"""
        first, second = self.enter(address=self.at("two")), self.enter(address=self.at("two"))
        for _ in range(5):
            self.assert_full("two")
        self.enter()
        first.expect_nothing()
        second.disconnect()
        self.let_in("two").expect_nothing()
        self.assert_full("two")
        first.expect_nothing()

    def test_rate(self) -> None:
        """Of ten connections at once, no more than two a second"""
        clients = [self.open(address=self.at("slow")) for _ in range(10)]
        refused = 0
        for client in clients:
            try:
                client.connect(self.unique())
            except (Closed, AssertionError, OSError):
                refused += 1
        self.assertGreaterEqual(refused, 6)
        self.let_in("slow")

    def test_changes(self) -> None:
        """A listener that moves, goes or comes; clients of the others notice nothing"""
        there = {version: self.enter(version, address=self.at("moved")) for version in (V31, V311, V5)}
        others = [self.enter(), self.let_in("slow")]
        before, port = self.ports["moved"], free_port()
        self.reload(listeners__tcp__moved=f'{{ bind = "{HOST}:{port}" }}')
        self.addCleanup(self.reload)
        for client in there.values():
            client.expect_error(ADMINISTRATIVE)
        with self.assertRaises(ConnectionRefusedError):
            self.open(address=(HOST, before))
        client = self.enter(address=(HOST, port))
        self.reload(listeners__tcp__moved=f'{{ bind = "{HOST}:{port}", enable = false }}')
        client.expect_error(ADMINISTRATIVE)
        with self.assertRaises(ConnectionRefusedError):
            self.open(address=(HOST, port))
        self.reload()
        self.enter(address=self.at("moved"))
        for client in others:
            client.expect_nothing()

    def test_changed_limit(self) -> None:
        """It holds for new connections; those beyond it stay"""
        clients = [self.enter(address=self.at("moved")) for _ in range(3)]
        self.reload(listeners__tcp__moved=f'{{ bind = "{HOST}:{self.ports["moved"]}", max_connections = 1 }}')
        self.addCleanup(self.reload)
        self.assert_full("moved")
        for client in clients:
            client.expect_nothing()

    def test_no_room_at_reload(self) -> None:
        """An address that cannot be had is told, and all else is done"""
        there = self.enter()
        with socket.socket() as taken:
            taken.bind((HOST, 0))
            taken.listen()
            port = taken.getsockname()[1]
            new = f'{{ bind = "{HOST}:{port}" }}'
            said = self.reload(listeners__tcp__new=new, auth__allow_anonymous="false")
            self.assertIn(f"cannot listen on {HOST}:{port} (tcp:new): address already in use", said)
            self.addCleanup(self.reload)
            there.expect_error(Reason.NOT_AUTHORIZED)
            self.enter(V5, None, Reason.NOT_AUTHORIZED, address=self.at("moved"))


class Faults(AccessCase):
    """Addresses with which no broker starts."""

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        return {}

    def test_taken(self) -> None:
        """Of whatever kind, the first or another: with address, name and cause"""
        with socket.socket() as taken:
            taken.bind((HOST, 0))
            taken.listen()
            address = f"{HOST}:{taken.getsockname()[1]}"
            free = f'"{HOST}:{free_port()}"'
            for settings, name in (
                ({"listeners.tcp.bind": f'"{address}"'}, "tcp:default"),
                ({"listeners.tcp.bind": free, "listeners.tcp.more.bind": f'"{address}"'}, "tcp:more"),
                ({"listeners.tcp.bind": free, "listeners.ws.bind": f'"{address}/mqtt"'}, "ws:default"),
            ):
                with self.subTest(name):
                    self.expect_no_start(settings, f"cannot listen on {address} ({name}): address already in use")

    def test_twice(self) -> None:
        """Two listeners at one address"""
        address = f"{HOST}:{free_port()}"
        settings = {"listeners.tcp.bind": f'"{address}"', "listeners.tcp.more.bind": f'"{address}"'}
        self.expect_no_start(settings, "listeners.tcp.more.bind", "same address")

    def test_elsewhere(self) -> None:
        """An address of another machine, and none at all"""
        self.expect_no_start({"listeners.tcp.bind": '"203.0.113.1:1"'}, "203.0.113.1:1", "tcp:default")
        for wrong in ('"nowhere.invalid:1883"', '"127.0.0.1:65536"', '"127.0.0.1"', '"::1:1883"'):
            with self.subTest(wrong):
                self.expect_no_start({"listeners.tcp.bind": wrong}, "tcp")
