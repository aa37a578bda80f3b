# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Signals, also as the first process of a container."""

from __future__ import annotations

import shutil
import signal
import subprocess
import unittest

from packets import V5, Type
from service import HOST, ServiceCase, wait_until
from wire import Client


class Signals(ServiceCase):
    """What a signal does."""

    def client(self) -> Client:
        """A connected client."""
        client = Client((HOST, self.port), V5)
        self.addCleanup(client.close)
        client.connect("c")
        return client

    def test_graceful(self) -> None:
        """SIGTERM and SIGINT: clients are told, the code is 0"""
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number.name):
                broker = self.start()
                client = self.client()
                broker.send_signal(number)
                self.assertEqual(client.expect(Type.DISCONNECT).reason, 0x8B)
                client.close()
                self.assertEqual(broker.wait(), 0)
                self.assertFalse(self.pid_file.exists())

    def test_second_ends_at_once(self) -> None:
        """The second one does not wait for anybody"""
        for first, second in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)):
            with self.subTest(second=second.name):
                broker = self.start("--conf", self.configuration("limits.shutdown_timeout = 600s\n"))
                client = self.client()
                broker.send_signal(first)
                client.expect(Type.DISCONNECT)
                broker.send_signal(second)
                self.assertEqual(broker.wait(10), 128 + second)

    def test_reload_and_logs(self) -> None:
        """SIGHUP and SIGUSR1 are no end; SIGHUP with a broken file changes nothing and says so in the log"""
        conf = self.configuration("log.level = info\n")
        broker = self.start("--conf", conf)
        broker.send_signal(signal.SIGHUP)
        self.expect_output(broker, "configuration reloaded")
        broker.send_signal(signal.SIGUSR1)
        self.expect_output(broker, "log files")
        self.configuration("mqtt.max_qos = 7\n")
        broker.send_signal(signal.SIGHUP)
        self.assertIn("nanomq.conf:1:", self.expect_output(broker, "reload failed"))
        self.assert_serving()
        broker.send_signal(signal.SIGTERM)
        self.assertEqual(broker.wait(), 0)

    def test_first_process(self) -> None:
        """As PID 1 it hears SIGTERM, SIGINT and SIGHUP, without a PID file too"""
        unshare = shutil.which("unshare")
        command = [unshare or "unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
        if unshare is None or subprocess.run([*command, "true"], capture_output=True, check=False).returncode != 0:
            raise unittest.SkipTest("no PID namespaces here")
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number.name):
                outer = self.adopt(
                    subprocess.Popen(
                        [*command, str(self.executable), "start", "--url", self.url, "--pid_file", "none"],
                        env=self.environment,
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE,
                        text=True,
                    )
                )
                self.expect_ready(outer)
                with open(f"/proc/{outer.pid}/task/{outer.pid}/children", encoding="ascii") as file:
                    inner = int(file.read().split()[0])
                subprocess.run(["kill", "-HUP", str(inner)], check=True)
                self.expect_output(outer, "configuration reloaded")
                subprocess.run(["kill", f"-{number.name[3:]}", str(inner)], check=True)
                self.assertEqual(outer.wait(), 0)

    def test_broken_pipe(self) -> None:
        """Nobody reads its output any more: it goes on"""
        broker = self.start("--log_level", "debug")
        assert broker.stdout is not None and broker.stderr is not None
        broker.stdout.close()
        broker.stderr.close()
        broker.stdout = broker.stderr = None
        for _ in range(3):
            self.client().close()
        broker.send_signal(signal.SIGUSR1)
        wait_until("it answers", lambda: self.nanomq("status").returncode == 0)
        self.assertIsNone(broker.poll())
