# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""stop, restart and status: the process is gone when they say so, and there is one when there was one."""

from __future__ import annotations

import os
import signal
import socket

from broker import free_port
from packets import V5
from service import HOST, NOT_RUNNING, SUCCESS, TIMEOUT, ServiceCase, alive, wait_until
from wire import Client


class Stop(ServiceCase):
    """The end of a broker."""

    def slow_client(self) -> Client:
        """One that does not close its side, so that a graceful end takes as long as it may."""
        client = Client((HOST, self.port), V5)
        self.addCleanup(client.close)
        client.connect("slow")
        return client

    def shutdown(self, seconds: int) -> str:
        """A configuration with this time for clients to go."""
        return self.configuration(f"limits.shutdown_timeout = {seconds}s\n")

    def test_waits(self) -> None:
        """It returns when the process has ended, not before; the file is there until then"""
        pid = self.start_daemon("--conf", self.shutdown(2))
        self.slow_client()
        stop = self.spawn("stop")
        wait_until("the broker is stopping", lambda: "state: stopping" in self.nanomq("status").stdout)
        self.assertTrue(alive(pid))
        self.assertEqual(self.pid_file.read_text(), f"{pid}\n")
        out, errors = stop.communicate()
        self.assertFalse(alive(pid))
        self.assertEqual((stop.returncode, out), (0, "NanoMQ stopped.\n"), errors)
        self.assertFalse(self.pid_file.exists())
        self.assertFalse(self.socket.exists())

    def test_timeout(self) -> None:
        """When the time is over it says so; the broker and its file are there still"""
        pid = self.start_daemon("--conf", self.shutdown(60))
        self.slow_client()
        stop = self.nanomq("stop", "--timeout", "0")
        self.assertEqual(stop.returncode, 1)
        self.assertIn(f"NanoMQ (PID {pid}) is still running after 0 s", stop.stderr)
        self.assertEqual(self.running_pid(self.pid_file), pid)
        # A second stop waits as well, and does not cut short what the first has begun.
        stop = self.nanomq("stop", "--timeout", "1")
        self.assertEqual(stop.returncode, 1)
        self.assertTrue(alive(pid))
        stop = self.nanomq("stop", "--timeout", "0", "--force")
        self.assertEqual(stop.returncode, 0, stop.stderr)
        self.assertFalse(alive(pid))
        self.assertFalse(self.pid_file.exists())

    def test_force(self) -> None:
        """A broker that does nothing any more is killed, and its file removed"""
        pid = self.start_daemon()
        os.kill(pid, signal.SIGSTOP)
        stop = self.nanomq("stop", "--timeout", "1")
        self.assertEqual(stop.returncode, 1)
        self.assertTrue(alive(pid))
        stop = self.nanomq("stop", "--timeout", "1", "--force")
        self.assertEqual(stop.returncode, 0)
        self.assertIn("killed", stop.stdout)
        self.assertFalse(alive(pid))
        self.assertFalse(self.pid_file.exists())
        self.assert_status(NOT_RUNNING)
        # Its socket is still there, but nobody answers.
        self.assertTrue(self.socket.exists())
        self.start_daemon()

    def test_child_that_nobody_waits_for(self) -> None:
        """A process that has ended counts as ended, also if its parent has not asked for its code yet"""
        broker = self.start()
        self.assertEqual(self.nanomq("stop", "--timeout", "10").returncode, 0)
        self.assertEqual(broker.wait(), 0)

    def test_nothing_to_stop(self) -> None:
        """Exit code 1, and nothing is made"""
        stop = self.nanomq("stop")
        self.assertEqual((stop.returncode, stop.stdout), (1, ""))
        self.assertIn("There is no running NanoMQ instance.", stop.stderr)
        self.assertFalse(self.pid_file.parent.exists())

    def test_several_at_once(self) -> None:
        """Five stops: the broker ends once, gracefully, and all of them tell the truth"""
        pid = self.start_daemon("--conf", self.shutdown(1))
        self.slow_client()
        commands = [self.spawn("stop") for _ in range(5)]
        codes = [(command.communicate(), command.returncode)[1] for command in commands]
        self.assertFalse(alive(pid))
        self.assertIn(0, codes)
        self.assertTrue(set(codes) <= {0, 1}, codes)


