# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The base of all process tests: a folder of its own, processes that are gone afterwards, and what to look at."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import Callable, ClassVar, Optional

from broker import HOST, free_port

TIMEOUT = 30.0
SUCCESS = "NanoMQ Broker is started successfully!"
NOT_RUNNING = 3


class ServiceCase(unittest.TestCase):
    """A test with brokers of its own. Commands find them by the PID file in the test's folder."""

    maxDiff = None
    executable: ClassVar[Path]

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="nanomq-process-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.pid_file = self.folder / "run" / "nanomq.pid"
        self.socket = self.folder / "run" / "nanomq.sock"
        self.port = free_port()
        self.url = f"nmq-tcp://{HOST}:{self.port}"
        self.environment: dict[str, str] = {
            key: value for key, value in os.environ.items() if not key.startswith("NANOMQ")
        }
        self.environment["NANOMQ_PID_FILE"] = str(self.pid_file)
        # Whatever a test left under this PID file, and under others it named.
        self.pid_files = [self.pid_file]
        self.addCleanup(self._end_daemons)

    def _end_daemons(self) -> None:
        for file in self.pid_files:
            pid = self.running_pid(file)
            if pid is not None:
                os.kill(pid, signal.SIGKILL)

    def nanomq(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        return subprocess.run(
            [str(self.executable), *arguments],
            env={**self.environment, **environment},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    def spawn(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Runs a command beside the test; it is killed afterwards."""
        return self.adopt(
            subprocess.Popen(
                [str(self.executable), *arguments],
                env={**self.environment, **environment},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )

    def adopt(self, process: subprocess.Popen[str]) -> subprocess.Popen[str]:
        """Has a process killed afterwards, if it still runs."""

        def end() -> None:
            if process.poll() is None:
                process.kill()
            process.communicate()

        self.addCleanup(end)
        return process

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """A broker in the foreground, ready."""
        process = self.spawn("start", "--url", self.url, *arguments, **environment)
        self.expect_ready(process)
        return process

    def start_daemon(self, *arguments: str, **environment: str) -> int:
        """A broker as a daemon, ready: its PID."""
        started = self.nanomq("start", "--daemon", "--url", self.url, *arguments, **environment)
        self.assertEqual(started.returncode, 0, started.stderr)
        self.assertIn(SUCCESS, started.stdout)
        pid = self.running_pid(self.pid_file)
        assert pid is not None
        return pid

    def expect_ready(self, process: subprocess.Popen[str]) -> None:
        """Waits until a broker in the foreground says that it has started. Its log is on standard output too."""
        lines = []
        while not lines or lines[-1].strip() != SUCCESS:
            line = self.read_line(process)
            lines.append(line)
            if not line.endswith("\n"):
                process.kill()
                self.fail(f"not started: {lines!r}\n{process.communicate()[1]}")

    def read_line(self, process: subprocess.Popen[str]) -> str:
        """The next line of standard output; without a line end if there is none in time, or no more."""
        assert process.stdout is not None
        # Byte by byte: what Python would read ahead, select would not see.
        line = b""
        while not line.endswith(b"\n"):
            readable, _, _ = select.select([process.stdout], [], [], TIMEOUT)
            byte = os.read(process.stdout.fileno(), 1) if readable else b""
            if not byte:
                break
            line += byte
        return line.decode()

    def expect_output(self, process: subprocess.Popen[str], part: str) -> str:
        """The next line of standard output with this in it: the log is there, unless it is told to be elsewhere."""
        while (line := self.read_line(process)).endswith("\n"):
            if part in line:
                return line
        self.fail(f"no line with {part!r}")

    def configuration(self, text: str, name: str = "nanomq.conf") -> str:
        """Writes a configuration file."""
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        return str(file)

    def running_pid(self, file: Path) -> Optional[int]:
        """The process that holds a PID file, by the kernel's word."""
        try:
            with open(file, "rb") as opened:
                if not locked(opened.fileno()):
                    return None
                return int(opened.read())
        except (OSError, ValueError):
            return None

    def assert_serving(self, port: Optional[int] = None) -> None:
        """Somebody listens."""
        socket.create_connection((HOST, port or self.port), timeout=TIMEOUT).close()

    def assert_not_serving(self, port: Optional[int] = None) -> None:
        """Nobody listens."""
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection((HOST, port or self.port), timeout=TIMEOUT)

    def assert_status(self, code: int) -> str:
        """`nanomq status` ends with this code; returns what it printed."""
        status = self.nanomq("status")
        self.assertEqual(status.returncode, code, status.stdout + status.stderr)
        return status.stdout

    def wait_for_end(self, pid: int) -> None:
        """Waits for a process that need not be a child."""
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            readable, _, _ = select.select([descriptor], [], [], TIMEOUT)
        finally:
            os.close(descriptor)
        self.assertTrue(readable, f"process {pid} does not end")


def locked(descriptor: int) -> bool:
    """Whether somebody holds the lock of an open file."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def alive(pid: int) -> bool:
    """Whether there is such a process, and not only its remains."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def wait_until(what: str, condition: Callable[[], bool], timeout: float = TIMEOUT) -> None:
    """For what sends no event."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"in vain: {what}")
        time.sleep(0.01)
