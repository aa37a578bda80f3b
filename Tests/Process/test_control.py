# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The control socket, and reload over it."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import unittest
from pathlib import Path

from service import TIMEOUT, ServiceCase

NOBODY = 65534


class Control(ServiceCase):
    """A Unix socket with lines of text."""

    def ask(self, request: bytes) -> bytes:
        """Sends bytes, returns all that comes back."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(TIMEOUT)
            client.connect(str(self.socket))
            try:
                client.sendall(request)
            except BrokenPipeError:
                pass
            reply = b""
            while True:
                try:
                    part = client.recv(65536)
                except ConnectionResetError:
                    return reply
                if not part:
                    return reply
                reply += part

    def test_private(self) -> None:
        """Mode 0600 whatever the umask; beside the PID file, or where it is said; gone afterwards"""
        previous = os.umask(0)
        self.addCleanup(os.umask, previous)
        broker = self.start()
        mode = self.socket.stat().st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(mode & 0o777, 0o600)
        broker.terminate()
        broker.wait()
        self.assertFalse(self.socket.exists())
        other = self.folder / "x" / "control"
        broker = self.start("--control_socket", str(other))
        self.assertEqual(other.stat().st_mode & 0o777, 0o600)
        self.assertFalse(self.socket.exists())
        status = self.nanomq("status", NANOMQ_CONTROL_SOCKET=str(other))
        self.assertIn("listener: ", status.stdout)

    def test_other_users(self) -> None:
        """They are not answered, even if the mode let them"""
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root can become another user")
        self.start()
        for path in (self.folder, self.socket.parent):
            path.chmod(0o755)
        self.socket.chmod(0o666)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setuid(NOBODY)
                os.write(writing, b"reply: " + self.ask(b"status\n\n"))
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        os.close(writing)
        with os.fdopen(reading, "rb") as file:
            self.assertEqual(file.read(), b"reply: ")

    def test_beside_the_pid_file(self) -> None:
        """auto says so; it is no file's name, in the foreground, as a daemon, and after a restart"""
        broker = self.start("--control_socket", "auto")
        self.assertTrue(self.socket.exists())
        self.assert_status(0)
        broker.terminate()
        self.assertEqual(broker.wait(), 0)
        self.start_daemon("--control_socket", "auto")
        self.assertTrue(self.socket.exists())
        self.assertEqual(self.nanomq("reload", "--control_socket", "auto").returncode, 0)
        restart = self.nanomq("restart", "--control_socket", "auto")
        self.assertEqual(restart.returncode, 0, restart.stderr)
        self.assertTrue(self.socket.exists())
        self.assertFalse((self.folder / "auto").exists())

    def test_root_asks_the_broker_of_another(self) -> None:
        """status, reload and stop; but restart does not run what another user says, and then stops nothing"""
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            raise unittest.SkipTest("only root can become another user, with setpriv")
        self.folder.chmod(0o755)
        self.pid_file.parent.mkdir()
        # Both may have files here, as in /tmp.
        self.pid_file.parent.chmod(0o1777)
        # The other user need not be able to reach the executable where it is.
        executable = shutil.copy2(self.executable, self.folder / "nanomq")
        become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        if subprocess.run([*become, executable, "--version"], capture_output=True, check=False).returncode != 0:
            raise unittest.SkipTest("the other user cannot run the broker")
        self.configuration("mqtt.max_qos = 1\n")
        broker = self.adopt(
            subprocess.Popen(
                [*become, executable, "start", "--url", self.url, "--conf", "nanomq.conf"],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        self.expect_ready(broker)
        self.assertEqual(self.socket.stat().st_uid, NOBODY)
        text = self.assert_status(0)
        self.assertIn(f"pid: {broker.pid}\n", text)
        self.assertIn("listener: ", text)
        reload = self.nanomq("reload")
        self.assertEqual(reload.returncode, 0, reload.stderr)
        restart = self.nanomq("restart")
        self.assertEqual(restart.returncode, 1)
        self.assertIn("does not say its options", restart.stderr)
        self.assertIsNone(broker.poll())
        stop = self.nanomq("stop")
        self.assertEqual(stop.returncode, 0, stop.stderr)
        self.assertEqual(broker.wait(), 0)

    def test_hostile_requests(self) -> None:
        """Nonsense is refused, too much is cut off, and the broker goes on"""
        self.start()
        self.assertTrue(self.ask(b"status\n\n").startswith(b"ok\npid: "))
        for request in (b"frob\n\n", b"\n\n", b"status\nno colon\n\n", b"\xff\xfe\n\n", b"a\\q\n\n", b"status\n: x\n\n"):
            with self.subTest(request=request):
                self.assertTrue(self.ask(request).startswith(b"error\nmessage: "), request)
        self.assertEqual(self.ask(b"x" * 100_000), b"")
        silent = socket.socket(socket.AF_UNIX)
        self.addCleanup(silent.close)
        silent.connect(str(self.socket))
        silent.sendall(b"stat")
        self.assert_status(0)
        self.assertTrue(self.ask(b"status\n\n").startswith(b"ok\n"))

    def test_place_taken(self) -> None:
        """A file that is no socket is left alone, and so is a socket on which somebody answers"""
        self.socket.parent.mkdir()
        self.socket.write_text("precious")
        refused = self.nanomq("start", "--url", self.url)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(str(self.socket), refused.stderr)
        self.assertEqual(self.socket.read_text(), "precious")
        self.assertFalse(self.pid_file.exists())
        self.socket.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(self.socket))
            other.listen()
            refused = self.nanomq("start", "--url", self.url)
            self.assertEqual(refused.returncode, 1)
            self.assertTrue(self.socket.exists())
        # Closed, but still there: nobody answers.
        broker = self.start()
        self.assert_status(0)
        broker.terminate()
        self.assertEqual(broker.wait(), 0)

    def test_path_too_long(self) -> None:
        """It is said, and what to do"""
        refused = self.nanomq("start", "--url", self.url, "--control_socket", str(Path("/tmp") / ("x" * 120)))
        self.assertEqual(refused.returncode, 1)
        self.assertIn("--control_socket", refused.stderr)


class Reload(ServiceCase):
    """nanomq reload."""

    def test_wrong_configuration(self) -> None:
        """Nothing changes, the place of the fault is told, the exit code is 1; the right one is taken afterwards"""
        conf = self.configuration("mqtt.max_qos = 1\n")
        self.start("--conf", conf)
        for text, part in {"mqtt.max_qos = 7\n": "nanomq.conf:1:", "mqtt {": "nanomq.conf:"}.items():
            self.configuration(text)
            reload = self.nanomq("reload")
            self.assertEqual(reload.returncode, 1)
            self.assertIn("nothing has changed", reload.stderr)
            self.assertIn(part, reload.stderr)
            self.assertNotIn("succeed", reload.stdout)
        reload = self.nanomq("reload", "--conf", str(self.folder / "missing.conf"))
        self.assertEqual(reload.returncode, 1)
        self.assertIn("missing.conf", reload.stderr)
        self.configuration("mqtt.max_qos = 1\n")
        reload = self.nanomq("reload")
        self.assertEqual(reload.returncode, 0, reload.stderr)
        self.assertIn("reload succeed!", reload.stdout)
        self.assert_serving()

    def test_warnings(self) -> None:
        """What has no effect in the new file is told to the caller"""
        self.start("--conf", self.configuration("mqtt.max_qos = 1\n"))
        self.configuration("mqtt.max_qoz = 1\n")
        reload = self.nanomq("reload")
        self.assertEqual(reload.returncode, 0, reload.stderr)
        self.assertIn("mqtt.max_qoz", reload.stderr)

    def test_another_file(self) -> None:
        """It is the file from then on, for a restart too; one that was wrong is not"""
        self.start_daemon("--conf", self.configuration("mqtt.max_qos = 1\n"))
        wrong = self.configuration("mqtt.max_qos = 7\n", "wrong.conf")
        other = self.configuration("mqtt.max_qos = 2\n", "other.conf")
        self.assertEqual(self.nanomq("reload", "--conf", wrong).returncode, 1)
        self.assertEqual(self.nanomq("reload").returncode, 0)
        self.assertEqual(self.nanomq("reload", "--conf", other).returncode, 0)
        restart = self.nanomq("restart")
        self.assertEqual(restart.returncode, 0, restart.stderr)
        pid = self.running_pid(self.pid_file)
        self.assertIn(f"--conf={other}", Path(f"/proc/{pid}/cmdline").read_text().split("\0"))

    def test_nobody_runs(self) -> None:
        """Exit code 1, over a stale file and a stale socket too"""
        reload = self.nanomq("reload")
        self.assertEqual(reload.returncode, 1)
        self.assertIn("There is no running NanoMQ instance.", reload.stderr)
        broker = self.start()
        broker.kill()
        broker.wait()
        self.assertTrue(self.socket.exists())
        self.assertEqual(self.nanomq("reload").returncode, 1)
