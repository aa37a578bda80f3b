# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Reloads: what is wrong changes nothing, what is right holds at once, and nobody else notices."""

from __future__ import annotations

import itertools
import os
import socket
import stat
import threading
import unittest
from pathlib import Path

from broker import HOST, free_port
from packets import V5, V311, Prop, Type
from running import (
    ADMINISTRATIVE_ACTION,
    BAD_CREDENTIALS,
    NOT_AUTHORIZED,
    RunningCase,
    SecureClient,
    der,
    expect_expelled,
    ports,
)
from service import TIMEOUT, wait_until
from wire import Client

USERS = "auth { allow_anonymous = false, failures.limit = unlimited, password { alice = one, bob = two } }"


class Report(RunningCase):
    """What a reload says it has done."""

    def test_key_by_key(self) -> None:
        """Each with the old value and the new one; secrets are not shown; nothing else is named"""
        self.serve("mqtt.max_packet_size = 5MB\nauth.password { bob = open-sesame }\nsys.node = a")
        self.write("mqtt.max_packet_size = 6MB\nauth.password { bob = open-sesamy }\nlimits.max_connections = 9")
        out = self.reload()
        for line in (
            "applied: mqtt.max_packet_size: 5MB -> 6MB\n",
            "applied: limits.max_connections: unlimited -> 9\n",
            "applied: sys.node: a -> nanomq\n",
        ):
            self.assertIn(line, out)
        self.assertIn("applied: auth.password: ", out)
        self.assertEqual(out.count("applied: "), 4)
        self.assertNotIn("open-sesam", out)
        again = self.reload()
        self.assertNotIn("applied: ", again)
        self.assertIn("no key has changed", again)

    def test_needs_restart(self) -> None:
        """Reported as such, at the next reload again, and no more when it is taken back"""
        self.serve()
        self.write("system.threads = 3\nmqtt.overlapping = each\nmqtt.max_qos = 1")
        for applied in (1, 0):
            out = self.reload()
            self.assertRegex(out, r"(?m)^needs a restart: system.threads: auto -> 3\b")
            self.assertRegex(out, r"(?m)^needs a restart: mqtt.overlapping: merged -> each\b")
            self.assertEqual(out.count("applied: "), applied)
        self.write("mqtt.max_qos = 1")
        self.assertNotIn("needs a restart", self.reload())

    def test_signal(self) -> None:
        """SIGHUP: the same in the log, a line for each key and each warning, and one that it is done"""
        broker = self.serve()
        self.write("mqtt.max_packet_size = 6MB\nlimits.max_connections = 9\nsystem.threads = 3\nmqtt.max_qoz = 1")
        before = len(self.lines())
        line = self.hang_up(broker)
        self.assertIn("INFO  configuration reloaded applied=2 restart=1 warnings=1", line)
        # All of it is there when that line is.
        lines = self.lines()[before:]
        for part in (
            'INFO  reload: applied key="mqtt.max_packet_size: 10MB -> 6MB"',
            'INFO  reload: applied key="limits.max_connections: unlimited -> 9"',
            'WARN  reload: needs a restart key="system.threads: auto -> 3 (takes a restart)"',
        ):
            self.assertEqual(sum(part in line for line in lines), 1, lines)
        self.assertTrue(any("WARN  reload: " in line and "mqtt.max_qoz" in line for line in lines), lines)
        self.write("mqtt.max_packet_size = 7MB\nmqtt.max_qos = 7")
        line = self.hang_up(broker)
        self.assertIn("ERROR reload failed", line)
        self.assertIn("nanomq.conf:4:16: mqtt.max_qos", line)
        self.assertEqual(dict(self.open().connect("c").properties)[Prop.MAXIMUM_PACKET_SIZE], 6 << 20)

    def test_long_reason(self) -> None:
        """SIGHUP: what was wrong is told to its end"""
        broker = self.serve()
        name = "/nowhere/" + "/".join(["a-long-name-for-a-directory"] * 20) + "/users"
        self.write(f'auth.password_file = "{name}"')
        self.assertIn(name, self.hang_up(broker))

    def test_another_file(self) -> None:
        """--conf, relative to the command's directory; it is the file from then on"""
        self.serve("mqtt.max_qos = 1")
        usual = self.folder / "nanomq.conf"
        (self.folder / "other.conf").write_text(usual.read_text().replace("max_qos = 1", "max_qos = 0"))
        self.assertIn("applied: mqtt.max_qos: 1 -> 0\n", self.reload("--conf", "other.conf"))
        usual.write_text("mqtt {")
        self.assertIn("no key has changed", self.reload())
        self.assertEqual(dict(self.open().connect("c").properties)[Prop.MAXIMUM_QOS], 0)

    def test_two_at_once(self) -> None:
        """And eight: each is answered, with the file as it is"""
        self.serve()
        self.write("mqtt.max_qos = 1")
        commands = [self.spawn("reload") for _ in range(8)]
        outs = []
        for command in commands:
            out, errors = command.communicate(timeout=TIMEOUT)
            self.assertEqual(command.returncode, 0, errors)
            self.assertIn("reload succeed!", out)
            outs.append(out)
        self.assertEqual(sum("applied: mqtt.max_qos: 2 -> 1\n" in out for out in outs), 1)

    def test_second_broker(self) -> None:
        """It has a control socket of its own, mode 0600, and a reload reaches the one that is meant"""
        self.serve()
        (other_port,) = ports(1)
        pid_file = self.folder / "other" / "nanomq.pid"
        conf = self.configuration(f'listeners.tcp.bind = "{HOST}:{other_port}"\n', "other.conf")
        other = self.spawn("start", "--conf", conf, NANOMQ_PID_FILE=str(pid_file))
        self.expect_ready(other)
        for path in (self.socket, pid_file.with_suffix(".sock")):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.write("mqtt.max_qos = 1")
        reload = self.nanomq("reload", NANOMQ_PID_FILE=str(pid_file))
        self.assertEqual(reload.returncode, 0, reload.stderr)
        self.assertNotIn("applied", reload.stdout)
        self.assertIn("mqtt.max_qos: 2 -> 1", self.reload())
        other.terminate()
        self.assertEqual(other.wait(TIMEOUT), 0)
        self.assertTrue(self.socket.exists())
        self.assert_status(0)


