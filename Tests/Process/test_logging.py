# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The log: where it goes, what is in it, and what never is."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import unittest
from pathlib import Path

import packets
from broker import HOST
from packets import V5, V311, Type
from running import BAD_CREDENTIALS, NOT_AUTHORIZED, RunningCase
from service import SUCCESS, TIMEOUT, wait_until
from wire import Client

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (TRACE|DEBUG|INFO |WARN |ERROR|FATAL) ")


class Files(RunningCase):
    """The file, and those put aside."""

    def come_and_go(self, first: int, count: int) -> None:
        """Clients connect and disconnect, each with an id of its own."""
        for number in range(first, first + count):
            client = self.client(f"visitor-{number}")
            client.disconnect()

    def everything(self) -> str:
        """All that is in the log and in the files put aside, oldest first."""
        text = ""
        for file in sorted(self.folder.glob("nanomq.log*"), reverse=True):
            # It may be put aside in this moment; who waits for a line looks again.
            with contextlib.suppress(FileNotFoundError):
                text += file.read_text()
        return text

    def test_rotation(self) -> None:
        """By size, with as many kept as is said; no line is lost or cut at a border"""
        self.serve(log="level = info, to = [file], rotation { size = 4KB, count = 3 }")
        self.come_and_go(0, 20)
        wait_until("the last line", lambda: "disconnected client=visitor-19 " in self.everything())
        self.assertTrue((self.folder / "nanomq.log.1").exists())
        for number in range(20):
            self.assertIn(f" connected client=visitor-{number} ", self.everything())
        self.come_and_go(20, 200)
        wait_until("the last line", lambda: "disconnected client=visitor-219 " in self.everything())
        names = sorted(file.name for file in self.folder.glob("nanomq.log*"))
        self.assertEqual(names, ["nanomq.log", "nanomq.log.1", "nanomq.log.2", "nanomq.log.3"])
        for name in names:
            file = self.folder / name
            self.assertLessEqual(file.stat().st_size, 4096)
            for line in file.read_text().splitlines():
                self.assertRegex(line, LINE)
        # Those that are kept are the newest, without a gap.
        seen = [int(number) for number in re.findall(r" connected client=visitor-(\d+) ", self.everything())]
        self.assertEqual(seen, list(range(seen[0], 220)))

    def test_none_kept(self) -> None:
        """count = 0"""
        self.serve(log="level = info, to = [file], rotation { size = 2KB, count = 0 }")
        self.come_and_go(0, 40)
        wait_until("the last line", lambda: "disconnected client=visitor-39 " in self.everything())
        self.assertEqual([file.name for file in self.folder.glob("nanomq.log*")], ["nanomq.log"])
        self.assertLessEqual(self.log.stat().st_size, 2048)

    def test_signal_after_rename(self) -> None:
        """SIGUSR1: what follows is in a new file, with nothing lost between the two"""
        broker = self.serve(log="level = info, to = [file], rotation.size = unlimited")
        self.come_and_go(0, 5)
        aside = self.log.rename(self.folder / "aside.log")
        self.come_and_go(5, 5)
        broker.send_signal(signal.SIGUSR1)
        wait_until("a new file", self.log.exists)
        self.come_and_go(10, 5)
        self.expect_log("disconnected client=visitor-14")
        self.assertNotIn("visitor-10 ", aside.read_text())
        text = aside.read_text() + self.log.read_text()
        for number in range(15):
            self.assertEqual(text.count(f" connected client=visitor-{number} "), 1)

    def test_cannot_be_opened(self) -> None:
        """The broker does not start, and says which file and why"""
        (self.folder / "file").write_text("")
        for directory in (self.folder / "file", self.folder / "file" / "below"):
            with self.subTest(directory=directory):
                conf = self.configuration(f'log {{ to = [file], dir = "{directory}" }}\n')
                refused = self.nanomq("start", "--url", self.url, "--conf", conf)
                self.assertEqual(refused.returncode, 1)
                self.assertIn(str(directory), refused.stderr)
                self.assertNotIn(SUCCESS, refused.stdout)
        victim = self.folder / "victim"
        victim.write_text("precious")
        (self.folder / "link.log").symlink_to(victim)
        refused = self.nanomq("start", "--url", self.url, "--log_file", str(self.folder / "link.log"))
        self.assertEqual(refused.returncode, 1)
        self.assertEqual(victim.read_text(), "precious")


