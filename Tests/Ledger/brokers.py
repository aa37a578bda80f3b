# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Brokers with a directory that outlives them: started, killed, started again on the same port and directory."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Callable, Mapping, Optional

from broker import HOST, free_port

READY = 30.0
STOP = 30.0


class DurableBroker:
    """NanoMQ with a store. `settings` are keys of the block `sqlite` that take the place of the usual ones."""

    sudden = signal.SIGKILL
    """How it is ended without warning."""

    def __init__(
        self,
        executable: Path,
        folder: Path,
        settings: Optional[Mapping[str, str]] = None,
        others: str = "",
        store: bool = True,
    ) -> None:
        self.executable = executable
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir(exist_ok=True)
        self.settings = dict(settings or {})
        self.others = others
        self.store = store
        self.log = folder / "broker.log"
        self.address = (HOST, free_port())
        self.threads = 2
        self.environment: dict[str, str] = {}
        """Of the broker's process, in addition to this one's."""
        self.process: Optional[subprocess.Popen[bytes]] = None

    def configuration(self) -> str:
        """What the broker is told."""
        sqlite = {
            "mounted_file_path": f'"{self.data}"',
            "durability": "acknowledged",
            "disk_cache_size": "1000000",
            "flush_mem_threshold": "100",
            "max_bytes": "1GB",
            "max_session_messages": "200000",
            "max_session_bytes": "512MB",
            "when_full": "drop_oldest",
            "commit_interval": "1s",
            **self.settings,
        }
        block = "".join(f"  {key} = {value}\n" for key, value in sqlite.items())
        return (
            f'listeners.tcp.bind = "{HOST}:{self.address[1]}"\n'
            f"system.threads = {self.threads}\n"
            "log { to = [console], level = info }\n"
            + (f"sqlite {{\n{block}}}\n" if self.store else "")
            + f"{self.others}\n"
        )

    def command(self) -> list[str]:
        """How it is started."""
        file = self.folder / "broker.conf"
        file.write_text(self.configuration())
        return [str(self.executable), "start", "--conf", str(file)]

    def spawn(self) -> None:
        """Starts it and does not wait."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("NANOMQ")}
        environment["NANOMQ_PID_FILE"] = str(self.folder / "nanomq.pid")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                env={**environment, **self.environment},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def start(self) -> float:
        """Starts it and waits until it answers: how many seconds that took."""
        began = time.monotonic()
        self.spawn()
        while not self.answers():
            if time.monotonic() > began + READY:
                raise AssertionError(f"the broker does not answer\n{self.tail()}")
            time.sleep(0.01)  # A port that opens sends no event.
        return time.monotonic() - began

    def answers(self) -> bool:
        """Whether its port is open; raises if it has ended by itself."""
        if not self.alive:
            raise AssertionError(f"the broker has ended by itself\n{self.tail()}")
        try:
            socket.create_connection(self.address, timeout=1).close()
        except OSError:
            return False
        return True

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """Ends it without warning. That it had ended before is an error."""
        assert self.process is not None
        if not self.alive:
            raise AssertionError(f"the broker has ended by itself with {self.process.returncode}\n{self.tail()}")
        self.process.send_signal(self.sudden)
        self.process.wait(STOP)

    def stop(self, meanwhile: Optional[Callable[[], None]] = None) -> int:
        """SIGTERM: the exit code. `meanwhile` is done before it is waited for."""
        assert self.process is not None
        if self.alive:
            self.process.send_signal(signal.SIGTERM)
        if meanwhile is not None:
            meanwhile()
        try:
            return self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the broker does not leave on SIGTERM\n{self.tail()}") from None

    def discard(self) -> None:
        """Ends it, whatever it does."""
        if self.process is not None and self.alive:
            self.process.kill()
            self.process.wait()

    def memory(self, field: str = "VmHWM") -> int:
        """Bytes of memory: the most it has had (VmHWM), or what it has (VmRSS)."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(field + ":"))

    def lines(self) -> list[str]:
        """The log of all its lives."""
        return self.log.read_text(errors="replace").splitlines() if self.log.exists() else []

    def tail(self, count: int = 40) -> str:
        """The end of its log."""
        return "\n".join(self.lines()[-count:])


class Mosquitto(DurableBroker):
    """Mosquitto with persistence: to try the tests on, and to compare with. It writes when it is told to end."""

    sudden = signal.SIGTERM

    def configuration(self) -> str:
        return (
            f"listener {self.address[1]} {HOST}\n"
            "allow_anonymous true\n"
            "user root\n"
            + (f"persistence true\npersistence_location {self.data}/\n" if self.store else "persistence false\n")
            + "autosave_interval 1800\n"
            "max_queued_messages 0\n"
            "max_queued_bytes 0\n"
            "max_inflight_messages 2000\n"
            "set_tcp_nodelay true\n"
            "connection_messages false\n"
            "log_type error\n"
            "log_type warning\n"
            "log_dest stdout\n"
        )

    def command(self) -> list[str]:
        file = self.folder / "broker.conf"
        file.write_text(self.configuration())
        return [str(self.executable), "-c", str(file)]


def broker_class(executable: Path) -> type[DurableBroker]:
    """By the name of the program."""
    return Mosquitto if executable.name == "mosquitto" else DurableBroker
