# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""mosquitto_pub and mosquitto_sub in every version that they speak."""

from __future__ import annotations

import subprocess
from itertools import product

from tools import TIMEOUT, MosquittoCase, Received, Subscriber

PROTOCOLS = ["mqttv31", "mqttv311", "mqttv5"]


class Mosquitto(MosquittoCase):
    """What people do with these tools."""

    def test_each_version_and_qos(self) -> None:
        """From each version to each other one, at QoS 0, 1 and 2"""
        for receiver in PROTOCOLS:
            topic = self.topic(receiver)
            wanted = [(sender, qos) for sender, qos in product(PROTOCOLS, (0, 1, 2))]
            subscriber = self.subscribe(receiver, "-t", f"{topic}/#", "-q", "2", "-C", str(len(wanted)))
            for sender, qos in wanted:
                with self.subTest(sender=sender, receiver=receiver, qos=qos):
                    self.publish(sender, "-t", f"{topic}/{sender}", "-q", str(qos), "-m", f"{sender} {qos}")
                    expected = Received(f"{topic}/{sender}", qos, False, f"{sender} {qos}".encode())
                    self.assertEqual(subscriber.message(), expected)
            self.assertEqual(subscriber.finish(), 0)

    def test_retained(self) -> None:
        """Stored, found by a later subscriber, removed by -n"""
        for protocol in PROTOCOLS:
            topic = self.topic(protocol)
            self.publish(protocol, "-t", topic, "-q", "1", "-r", "-m", "kept")
            late = self.subscribe(protocol, "-t", topic, "-q", "1", "-C", "1", subscribed=False)
            self.assertEqual(late.message(), Received(topic, 1, True, b"kept"))
            self.assertEqual(late.finish(), 0)
            self.publish(protocol, "-t", topic, "-q", "1", "-r", "-n")
            later = self.subscribe(protocol, "-t", topic, "-C", "1")
            self.publish(protocol, "-t", topic, "-m", "fresh")
            self.assertEqual(later.message(), Received(topic, 0, False, b"fresh"))

    def test_will(self) -> None:
        """mosquitto_sub with a will is killed"""
        for protocol in PROTOCOLS:
            topic = self.topic(protocol)
            watcher = self.subscribe("mqttv311", "-t", topic, "-q", "2", "-C", "1")
            mortal = self.subscribe(
                protocol, "-t", "nothing", "--will-topic", topic, "--will-payload", "gone", "--will-qos", "2"
            )
            mortal.kill()
            self.assertEqual(watcher.message(), Received(topic, 2, False, b"gone"))

    def test_shared_subscription(self) -> None:
        """Three members, 30 messages, ten each"""
        for protocol in PROTOCOLS:
            topic = self.topic(protocol)
            shared = f"$share/{protocol}/{topic}"
            members = [self.subscribe(protocol, "-t", shared, "-q", "1", "-C", "10") for _ in range(3)]
            for n in range(30):
                self.publish("mqttv311", "-t", topic, "-q", "1", "-m", str(n))
            found = [int(member.message().payload) for member in members for _ in range(10)]
            self.assertEqual(sorted(found), list(range(30)))

    def test_a_payload_of_one_megabyte(self) -> None:
        """Every byte arrives, at each QoS"""
        payload = bytes(range(256)) * 4096
        for protocol in PROTOCOLS:
            topic = self.topic(protocol)
            subscriber = self.subscribe(protocol, "-t", topic, "-q", "2", "-C", "3")
            for qos in ("0", "1", "2"):
                self.publish(protocol, "-t", topic, "-q", qos, "-s", stdin=payload)
                self.assertEqual(subscriber.message().payload, payload)
            self.assertEqual(subscriber.finish(), 0)

    def test_offline_queue(self) -> None:
        """A persistent session collects messages while its client is away"""
        for protocol in PROTOCOLS:
            topic, client_id = self.topic(protocol), self.unique()[:23] if protocol == "mqttv31" else self.unique()
            session = ["-t", topic, "-q", "2", "-i", client_id, "-c"]
            if protocol == "mqttv5":
                session += ["-x", "1000"]
            command = ["mosquitto_sub", *self.address(), "-V", protocol, *session, "-E"]
            self.assertEqual(subprocess.run(command, timeout=TIMEOUT).returncode, 0)
            for n in range(20):
                self.publish(protocol, "-t", topic, "-q", str(1 + n % 2), "-m", str(n))
            again = self.subscribe(protocol, *session, "-C", "20", subscribed=False)
            found = [int(again.message().payload) for _ in range(20)]
            self.assertEqual(sorted(found), list(range(20)))  # a client hands QoS 2 on later than QoS 1
            self.assertEqual([n for n in found if n % 2], list(range(1, 20, 2)))
            self.assertEqual(again.finish(), 0)

    def test_v5_properties(self) -> None:
        """Content type, response topic, correlation data and user properties as the tools print them"""
        topic = self.topic()
        command = ["mosquitto_sub", *self.address(), "-V", "mqttv5", "-d", "-t", topic, "-C", "1", "-W", "25"]
        command += ["-F", "P %C|%R|%D|%P|%F|%p"]
        subscriber = Subscriber(command)
        self.addCleanup(subscriber.kill)
        subscriber.wait_for("Subscribed (mid")
        properties = [
            ["content-type", "text/plain"],
            ["response-topic", "answers"],
            ["correlation-data", "id-7"],
            ["payload-format-indicator", "1"],
            ["user-property", "colour", "red"],
        ]
        arguments = [word for entry in properties for word in ["-D", "publish", *entry]]
        self.publish("mqttv5", "-t", topic, "-q", "1", "-m", "x", *arguments)
        self.assertEqual(subscriber.wait_for("P "), "P text/plain|answers|id-7|colour:red|1|x")

    def test_many_lines(self) -> None:
        """1000 messages of one connection arrive in order"""
        for protocol in PROTOCOLS:
            topic = self.topic(protocol)
            subscriber = self.subscribe(protocol, "-t", topic, "-q", "1", "-C", "1000")
            lines = "".join(f"{n}\n" for n in range(1000)).encode()
            self.publish(protocol, "-t", topic, "-q", "1", "-l", stdin=lines)
            self.assertEqual([int(subscriber.message().payload) for _ in range(1000)], list(range(1000)))
