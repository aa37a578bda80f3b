# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The service manager: its protocol for readiness and the watchdog, and the sockets it opens."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

from broker import free_port
from service import HOST, TIMEOUT, ServiceCase

ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="mqtt")
os.execv(sys.argv[2], sys.argv[2:])
"""

CONNECT = bytes([0x10, 15, 0, 4]) + b"MQTT" + bytes([5, 2, 0, 0, 0, 0, 2]) + b"me"


class Notify(ServiceCase):
    """sd_notify(3)."""

    def setUp(self) -> None:
        super().setUp()
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        self.manager.settimeout(TIMEOUT)

    def expect(self, *parts: str) -> str:
        """The next word that has all of this in it."""
        while True:
            word = self.manager.recv(4096).decode()
            if all(part in word.split("\n") for part in parts):
                return word

    def test_life(self) -> None:
        """READY after the listeners are up, RELOADING and READY, STOPPING; by path and by abstract name"""
        names = (str(self.folder / "notify"), f"\0nanomq-test-{os.getpid()}")
        for name in names:
            with self.subTest(abstract=name.startswith("\0")):
                self.manager.close()
                self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                self.manager.settimeout(TIMEOUT)
                self.manager.bind(name)
                broker = self.spawn("start", "--url", self.url, NOTIFY_SOCKET=name.replace("\0", "@"))
                self.expect("READY=1")
                self.assert_serving()
                before = time.monotonic_ns() // 1000
                broker.send_signal(signal.SIGHUP)
                word = self.expect("RELOADING=1")
                fields = dict(line.split("=", 1) for line in word.split("\n"))
                self.assertGreaterEqual(int(fields["MONOTONIC_USEC"]), before)
                self.expect("READY=1")
                broker.send_signal(signal.SIGTERM)
                self.expect("STOPPING=1")
                self.assertEqual(broker.wait(), 0)

    def test_reload_by_command(self) -> None:
        """The manager hears of it as well, also when it fails"""
        name = str(self.folder / "notify")
        self.manager.bind(name)
        conf = self.configuration("mqtt.max_qos = 1\n")
        self.spawn("start", "--url", self.url, "--conf", conf, NOTIFY_SOCKET=name)
        self.expect("READY=1")
        for text, code in (("mqtt.max_qos = 1\n", 0), ("mqtt.max_qos = 7\n", 1)):
            self.configuration(text)
            self.assertEqual(self.nanomq("reload").returncode, code)
            self.expect("RELOADING=1")
            self.expect("READY=1")

    def test_not_ready(self) -> None:
        """A broker that cannot listen never says READY"""
        name = str(self.folder / "notify")
        self.manager.bind(name)
        broker = self.spawn("start", "--url", "nmq-tcp://203.0.113.1:1", NOTIFY_SOCKET=name)
        self.assertEqual(broker.wait(), 1)
        self.manager.settimeout(0)
        with self.assertRaises(BlockingIOError):
            self.expect("READY=1")

    def test_watchdog(self) -> None:
        """Signs of life at half the interval, none of them from a process that hangs or is not the one that is meant"""
        name = str(self.folder / "notify")
        self.manager.bind(name)
        broker = self.spawn("start", "--url", self.url, NOTIFY_SOCKET=name, WATCHDOG_USEC="200000")
        self.expect("READY=1")
        started = time.monotonic()
        for _ in range(5):
            self.expect("WATCHDOG=1")
        elapsed = time.monotonic() - started
        self.assertGreater(elapsed, 0.3)
        self.assertLess(elapsed, 5)
        broker.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, broker.pid, os.WSTOPPED)
        self.manager.settimeout(0.5)  # Nothing is to come: there is no event to wait for.
        with self.assertRaises(TimeoutError):
            while True:
                self.manager.recv(4096)
        self.manager.settimeout(TIMEOUT)
        broker.send_signal(signal.SIGCONT)
        self.expect("WATCHDOG=1")
        broker.terminate()
        self.assertEqual(broker.wait(), 0)
        broker = self.spawn(
            "start", "--url", self.url, NOTIFY_SOCKET=name, WATCHDOG_USEC="20000", WATCHDOG_PID="1"
        )
        self.expect("READY=1")
        self.assert_status(0)
        broker.terminate()
        self.assertEqual(broker.wait(), 0)
        self.manager.settimeout(0)
        with self.assertRaises(BlockingIOError):
            self.expect("WATCHDOG=1")

    def test_nobody_listens(self) -> None:
        """A wrong address is no obstacle"""
        for name in ("/nowhere/notify", "relative", "@", "x" * 500, ""):
            with self.subTest(name=name):
                broker = self.start(NOTIFY_SOCKET=name, WATCHDOG_USEC="nonsense")
                broker.terminate()
                self.assertEqual(broker.wait(), 0)


class Activation(ServiceCase):
    """sd_listen_fds(3)."""

    def activated(self, listener: socket.socket, *arguments: str) -> subprocess.Popen[str]:
        """A broker that is given this listener, and a configuration with another port."""
        return self.adopt(
            subprocess.Popen(
                [
                    sys.executable, "-c", ACTIVATE, str(listener.fileno()), str(self.executable),
                    "start", *(arguments or ("--url", self.url)),
                ],
                env=self.environment,
                pass_fds=(listener.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )

    def test_inherited_listener(self) -> None:
        """Who connected before the start is served; the configured TCP listener is not opened"""
        with socket.socket() as listener:
            listener.bind((HOST, 0))
            listener.listen()
            port = listener.getsockname()[1]
            early = socket.create_connection((HOST, port))
            self.addCleanup(early.close)
            early.sendall(CONNECT)
            broker = self.activated(listener)
            self.expect_ready(broker)
        early.settimeout(TIMEOUT)
        self.assertEqual(early.recv(1), b"\x20")
        self.assert_serving(port)
        self.assert_not_serving()
        self.assertIn(f"listener: tcp:mqtt {HOST}:{port}\n", self.assert_status(0))
        broker.terminate()
        early.close()
        self.assertEqual(broker.wait(), 0)

    def test_terms(self) -> None:
        """A socket has the terms of the listener of its name, else of the default one, else of the first"""
        plain = f'{{ bind = "{HOST}:{self.port}" }}'
        proxied = f'{{ bind = "{HOST}:{free_port()}", proxy_protocol = true }}'
        cases = {
            "name": f"listeners.tcp = {plain}\nlisteners.tcp.mqtt = {proxied}\n",
            "default": f"listeners.tcp = {proxied}\nlisteners.tcp.other = {plain}\n",
            "first": f"listeners.tcp.other = {proxied}\n",
        }
        for case, text in cases.items():
            with self.subTest(case), socket.socket() as listener:
                listener.bind((HOST, 0))
                listener.listen()
                broker = self.activated(listener, "--conf", self.configuration(text))
                self.expect_ready(broker)
                address = listener.getsockname()
                with socket.create_connection(address, timeout=TIMEOUT) as client:
                    client.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 1234 1883\r\n" + CONNECT)
                    self.assertEqual(client.recv(1), b"\x20")
                with socket.create_connection(address, timeout=TIMEOUT) as client:
                    client.sendall(CONNECT)
                    answer = b""
                    with contextlib.suppress(ConnectionResetError):
                        answer = client.recv(1)
                    self.assertEqual(answer, b"")
                broker.terminate()
                self.assertEqual(broker.wait(), 0)

    def test_no_terms(self) -> None:
        """Nothing in the configuration says how the socket is to be treated: a warning does"""
        text = f'listeners.tcp.enable = false\nlisteners.ws.bind = "{HOST}:{self.port}/mqtt"\n'
        with socket.socket() as listener:
            listener.bind((HOST, 0))
            listener.listen()
            broker = self.activated(listener, "--conf", self.configuration(text))
            self.expect_output(broker, "no TCP listener is configured")
            self.expect_ready(broker)
            self.assert_serving(listener.getsockname()[1])
        broker.terminate()
        self.assertEqual(broker.wait(), 0)

    def test_for_another_process(self) -> None:
        """Variables that were meant for another process are not believed"""
        broker = self.start(LISTEN_PID="1", LISTEN_FDS="1")
        self.assert_serving()
        broker.terminate()
        self.assertEqual(broker.wait(), 0)
