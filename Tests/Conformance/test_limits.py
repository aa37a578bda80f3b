# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""What strangers and slow or greedy clients may cost (docs/conformance.md, classes of faults 4, 5 and 11)."""

from __future__ import annotations

import socket
import struct
import threading
import time

import packets
from case import ConformanceCase, both
from packets import V5, V311, Prop, Reason, Type
from wire import Client

MEGABYTE = 1024 * 1024


class MemoryCase(ConformanceCase):
    """A broker of its own whose memory is watched."""

    def grown(self, before: int | None) -> int:
        """Bytes of memory since `before`; 0 where the system does not tell."""
        now = self.broker.resident_bytes()
        return now - before if now is not None and before is not None else 0

    def warm_up(self) -> int | None:
        """The memory after some ordinary work."""
        for version in (V311, V5):
            client = self.subscriber(self.topic("warm"), version=version)
            client.send_publish(self.topic("warm"), "x" * 1000)
            client.expect_message("x" * 1000)
        return self.broker.resident_bytes()


class BeforeConnect(MemoryCase):
    """Connections that have not said who they are."""

    settings = {"limits.connect_timeout": "1s", "limits.max_connect_size": "64KB"}

    def test_a_huge_announced_connect_is_refused_at_the_header(self) -> None:
        """CVE-2017-7651, CVE-2023-0809: beyond `limits.max_connect_size` the header is enough [security:4]
        [v5:MQTT-3.1.4-2] [v3:MQTT-3.1.4-1]"""
        for size in (65 * 1024, MEGABYTE, 268_435_455):
            client = self.open(V311)
            client.send(b"\x10" + packets.varint(size))
            self.expect_end(client)

    @staticmethod
    def expect_end(client: Client) -> None:
        """The close, with or without a refusal in either form before."""
        deadline = time.monotonic() + 5
        client.socket.settimeout(5)
        while time.monotonic() < deadline:
            try:
                if not client.socket.recv(1024):
                    return
            except ConnectionResetError:
                return
        raise AssertionError("the connection was not closed")

    def test_memory_grows_with_what_arrives_only(self) -> None:
        """200 connections that announce 60 KB and send 20 bytes cost less than 8 MB, and all end by the timeout
        [security:4]"""
        before = self.warm_up()
        clients = [self.open(V311) for _ in range(200)]
        for client in clients:
            client.send(b"\x10" + packets.varint(60_000) + packets.binary("MQTT") + b"\x04\x02\0\0\xff\xff")
        self.client().expect_nothing()
        self.assertLess(self.grown(before), 8 * MEGABYTE)
        for client in clients:
            client.expect_closed(timeout=6)

    def test_silence_and_halves_are_closed_in_time(self) -> None:
        """`limits.connect_timeout`: nothing, one byte, half a CONNECT, a byte now and then
        [security:4] [security:11]"""
        started = time.monotonic()
        whole = packets.connect("x" * 40)
        clients = [self.open() for _ in range(4)]
        clients[1].send(whole[:1])
        clients[2].send(whole[: len(whole) // 2])
        for byte in whole[:5]:
            clients[3].send(bytes([byte]))
        for client in clients:
            client.expect_closed(timeout=6)
        self.assertGreater(time.monotonic() - started, 0.9)

    def test_broken_wills_leave_nothing_behind(self) -> None:
        """CVE-2023-3592: 500 refused CONNECT packets with a will of 50 KB and wrong properties: less than 8 MB
        [security:5]"""
        before = self.warm_up()
        for _ in range(500):
            client = self.open()
            client.send(
                packets.connect(
                    "x",
                    will_topic="a" * 1000,
                    will_payload=b"x" * 50_000,
                    will_properties=[(Prop.CONTENT_TYPE, "c" * 1000), (Prop.TOPIC_ALIAS, 1)],
                )
            )
            self.assertNotEqual(client.expect(Type.CONNACK).reason, 0)
            client.expect_closed()
            client.close()
        self.assertLess(self.grown(before), 8 * MEGABYTE)


class Greed(MemoryCase):
    """Clients that take and do not give."""

    settings = {"mqtt.max_mqueue_len": "100"}

    @both
    def test_qos2_never_released(self, version: int) -> None:
        """CVE-2023-28366: ids without PUBREL, again and again on new connections, stay bounded (20 MB)
        [security:5]"""
        before = self.warm_up()
        for _ in range(10):
            client = self.client(version)
            client.send(*[packets.publish(self.topic(), b"x" * 500, 2, n, version=version) for n in range(1, 1001)])
            client.fence()
            client.close()
        self.assertLess(self.grown(before), 20 * MEGABYTE)

    def test_a_slow_reader_costs_a_bounded_queue(self) -> None:
        """A subscriber that does not read: 128 MB are published, others get them all, memory stays below 64 MB more,
        and the slow one is still served or was cut off"""
        before = self.warm_up()
        slow = self.subscriber(self.topic(), version=V311)
        quick = self.subscriber(self.topic(), version=V311)
        publisher = self.client(V311)
        payload = bytes(64 * 1024)
        count = 2048
        peak = 0

        def read() -> None:
            """Takes everything for the quick subscriber."""
            for _ in range(count):
                quick.expect(Type.PUBLISH, timeout=20)

        reader = threading.Thread(target=read)
        reader.start()
        for n in range(count):
            publisher.send_publish(self.topic(), payload)
            if n % 32 == 31:
                publisher.fence(timeout=20)
                peak = max(peak, self.grown(before))
        reader.join(30)
        self.assertFalse(reader.is_alive(), "the quick subscriber did not get all messages")
        self.assertLess(peak, 64 * MEGABYTE)
        slow.close()

    @both
    def test_a_client_that_never_acknowledges(self, version: int) -> None:
        """70000 messages of QoS 1 and 2 to a client that reads and never answers: a bounded number is in flight and
        waits, memory too (16 MB) [security:5]"""
        before = self.warm_up()
        client = self.subscriber(self.topic(), version=version, options=2)
        publisher = self.client(V311)
        batch = [packets.publish(self.topic(), b"x" * 100, 1, n, version=V311) for n in range(1, 501)]
        seen = 0
        for _ in range(140):
            publisher.send(*batch)
            self.assertEqual(len(publisher.fence()), 500)
            seen += len(client.fence())
        self.assertLessEqual(seen, 65535)
        self.assertLess(self.grown(before), 16 * MEGABYTE)
        client.expect_nothing()

    def test_an_offline_queue_has_an_end(self) -> None:
        """`mqtt.max_mqueue_len`: an absent session keeps at most that many, and is served when it comes back"""
        client_id, kept = self.unique(), [(Prop.SESSION_EXPIRY, 100)]
        sleeper = self.client(client_id=client_id, properties=kept)
        sleeper.subscribe(self.topic(), options=1)
        sleeper.disconnect()
        publisher = self.client(V311)
        for n in range(500):
            publisher.publish(self.topic(), str(n), 1)
        again = self.client(client_id=client_id, clean=False, properties=kept)
        received = []
        while messages := again.fence():
            for message in messages:
                received.append(int(message.payload))
                again.acknowledge(message)
        self.assertEqual(received, sorted(set(received)))
        self.assertTrue(50 <= len(received) <= 130, f"{len(received)} messages of a queue of 100")
        publisher.publish(self.topic(), "1000", 1)
        again.expect_message("1000")

    def test_sessions_that_end_leave_nothing_behind(self) -> None:
        """1000 clients with subscriptions, retained and removed messages: less than 16 MB after they have gone
        [security:5]"""
        before = self.warm_up()
        for n in range(1000):
            client = self.open()
            client.connect(f"{self._prefix}-{n}")
            client.send(
                *[packets.subscribe(i, [(f"{self.topic()}/{n}/{i}/+/#", 1)]) for i in range(1, 11)],
                packets.publish(self.topic(str(n)), b"x" * 2000, retain=True),
                packets.publish(self.topic(str(n)), b"", retain=True),
            )
            client.fence()
            client.send(packets.disconnect())
            client.expect_closed()
            client.close()
        self.assertLess(self.grown(before), 16 * MEGABYTE)


class Bursts(ConformanceCase):
    """Many packets at once."""

    @both
    def test_ten_thousand_packets_in_one_write(self, version: int) -> None:
        """Read everything, answer everything, in order"""
        client = self.client(version)
        client.send(packets.pingreq() * 5000 + packets.publish(self.topic(), "x", 1, 9, version=version) * 5000)
        for _ in range(5000):
            client.expect(Type.PINGRESP)
        for _ in range(5000):
            client.expect(Type.PUBACK, packet_id=9)

    def test_the_largest_numbers(self) -> None:
        """Intervals of 0xFFFFFFFF and their neighbours everywhere at once: no sum overflows [security:8]"""
        longest = 0xFFFFFFFF
        for interval in (longest, longest - 1, 0x7FFFFFFF, 0x80000000):
            client_id, kept = self.unique(), [(Prop.SESSION_EXPIRY, interval), (Prop.RECEIVE_MAXIMUM, 65535)]
            client = self.client(
                client_id=client_id,
                keep_alive=65535,
                properties=[*kept, (Prop.MAXIMUM_PACKET_SIZE, longest), (Prop.TOPIC_ALIAS_MAXIMUM, 65535)],
                will_topic=self.topic("will"),
                will_properties=[(Prop.WILL_DELAY, interval), (Prop.MESSAGE_EXPIRY, interval)],
            )
            wanted = packets.options(1, retain_handling=2)
            client.subscribe(self.topic(), options=wanted, properties=[(Prop.SUBSCRIPTION_ID, 268_435_455)])
            client.close()
            publisher = self.client()
            publisher.publish(self.topic(), "x", 1, True, [(Prop.MESSAGE_EXPIRY, interval)])
            again = self.client(client_id=client_id, clean=False, properties=kept)
            again.expect_message("x")
            again.disconnect(0, [(Prop.SESSION_EXPIRY, interval)])

    def test_many_retained_messages_at_once(self) -> None:
        """3000 retained messages to a subscriber with a window of 10, and to one without"""
        publisher = self.client(V311)
        count = 3000
        for n in range(0, count, 500):
            publisher.send(*[packets.publish(self.topic(str(i)), "x", 0, retain=True, version=V311)
                             for i in range(n, n + 500)])
            publisher.fence()
        for properties in ([(Prop.RECEIVE_MAXIMUM, 10)], []):
            subscriber = self.client(properties=properties)
            subscriber.subscribe(self.topic("+"), options=1)
            found = {subscriber.expect(Type.PUBLISH).topic for _ in range(count)}
            self.assertEqual(len(found), count)
        publisher.send(*[packets.publish(self.topic(str(n)), "", retain=True, version=V311) for n in range(count)])
        publisher.fence()

    def test_many_connections(self) -> None:
        """300 clients at once, each gets one message"""
        clients = [self.subscriber(self.topic(), version=V311 if n % 2 else V5) for n in range(300)]
        self.client().publish(self.topic(), "all", 1)
        for client in clients:
            client.expect_message("all")

    def test_connections_that_come_and_go_at_once(self) -> None:
        """Opened and closed without a word, or in the middle of a packet, or right after CONNECT"""
        whole = packets.connect("x")
        for n in range(300):
            client = self.open()
            client.send(whole[: n % (len(whole) + 1)])
            client.close()
        self.client().expect_nothing()

    @both
    def test_a_reader_that_pauses(self, version: int) -> None:
        """16 MB wait for a subscriber that does not read for a while: then it gets them in order, none twice;
        a bounded queue may have dropped some"""
        subscriber = self.subscriber(self.topic(), version=version, options=1)
        publisher = self.client(version)
        for n in range(1000):
            publisher.send_publish(self.topic(), n.to_bytes(4, "big") + bytes(16_000), 1)
            if n % 50 == 49:
                publisher.fence()
        received: list[int] = []
        while messages := subscriber.fence():
            for message in messages:
                received.append(int.from_bytes(message.payload[:4], "big"))
                subscriber.acknowledge(message)
        self.assertEqual(received, sorted(set(received)))
        self.assertGreater(len(received), 100)
        publisher.publish(self.topic(), "next", 1)
        subscriber.expect_message("next")

    @both
    def test_writing_to_sockets_that_are_gone(self, version: int) -> None:
        """Subscribers reset their connections while messages are on their way to them: the write fails in the middle
        of the broker's turn, and nobody else is concerned [security:2]"""
        publisher = self.client(version)
        for _ in range(60):
            subscribers = [self.subscriber(self.topic(), version=version) for _ in range(20)]
            publisher.send_publish(self.topic(), "unread")
            for subscriber in subscribers:
                subscriber.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                publisher.send_publish(self.topic(), "to nobody", 1)
                subscriber.close()
            for answer in publisher.fence():
                self.assertEqual(answer.type, Type.PUBACK)

    @both
    def test_answers_to_clients_that_are_gone(self, version: int) -> None:
        """Everything at once, and a reset without waiting for the answers [security:2]"""
        for n in range(300):
            client = self.open(version)
            client.send(
                packets.connect("", version),
                packets.subscribe(1, [(self.topic(), 1)], version),
                packets.publish(self.topic(), "x", 1, 2, version=version) * (1 + n % 5),
                packets.pingreq() * (n % 3),
            )
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        self.client(version).expect_nothing()

    def test_a_half_packet_does_not_hold_others_up(self) -> None:
        """A client that sends half a PUBLISH and waits: others are served, and the rest is taken when it comes"""
        client = self.subscriber(self.topic("whole"))
        data = packets.publish(self.topic("whole"), b"x" * 100_000)
        client.send(data[:60_000])
        other = self.subscriber(self.topic())
        other.send_publish(self.topic(), "others")
        other.expect_message("others")
        client.send(data[60_000:])
        client.expect_message(b"x" * 100_000)


class Unconfigured(ConformanceCase):
    """What nobody configured is closed, not open."""

    def test_packets_of_the_default_maximum(self) -> None:
        """The shared broker announces 10 MB: one byte more is 0x95, in v3 the close [v5:MQTT-3.2.2-15] [security:7]"""
        for version in (V311, V5):
            client = self.client(version)
            client.send(b"\x30" + packets.varint(10 * MEGABYTE))
            client.expect_error(Reason.PACKET_TOO_LARGE)

    def test_one_client_of_ten_megabytes(self) -> None:
        """A message just below the maximum passes"""
        subscriber = self.subscriber(self.topic(), version=V311)
        payload = bytes(10 * MEGABYTE - 1000)
        self.client(V311).send_publish(self.topic(), payload)
        subscriber.expect_message(payload, timeout=20)
