# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The block sqlite, and nanomq db: on files that are there, missing, in use, or somebody else's."""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import sqlite3
import stat
import subprocess
from pathlib import Path
from typing import Optional

from packets import V311, Prop
from running import RunningCase
from service import TIMEOUT, wait_until
from test_configuration import parse

COMMANDS = ("check", "stats", "compact", "export")
FOR_EVER = [(Prop.SESSION_EXPIRY, 0xFFFF_FFFF)]


class DatabaseCase(RunningCase):
    """A test with a directory for a database."""

    def setUp(self) -> None:
        super().setUp()
        self.directory = self.folder / "data"
        self.directory.mkdir()
        self.database = self.directory / "nanomq.db"

    def block(self, text: str = "", directory: Optional[Path] = None) -> str:
        """The block, with the test's directory unless another one is given."""
        return f'sqlite {{ mounted_file_path = "{directory or self.directory}", {text} }}\n'

    def db(self, *arguments: str, code: int = 0, path: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs `nanomq db`, on the test's directory unless the configuration is to say where; it must end so."""
        where = ["--path", str(self.directory)] if path else []
        ended = self.nanomq("db", *arguments, *where)
        self.assertEqual(ended.returncode, code, ended.stdout + ended.stderr)
        return ended

    def end(self, process: subprocess.Popen[str]) -> None:
        """A graceful end."""
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(TIMEOUT), 0)

    def content(self) -> list[str]:
        """All rows of the database of a broker that has ended, as statements; nothing is left beside the file."""
        connection = sqlite3.connect(f"file:{self.database}?immutable=1", uri=True)
        try:
            return list(connection.iterdump())
        finally:
            connection.close()

    def fill(self) -> None:
        """A database with two sessions, a message that waits for both, one for one of them, and a retained one."""
        process = self.serve(self.block())
        first = self.client("first", clean=False, properties=FOR_EVER)
        first.subscribe("a/#", options=1)
        first.disconnect()
        second = self.client("second", version=V311, clean=False)
        second.subscribe("a/b", options=2)
        second.disconnect()
        publisher = self.client("publisher")
        publisher.publish("a/b", "for both", qos=2)
        publisher.publish("a/c", b"\xff\x00", qos=1)
        publisher.publish("kept", "here", qos=1, retain=True)
        publisher.disconnect()
        self.end(process)


