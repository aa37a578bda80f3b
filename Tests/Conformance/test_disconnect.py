# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""DISCONNECT, AUTH, taking a session over, and the broker's own leave."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import packets
from broker import Broker
from case import SHARED, ConformanceCase, both, versions
from packets import V5, V31, V311, Prop, Reason, Type
from wire import Client, Closed


class FromClients(ConformanceCase):
    """DISCONNECT by the client."""

    @versions(V31, V311, V5)
    def test_the_broker_closes(self, version: int) -> None:
        """[v5:MQTT-3.14.4-1] [v5:MQTT-3.14.4-2] [v3:MQTT-3.14.4-1] [v3:MQTT-3.14.4-2]: whatever follows is ignored"""
        subscriber = self.subscriber(self.topic(), version=version)
        client = self.client(version)
        client.send(packets.disconnect(version), packets.publish(self.topic(), "late", version=version))
        client.expect_closed()
        subscriber.expect_nothing()

    def test_v5_every_form(self) -> None:
        """Without a body, with a reason, with properties [v5:MQTT-3.14.2-1]"""
        properties = [(Prop.REASON_STRING, "enough"), (Prop.USER_PROPERTY, ("a", "b")), (Prop.SESSION_EXPIRY, 0)]
        full = packets.disconnect(reason=4, properties=properties)
        for data in (b"\xe0\x00", b"\xe0\x01\x00", b"\xe0\x02\x00\x00", full):
            client = self.client()
            client.send(data)
            client.expect_closed()

    def test_v5_reasons_that_do_not_exist(self) -> None:
        """[v5:MQTT-3.14.2-1]: refused, or taken as an end; the broker lives"""
        for reason in (0x01, 0x7F, 0xFF):
            client = self.client()
            client.send(packets.disconnect(reason=reason))
            try:
                answer = client.receive()
            except Closed:
                continue
            self.assertEqual(answer.type, Type.DISCONNECT)
            self.assertIn(answer.reason, (Reason.MALFORMED_PACKET, Reason.PROTOCOL_ERROR))
            client.expect_closed()
        self.client().expect_nothing()


class Authentication(ConformanceCase):
    """AUTH, of which the broker knows no method."""

    def test_unknown_method(self) -> None:
        """[v5:MQTT-4.12.0-1] [v5:MQTT-4.12.0-4] [v5:MQTT-3.1.2-30]"""
        self.expect_refused_connect(
            Reason.BAD_AUTH_METHOD,
            Reason.NOT_AUTHORIZED,
            properties=[(Prop.AUTH_METHOD, "no such method"), (Prop.AUTH_DATA, b"\0")],
        )

    def test_auth_without_a_method_in_connect(self) -> None:
        """[v5:MQTT-4.12.0-6] [v5:MQTT-4.12.0-7] [v5:MQTT-4.12.1-1] [v5:MQTT-4.12.1-2]: a protocol error"""
        for reason in (Reason.SUCCESS, Reason.CONTINUE_AUTHENTICATION, Reason.REAUTHENTICATE):
            client = self.open()
            self.assertIsNone(client.connect(self.unique()).get(Prop.AUTH_METHOD))
            client.send(packets.auth(reason, [(Prop.AUTH_METHOD, "x")]))
            client.expect_error(Reason.PROTOCOL_ERROR, Reason.BAD_AUTH_METHOD)

    def test_malformed_auth(self) -> None:
        """[v5:MQTT-3.15.1-1] [v5:MQTT-3.15.2-1]: reserved flags, unknown reasons, broken properties"""
        for data in (packets.auth(0x18, flags=1), packets.auth(0x77), b"\xf0\x02\x18\x7f"):
            client = self.client()
            client.send(data)
            client.expect_error(Reason.MALFORMED_PACKET, Reason.PROTOCOL_ERROR)


