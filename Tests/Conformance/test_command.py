# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The command `nanomq` itself: what it prints, what it refuses, how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from broker import Broker, free_port
from case import SHARED, ConformanceCase

TIMEOUT = 20.0


class Command(ConformanceCase):
    """Processes of their own, each for one question."""

    def executable(self) -> Path:
        """The program under test."""
        executable = SHARED["broker"].executable
        if executable is None:
            raise unittest.SkipTest("an external broker has no command here")
        return executable

    def nanomq(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs it to its end."""
        with tempfile.TemporaryDirectory() as folder:
            return subprocess.run(
                [str(self.executable()), *arguments],
                env={**os.environ, "NANOMQ_PID_FILE": f"{folder}/nanomq.pid"},
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )

    def start_with(self, configuration: str) -> subprocess.CompletedProcess[str]:
        """Runs `nanomq start` with a configuration file that should stop it."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "broken.conf"
            file.write_text(configuration, encoding="utf-8")
            return self.nanomq("start", "--url", f"nmq-tcp://127.0.0.1:{free_port()}", "--conf", str(file))

    def test_version_and_help(self) -> None:
        """--version and --help answer and end with 0"""
        version = self.nanomq("--version")
        self.assertEqual(version.returncode, 0)
        self.assertRegex(version.stdout, r"^NanoMQ \d+\.\d+\.\d+\n$")
        help_text = self.nanomq("start", "--help")
        self.assertEqual(help_text.returncode, 0)
        for option in ("--url", "--conf", "--threads", "--log_level"):
            self.assertIn(option, help_text.stdout)

    def test_wrong_options(self) -> None:
        """A wrong option is named, and nothing is started"""
        for arguments in (["--threads", "0"], ["--url", "http://x"], ["--log_level", "loud"], ["--frob"]):
            with self.subTest(arguments=arguments):
                refused = self.nanomq("start", *arguments)
                self.assertNotEqual(refused.returncode, 0)
                self.assertIn(arguments[0], refused.stderr)

    def test_broken_configuration(self) -> None:
        """File, line, column, key and what was expected; and no broker on half a configuration"""
        cases = {
            "mqtt {\n  max_packet_size = much\n}\n": ("broken.conf:2:", "mqtt.max_packet_size"),
            "mqtt {\n": ("broken.conf:",),
            "auth.allow_anonymus = false\n": ("broken.conf:1:", "auth.allow_anonymous"),
        }
        for text, expected in cases.items():
            with self.subTest(text=text):
                refused = self.start_with(text)
                self.assertNotEqual(refused.returncode, 0)
                for part in expected:
                    self.assertIn(part, refused.stderr)

    def test_missing_configuration(self) -> None:
        """A file that is not there is named"""
        refused = self.nanomq("start", "--conf", "/nowhere/nanomq.conf")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("/nowhere/nanomq.conf", refused.stderr)

    def test_port_in_use(self) -> None:
        """A listener that cannot be bound is named"""
        host, port = self.broker.address
        refused = self.nanomq("start", "--url", f"nmq-tcp://{host}:{port}")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn(f"{host}:{port}", refused.stderr)

    def test_interrupt(self) -> None:
        """SIGINT ends it as SIGTERM does, with 0"""
        broker = Broker.start(self.executable())
        process = broker.process
        assert process is not None
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(TIMEOUT), 0)
