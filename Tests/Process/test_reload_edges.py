# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Reloads: what is under way when a right goes, tokens, and addresses that overlap."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import threading
import time

import packets
from broker import HOST
from packets import Prop, Type
from running import NOT_AUTHORIZED, RunningCase, expect_expelled, ports
from service import TIMEOUT, wait_until

DENY = 'auth.acl.rules = [{ permit = deny, topics = ["secret/#"] }]'


def token(secret: str, **claims: object) -> str:
    """A JSON Web Token by HS256."""

    def encode(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    head = {"alg": "HS256", "typ": "JWT"}
    text = ".".join(encode(json.dumps(part).encode()) for part in (head, {"exp": int(time.time()) + 3600, **claims}))
    return f"{text}.{encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())}"


class UnderWay(RunningCase):
    """Messages, wills and groups of somebody who loses a right."""

    def test_waiting_messages(self) -> None:
        """What waits behind a full window of a connected client is not delivered either"""
        self.serve()
        reader = self.client("reader", properties=[(Prop.RECEIVE_MAXIMUM, 1)])
        reader.subscribe("secret/#", "open", options=1)
        writer = self.client("writer")
        for number in range(5):
            writer.publish("secret/x", str(number), qos=1)
        writer.publish("open", "open", qos=1)
        first = reader.expect_message("0", acknowledge=False)
        self.write(DENY)
        self.reload()
        reader.acknowledge(first)
        reader.expect_message("open")
        reader.expect_nothing()

    def test_will(self) -> None:
        """The will of a client that may no longer publish there is not published"""
        self.serve()
        reader = self.client("reader")
        reader.subscribe("#")
        dying = self.client("dying", will_topic="secret/will", will_payload="no")
        living = self.client("living", will_topic="open/will", will_payload="yes")
        self.write('auth.acl.rules = [{ permit = deny, action = publish, topics = ["secret/#"] }]')
        self.reload()
        dying.close()
        self.expect_log(" disconnected client=dying ")
        living.close()
        reader.expect_message("yes")
        reader.expect_nothing()

    def test_group(self) -> None:
        """A member of a shared subscription loses it, and the other one gets all"""
        self.serve("auth.password { alice = one, bob = two }")
        alice = self.client("alice", username="alice", password="one")
        bob = self.client("bob", username="bob", password="two")
        for client in (alice, bob):
            client.subscribe("$share/group/secret/#", options=1)
        self.write(
            "auth { password { alice = one, bob = two }\n"
            'acl.rules = [{ permit = deny, username = bob, action = subscribe, topics = ["secret/#"] }] }'
        )
        self.reload()
        writer = self.client("writer")
        for number in range(6):
            writer.publish("secret/x", str(number), qos=1)
            alice.expect_message(str(number))
        bob.expect_nothing()

    def test_switched_on_while_away(self) -> None:
        """An anonymous session from before cannot be taken up when nobody may be anonymous"""
        self.serve("auth.password { alice = one }")
        lasting = {"clean": False, "properties": [(Prop.SESSION_EXPIRY, 600)]}
        reader = self.client("reader", **lasting)
        reader.subscribe("t", options=1)
        reader.disconnect()
        self.write("auth { allow_anonymous = false, password { alice = one } }")
        self.reload()
        again = self.open()
        connack = again.connect("reader", expect_reason=None, **lasting)
        self.assertIn(connack.reason, (0x86, NOT_AUTHORIZED))


class Tokens(RunningCase):
    """JSON Web Tokens."""

    old, new = "o" * 40, "n" * 40

    def access(self, secret: str) -> str:
        """Nobody without a token by this secret."""
        return f"auth {{ allow_anonymous = false, failures.limit = unlimited, jwt.secret = {secret} }}"

    def test_another_secret(self) -> None:
        """New tokens have to be by the new one; a reload with the same one disturbs nobody"""
        self.serve(self.access(self.old))
        client = self.client("c", username="u", password=token(self.old))
        self.write(self.access(self.old) + "\nmqtt.max_qos = 1")
        self.reload()
        client.expect_nothing()
        self.write(self.access(self.new))
        out = self.reload()
        self.assertIn("auth.jwt.secret", out)
        self.assertNotIn(self.new, out)
        self.expect_refused(0x86, NOT_AUTHORIZED, username="u", password=token(self.old))
        self.client("d", username="u", password=token(self.new)).expect_nothing()

    def test_switched_off(self) -> None:
        """Who came with a token has to go"""
        self.serve(self.access(self.old))
        client = self.client("c", username="u", password=token(self.old))
        self.write("auth { allow_anonymous = false, password { alice = one } }")
        self.reload()
        expect_expelled(client, NOT_AUTHORIZED)


class Addresses(RunningCase):
    """Listeners of which nobody knows beforehand where they are, or that are in each other's way."""

    def listeners(self) -> dict[str, int]:
        """The port of each listener."""
        return {
            name: int(port) for name, port in re.findall(r"(?m)^listener: (\S+) \S+:(\d+)$", self.assert_status(0))
        }

    def test_any_port(self) -> None:
        """A port that the system has chosen stays, and so do the clients"""
        self.serve(f'listeners.tcp.any.bind = "{HOST}:0"')
        before = self.listeners()
        client = self.client(port=before["tcp:any"])
        self.write(f'listeners.tcp.any {{ bind = "{HOST}:0", max_connections = 7 }}\nmqtt.max_qos = 1')
        self.reload()
        self.assertEqual(self.listeners(), before)
        client.expect_nothing()

    def test_same_port_elsewhere(self) -> None:
        """From one address to all of them, and back, with the same port"""
        self.serve()
        conf = self.folder / "nanomq.conf"
        text = conf.read_text()
        for host, other in ((HOST, "0.0.0.0"), ("0.0.0.0", HOST)):
            client = self.client()
            text = text.replace(f'"{host}:', f'"{other}:')
            conf.write_text(text)
            out = self.reload()
            self.assertIn(f'bind = "{host}:{self.port}" -> bind = "{other}:{self.port}"', out)
            expect_expelled(client, 0x98)
            self.client().expect_nothing()

    def test_command_line_stays(self) -> None:
        """What was said on the command line and in the environment wins over the file at a reload too"""
        broker = self.spawn(
            "start", "--conf", self.write("mqtt.max_qos = 1"), "--url", self.url, "-S", "7", NANOMQ_LOG_LEVEL="debug"
        )
        self.expect_ready(broker)
        (other,) = ports(1)
        self.configuration(f'listeners.tcp.bind = "{HOST}:{other}"\nmqtt.max_mqueue_len = 9\nlog.level = error\n')
        out = self.reload()
        self.assertIn("mqtt.max_qos: 1 -> 2", out)
        for key in ("listeners", "max_mqueue_len", "log.level"):
            self.assertNotIn(key, out)
        self.assert_not_serving(other)
        self.client().expect_nothing()

    def test_daemon(self) -> None:
        """Relative paths in the file of a daemon mean the same at a reload"""
        self.assertEqual(self.nanomq("passwd", "users", "alice", "-b", "one").returncode, 0)
        conf = self.write('auth { allow_anonymous = false, password_file = users }')
        started = self.nanomq("start", "--daemon", "--conf", conf)
        self.assertEqual(started.returncode, 0, started.stderr)
        self.client(username="alice", password="one").expect_nothing()
        self.assertEqual(self.nanomq("passwd", "users", "alice", "-b", "two").returncode, 0)
        self.reload()
        self.client(username="alice", password="two").expect_nothing()


class Obstacles(RunningCase):
    """Files that are none, ends that come between."""

    def test_pipe_as_file(self) -> None:
        """A pipe in the place of a file keeps nobody waiting for ever: the broker serves, and the next reload works"""
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        for text in (
            f'auth.password_file = "{pipe}"',
            f'include "{pipe}"',
            f'listeners.ssl {{ bind = "{HOST}:1", certfile = "{pipe}", keyfile = "{pipe}" }}',
            f'auth.jwt.public_keyfile = "{pipe}"',
        ):
            with self.subTest(text=text):
                broker = self.serve()
                self.write(text)
                reload = self.spawn("reload")
                try:
                    wait_until("an answer", lambda reload=reload: reload.poll() is not None, timeout=3)
                    self.assertEqual(reload.returncode, 1)
                    self.write("")
                    self.reload()
                    self.client().expect_nothing()
                finally:
                    broker.kill()
                    broker.wait()

    def test_end_during_reloads(self) -> None:
        """A broker that is told to end while it reloads ends in time, and each command gets an answer or an error"""
        broker = self.serve()
        codes: list[int] = []
        stop = threading.Event()

        def reload() -> None:
            while not stop.is_set():
                codes.append(self.nanomq("reload").returncode)

        threads = [threading.Thread(target=reload) for _ in range(3)]
        for thread in threads:
            thread.start()
        client = self.client()
        try:
            wait_until("some reloads", lambda: codes.count(0) > 5)
            broker.terminate()
            self.assertEqual(client.expect(Type.DISCONNECT).reason, 0x8B)
            client.close()
            self.assertEqual(broker.wait(TIMEOUT), 0)
        finally:
            stop.set()
            for thread in threads:
                thread.join(TIMEOUT)
        self.assertLessEqual(set(codes), {0, 1})
        self.assertFalse(self.pid_file.exists())

    def test_clients_on_the_way(self) -> None:
        """Who has sent half a CONNECT when the users change is judged by the new ones"""
        self.serve("auth { allow_anonymous = false, password { alice = one } }")
        whole = packets.connect("half", username="alice", password="one")
        client = self.open()
        client.send(whole[:-2])
        self.write("auth { allow_anonymous = false, password { alice = two } }")
        self.reload()
        client.send(whole[-2:])
        self.assertEqual(client.expect(Type.CONNACK).reason, 0x86)