class Status(ServiceCase):
    """What it says."""

    def test_running(self) -> None:
        """PID, uptime, listeners, exit code 0"""
        broker = self.start()
        text = self.assert_status(0)
        self.assertIn("NanoMQ is running.\n", text)
        self.assertIn(f"pid: {broker.pid}\n", text)
        self.assertRegex(text, r"(?m)^uptime: \d+ s$")
        self.assertIn(f"listener: tcp:default {HOST}:{self.port}\n", text)
        self.assertIn("state: running\n", text)

    def test_not_running(self) -> None:
        """Exit code 3, also over a stale file"""
        self.assertEqual(self.assert_status(NOT_RUNNING), "NanoMQ is not running.\n")
        self.pid_file.parent.mkdir()
        self.pid_file.write_text("1\n")
        self.assertIn("not running", self.assert_status(NOT_RUNNING))

    def test_does_not_answer(self) -> None:
        """A broker that hangs runs: PID and uptime are known without its help"""
        pid = self.start_daemon()
        os.kill(pid, signal.SIGSTOP)
        status = self.nanomq("status")
        self.assertEqual(status.returncode, 0)
        self.assertIn(f"pid: {pid}\n", status.stdout)
        self.assertRegex(status.stdout, r"(?m)^uptime: \d+ s$")
        self.assertIn("no answer", status.stderr)

    def test_without_control_socket(self) -> None:
        """None is asked for: the PID file is enough"""
        broker = self.start("--control_socket", "none")
        self.assertFalse(self.socket.exists())
        status = self.nanomq("status", NANOMQ_CONTROL_SOCKET="none")
        self.assertEqual(status.returncode, 0)
        self.assertIn(f"pid: {broker.pid}\n", status.stdout)
        self.assertEqual(self.nanomq("stop").returncode, 0)


