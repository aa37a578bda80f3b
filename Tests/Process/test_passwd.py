# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""nanomq passwd, and the files it makes in the hands of a broker."""

from __future__ import annotations

import os
import select
import shutil
import stat
import subprocess
import sys
import termios
import unittest

from running import BAD_CREDENTIALS, NOT_AUTHORIZED, RunningCase
from service import TIMEOUT

# The terminal on standard input becomes that of the session: its keys send signals to the command.
CONTROL_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Passwd(RunningCase):
    """Users of a password file."""

    def setUp(self) -> None:
        super().setUp()
        self.file = self.folder / "users"

    def passwd(self, *arguments: str, given: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
        """Runs it on the file with this on standard input."""
        ended = subprocess.run(
            [str(self.executable), "passwd", str(self.file), *arguments],
            env=self.environment,
            cwd=self.folder,
            input=given,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        self.assertEqual(ended.returncode, code, ended.stderr)
        return ended

    def users(self) -> list[str]:
        """The names in the file."""
        return [line.partition(":")[0] for line in self.file.read_text().splitlines()]

    def serve_users(self) -> None:
        """A broker that lets in whom the file names."""
        self.serve(f'auth {{ allow_anonymous = false, password_file = "{self.file}", failures.limit = unlimited }}')

    def test_add_change_remove(self) -> None:
        """Through standard input; the broker goes by it from its next reload on"""
        self.passwd("alice", given="wonderland\n")
        self.passwd("bob", given="builder")
        self.assertEqual(self.users(), ["alice", "bob"])
        self.assertNotIn("wonderland", self.file.read_text())
        self.serve_users()
        self.client(username="alice", password="wonderland").expect_nothing()
        self.client(username="bob", password="builder").expect_nothing()
        self.expect_refused(BAD_CREDENTIALS, username="alice", password="builder")
        self.expect_refused(BAD_CREDENTIALS, NOT_AUTHORIZED)

        self.passwd("alice", given="looking glass\nnot this\n")
        self.passwd("bob", "--delete")
        self.assertEqual(self.users(), ["alice"])
        self.client(username="alice", password="wonderland").expect_nothing()
        self.reload()
        self.client(username="alice", password="looking glass").expect_nothing()
        self.expect_refused(BAD_CREDENTIALS, username="alice", password="wonderland")
        self.expect_refused(BAD_CREDENTIALS, username="bob", password="builder")

    def test_other_sources(self) -> None:
        """--batch, which warns, and a file; any text is a password"""
        warned = self.passwd("alice", "--batch", "in sight").stderr
        self.assertIn("seen by others", warned)
        self.assertNotIn("in sight", warned)
        secret = self.folder / "secret"
        secret.write_text("#:$7$ grüße\r\nsecond line\n", encoding="utf-8")
        self.assertEqual(self.passwd("bob", "--password_file", str(secret)).stderr, "")
        self.passwd("carl", "-b", "short form")
        self.serve_users()
        self.client(username="alice", password="in sight")
        self.client(username="bob", password="#:$7$ grüße")
        self.client(username="carl", password="short form")

    def type(self, *answers: bytes) -> tuple[int, str]:
        """Runs it at a terminal of its own, and types an answer to each prompt: its exit code and what was shown"""
        terminal, other_end = os.openpty()
        for descriptor in (terminal, other_end):
            self.addCleanup(os.close, descriptor)
        command = self.adopt(
            subprocess.Popen(
                [sys.executable, "-c", CONTROL_TERMINAL, str(self.executable), "passwd", str(self.file), "alice"],
                env=self.environment,
                cwd=self.folder,
                stdin=other_end,
                stdout=other_end,
                stderr=other_end,
                start_new_session=True,
                text=True,
            )
        )
        shown = b""

        def read() -> bytes:
            readable, _, _ = select.select([terminal], [], [], TIMEOUT)
            self.assertTrue(readable, shown)
            return os.read(terminal, 4096)

        for prompt, answer in zip((b"Password: ", b"Again: "), answers):
            while prompt not in shown:
                shown += read()
            # Shown by the command when it listens, so nothing of it is echoed.
            self.assertFalse(self.echoes(other_end))
            os.write(terminal, answer)
        code = command.wait(TIMEOUT)
        self.assertTrue(self.echoes(other_end))
        while select.select([terminal], [], [], 0)[0]:
            shown += os.read(terminal, 4096)
        return code, shown.decode()

    @staticmethod
    def echoes(terminal: int) -> bool:
        """Whether it shows what is typed, and heeds Ctrl-C."""
        modes = termios.tcgetattr(terminal)[3]
        return modes & termios.ECHO != 0 and modes & termios.ISIG != 0

    def test_prompt(self) -> None:
        """At a terminal it asks twice, and shows nothing; Ctrl-Z is not part of the password, nor does it stop"""
        code, shown = self.type(b"wonder\x1aland\n", b"wonderland\n")
        self.assertEqual(code, 0, shown)
        self.assertNotIn("wonder", shown)
        self.serve_users()
        self.client(username="alice", password="wonderland")
        code, shown = self.type(b"one\n", b"two\n")
        self.assertEqual(code, 1)
        self.assertIn("not the same", shown)

    def test_interrupted(self) -> None:
        """Ctrl-C at either prompt: exit code 1, nothing is changed, and the terminal shows again what is typed"""
        for answers in ([b"\x03"], [b"half\x03"], [b"whole\n", b"\x03"]):
            with self.subTest(answers=answers):
                code, shown = self.type(*answers)
                self.assertEqual(code, 1, shown)
                self.assertIn("Aborted.", shown)
                self.assertFalse(self.file.exists())

    def test_mode(self) -> None:
        """0600 whatever the umask, after a change too; nothing else is left beside it"""
        previous = os.umask(0)
        self.addCleanup(os.umask, previous)
        for name in ("alice", "bob", "alice"):
            self.passwd(name, given="secret")
            self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)
        self.assertEqual([file.name for file in self.folder.iterdir()], ["users"])

    def test_remarks_stay(self) -> None:
        """What else is in the file stays as it is"""
        self.passwd("alice", given="one")
        alice = self.file.read_text()
        self.file.write_text(f"# the gateways\n{alice}\n# the cars\n")
        self.passwd("bob", given="two")
        self.assertTrue(self.file.read_text().startswith(f"# the gateways\n{alice}\n# the cars\nbob:"))
        self.passwd("bob", "-D")
        self.assertEqual(self.file.read_text(), f"# the gateways\n{alice}\n# the cars\n")

    def test_refused(self) -> None:
        """Nothing is changed by what cannot be done, and the reason is told"""
        self.passwd("alice", given="one")
        before = self.file.read_text()
        for arguments, given in (
            (["bob"], ""),
            (["bob"], "\n"),
            (["bob"], "x" * 5000),
            (["bob", "--delete"], ""),
            (["bob", "--delete", "--batch", "x"], ""),
            (["#bob"], "x"),
            (["b:ob"], "x"),
            (["bob", "--password_file", "/nowhere/secret"], ""),
        ):
            with self.subTest(arguments=arguments, given=given[:10]):
                self.assertNotEqual(self.passwd(*arguments, given=given, code=1).stderr, "")
                self.assertEqual(self.file.read_text(), before)

    def test_many_at_once(self) -> None:
        """Each user is there afterwards"""
        names = [f"user{number}" for number in range(12)]
        commands = [self.spawn("passwd", str(self.file), name, "--batch", name) for name in names]
        for command in commands:
            _, errors = command.communicate(timeout=TIMEOUT)
            self.assertEqual(command.returncode, 0, errors)
        self.assertEqual(sorted(self.users()), sorted(names))

    def test_mosquitto_file(self) -> None:
        """A file that mosquitto_passwd has made, in each of its forms, is taken, and can be edited"""
        program = shutil.which("mosquitto_passwd")
        if program is None:
            raise unittest.SkipTest("no mosquitto_passwd here")
        subprocess.run([program, "-b", "-c", str(self.file), "alice", "wonderland"], check=True, capture_output=True)
        names = ["alice"]
        for name, form in (("bob", "sha512"), ("carl", "sha512-pbkdf2")):
            made = subprocess.run(
                [program, "-H", form, "-b", str(self.file), name, "wonderland"], check=False, capture_output=True
            )
            names += [name] if made.returncode == 0 else []
        self.passwd("dave", given="wonderland")
        self.serve_users()
        for name in [*names, "dave"]:
            with self.subTest(name=name):
                self.client(username=name, password="wonderland")
                self.expect_refused(BAD_CREDENTIALS, username=name, password="wonderlan")

    def test_broken_file(self) -> None:
        """The line is told by check, start and reload, and no part of a password; nobody is let in by half a file"""
        self.passwd("alice", given="one")
        good = self.file.read_text()
        text = f'listeners.tcp.bind = "127.0.0.1:{self.port}"\nauth {{ password_file = "{self.file}" }}\n'
        conf = self.configuration(text)
        self.start("--conf", conf)
        for line in ("no-colon-open-sesame", "bob:$7$1$open-sesame", "bob:", ":open-sesame", "alice:open-sesame"):
            with self.subTest(line=line):
                self.file.write_text(f"# remark\n{good}{line}\n")
                for command in (["check", "--conf", conf], ["start", "--conf", conf], ["reload"]):
                    ended = self.nanomq(*command)
                    self.assertEqual(ended.returncode, 1, ended.stdout)
                    self.assertIn(f"{self.file}:3: ", ended.stderr)
                    self.assertNotIn("open-sesame", ended.stderr)
                self.client(username="alice", password="one")
                self.expect_refused(BAD_CREDENTIALS, username="bob", password="")
        self.file.write_bytes(b"alice:\xff\xfe\n")
        self.assertIn(str(self.file), self.reload(code=1))
        self.file.write_text("")
        self.assertIn(str(self.file), self.reload(code=1))
        self.file.write_text(good)
        self.reload()
