# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""mosquitto_pub and mosquitto_sub as subprocesses. The subscriber's debug output says when it is subscribed, so nothing
here waits on time alone."""

from __future__ import annotations

import queue
import shutil
import subprocess
import threading
from dataclasses import dataclass

from case import ConformanceCase

TIMEOUT = 20.0
MARK = "MESSAGE "


@dataclass(frozen=True)
class Received:
    """A message as mosquitto_sub printed it."""

    topic: str
    qos: int
    retain: bool
    payload: bytes


class Subscriber:
    """A running mosquitto_sub."""

    def __init__(self, command: list[str]) -> None:
        # Into a pipe the C library would hold lines back.
        command = ["stdbuf", "-oL", *command]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines: queue.Queue[str] = queue.Queue()
        self.seen: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put("")

    def wait_for(self, start: str) -> str:
        """The next line that begins so."""
        while True:
            try:
                line = self.lines.get(timeout=TIMEOUT)
            except queue.Empty:
                raise AssertionError(f"mosquitto_sub did not print {start!r}, but {self.seen[-20:]}") from None
            self.seen.append(line[:200])
            if line.startswith(start):
                return line
            if not line and self.process.poll() is not None and self.lines.empty():
                raise AssertionError(f"mosquitto_sub ended before it printed {start!r}: {self.seen[-20:]}")

    def message(self) -> Received:
        """The next message."""
        _, qos, retain, payload, topic = self.wait_for(MARK).split(" ", 4)
        return Received(topic, int(qos), retain == "1", bytes.fromhex(payload[1:]))

    def finish(self) -> int:
        """Waits for the end of the program (which -C or -W brings) and returns its exit code."""
        return self.process.wait(TIMEOUT)

    def kill(self) -> None:
        """Ends it without DISCONNECT."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(TIMEOUT)
        if self.process.stdout is not None:
            self.process.stdout.close()


class MosquittoCase(ConformanceCase):
    """Tests with Mosquitto's tools."""

    @classmethod
    def setUpClass(cls) -> None:
        missing = [tool for tool in ("mosquitto_pub", "mosquitto_sub", "stdbuf") if shutil.which(tool) is None]
        if missing:
            tools = " and ".join(missing)
            raise RuntimeError(f"{tools} not found: install the packages mosquitto-clients and coreutils")
        super().setUpClass()

    def address(self) -> list[str]:
        """Where the broker is."""
        host, port = self.broker.address
        return ["-h", host, "-p", str(port)]

    def subscribe(self, protocol: str, *arguments: str, subscribed: bool = True) -> Subscriber:
        """A mosquitto_sub that is subscribed when this returns."""
        pattern = f"{MARK}%q %r x%x %t"
        command = ["mosquitto_sub", *self.address(), "-V", protocol, "-d", "-F", pattern, "-W", "25", *arguments]
        subscriber = Subscriber(command)
        self.addCleanup(subscriber.kill)
        if subscribed:
            subscriber.wait_for("Subscribed (mid")
        return subscriber

    def publish(self, protocol: str, *arguments: str, stdin: bytes = b"") -> None:
        """Runs mosquitto_pub, which must succeed."""
        command = ["mosquitto_pub", *self.address(), "-V", protocol, *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=TIMEOUT)
        self.assertEqual(done.returncode, 0, f"{arguments[:6]}: {done.stdout!r} {done.stderr!r}")