class Wrong(RunningCase):
    """A configuration that cannot be used."""

    def faults(self) -> dict[str, str]:
        """What is wrong, and what the message has to name."""
        certificate, key = self.certificate("site")
        _, foreign = self.certificate("foreign")
        garbage = self.folder / "garbage"
        garbage.write_text("garbage\n")
        tls = f'listeners.ssl {{ bind = "{HOST}:{free_port()}", certfile = "{certificate}", keyfile = '
        return {
            "mqtt {": "nanomq.conf:",
            "mqtt.max_qos = 7": "mqtt.max_qos",
            "mqtt.max_qos = many": "mqtt.max_qos",
            'auth.password_file = "/nowhere/users"': "/nowhere/users",
            f'auth.password_file = "{self.folder}"': str(self.folder),
            f'auth.password_file = "{garbage}"': f"{garbage}:1",
            'auth.password { alice = "" }': "alice",
            f'{tls} "{garbage}" }}': str(garbage),
            f'{tls} "{foreign}" }}': "listeners.ssl",
            f'{tls} "/nowhere/key" }}': "/nowhere/key",
            f'{tls} "{key}", cacertfile = "{garbage}", verify_peer = true }}': str(garbage),
            "auth.acl.rules = [{ permit = perhaps }]": "auth.acl.rules",
            'auth.acl.rules = [{ permit = deny, topics = ["a/#/b"] }]': "auth.acl.rules",
            'auth.acl.rules = [{ permit = deny, ipaddr = "1.2.3" }]': "auth.acl.rules",
            'auth.acl.file = "/nowhere/rules"': "/nowhere/rules",
            "auth.jwt.secret = short": "auth.jwt",
            f'auth.jwt.public_keyfile = "{garbage}"': "auth.jwt",
            f'auth.jwt.public_keyfile = "{certificate}"': "auth.jwt",
            f'auth.jwt.jwks_file = "{garbage}"': "auth.jwt",
            'auth.http_auth.auth_req.url = "ftp://x"': "auth.http_auth",
            f'auth.http_auth {{ auth_req.url = "https://{HOST}/", tls.cacertfile = "{garbage}" }}': "auth.http_auth",
            f'log.to = [file]\nlog.dir = "{garbage}/x"': str(garbage),
            'include required("nowhere.conf")': "nowhere.conf",
            f'listeners.ws.bind = "{HOST}:{self.port}/mqtt"': "same address",
        }

    def test_nothing_changes(self) -> None:
        """By command and by signal: the message says why, and all that is right beside it is not taken over"""
        broker = self.serve(USERS)
        (extra,) = ports(1)
        alice = self.client(username="alice", password="one")
        alice.subscribe("t", options=1)
        status = [line for line in self.assert_status(0).splitlines() if line.startswith("listener")]
        for text, part in self.faults().items():
            with self.subTest(text=text):
                # All of this would be taken over: a limit, a listener, other users.
                self.write(
                    f'mqtt.max_packet_size = 1KB\nlisteners.tcp.extra.bind = "{HOST}:{extra}"\n'
                    f"auth {{ allow_anonymous = true, password {{ carl = three }} }}\n{text}",
                    log="level = trace, to = []",
                )
                out = self.reload(code=1)
                self.assertIn("nothing has changed", out)
                self.assertIn(part, out)
                self.assertNotIn("applied", out)
                line = self.hang_up(broker)
                self.assertIn("ERROR reload failed, nothing has changed", line)
                self.assertNotRegex(line, "carl|three")
                self.assert_not_serving(extra)
                bob = self.open()
                connack = bob.connect("bob", username="bob", password="two")
                self.assertEqual(dict(connack.properties)[Prop.MAXIMUM_PACKET_SIZE], 10 << 20)
                self.expect_exchange(bob, alice, "t", text)
                bob.close()
                self.expect_refused(BAD_CREDENTIALS, NOT_AUTHORIZED)
                self.expect_refused(BAD_CREDENTIALS, username="carl", password="three")
        now = [line for line in self.assert_status(0).splitlines() if line.startswith("listener")]
        self.assertEqual(now, status)
        self.assertNotIn("DEBUG", self.log.read_text())
        self.write(USERS)
        self.assertIn("no key has changed", self.reload())


