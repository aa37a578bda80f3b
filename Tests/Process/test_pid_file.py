# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The PID file: who has it runs; what is left of the dead is no obstacle; the living are left alone."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import threading
import unittest
from pathlib import Path

from broker import free_port
from service import HOST, NOT_RUNNING, ServiceCase, alive, locked


class PIDFile(ServiceCase):
    """One file, brokers who want it."""

    def test_form(self) -> None:
        """Decimal and a line end, mode 0644 whatever the umask, in a directory that is made with 0755"""
        previous = os.umask(0o077)
        self.addCleanup(os.umask, previous)
        self.pid_file = self.folder / "a" / "b" / "nanomq.pid"
        broker = self.start("--pid_file", str(self.pid_file))
        self.assertEqual(self.pid_file.read_text(), f"{broker.pid}\n")
        self.assertEqual(self.pid_file.stat().st_mode & 0o777, 0o644)

    def test_lock_for_life(self) -> None:
        """The file is locked as long as the process lives, and gone when it has ended"""
        broker = self.start()
        with open(self.pid_file, "rb") as file:
            self.assertTrue(locked(file.fileno()))
            self.nanomq("status")
            self.assertTrue(locked(file.fileno()))
            broker.terminate()
            broker.wait()
            self.assertFalse(locked(file.fileno()))
        self.assertFalse(self.pid_file.exists())

    def test_second_start(self) -> None:
        """It refuses, names the running PID, and leaves file and process alone"""
        broker = self.start()
        before = self.pid_file.stat()
        for mode in ([], ["--daemon"]):
            with self.subTest(mode=mode):
                second = self.nanomq("start", "--url", f"nmq-tcp://{HOST}:{free_port()}", *mode)
                self.assertEqual(second.returncode, 1)
                self.assertIn(f"already running (PID {broker.pid})", second.stderr)
        after = self.pid_file.stat()
        self.assertEqual((before.st_ino, before.st_mtime_ns), (after.st_ino, after.st_mtime_ns))
        self.assertEqual(self.pid_file.read_text(), f"{broker.pid}\n")
        self.assert_serving()
        self.assertEqual(self.nanomq("stop").returncode, 0)
        self.assertEqual(broker.wait(), 0)

    def compete(self, count: int = 10) -> None:
        """Starts at once: one runs, the others name it."""
        urls = [f"nmq-tcp://{HOST}:{free_port()}" for _ in range(count)]
        brokers = [self.spawn("start", "--url", url) for url in urls]
        ready: list[int] = []
        refused: list[str] = []

        def watch(broker: subprocess.Popen[str]) -> None:
            line = self.read_line(broker)
            if line:
                ready.append(broker.pid)
                return
            assert broker.stderr is not None
            refused.append(broker.stderr.read())

        watchers = [threading.Thread(target=watch, args=(broker,)) for broker in brokers]
        for watcher in watchers:
            watcher.start()
        for watcher in watchers:
            watcher.join()
        self.assertEqual(len(ready), 1, refused)
        self.assertEqual(len(refused), count - 1)
        for text in refused:
            self.assertIn(f"already running (PID {ready[0]})", text)
        self.assertEqual(self.pid_file.read_text(), f"{ready[0]}\n")
        self.assertIn(f"pid: {ready[0]}\n", self.assert_status(0))
        self.assertEqual(self.nanomq("stop").returncode, 0)
        self.assertFalse(self.pid_file.exists())
        self.assertFalse(alive(ready[0]))

    def test_ten_at_once(self) -> None:
        """Of ten started at once exactly one runs, and the nine name its PID; with and without something left"""
        target = self.folder / "target"
        target.write_text("precious")
        leftovers = {
            "nothing": lambda: None,
            "stale": lambda: self.pid_file.write_text("4194304\n"),
            "link": lambda: self.pid_file.symlink_to(target),
            "pipe": lambda: os.mkfifo(self.pid_file),
        }
        for name, leave in leftovers.items():
            with self.subTest(leftover=name):
                self.pid_file.parent.mkdir(exist_ok=True)
                leave()
                self.compete()
        self.assertEqual(target.read_text(), "precious")

    def test_ten_daemons_at_once(self) -> None:
        """The same for daemons: one command succeeds"""
        commands = [
            self.spawn("start", "--daemon", "--url", f"nmq-tcp://{HOST}:{free_port()}") for _ in range(10)
        ]
        ended = [(command.communicate(), command.returncode) for command in commands]
        pid = self.running_pid(self.pid_file)
        self.assertEqual(sorted(code for _, code in ended), [0] + [1] * 9)
        for (_, errors), code in ended:
            if code != 0:
                self.assertIn(f"already running (PID {pid})", errors)

    def test_asking_disturbs_nobody(self) -> None:
        """Starts succeed while others keep asking for the status"""
        stop = threading.Event()

        def ask() -> None:
            while not stop.is_set():
                self.nanomq("status")

        askers = [threading.Thread(target=ask) for _ in range(4)]
        for asker in askers:
            asker.start()
        try:
            for _ in range(5):
                broker = self.start()
                broker.terminate()
                self.assertEqual(broker.wait(), 0)
        finally:
            stop.set()
            for asker in askers:
                asker.join()

    def test_own_files(self) -> None:
        """Several brokers with files of their own get on"""
        first = self.start()
        other = self.folder / "other" / "b.pid"
        self.pid_files.append(other)
        port = free_port()
        second = self.spawn("start", "--url", f"nmq-tcp://{HOST}:{port}", "--pid_file", str(other))
        self.expect_ready(second)
        self.assertEqual((self.pid_file.read_text(), other.read_text()), (f"{first.pid}\n", f"{second.pid}\n"))
        self.assertEqual(self.nanomq("stop", "--pid_file", str(other)).returncode, 0)
        self.assertEqual(second.wait(), 0)
        self.assertFalse(other.exists())
        self.assert_serving()
        self.assertEqual(self.running_pid(self.pid_file), first.pid)

    def test_after_a_crash(self) -> None:
        """After kill -9 the file is stale: status says so, stop finds nothing, start takes it over"""
        broker = self.start()
        broker.kill()
        broker.wait()
        self.assertEqual(self.pid_file.read_text(), f"{broker.pid}\n")
        self.assertIn("not running", self.assert_status(NOT_RUNNING))
        again = self.start()
        self.assertEqual(self.pid_file.read_text(), f"{again.pid}\n")
        again.kill()
        again.wait()
        stopped = self.nanomq("stop")
        self.assertEqual(stopped.returncode, 1)
        self.assertIn("There is no running NanoMQ instance.", stopped.stderr)

    def test_number_of_another_program(self) -> None:
        """A file with the number of a living stranger: nobody signals it, start takes the file over"""
        stranger = self.adopt(subprocess.Popen(["sleep", "600"], text=True))
        self.pid_file.parent.mkdir()
        self.pid_file.write_text(f"{stranger.pid}\n")
        self.assert_status(NOT_RUNNING)
        for command in (["stop"], ["stop", "--force", "--timeout", "0"], ["reload"]):
            self.pid_file.write_text(f"{stranger.pid}\n")
            self.assertEqual(self.nanomq(*command).returncode, 1)
            self.assertIsNone(stranger.poll())
        self.pid_file.write_text(f"{stranger.pid}\n")
        broker = self.start()
        self.assertEqual(self.pid_file.read_text(), f"{broker.pid}\n")
        # What is written while it runs is not believed either.
        self.pid_file.write_text(f"{stranger.pid}\n")
        self.assertEqual(self.nanomq("stop").returncode, 0)
        self.assertEqual(broker.wait(), 0)
        self.assertIsNone(stranger.poll())

    def test_leftovers(self) -> None:
        """Garbage, nothing, an unreadable file, links: recognised, replaced, what a link points to is not touched"""
        target = self.folder / "target"
        target.write_text("precious")
        file = self.pid_file
        cases = {
            "garbage": lambda: file.write_bytes(b"\xff\x00not a number\n" * 100),
            "empty": lambda: file.touch(),
            "as the original pads": lambda: file.write_bytes(b"99999\0\0\0\0\0\0\0"),
            "huge number": lambda: file.write_text("9" * 40),
            "negative": lambda: file.write_text("-1\n"),
            "everybody": lambda: file.write_text("0\n"),
            "unreadable": lambda: (file.write_text("1\n"), file.chmod(0)),
            "link": lambda: file.symlink_to(target),
            "dangling link": lambda: file.symlink_to(self.folder / "nowhere"),
            "second name": lambda: os.link(target, file),
            "pipe": lambda: os.mkfifo(file),
        }
        file.parent.mkdir()
        for name, leave in cases.items():
            with self.subTest(leftover=name):
                leave()
                self.assertEqual(self.nanomq("stop", "--force").returncode, 1)
                if not file.is_symlink() and not file.exists():
                    leave()
                self.assert_status(NOT_RUNNING)
                broker = self.start()
                self.assertEqual(file.read_text(), f"{broker.pid}\n")
                self.assertFalse(file.is_symlink())
                self.assertEqual(file.stat().st_mode & 0o777, 0o644)
                self.assertEqual(self.nanomq("stop").returncode, 0)
                self.assertFalse(file.exists())
        self.assertEqual(target.read_text(), "precious")
        self.assertFalse((self.folder / "nowhere").exists())

    def test_not_ours_to_replace(self) -> None:
        """A directory, and a file that is too large to be one of ours, are left alone"""
        self.pid_file.mkdir(parents=True)
        refused = self.nanomq("start", "--url", self.url)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(str(self.pid_file), refused.stderr)
        self.pid_file.rmdir()
        self.pid_file.write_bytes(b"x" * 100_000)
        refused = self.nanomq("start", "--url", self.url)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("not a PID file", refused.stderr)
        self.assertEqual(self.pid_file.stat().st_size, 100_000)
        self.assert_not_serving()

    def test_directory_of_strangers(self) -> None:
        """A directory in which anybody may exchange the file will not do, nor one of another user"""
        self.pid_file.parent.mkdir()
        self.pid_file.parent.chmod(0o777)
        refused = self.nanomq("start", "--url", self.url)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("anybody", refused.stderr)
        self.pid_file.parent.chmod(0o1777)
        broker = self.start()
        broker.terminate()
        broker.wait()
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root can give a directory away")
        self.pid_file.parent.chmod(0o755)
        os.chown(self.pid_file.parent, 65534, 65534)
        refused = self.nanomq("start", "--url", self.url)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("another user", refused.stderr)

    def test_lock_of_a_stranger(self) -> None:
        """Who can only read the file may lock it, but is not taken for a broker"""
        self.pid_file.parent.mkdir()
        self.pid_file.write_text("1\n")
        with open(self.pid_file, "rb") as file:
            fcntl.lockf(file, fcntl.LOCK_SH)
            self.assert_status(NOT_RUNNING)
            self.assertEqual(self.nanomq("stop").returncode, 1)

    def test_removed_by_somebody(self) -> None:
        """Without its file the running one is found by its control socket, and not joined by a second"""
        broker = self.start()
        self.pid_file.unlink()
        second = self.nanomq("start", "--url", f"nmq-tcp://{HOST}:{free_port()}")
        self.assertEqual(second.returncode, 1)
        self.assertIn(str(self.socket), second.stderr)
        self.assertFalse(self.pid_file.exists())
        self.assertIsNone(broker.poll())
        text = self.assert_status(0)
        self.assertIn(f"pid: {broker.pid}\n", text)
        self.assertIn(f"listener: tcp:default {HOST}:{self.port}\n", text)
        reload = self.nanomq("reload")
        self.assertEqual(reload.returncode, 0, reload.stderr)
        stop = self.nanomq("stop")
        self.assertEqual((stop.returncode, stop.stdout), (0, "NanoMQ stopped.\n"), stop.stderr)
        # It has ended when stop returns.
        self.assertFalse(alive(broker.pid))
        self.assertEqual(broker.wait(), 0)
        self.assert_status(NOT_RUNNING)
        self.assertEqual(self.nanomq("stop").returncode, 1)

    def test_replaced_by_somebody(self) -> None:
        """Nor does another file in its place hide it, and stop removes that; restart puts one in its place"""
        self.start_daemon()
        self.pid_file.unlink()
        self.pid_file.write_text("1\n")
        restart = self.nanomq("restart")
        self.assertEqual(restart.returncode, 0, restart.stderr)
        self.assertIn("NanoMQ stopped.\n", restart.stdout)
        pid = self.running_pid(self.pid_file)
        self.assertIn(f"pid: {pid}\n", self.assert_status(0))
        self.assert_serving()
        self.assertEqual(self.nanomq("stop").returncode, 0)
        self.assertFalse(self.pid_file.exists())

    def test_hangs_without_its_file(self) -> None:
        """Who listens on the socket but does not answer may be anybody: it is told, and nobody is signalled"""
        broker = self.start()
        self.pid_file.unlink()
        broker.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, broker.pid, os.WSTOPPED)
        for command, code in ((["status"], 4), (["reload"], 1), (["stop", "--timeout", "0", "--force"], 1)):
            with self.subTest(command=command):
                ended = self.nanomq(*command)
                self.assertEqual(ended.returncode, code, ended.stdout)
                self.assertIn(str(self.socket), ended.stderr)
        broker.send_signal(signal.SIGCONT)
        self.assert_status(0)
        self.assert_serving()

    def test_end_leaves_the_file_of_another(self) -> None:
        """A broker removes its own file only"""
        broker = self.start()
        self.pid_file.unlink()
        self.pid_file.write_text("another\n")
        broker.terminate()
        self.assertEqual(broker.wait(), 0)
        self.assertEqual(self.pid_file.read_text(), "another\n")

    def test_where(self) -> None:
        """The option goes before the variable; none means none"""
        other = self.folder / "other.pid"
        self.pid_files.append(other)
        broker = self.start("--pid_file", "other.pid")
        self.assertEqual(other.read_text(), f"{broker.pid}\n")
        self.assertFalse(self.pid_file.exists())
        broker.terminate()
        broker.wait()
        broker = self.start("--pid_file", "none")
        self.assertEqual([file.name for file in self.folder.iterdir() if not Path(file).is_dir()], [])
        broker.send_signal(signal.SIGTERM)
        self.assertEqual(broker.wait(), 0)