class Restart(ServiceCase):
    """There was one, there is one, and it is another one."""

    def test_keeps_the_options(self) -> None:
        """Without options the new one has those of the old, as a daemon if that was one, relative paths too"""
        self.configuration("log.level = debug\n", "relative.conf")
        old = self.start_daemon("--conf", "relative.conf", "--threads", "2")
        restart = self.nanomq("restart")
        self.assertEqual(restart.returncode, 0, restart.stderr)
        self.assertIn("NanoMQ stopped.\n", restart.stdout)
        self.assertIn(SUCCESS, restart.stdout)
        new = self.running_pid(self.pid_file)
        assert new is not None
        self.assertNotEqual(new, old)
        self.assertFalse(alive(old))
        self.assert_serving()
        with open(f"/proc/{new}/cmdline", encoding="utf-8") as file:
            line = file.read().split("\0")
        self.assertIn(f"--conf={self.folder}/relative.conf", line)
        self.assertIn("--threads=2", line)

    def test_other_options(self) -> None:
        """Options that are given replace the old ones"""
        self.start_daemon()
        port = free_port()
        restart = self.nanomq("restart", "--daemon", "--url", f"nmq-tcp://{HOST}:{port}")
        self.assertEqual(restart.returncode, 0, restart.stderr)
        self.assert_serving(port)
        self.assert_not_serving()

    def test_foreground(self) -> None:
        """One that runs in the foreground is replaced by one in the foreground"""
        old = self.start()
        new = self.spawn("restart")
        self.assertEqual(self.read_line(new), "NanoMQ stopped.\n")
        self.expect_ready(new)
        self.assertEqual(old.wait(), 0)
        self.assertEqual(self.running_pid(self.pid_file), new.pid)
        again = self.spawn("restart")
        self.assertEqual(self.read_line(again), "NanoMQ stopped.\n")
        self.expect_ready(again)
        self.assert_serving()

    def test_none_was_running(self) -> None:
        """Then it just starts"""
        restart = self.nanomq("restart", "--daemon", "--url", self.url)
        self.assertEqual(restart.returncode, 0, restart.stderr)
        self.assert_serving()

    def test_wrong_configuration(self) -> None:
        """It is found before anything is stopped"""
        pid = self.start_daemon()
        restart = self.nanomq("restart", "--daemon", "--conf", self.configuration("mqtt.max_packet_size = much\n"))
        self.assertEqual(restart.returncode, 1)
        self.assertIn("nanomq.conf:1:", restart.stderr)
        self.assertEqual(self.running_pid(self.pid_file), pid)
        self.assert_serving()

    def test_wrong_file(self) -> None:
        """Nor is anything stopped for a file that the configuration names, and that is wrong"""
        garbage = self.folder / "garbage.pem"
        garbage.write_text("garbage\n")
        bind = f'bind = "{HOST}:{free_port()}"'
        cases = {
            f'listeners.ssl {{ {bind}, certfile = "{garbage}", keyfile = "{garbage}" }}\n': str(garbage),
            'auth.password_file = "/nowhere/users"\n': "/nowhere/users",
            f'auth.jwt.public_keyfile = "{garbage}"\n': "auth.jwt",
        }
        pid = self.start_daemon()
        for text, part in cases.items():
            with self.subTest(text=text):
                restart = self.nanomq("restart", "--daemon", "--conf", self.configuration(text))
                self.assertEqual(restart.returncode, 1)
                self.assertIn(part, restart.stderr)
                self.assertNotIn("NanoMQ stopped.", restart.stdout)
                self.assertEqual(self.running_pid(self.pid_file), pid)
                self.assert_serving()

    def test_new_options_do_not_work(self) -> None:
        """When the new one cannot start, the old options are used again, and the command says both"""
        self.start_daemon()
        restart = self.nanomq("restart", "--daemon", "--url", "nmq-tcp://203.0.113.1:1")
        self.assertEqual(restart.returncode, 1)
        self.assertIn("203.0.113.1:1", restart.stderr)
        self.assertIn("starting it with those it had", restart.stderr)
        self.assert_serving()
        self.assert_status(0)

    def test_a_daemon_stays_one(self) -> None:
        """Other options, without --daemon: the command returns, and there is a daemon with them"""
        self.start_daemon()
        port = free_port()
        restart = self.nanomq("restart", "--url", f"nmq-tcp://{HOST}:{port}")
        self.assertEqual(restart.returncode, 0, restart.stderr)
        self.assertIn(SUCCESS, restart.stdout)
        pid = self.running_pid(self.pid_file)
        assert pid is not None
        self.assertEqual(os.getsid(pid), pid)
        self.assert_serving(port)
        self.assert_not_serving()

    def test_foreground_does_not_start(self) -> None:
        """One in the foreground that does not come up: there is a broker with the old options, as a daemon"""
        old = self.start()
        restart = self.nanomq("restart", "--url", "nmq-tcp://203.0.113.1:1")
        self.assertEqual(restart.returncode, 1)
        self.assertIn("203.0.113.1:1", restart.stderr)
        self.assertIn("starting it with those it had", restart.stderr)
        self.assertEqual(old.wait(), 0)
        pid = self.running_pid(self.pid_file)
        assert pid is not None
        self.assertEqual(os.getsid(pid), pid)
        self.assert_serving()
        self.assert_status(0)

    def test_same_options_do_not_work(self) -> None:
        """What has failed is not tried a second time, whether the options are repeated or not"""
        # The file can be read and is right, but somebody else listens where it says.
        with socket.socket() as taken:
            taken.bind((HOST, 0))
            taken.listen()
            conf = self.configuration(f'listeners.tcp.bind = "{HOST}:{self.port}"\n')
            other = f'listeners.tcp.bind = "{HOST}:{taken.getsockname()[1]}"\n'
            for arguments in ([], ["--conf", conf], ["--daemon", "--conf", conf]):
                for mode in (["--daemon"], []):
                    with self.subTest(arguments=arguments, mode=mode):
                        self.configuration(f'listeners.tcp.bind = "{HOST}:{self.port}"\n')
                        if mode:
                            self.assertEqual(self.nanomq("start", "--conf", conf, *mode).returncode, 0)
                        else:
                            self.expect_ready(self.spawn("start", "--conf", conf))
                        self.configuration(other)
                        restart = self.nanomq("restart", *arguments)
                        self.assertEqual(restart.returncode, 1)
                        self.assertNotIn("starting it with those it had", restart.stderr)
                        self.assertIsNone(self.running_pid(self.pid_file))

    def test_does_not_end(self) -> None:
        """If the old one does not end, no second one is started; --force helps"""
        pid = self.start_daemon()
        os.kill(pid, signal.SIGSTOP)
        restart = self.nanomq("restart", "--timeout", "1")
        self.assertEqual(restart.returncode, 1)
        self.assertNotIn(SUCCESS, restart.stdout)
        self.assertEqual(self.running_pid(self.pid_file), pid)
        restart = self.nanomq("restart", "--timeout", "1", "--force")
        self.assertEqual(restart.returncode, 0, restart.stderr)
        self.assertFalse(alive(pid))
        self.assert_serving()

    def test_several_at_once(self) -> None:
        """Five restarts, one after the other though all at once: each ends well, and one broker is left"""
        self.start_daemon()
        commands = [self.spawn("restart") for _ in range(5)]
        ended = [(command.communicate(timeout=TIMEOUT), command.returncode) for command in commands]
        self.assertEqual([code for _, code in ended], [0] * 5, ended)
        pid = self.running_pid(self.pid_file)
        assert pid is not None
        self.assertIn(f"pid: {pid}\n", self.assert_status(0))
        self.assert_serving()
        self.assertEqual(sorted(file.name for file in self.pid_file.parent.iterdir()), ["nanomq.pid", "nanomq.sock"])
        self.assertEqual(self.nanomq("stop").returncode, 0)
        self.assert_not_serving()
