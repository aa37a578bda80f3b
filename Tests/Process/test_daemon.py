# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""start --daemon: what it says is true."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
from pathlib import Path

from service import HOST, SUCCESS, TIMEOUT, ServiceCase, alive, locked, wait_until


class Daemon(ServiceCase):
    """A broker without a terminal."""

    def test_ready_means_ready(self) -> None:
        """When the command has ended with 0, the listeners are up"""
        for _ in range(5):
            self.start_daemon()
            self.assert_serving()
            self.assertEqual(self.nanomq("stop").returncode, 0)

    def test_detached(self) -> None:
        """A session of its own, the directory of its start, nothing of the terminal left, no pipe to who started it"""
        pid = self.start_daemon()
        self.assertEqual(os.getsid(pid), pid)
        # Relative paths in its configuration stay what they were.
        self.assertEqual(os.readlink(f"/proc/{pid}/cwd"), str(self.folder))
        for descriptor in (0, 1, 2):
            self.assertEqual(os.readlink(f"/proc/{pid}/fd/{descriptor}"), "/dev/null")

        def pipes() -> list[str]:
            targets = [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()]
            return [target for target in targets if target.startswith("pipe:")]

        # Its signals come through one pipe of its own, both of whose ends it has; that to the command it closes after
        # its word, when the command may have ended already.
        wait_until("only its own pipe is left", lambda: (len(pipes()), len(set(pipes()))) == (2, 1))

    def test_descriptors_of_the_caller(self) -> None:
        """It keeps nothing of what its caller has open: a lock is free when the caller gives it up"""
        lock = self.folder / "lock"
        with open(lock, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # As the shell does: flock 9; nanomq start -d.
            started = subprocess.run(
                [str(self.executable), "start", "--daemon", "--url", self.url],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                pass_fds=(file.fileno(),),
                check=False,
            )
        self.assertEqual(started.returncode, 0, started.stderr)
        with open(lock, "rb") as file:
            self.assertFalse(locked(file.fileno()))
        pid = self.running_pid(self.pid_file)
        assert pid is not None
        self.assertTrue(alive(pid))
        targets = [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()]
        self.assertNotIn(str(lock), targets)
        self.assert_serving()

    def test_port_taken(self) -> None:
        """Exit code 1, the reason, no daemon, no file"""
        with socket.socket() as taken:
            taken.bind((HOST, 0))
            taken.listen()
            port = taken.getsockname()[1]
            started = self.nanomq("start", "--daemon", "--url", f"nmq-tcp://{HOST}:{port}")
        self.assertEqual(started.returncode, 1)
        self.assertNotIn(SUCCESS, started.stdout)
        self.assertIn(f"{HOST}:{port}", started.stderr)
        self.assertFalse(self.pid_file.exists())
        self.assertFalse(self.socket.exists())

    def test_wrong_configuration(self) -> None:
        """Exit code 1, and the place of the fault"""
        started = self.nanomq("start", "--daemon", "--conf", self.configuration("mqtt {\n  max_qos = 7\n}\n"))
        self.assertEqual(started.returncode, 1)
        self.assertIn("nanomq.conf:2:", started.stderr)

    def test_relative_paths(self) -> None:
        """They are those of the directory in which the command was given, at a reload too"""
        self.configuration("log.level = warn\n", "relative.conf")
        self.environment["NANOMQ_PID_FILE"] = "run/nanomq.pid"
        self.start_daemon("--conf", "relative.conf")
        self.assertTrue(self.pid_file.exists())
        reload = self.nanomq("reload")
        self.assertEqual(reload.returncode, 0, reload.stderr)
        reload = self.nanomq("reload", "--conf", "relative.conf")
        self.assertEqual(reload.returncode, 0, reload.stderr)

    def test_survives_its_terminal(self) -> None:
        """SIGHUP to the group of the command that started it does not reach it"""
        pid = self.start_daemon()
        self.assertNotEqual(os.getpgid(pid), os.getpgid(0))
        os.kill(pid, signal.SIGHUP)  # And one that does is a reload.
        self.assert_serving()
        self.assert_status(0)