class Targets(RunningCase):
    """Console and syslog."""

    def test_console(self) -> None:
        """Standard output; nothing on standard error, and none at all if it is switched off"""
        for arguments, logs in (([], True), (["--log_stdout", "true"], True), (["--log_stdout", "false"], False)):
            with self.subTest(arguments=arguments):
                broker = self.start(*arguments)
                self.client("c").disconnect()
                broker.send_signal(signal.SIGTERM)
                out, errors = broker.communicate(timeout=TIMEOUT)
                self.assertEqual("connected client=c " in out, logs, out)
                self.assertEqual(errors, "")

    def test_both(self) -> None:
        """Console and file have the same lines"""
        broker = self.serve(log="level = info, to = [console, file]")
        self.client("c").disconnect()
        line = self.expect_output(broker, " connected client=c ")
        self.assertEqual(self.expect_log(" connected client=c ") + "\n", line)

    def test_syslog(self) -> None:
        """Datagrams to /dev/log: priority, identifier, the message"""
        path = Path("/dev/log")
        system = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(system.close)
        try:
            system.bind(str(path))
        except OSError as error:
            raise unittest.SkipTest(f"the system has a log of its own, or none can be made: {error}") from None
        self.addCleanup(path.unlink)
        system.settimeout(TIMEOUT)
        broker = self.serve(log="level = info, to = [syslog], syslog { facility = local3, identifier = site-7 }")
        self.client("c\n<0>forged").disconnect()
        lines = [system.recv(65536).decode()]
        while " disconnected client=" not in lines[-1]:
            lines.append(system.recv(65536).decode())
        for line in lines:
            # local3 is 19, info 6, warn 4.
            self.assertRegex(line, rf"^<{19 * 8 + 6}>\w{{3}} [ \d]\d \d\d:\d\d:\d\d site-7\[{broker.pid}\]: ")
            self.assertNotIn("\n", line)
        self.assertTrue([line for line in lines if " connected client=" in line])