class Listeners(RunningCase):
    """Listeners that come, go and change."""

    def bind(self, port: int, name: str = "", more: str = "") -> str:
        """A TCP listener."""
        return f'listeners.tcp{name and "."}{name} {{ bind = "{HOST}:{port}"{more} }}\n'

    def test_others_stay(self) -> None:
        """Added, changed, moved, removed, while clients of another go on without a gap or a repetition"""
        second, third = ports(2)
        self.serve()
        reader = self.client("reader")
        reader.subscribe("t", options=1)
        writer = self.client("writer")
        numbers = itertools.count()
        sent: list[int] = []
        stop = threading.Event()

        def write() -> None:
            while not stop.is_set():
                number = next(numbers)
                writer.publish("t", str(number), qos=1)
                sent.append(number)

        received: list[int] = []

        def read() -> None:
            while not received or received[-1] != -1:
                message = reader.expect(Type.PUBLISH)
                reader.acknowledge(message)
                received.append(int(message.payload))

        threads = [threading.Thread(target=write), threading.Thread(target=read)]
        for thread in threads:
            thread.start()
        try:
            self.write(self.bind(second, "b"))
            self.assertIn("applied: listeners.tcp.b: added", self.reload())
            other = self.client(port=second, version=V5)
            old = self.client(port=second, version=V311)
            # Its socket stays, and so do its clients.
            self.write(self.bind(second, "b", ", max_connections = 2"))
            self.assertIn("max_connections = unlimited -> max_connections = 2", self.reload())
            other.expect_nothing()
            refused = self.open(second)
            refused.send(b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00")
            refused.expect_closed()
            # At another port: those of the old one have to go.
            self.write(self.bind(third, "b"))
            self.assertIn(f"{second}", self.reload())
            expect_expelled(other, ADMINISTRATIVE_ACTION)
            old.expect_closed()
            self.assert_not_serving(second)
            moved = self.client(port=third)
            self.write("")
            self.assertIn("applied: listeners.tcp.b: removed", self.reload())
            expect_expelled(moved, ADMINISTRATIVE_ACTION)
            self.assert_not_serving(third)
        finally:
            stop.set()
            threads[0].join(TIMEOUT)
            writer.publish("t", "-1", qos=1)
            threads[1].join(TIMEOUT)
        self.assertGreater(len(sent), 10)
        self.assertEqual(received, [*sent, -1])

    def test_swap(self) -> None:
        """Two listeners take each other's address"""
        second, third = ports(2)
        self.serve(self.bind(second, "a", ", max_connections = 0") + self.bind(third, "b"))
        self.client(port=third).close()
        self.write(self.bind(third, "a", ", max_connections = 0") + self.bind(second, "b"))
        self.reload()
        self.client(port=second).expect_nothing()
        refused = self.open(third)
        refused.send(b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00")
        refused.expect_closed()

    def test_port_taken(self) -> None:
        """Said, the rest is applied, and the next reload has it when it is free"""
        self.serve()
        client = self.client()
        with socket.socket() as squatter:
            squatter.bind((HOST, 0))
            squatter.listen()
            taken = squatter.getsockname()[1]
            self.write(self.bind(taken, "b") + "mqtt.max_qos = 1")
            for applied in (True, False):
                out = self.reload()
                self.assertIn(f"{HOST}:{taken}", out)
                self.assertIn("address already in use", out)
                self.assertEqual("applied: mqtt.max_qos: 2 -> 1\n" in out, applied)
                self.assertNotIn("applied: listeners.tcp.b", out)
        out = self.reload()
        self.assertIn("applied: listeners.tcp.b: added", out)
        self.client(port=taken).expect_nothing()
        client.expect_nothing()

    def test_usual_port_taken(self) -> None:
        """A listener that cannot move stays where it is, with its clients"""
        self.serve()
        client = self.client()
        with socket.socket() as squatter:
            squatter.bind((HOST, 0))
            squatter.listen()
            taken = squatter.getsockname()[1]
            conf = self.folder / "nanomq.conf"
            conf.write_text(conf.read_text().replace(f":{self.port}", f":{taken}"))
            self.assertIn("address already in use", self.reload())
            client.expect_nothing()
            self.client().close()
        self.reload()
        expect_expelled(client, ADMINISTRATIVE_ACTION)
        self.client(port=taken).expect_nothing()
        self.assert_not_serving()

    def test_certificate(self) -> None:
        """The same file with another certificate, then another file: new handshakes see it, old clients stay"""
        (port,) = ports(1)
        first, first_key = self.certificate("first")
        second, second_key = self.certificate("second")
        third, third_key = self.certificate("third")
        used, used_key = self.folder / "used.pem", self.folder / "used.key"

        def use(certificate: Path, key: Path) -> None:
            used.write_bytes(certificate.read_bytes())
            used_key.write_bytes(key.read_bytes())

        def secure() -> SecureClient:
            client = SecureClient((HOST, port))
            self.addCleanup(client.close)
            client.connect()
            return client

        text = 'listeners.ssl {{ bind = "{}:{}", certfile = "{}", keyfile = "{}" }}'
        use(first, first_key)
        self.serve(text.format(HOST, port, used, used_key))
        old = secure()
        self.assertEqual(old.certificate, der(first))
        use(second, second_key)
        self.reload()
        self.assertEqual(secure().certificate, der(second))
        old.expect_nothing()
        self.write(text.format(HOST, port, third, third_key))
        self.assertIn("certfile", self.reload())
        self.assertEqual(secure().certificate, der(third))
        old.expect_nothing()
        # A key that does not belong to it: all stays.
        self.write(text.format(HOST, port, third, first_key))
        self.reload(code=1)
        self.assertEqual(secure().certificate, der(third))
        old.expect_nothing()


class Live(RunningCase):
    """Limits and the log."""

    def test_limits(self) -> None:
        """New clients see them in CONNACK and are bound by them; old ones stay"""
        self.serve()
        old = self.client("old")
        self.write("mqtt { max_packet_size = 2KB, max_qos = 1, receive_maximum = 5, max_topic_alias = 3 }")
        self.reload()
        new = self.open()
        properties = dict(new.connect("new").properties)
        for name, value in (
            (Prop.MAXIMUM_PACKET_SIZE, 2048),
            (Prop.MAXIMUM_QOS, 1),
            (Prop.RECEIVE_MAXIMUM, 5),
            (Prop.TOPIC_ALIAS_MAXIMUM, 3),
        ):
            self.assertEqual(properties[name], value, name)
        new.publish("t", b"x" * 1000)
        new.send_publish("t", b"x" * 3000)
        new.expect_error(0x95)
        old.expect_nothing()

    def test_connections(self) -> None:
        """limits.max_connections: lower than there are, those who are there stay; unlimited again"""
        self.serve()
        clients = [self.client() for _ in range(3)]
        self.write("limits.max_connections = 2")
        self.reload()
        refused = self.open()
        refused.send(b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00")
        refused.expect_closed()
        for client in clients:
            client.expect_nothing()
        for client in clients[:2]:
            client.disconnect()
        self.client("again").expect_nothing()
        self.write("limits.max_connections = unlimited")
        self.reload()
        for _ in range(5):
            self.client().expect_nothing()

    def test_log_level(self) -> None:
        """Down and up"""
        self.serve(log="level = warn, to = [file]")
        self.client("silent").disconnect()
        self.write("", log="level = info, to = [file]")
        self.assertIn("applied: log.level: warn -> info\n", self.reload())
        self.client("told").disconnect()
        self.expect_log(" disconnected client=told ")
        self.assertNotIn("silent", self.log.read_text())
        self.write("", log="level = error, to = [file]")
        self.reload()
        self.client("silent").disconnect()
        self.write("", log="level = info, to = [file]")
        self.reload()
        self.client("last").disconnect()
        self.expect_log(" disconnected client=last ")
        self.assertNotIn("silent", self.log.read_text())

    def test_log_target(self) -> None:
        """A file is added, exchanged, taken away; the form changes"""
        broker = self.serve(log="to = [console]")
        self.assertFalse(self.log.exists())
        self.write("", log="to = [console, file]")
        self.reload()
        self.client("both").disconnect()
        self.expect_log(" connected client=both ")
        self.expect_output(broker, " connected client=both ")
        self.write("", log="to = [file], file = other.log, format = json")
        self.reload()
        self.client("other").disconnect()
        self.log = self.folder / "other.log"
        self.assertTrue(self.expect_log('"client":"other"').startswith("{"))
        self.assertNotIn("client=other", (self.folder / "nanomq.log").read_text())
        self.write("", log="to = []")
        self.reload()
        self.client("nowhere").disconnect()
        self.write("", log="to = [file], file = other.log")
        self.reload()
        self.client("here").disconnect()
        self.expect_log(" connected client=here ")
        self.assertNotIn("nowhere", self.log.read_text())

    def test_under_load(self) -> None:
        """20 clients come and go all the time while limits, users, rules, listeners and log change 20 times"""
        (second,) = ports(1)
        texts = [
            "",
            f'listeners.tcp.b.bind = "{HOST}:{second}"\nmqtt.max_qos = 1',
            'auth { password { alice = one }, acl.rules = [{ permit = deny, topics = ["t/#"] }] }',
            f'listeners.tcp.b {{ bind = "{HOST}:{second}", max_connections = 3 }}\nlog.level = trace',
        ]
        broker = self.serve()
        stop = threading.Event()
        served = [0] * 20
        failures: dict[int, str] = {}

        def visit(index: int) -> None:
            while not stop.is_set():
                try:
                    client = Client((HOST, self.port if index % 4 else second), V5)
                except OSError:
                    # Nobody listens there at the moment.
                    stop.wait(0.01)
                    continue
                try:
                    client.connect(f"visitor-{index}", username="alice", password="one")
                    client.publish(f"t/{index}", "x", qos=1)
                    client.subscribe(f"u/{index}")
                    served[index] += 1
                except (AssertionError, OSError) as error:
                    # Refused, expelled or without the listener: all of it may be, but not always.
                    failures[index] = repr(error)
                finally:
                    client.close()

        threads = [threading.Thread(target=visit, args=(index,)) for index in range(20)]
        for thread in threads:
            thread.start()
        try:
            for round_number in range(20):
                self.write(texts[round_number % len(texts)])
                before = sum(served)
                self.reload()
                wait_until("20 more visits", lambda: sum(served) >= before + 20 or broker.poll() is not None)
        finally:
            stop.set()
            for thread in threads:
                thread.join(TIMEOUT)
        self.assertIsNone(broker.poll(), failures)
        self.write("")
        self.reload()
        self.client("after").expect_nothing()
        broker.terminate()
        self.assertEqual(broker.wait(TIMEOUT), 0)


class Access(RunningCase):
    """Users and rules of clients that are connected."""

    def test_switched_on(self) -> None:
        """Anonymous clients are disconnected; who has given a right password stays"""
        self.serve("auth.password { alice = one }")
        anonymous, old = self.client(), self.client(version=V311)
        alice = self.client(username="alice", password="one")
        self.write("auth { allow_anonymous = false, password { alice = one } }")
        self.assertIn("applied: auth.allow_anonymous: true -> false\n", self.reload())
        expect_expelled(anonymous, NOT_AUTHORIZED)
        old.expect_closed()
        alice.expect_nothing()
        self.expect_refused(NOT_AUTHORIZED, BAD_CREDENTIALS)

    def test_users(self) -> None:
        """Who is removed, or has another password, goes, with all of his clients; the others stay"""
        self.serve("auth { allow_anonymous = false, password { alice = one, bob = two, carl = three } }")
        logins = {"alice": "one", "bob": "two", "carl": "three"}
        clients = {
            name: [self.client(f"{name}-{index}", username=name, password=logins[name]) for index in range(3)]
            for name in logins
        }
        self.write("auth { allow_anonymous = false, password { alice = one, bob = another } }")
        self.reload()
        for client in clients["bob"] + clients["carl"]:
            expect_expelled(client, NOT_AUTHORIZED)
        for client in clients["alice"]:
            client.expect_nothing()
        self.expect_refused(BAD_CREDENTIALS, username="bob", password="two")
        self.client(username="bob", password="another").expect_nothing()

    def test_password_file(self) -> None:
        """The same for users of a file, whose name has not changed"""
        file = self.folder / "users"
        for name in ("alice", "bob"):
            self.assertEqual(self.nanomq("passwd", str(file), name, "-b", name).returncode, 0)
        self.serve(f'auth {{ allow_anonymous = false, password_file = "{file}" }}')
        alice, bob = (self.client(name, username=name, password=name) for name in ("alice", "bob"))
        self.assertEqual(self.nanomq("passwd", str(file), "bob", "-b", "another").returncode, 0)
        alice.expect_nothing()
        bob.expect_nothing()
        self.reload()
        expect_expelled(bob, NOT_AUTHORIZED)
        alice.expect_nothing()
        file.unlink()
        self.reload(code=1)
        alice.expect_nothing()

    def test_rule(self) -> None:
        """A right is taken away: the subscription goes, the client and its other subscriptions stay"""
        self.serve()
        reader, writer = self.client("reader"), self.client("writer")
        reader.subscribe("secret/#", "open/#", options=1)
        self.expect_exchange(writer, reader, "secret/a", "before")
        self.write('auth.acl.rules = [{ permit = deny, action = subscribe, topics = ["secret/#"] }]')
        self.reload()
        self.assertEqual(writer.publish("secret/a", "after", qos=1).reason, 0x10)
        self.expect_exchange(writer, reader, "open/a", "still")
        reader.expect_nothing()
        reader.subscribe("secret/#", options=1, expect=NOT_AUTHORIZED)
        # The right comes back: it has to subscribe anew.
        self.write("")
        self.reload()
        writer.publish("secret/a", "again", qos=1)
        reader.expect_nothing()
        reader.subscribe("secret/#", options=1)
        self.expect_exchange(writer, reader, "secret/a", "back")

    def test_publish_rule(self) -> None:
        """A right to publish is taken away"""
        self.serve()
        writer = self.client("writer")
        self.assertLess(writer.publish("a", "x", qos=1).reason, 0x80)
        self.write('auth.acl.rules = [{ permit = deny, action = publish, topics = ["a"] }]')
        self.reload()
        self.assertEqual(writer.publish("a", "x", qos=1).reason, NOT_AUTHORIZED)
        self.assertLess(writer.publish("b", "x", qos=1).reason, 0x80)

    def test_offline_session(self) -> None:
        """What waits for a client that is away is not delivered after the right was taken away; the rest is"""
        self.serve(f"{USERS}\n")
        lasting = {"clean": False, "properties": [(Prop.SESSION_EXPIRY, 600)]}
        reader = self.client("reader", username="bob", password="two", **lasting)
        reader.subscribe("secret/#", "open/#", options=1)
        reader.disconnect()
        writer = self.client("writer", username="alice", password="one")
        for number in range(3):
            writer.publish(f"secret/{number}", f"secret {number}", qos=1)
            writer.publish(f"open/{number}", f"open {number}", qos=1)
        rule = '{ permit = deny, username = bob, action = subscribe, topics = ["secret/#"] }'
        self.write(f"{USERS}\nauth.acl.rules = [{rule}]")
        self.reload()
        writer.publish("secret/late", "secret late", qos=1)
        reader = self.open()
        connack = reader.connect("reader", username="bob", password="two", **lasting)
        self.assertTrue(connack.session_present)
        for number in range(3):
            reader.expect_message(f"open {number}")
        reader.expect_nothing()
        # Nor when the right comes back.
        reader.disconnect()
        self.write(f"{USERS}\n")
        self.reload()
        reader = self.open()
        reader.connect("reader", username="bob", password="two", **lasting)
        reader.expect_nothing()

    def test_removed_user_while_away(self) -> None:
        """A user that was removed and made anew, with another password, has to know that one"""
        self.serve(USERS)
        self.write("auth { allow_anonymous = false, failures.limit = unlimited, password { alice = one } }")
        self.reload()
        self.expect_refused(BAD_CREDENTIALS, username="bob", password="two")
        self.write(USERS.replace("two", "three"))
        self.reload()
        self.expect_refused(BAD_CREDENTIALS, username="bob", password="two")
        self.client(username="bob", password="three").expect_nothing()

    def test_will_of_expelled(self) -> None:
        """The will of a client that is expelled is published, as for any end that is not its own wish"""
        self.serve(USERS)
        reader = self.client(username="alice", password="one")
        reader.subscribe("will")
        bob = self.client("bob", username="bob", password="two", will_topic="will", will_payload="gone")
        self.write("auth { allow_anonymous = false, password { alice = one } }")
        self.reload()
        expect_expelled(bob, NOT_AUTHORIZED)
        reader.expect_message("gone")

    def test_file_of_rules(self) -> None:
        """Rules of auth.acl.file are read again"""
        file = self.folder / "rules.conf"
        file.write_text("rules = []\n")
        self.serve(f'auth.acl.file = "{file}"')
        reader = self.client()
        reader.subscribe("secret/#", options=1)
        file.write_text('rules = [{ permit = deny, topics = ["secret/#"] }]\n')
        self.reload()
        self.assertEqual(reader.publish("secret/a", "x", qos=1).reason, NOT_AUTHORIZED)
        file.write_text("rules = [{ permit = deny, topics = 7 }]\n")
        self.assertIn(f"{file}:1:", self.reload(code=1))
        self.assertEqual(reader.publish("secret/a", "x", qos=1).reason, NOT_AUTHORIZED)

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_unreadable_file(self) -> None:
        """A password file that the broker may not read"""
        file = self.folder / "users"
        self.assertEqual(self.nanomq("passwd", str(file), "alice", "-b", "one").returncode, 0)
        self.serve(f'auth {{ allow_anonymous = false, password_file = "{file}" }}')
        file.chmod(0)
        self.assertIn(str(file), self.reload(code=1))
        self.client(username="alice", password="one")