class TakeOver(ConformanceCase):
    """A second connection with the same client identifier."""

    def test_the_old_connection_ends(self) -> None:
        """[v5:MQTT-3.1.4-3] [v5:MQTT-3.14.2-2] [v3:MQTT-3.1.4-2]: DISCONNECT 0x8E in v5, the close in v3, whatever the
        new one speaks"""
        for old in (V31, V311, V5):
            for new in (V31, V311, V5):
                with self.subTest(old=old, new=new):
                    client_id = self.unique()
                    first = self.client(old, client_id)
                    second = self.client(new, client_id)
                    first.expect_error(Reason.SESSION_TAKEN_OVER)
                    second.expect_nothing()

    @both
    def test_the_session_goes_on(self, version: int) -> None:
        """[v5:MQTT-3.1.4-3] [v5:MQTT-3.1.2-5] [v3:MQTT-3.1.4-2]: subscriptions and messages in flight move over"""
        kept = {"properties": [(Prop.SESSION_EXPIRY, 60)]} if version == V5 else {}
        client_id = self.unique()
        first = self.client(version, client_id, clean=False, **kept)
        first.subscribe(self.topic(), options=1)
        publisher = self.client(version)
        publisher.publish(self.topic(), "in flight", 1)
        message = first.expect_message("in flight", acknowledge=False)
        second = self.open(version)
        self.assertTrue(second.connect(client_id, clean=False, **kept).session_present)
        second.expect_message("in flight", dup=True, packet_id=message.packet_id)
        publisher.publish(self.topic(), "next", 1)
        second.expect_message("next")

    def test_many_take_overs_while_subscriptions_change(self) -> None:
        """[security:2] CVE-2025-59946, CVE-2026-22040: the same id reconnects while it subscribes, unsubscribes and is
        sent to"""
        client_id, topic, stop = self.unique(), self.topic(), threading.Event()

        def churn(version: int) -> None:
            """Reconnects again and again and waits for no answer."""
            for n in range(600):
                client = Client(self.broker.address, version)
                properties = [(Prop.SESSION_EXPIRY, 60)] if version == V5 else []
                client.send(
                    packets.connect(client_id, version, clean=n % 3 == 0, properties=properties),
                    packets.subscribe(1, [(topic, n % 3), (f"$share/churn/{topic}", 1)], version),
                    packets.unsubscribe(2, [topic], version),
                    packets.subscribe(3, [(topic, 2)], version),
                    packets.disconnect(version) if n % 2 else b"",
                )
                client.close()

        def feed() -> None:
            """Publishes until the churn is over."""
            feeder = Client(self.broker.address)
            feeder.connect("")
            while not stop.is_set():
                feeder.publish(topic, "x" * 100, 1)
            feeder.close()

        with ThreadPoolExecutor() as pool:
            feeders = [pool.submit(feed) for _ in range(2)]
            churners = [pool.submit(churn, version) for version in (V311, V5, V311, V5)]
            try:
                for work in churners:
                    work.result(60)
            finally:
                stop.set()
            for work in feeders:
                work.result(10)
        survivor = self.client(client_id=client_id, clean=True)
        survivor.subscribe(topic, options=1)
        self.client().publish(topic, "after", 1)
        survivor.expect_message("after")


class Shutdown(ConformanceCase):
    """SIGTERM to a broker that has clients."""

    def test_clients_are_told_and_no_will_is_sent(self) -> None:
        """Our rule: v5 clients get DISCONNECT 0x8B, v3 the close; no wills; exit code 0 [v5:MQTT-3.14.4-2]"""
        executable = SHARED["broker"].executable
        if executable is None:
            self.skipTest("an external broker is not ours to stop")
        broker = Broker.start(executable)
        self.addCleanup(broker.kill)
        watcher = Client(broker.address)
        watcher.connect("watcher")
        watcher.subscribe("will/#")
        clients = [watcher]
        for version in (V31, V311, V5):
            client = Client(broker.address, version)
            client.connect(f"mortal{version}", will_topic="will/x", will_payload="never")
            clients.append(client)
        broker.terminate()
        for client in clients:
            client.expect_error(Reason.SERVER_SHUTTING_DOWN)
            client.close()
        self.assertEqual(broker.stop(), 0)

    def test_clients_that_do_not_listen_do_not_hold_it_up(self) -> None:
        """A client that never reads with much to read, one in the middle of CONNECT, one in the middle of a PUBLISH:
        the broker leaves in time with code 0 all the same"""
        executable = SHARED["broker"].executable
        if executable is None:
            self.skipTest("an external broker is not ours to stop")
        broker = Broker.start(executable)
        self.addCleanup(broker.kill)
        deaf, silent, publisher = (Client(broker.address, V311) for _ in range(3))
        deaf.connect("deaf")
        deaf.subscribe("load")
        silent.send(packets.connect("silent", V311)[:5])
        publisher.connect("publisher")
        for _ in range(30):
            publisher.send_publish("load", bytes(1024 * 1024))
            publisher.fence()
        publisher.send(packets.publish("load", bytes(1000), version=V311)[:500])
        self.assertEqual(broker.stop(), 0)
        for client in (deaf, silent, publisher):
            client.close()