class Lines(RunningCase):
    """What is in a line."""

    def test_json(self) -> None:
        """Each line an object; connect and disconnect have client, peer and reason"""
        self.serve(log="level = debug, to = [file], format = json")
        client = self.client("gateway 7")
        host, port = client.socket.getsockname()
        client.disconnect()
        other = self.client("lost")
        other.close()
        wait_until("two ends", lambda: sum('"disconnected"' in line for line in self.lines()) == 2)
        events = [json.loads(line) for line in self.lines()]
        for event in events:
            self.assertLessEqual({"ts", "level", "msg"}, set(event))
            self.assertTrue(all(isinstance(value, str) for value in event.values()), event)
        mine = [event for event in events if event.get("client") == "gateway 7"]
        begin, end = (next(event for event in mine if event["msg"] == name) for name in ("connected", "disconnected"))
        for event in (begin, end):
            self.assertEqual(event["peer"], f"{host}:{port}")
            self.assertEqual(event["level"], "info")
            self.assertRegex(event["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertIn("by the client", end["reason"])
        lost = [event for event in events if event.get("client") == "lost" and event["msg"] == "disconnected"]
        self.assertIn("connection lost", lost[0]["reason"])

    def test_refused(self) -> None:
        """A refused client is told of with peer and reason"""
        self.serve("auth.allow_anonymous = false\nauth.password { bob = builder }", log="to = [file], format = json")
        self.expect_refused(BAD_CREDENTIALS, username="bob", password="wrong")
        event = json.loads(self.expect_log('"refused"'))
        self.assertEqual(event["client"], "refused")
        self.assertTrue(event["peer"].startswith(f"{HOST}:"))
        self.assertIn("0x86", event["reason"])

    def test_forged_lines(self) -> None:
        """No name of a client, user or topic makes a line, or steers a terminal"""
        ugly = (
            "x\n2026-01-01T00:00:00.000Z INFO  forged=1",
            "x\r\nforged",
            "\x1b[2J\x1b[31mforged",
            'x" level=ERROR msg="forged',
            '","msg":"forged","x":"',
            "back\\slash\\nforged",
            "\u202eforged\u2028forged\u0085forged",
            "x forged=1",
            "forged" + "y" * 900,
        )
        for form in ("text", "json"):
            with self.subTest(form=form):
                # None of all users is right, and topics may not be used.
                broker = self.serve(
                    'auth { password { bob = builder }, acl { rules = [{ permit = deny, topics = ["forged/#"] }] }, '
                    "failures.limit = unlimited }",
                    log=f"level = trace, to = [file], format = {form}",
                )
                for name in ugly:
                    for version in (V311, V5):
                        for fields in ({}, {"username": name, "password": "x"}):
                            client = self.open(version=version)
                            client.send(packets.connect(name, version, **fields))
                            client.send(packets.subscribe(1, [(f"forged/{name}", 0)], version))
                            client.send(packets.publish(f"forged/{name}", "x", 1, 1, version=version))
                            client.send(packets.disconnect(version))
                            while not self.ended(client):
                                continue
                            client.close()
                broker.send_signal(signal.SIGTERM)
                self.assertEqual(broker.wait(TIMEOUT), 0)
                raw = self.log.read_bytes().decode("utf-8")
                self.assertIn("forged", raw)
                self.assertEqual(set(re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e]", raw)), set())
                for line in raw.split("\n")[:-1]:
                    if form == "json":
                        event = json.loads(line)
                        self.assertNotEqual(event["msg"], "forged")
                        self.assertNotIn("x", event)
                    else:
                        self.assertRegex(line, LINE)
                        outside = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)
                        self.assertNotIn(" forged=", outside)
                        self.assertNotIn(" level=", outside)
                self.log.unlink()

    def ended(self, client: Client) -> bool:
        """Reads a packet; whether there are no more."""
        try:
            return client.receive().type == Type.DISCONNECT
        except AssertionError:
            return True

    def test_no_password(self) -> None:
        """None of a CONNECT, right or wrong, at the level trace; no payload either"""
        broker = self.serve(
            "auth { allow_anonymous = false, password { bob = open-sesame-1 }, failures.limit = unlimited\n"
            "jwt.secret = open-sesame-open-sesame-open-sesame }",
            log="level = trace, to = [file, console]",
        )
        for version in (V311, V5):
            client = self.client("c", version=version, username="bob", password="open-sesame-1")
            client.publish("t", "open-sesame payload", qos=1)
            client.disconnect()
            for fields in (
                {"username": "bob", "password": "open-sesame-2"},
                {"username": "nobody", "password": "open-sesame-3"},
                {"username": "token", "password": "open.sesame.token"},
                {"password": "open-sesame-4"},
                {"username": "bob", "password": b"open-sesame\xff\x00"},
                {"username": "bob", "password": "open-sesame-5", "client_id": b"\xff"},
                {"username": "bob", "password": "open-sesame-6", "level": 9},
                {"username": "bob", "password": "open-sesame-7", "flags": 0xC3},
                {"username": "bob", "password": "open-sesame-8", "tail": b"open-sesame-9"},
                {"username": "bob", "password": "open-sesame-1", "will_topic": "w", "will_payload": "open-sesame-10"},
            ):
                client = self.open(version=version)
                client.send(packets.connect(**{"client_id": "c", "version": version, **fields}))
                while not self.ended(client) and fields.get("will_topic") is None:
                    continue
                client.close()
        self.reload()
        broker.send_signal(signal.SIGTERM)
        out, errors = broker.communicate(timeout=TIMEOUT)
        self.assertIn("wrong password", out)
        for text in (self.log.read_text(), out, errors):
            self.assertNotRegex(text, "(?i)open.sesame")


class Floods(RunningCase):
    """Repeated lines."""

    def fail_logins(self, count: int, name: str) -> None:
        """As many wrong passwords, each on a connection of its own."""
        for number in range(count):
            client = self.open()
            client.send(packets.connect(name.format(number), username="bob", password="wrong"))
            self.assertIn(client.expect(Type.CONNACK).reason, (BAD_CREDENTIALS, NOT_AUTHORIZED, 0x8A, 0x9F, 0x97))
            client.close()

    def test_failed_logins(self) -> None:
        """Of one client over and over again, a few lines are written, and how many there were"""
        text = "auth { allow_anonymous = false, password { bob = builder }, failures.limit = unlimited }"
        broker = self.serve(text)
        self.fail_logins(1000, "attacker")
        broker.send_signal(signal.SIGTERM)
        broker.wait(TIMEOUT)
        lines = [line for line in self.lines() if "attacker" in line or "refused" in line]
        self.assertGreater(len(lines), 0)
        # 3 lines and a sum in 10 seconds.
        self.assertLess(len(lines), 50)
        told = sum(int(number) for line in lines for number in re.findall(r"repeated (\d+) times", line))
        single = sum("repeated" not in line and " refused " in line for line in lines)
        self.assertEqual(told + single, 1000)

    def test_many_names(self) -> None:
        """With an identifier of its own each time: the address is blocked, which is told once"""
        self.serve("auth { allow_anonymous = false, password { bob = builder }, failures.limit = 5 }")
        self.fail_logins(300, "attacker-{}")
        self.assertIn(HOST, self.expect_log("address blocked"))
        wait_until("the last one", lambda: "attacker-299" in self.log.read_text() or len(self.lines()) > 20)
        self.assertEqual(sum("address blocked" in line for line in self.lines()), 1)
