# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Starts and stops the broker under test, each on a free port with a configuration file of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Mapping, Optional

HOST = "127.0.0.1"
START_TIMEOUT = 15.0
STOP_TIMEOUT = 10.0

# What every test may rely on. Values that the standard leaves open are written down here, not taken from defaults.
SETTINGS: Mapping[str, str] = {
    "mqtt.max_packet_size": "10MB",
    "mqtt.max_topic_alias": "16",
    "mqtt.receive_maximum": "1024",
    "mqtt.keepalive_multiplier": "1.5",
    "sys.interval": "1s",
    "sys.node": "nanomq",
    "log.level": "info",
}


class Broker:
    """A broker process, or the address of one that somebody else runs."""

    def __init__(self, executable: Optional[Path], address: tuple[str, int]) -> None:
        self.executable = executable
        self.address = address
        self.websocket_address: Optional[tuple[str, int]] = None
        self.process: Optional[subprocess.Popen[bytes]] = None
        self.directory: Optional[tempfile.TemporaryDirectory[str]] = None
        self.told_to_end = False

    @classmethod
    def external(cls, address: tuple[str, int]) -> Broker:
        """A broker that runs already and is not ours to stop."""
        return cls(None, address)

    @classmethod
    def start(
        cls,
        executable: Path,
        settings: Optional[Mapping[str, str]] = None,
        websocket: bool = False,
        by_file: bool = False,
    ) -> Broker:
        """Starts `executable` with `SETTINGS` changed by `settings`, and waits until its port answers.

        With `by_file` only the file says where it listens: a flag would take the place of listeners with names.
        """
        broker = cls(executable, (HOST, free_port()))
        broker.directory = tempfile.TemporaryDirectory(prefix="nanomq-conformance-")
        folder = Path(broker.directory.name)
        configuration = folder / "nanomq.conf"
        host, port = broker.address
        lines = {"listeners.tcp.bind": f'"{host}:{port}"', **SETTINGS, **(settings or {})}
        configuration.write_text("".join(f"{key} = {value}\n" for key, value in lines.items()))
        urls = ["--url", f"nmq-tcp://{host}:{port}"]
        if websocket:
            broker.websocket_address = (HOST, free_port())
            urls = ["--url", f"nmq-ws://{HOST}:{broker.websocket_address[1]}/mqtt", *urls]
        with open(folder / "log", "wb") as log:
            broker.process = subprocess.Popen(
                [str(executable), "start", *([] if by_file else urls), "--conf", str(configuration)],
                env={**os.environ, "NANOMQ_PID_FILE": str(folder / "nanomq.pid")},
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=folder,
            )
        for address in filter(None, (broker.address, broker.websocket_address)):
            broker._wait_for_port(address)
        return broker

    def _wait_for_port(self, address: tuple[str, int]) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            try:
                socket.create_connection(address, timeout=1).close()
                return
            except OSError as error:
                if not self.alive or time.monotonic() > deadline:
                    tail = self.log_tail()
                    self.kill()
                    raise RuntimeError(f"the broker does not answer on {address}: {error}\n{tail}") from error
                time.sleep(0.02)  # The only wait on time: a port that opens sends no event.

    @property
    def alive(self) -> bool:
        """Whether the process still runs; an external broker is taken to."""
        return self.process is None or self.process.poll() is None

    def resident_bytes(self) -> Optional[int]:
        """The memory the process holds, where the system tells (Linux)."""
        if self.process is None:
            return None
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return None
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        return int(fields["VmRSS"].split()[0]) * 1024 if "VmRSS" in fields else None

    def log_tail(self, lines: int = 60) -> str:
        """The last lines that the broker wrote."""
        if self.directory is None:
            return "(an external broker: no log)"
        text = (Path(self.directory.name) / "log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def terminate(self) -> None:
        """Sends SIGTERM and does not wait. Once only: the second one ends the broker at once."""
        if self.process is not None and self.alive and not self.told_to_end:
            self.told_to_end = True
            self.process.send_signal(signal.SIGTERM)

    def stop(self) -> Optional[int]:
        """SIGTERM, and the exit code within the time allowed; a broker that hangs is killed and has none."""
        if self.process is None:
            return 0
        self.terminate()
        try:
            code: Optional[int] = self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            code = None
        self.kill()
        return code

    def kill(self) -> None:
        """Ends the process without ceremony, if it still runs, and removes its folder."""
        if self.process is not None and self.alive:
            self.process.kill()
            self.process.wait()
        if self.directory is not None:
            self.directory.cleanup()
            self.directory = None


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return listener.getsockname()[1]


def default_executable() -> Path:
    """The broker to test when none is named: `NANOMQ`, else the debug build of this repository."""
    named = os.environ.get("NANOMQ")
    return Path(named) if named else Path(__file__).resolve().parents[2] / ".build" / "debug" / "nanomq"