class Block(DatabaseCase):
    """What check and start say of the block."""

    def test_effective(self) -> None:
        """Each key with its value; without the block, and with enable = false, nothing is kept"""
        text = self.block("durability = periodic, commit_interval = 250ms, disk_cache_size = 5, when_full = refuse")
        keys = parse(self.check(text).stdout)
        for key, value in {
            "sqlite.enable": "true",
            "sqlite.mounted_file_path": f'"{self.directory}"',
            "sqlite.durability": "periodic",
            "sqlite.commit_interval": "250ms",
            "sqlite.disk_cache_size": "5",
            "sqlite.max_bytes": "1GB",
            "sqlite.max_session_messages": "102400",
            "sqlite.max_session_bytes": "256MB",
            "sqlite.when_full": "refuse",
            "sqlite.flush_mem_threshold": "100",
        }.items():
            self.assertEqual(keys[key][0], value, key)
        self.assertEqual(parse(self.check("").stdout)["sqlite.enable"], ("false", "default"))
        off = parse(self.check("sqlite { enable = false, disk_cache_size = 5 }").stdout)
        self.assertEqual(off["sqlite.enable"][0], "false")

    def check(self, text: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Runs `nanomq check` on a file."""
        ended = self.nanomq("check", "--conf", self.configuration(text))
        self.assertEqual(ended.returncode, code, ended.stdout + ended.stderr)
        return ended

    def test_original(self) -> None:
        """The block of the original's sample: only its resend_interval is remarked on"""
        text = (
            "sqlite {\n  disk_cache_size = 102400\n"
            f'  mounted_file_path = "{self.directory}/"\n  flush_mem_threshold = 100\n  resend_interval = 5000\n}}\n'
        )
        lines = self.check(text).stderr.splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertIn("note: ", lines[0])
        self.assertIn("sqlite.resend_interval", lines[0])

    def test_refused(self) -> None:
        """File, line, column, key and what was expected; check and start end with 1, and no file is made"""
        for text, place, key, expected in (
            ("sqlite.durability = always\n", "1:21", "sqlite.durability", "acknowledged, periodic or none"),
            ("sqlite {\n  when_full = wait\n}\n", "2:15", "sqlite.when_full", "drop_oldest or refuse"),
            ("sqlite.flush_mem_threshold = 0\n", "1:30", "sqlite.flush_mem_threshold", "1 to"),
            ("sqlite.commit_interval = 0\n", "1:26", "sqlite.commit_interval", "10ms"),
            ("sqlite.disk_cache_size = lots\n", "1:26", "sqlite.disk_cache_size", "a number"),
            ("sqlite.max_bytes = -1\n", "1:20", "sqlite.max_bytes", "a size"),
            ('sqlite.mounted_file_path = ""\n', "1:28", "sqlite.mounted_file_path", "expected"),
            ("sqlite = true\n", "1:10", "sqlite", "a block"),
        ):
            with self.subTest(text=text):
                file = self.configuration(text)
                for command in (["check"], ["start", "--url", self.url]):
                    ended = self.nanomq(*command, "--conf", file)
                    self.assertEqual(ended.returncode, 1, ended.stdout)
                    for part in (f"{file}:{place}", key, expected):
                        self.assertIn(part, ended.stderr)
                self.assertEqual(list(self.folder.rglob("*.db")), [])

    def test_check_makes_nothing(self) -> None:
        """check looks at the configuration, and makes no database"""
        self.check(self.block())
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_reload(self) -> None:
        """Limits hold at once; where and how is kept takes a restart, and so does whether"""
        self.serve(self.block("disk_cache_size = 5"))
        self.write(self.block("disk_cache_size = 6, durability = none, max_bytes = 2MB"))
        out = self.reload()
        self.assertIn("applied: sqlite.disk_cache_size: 5 -> 6\n", out)
        self.assertIn("applied: sqlite.max_bytes: 1GB -> 2MB\n", out)
        self.assertRegex(out, r"(?m)^needs a restart: sqlite.durability: acknowledged -> none\b")
        self.write("")
        self.assertRegex(self.reload(), r"(?m)^needs a restart: sqlite.enable: true -> false\b")

    def test_unusable_directory(self) -> None:
        """A directory that is not there: start ends with 1, names it, and does not make it"""
        missing = self.folder / "missing"
        ended = self.nanomq("start", "--url", self.url, "--conf", self.configuration(self.block(directory=missing)))
        self.assertEqual(ended.returncode, 1)
        self.assertIn(str(missing), ended.stderr + ended.stdout)
        self.assertFalse(missing.exists())
        self.assertFalse(self.pid_file.exists())


class Commands(DatabaseCase):
    """nanomq db."""

    def test_no_sub_command(self) -> None:
        """Usage on standard error, exit code 1"""
        for arguments in ([], ["repair"], ["check", "--conf", "a", "--path", "b"]):
            with self.subTest(arguments=arguments):
                ended = self.nanomq("db", *arguments)
                self.assertEqual(ended.returncode, 1)
                self.assertEqual(ended.stdout, "")
                self.assertIn("nanomq db", ended.stderr)

    def test_missing(self) -> None:
        """No database, or no directory: the path is told, and nothing is made"""
        for command in COMMANDS:
            with self.subTest(command=command):
                ended = self.db(command, code=1)
                self.assertIn(str(self.database), ended.stderr)
                self.assertEqual(ended.stdout, "")
                self.assertEqual(list(self.directory.iterdir()), [])
                nowhere = self.nanomq("db", command, "--path", str(self.folder / "nowhere"))
                self.assertEqual(nowhere.returncode, 1)
                self.assertIn("nowhere", nowhere.stderr)
        self.assertFalse((self.folder / "nowhere").exists())

    def test_foreign(self) -> None:
        """What is no database, another program's, a link or a directory is told as such, and stays as it is"""

        def text() -> None:
            self.database.write_text("not a database, but long enough to be looked at as one\n" * 50)

        def other() -> None:
            connection = sqlite3.connect(self.database)
            connection.execute("CREATE TABLE session (name TEXT)")
            connection.commit()
            connection.close()

        def link() -> None:
            (self.folder / "elsewhere").write_text("precious")
            self.database.symlink_to(self.folder / "elsewhere")

        for make in (text, other, link, self.database.mkdir):
            make()
            before = None if self.database.is_dir() else self.database.read_bytes()
            for command in COMMANDS:
                with self.subTest(make=make, command=command):
                    ended = self.db(command, code=1)
                    self.assertIn(str(self.database), ended.stderr)
                    self.assertEqual(ended.stdout, "")
                    self.assertEqual(None if self.database.is_dir() else self.database.read_bytes(), before)
            if self.database.is_dir():
                self.database.rmdir()
            else:
                self.database.unlink()

    def test_broker_runs(self) -> None:
        """Refused at once, and the broker goes on"""
        self.serve(self.block())
        subscriber = self.client("subscriber", clean=False, properties=FOR_EVER)
        subscriber.subscribe("a", options=1)
        for command in COMMANDS:
            with self.subTest(command=command):
                ended = self.db(command, code=1)
                self.assertIn(f"{self.database}: another process uses it", ended.stderr)
        self.expect_exchange(self.client(), subscriber, "a", "still here")

    def test_sound(self) -> None:
        """A database that a broker leaves, ended or killed, is sound; nothing but compact changes it"""
        self.fill()
        ended = self.db("check")
        self.assertIn("sound", ended.stdout)
        self.assertEqual(ended.stderr, "")
        process = self.serve(self.block())
        self.client("third", clean=False, properties=FOR_EVER).subscribe("x", options=1)
        process.kill()
        process.wait(TIMEOUT)
        self.db("check")
        before = self.content()
        for command in ("check", "stats", "export"):
            self.db(command)
        self.assertEqual(self.content(), before)
        for file in self.directory.iterdir():
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600, file)

    def test_faults(self) -> None:
        """Each is a line; the exit code is 1"""
        self.fill()
        connection = sqlite3.connect(self.database)
        connection.execute("DELETE FROM message WHERE topic = 'a/c'")
        connection.commit()
        connection.close()
        ended = self.db("check", code=1)
        self.assertNotEqual(ended.stdout, "")
        self.assertIn(str(self.database), ended.stderr)

    def test_stats(self) -> None:
        """What is in it, a line each"""
        self.fill()
        lines = dict(line.split(": ", 1) for line in self.db("stats").stdout.splitlines())
        self.assertEqual(lines["file"], str(self.database))
        counts = {"sessions": "2", "subscriptions": "2", "messages": "3", "deliveries": "3", "retained": "1"}
        self.assertEqual({name: lines[name] for name in counts}, counts)

    def test_where(self) -> None:
        """The directory comes from --conf, or from the file that is found; a file without the block is told"""
        self.fill()
        file = self.configuration(self.block())
        self.assertIn("sound", self.db("check", "--conf", file, path=False).stdout)
        found = self.nanomq("db", "check", NANOMQ_CONF_PATH=file)
        self.assertEqual(found.returncode, 0, found.stderr)
        bare = self.configuration("log.level = warn\n", "bare.conf")
        ended = self.db("check", "--conf", bare, path=False, code=1)
        for part in (bare, "sqlite", "--path"):
            self.assertIn(part, ended.stderr)
        wrong = self.configuration("sqlite.durability = x\n", "wrong.conf")
        self.assertIn(f"{wrong}:1:21", self.db("check", "--conf", wrong, path=False, code=1).stderr)

    def test_compact(self) -> None:
        """The file becomes smaller, and what waits is still there"""
        process = self.serve(self.block())
        for name in ("goes", "stays"):
            client = self.client(name, clean=False, properties=FOR_EVER)
            client.subscribe(name, options=1)
            client.disconnect()
        publisher = self.client("publisher")
        for number in range(200):
            publisher.publish("goes", f"{number} " + "x" * 10_000, qos=1)
        publisher.publish("stays", "for long", qos=1)
        self.client("goes", clean=True).disconnect()
        self.end(process)
        size = self.database.stat().st_size
        self.db("compact")
        self.assertLess(self.database.stat().st_size, size // 4)
        self.db("check")
        self.serve(self.block())
        client = self.open()
        self.assertTrue(client.connect("stays", clean=False, properties=FOR_EVER).session_present)
        client.expect_message("for long", topic="stays")

    def test_export(self) -> None:
        """A JSON object a line, payloads in Base64; the file is for its owner only"""
        self.fill()
        text = self.db("export").stdout
        objects = [json.loads(line) for line in text.splitlines()]
        self.assertGreaterEqual(len(objects), 5)
        # However slashes are written.
        plain = json.dumps(objects)
        for payload in (b"for both", b"\xff\x00", b"here"):
            self.assertIn(f'"{base64.b64encode(payload).decode()}"', plain)
        for name in ("first", "second", "a/#", "a/b", "kept"):
            self.assertIn(f'"{name}"', plain)
        output = self.folder / "export.jsonl"
        previous = os.umask(0)
        self.addCleanup(os.umask, previous)
        self.assertEqual(self.db("export", "--output", str(output)).stdout, "")
        self.assertEqual(output.read_text(), text)
        self.assertEqual(stat.S_IMODE(output.stat().st_mode), 0o600)

    def test_export_refused(self) -> None:
        """A file that is there is not overwritten, and a failed export leaves none"""
        output = self.folder / "export.jsonl"
        self.db("export", "--output", str(output), code=1)
        self.assertFalse(output.exists())
        self.fill()
        output.write_text("precious")
        self.assertIn(str(output), self.db("export", "--output", str(output), code=1).stderr)
        self.assertEqual(output.read_text(), "precious")

    def test_progress(self) -> None:
        """On a terminal a line shows how far it is, and is gone at the end; it is not between the results"""
        self.fill()
        terminal, other_end = os.openpty()
        for descriptor in (terminal, other_end):
            self.addCleanup(os.close, descriptor)
        command = self.adopt(
            subprocess.Popen(
                [str(self.executable), "db", "check", "--path", str(self.directory)],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=other_end,
                text=True,
            )
        )
        out, _ = command.communicate(timeout=TIMEOUT)
        self.assertEqual(command.returncode, 0, out)
        shown = b""
        while select.select([terminal], [], [], 0)[0]:
            shown += os.read(terminal, 4096)
        self.assertIn(b"%", shown)
        self.assertTrue(shown.endswith(b"\r\x1b[K"), shown)
        self.assertNotIn("%", out)
        self.assertNotIn("\r", out)


class Resuming(DatabaseCase):
    """The least of what a database is for; Tests/Ledger has the rest."""

    def test_over_a_restart(self) -> None:
        """Session, subscription, messages in order and the retained message are there again, killed or ended"""
        for end in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(end=end):
                process = self.serve(self.block())
                client = self.client("client", properties=FOR_EVER)
                client.subscribe("a/+", options=1)
                client.disconnect()
                publisher = self.client("publisher")
                for number in range(5):
                    publisher.publish("a/b", str(number), qos=1)
                publisher.publish("retained", end.name, qos=1, retain=True)
                process.send_signal(end)
                process.wait(TIMEOUT)
                again = self.serve(self.block())
                client = self.open()
                self.assertTrue(client.connect("client", clean=False, properties=FOR_EVER).session_present)
                for number in range(5):
                    client.expect_message(str(number), topic="a/b")
                publisher = self.client("publisher")
                self.expect_exchange(publisher, client, "a/c", "fresh")
                reader = self.client("reader")
                reader.subscribe("retained", options=1)
                reader.expect_message(end.name, topic="retained")
                self.end(again)

    def test_second_broker(self) -> None:
        """One on the same directory does not start, and says why"""
        self.serve(self.block())
        other = self.folder / "other.pid"
        self.pid_files.append(other)
        conf = self.configuration(self.block(), "other.conf")
        ended = self.nanomq(
            "start", "--url", "nmq-tcp://127.0.0.1:0", "--pid_file", str(other), "--conf", conf
        )
        self.assertEqual(ended.returncode, 1)
        self.assertIn("another process uses it", ended.stderr + ended.stdout)
        wait_until("the lock of the PID file is free", lambda: self.running_pid(other) is None)
