# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Keep Alive and PINGREQ."""

from __future__ import annotations

import time

import packets
from case import ConformanceCase, versions
from packets import V5, V31, V311, Prop, Reason


class KeepAlive(ConformanceCase):
    """One and a half times the interval."""

    def test_silent_clients_are_closed_in_time(self) -> None:
        """[v5:MQTT-3.1.2-22] [v5:MQTT-3.2.2-22] [v3:MQTT-3.1.2-24]: with 1 s, not before 1.5 s and not long after;
        in v5 with DISCONNECT 0x8D"""
        started = time.monotonic()
        clients = [self.client(version, keep_alive=1) for version in (V31, V311, V5)]
        for client in clients:
            client.expect_error(Reason.KEEP_ALIVE_TIMEOUT)
            elapsed = time.monotonic() - started
            self.assertGreater(elapsed, 1.4)
            self.assertLess(elapsed, 4.0)

    def test_who_talks_stays(self) -> None:
        """[v5:MQTT-3.1.2-22] [v5:MQTT-3.12.4-1] [v3:MQTT-3.1.2-24] [v3:MQTT-3.12.4-1]: any packet counts, and half a
        packet does not; Keep Alive 0 is never closed. A silent client's end tells the time"""
        pinging = [self.client(version, keep_alive=2) for version in (V311, V5)]
        publishing = self.client(keep_alive=2)
        dripping = self.client(keep_alive=2)
        endless = self.client(keep_alive=0)
        for _ in range(3):
            clock = self.client(keep_alive=1)
            clock.expect_error(Reason.KEEP_ALIVE_TIMEOUT)
            dripping.send(b"\xc0" if _ == 0 else b"")
            publishing.send_publish(self.topic(), "alive")
            for client in pinging:
                client.expect_nothing()
        dripping.expect_error(Reason.KEEP_ALIVE_TIMEOUT, Reason.MALFORMED_PACKET)
        publishing.expect_nothing()
        endless.expect_nothing()

    def test_what_the_server_sends_does_not_count(self) -> None:
        """Deliveries do not keep a silent subscriber alive [v5:MQTT-3.1.2-22]"""
        started = time.monotonic()
        silent = self.subscriber(self.topic(), keep_alive=1)
        publisher = self.client()
        while time.monotonic() - started < 4:
            publisher.publish(self.topic(), "x")
            message = silent.receive()
            if message.payload != b"x":
                self.assertEqual(message.reason, Reason.KEEP_ALIVE_TIMEOUT)
                return
        self.fail("a subscriber that never sent a packet outlived its keep-alive")

    @versions(V31, V311, V5)
    def test_every_pingreq_is_answered(self, version: int) -> None:
        """[v5:MQTT-3.12.4-1] [v3:MQTT-3.12.4-1]"""
        client = self.client(version)
        client.send(packets.pingreq() * 100)
        for _ in range(100):
            client.expect(packets.Type.PINGRESP)


class ServerKeepAlive(ConformanceCase):
    """The broker's own cap, `mqtt.server_keepalive`."""

    settings = {"mqtt.server_keepalive": "1s"}

    def test_announced_and_enforced(self) -> None:
        """[v5:MQTT-3.2.2-21] [v5:MQTT-3.1.2-21] [security:11]: it holds for who asked for more, or for none"""
        clients = []
        for keep_alive in (0, 600):
            client = self.open()
            connack = client.connect(self.unique(), keep_alive=keep_alive)
            self.assertEqual(connack.get(Prop.SERVER_KEEP_ALIVE), 1)
            clients.append(client)
        for client in clients:
            client.expect_error(Reason.KEEP_ALIVE_TIMEOUT)
