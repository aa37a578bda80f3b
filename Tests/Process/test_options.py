# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The command line: every flag of the original, what is refused, and check."""

from __future__ import annotations

from pathlib import Path

from service import SUCCESS, TIMEOUT, ServiceCase, wait_until


class Options(ServiceCase):
    """Sub-commands and flags."""

    def test_no_command(self) -> None:
        """Without a sub-command, or with an unknown one: usage, version where it belongs, exit code 1"""
        for arguments in ([], ["frob"]):
            with self.subTest(arguments=arguments):
                ended = self.nanomq(*arguments)
                self.assertEqual((ended.returncode, ended.stdout), (1, ""))
                self.assertIn("nanomq <subcommand>", ended.stderr)
        self.assertRegex(self.nanomq().stderr, r"(?m)^NanoMQ \d+\.\d+\.\d+$")

    def test_help(self) -> None:
        """--help ends with 0 and names every sub-command, and start every flag of the original"""
        text = self.nanomq("--help")
        self.assertEqual(text.returncode, 0)
        for command in ("start", "stop", "restart", "reload", "status", "check", "passwd"):
            self.assertIn(f"\n  {command} ", text.stdout)
        flags = (
            "--conf --old_conf --url --http -p, --port -t, --tq_thread -T, --max_tq_thread -n, --parallel "
            "-s, --property_size -S, --msq_len -D, --qos_duration -d, --daemon --cacert -E, --cert --key --keypass "
            "--verify --fail --log_level --log_file --log_stdout --log_syslog --threads --pid_file --control_socket"
        ).split()
        for command in ("start", "restart"):
            text = self.nanomq(command, "--help")
            for flag in flags:
                self.assertIn(flag, text.stdout)

    def test_flags_of_the_original(self) -> None:
        """Those that steer nothing here are taken, and the log says so; of features to come, with a warning"""
        given = "-t 4 -T 8 -n 32 -s 32 -S 2048 -D 10 -p 8081 --http --log_level info --log_stdout true".split()
        broker = self.spawn("start", "--url", self.url, *given)
        wait_until("it runs", lambda: "state: running" in self.nanomq("status").stdout)
        broker.terminate()
        out, _ = broker.communicate(timeout=TIMEOUT)
        self.assertEqual(broker.returncode, 0)
        for flag in ("--tq_thread", "--max_tq_thread", "--parallel"):
            self.assertRegex(out, rf"INFO  {flag}: \S+ accepted, but has no effect")
        self.assertRegex(out, r"WARN  --http: http_server: not supported yet")
        self.assertNotIn("--msq_len", out)

    def test_wrong_values(self) -> None:
        """They are named, nothing is started, the exit code is 1"""
        cases = {
            "--port": "0", "--tq_thread": "256", "--max_tq_thread": "0", "--parallel": "-1", "--threads": "x",
            "--log_stdout": "perhaps", "--msq_len": "99999999999999999999", "--url": "ftp://x", "--log_level": "loud",
        }
        for flag, value in cases.items():
            with self.subTest(flag=flag):
                ended = self.nanomq("start", f"{flag}={value}")
                self.assertEqual(ended.returncode, 1)
                self.assertIn(flag, ended.stderr)
                self.assertNotIn(SUCCESS, ended.stdout)
        for arguments in (["stop", "--timeout", "-1"], ["stop", "extra"], ["start", "--conf"], ["start", "--frob"]):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.nanomq(*arguments).returncode, 1)

    def test_check(self) -> None:
        """It says whether a broker would start, and starts none"""
        right = self.nanomq("check", "--conf", self.configuration('listeners.tcp.bind = "127.0.0.1:1999"\n'))
        self.assertEqual(right.returncode, 0, right.stderr)
        self.assertIn("127.0.0.1:1999", right.stdout)
        wrong = self.nanomq("check", "--conf", self.configuration("mqtt.max_qos = 7\n"))
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("nanomq.conf:1:", wrong.stderr)
        self.assertFalse(self.pid_file.exists())

    def test_file_called_as_a_word(self) -> None:
        """none and auto are words where they mean something only; a configuration file may have such a name"""
        for name in ("none", "auto"):
            with self.subTest(name=name):
                self.configuration("log.level = warn\n", name)
                pid = self.start_daemon("--conf", name)
                line = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")
                self.assertIn(f"--conf={self.folder / name}", line)
                self.assertEqual(self.nanomq("stop").returncode, 0)

    def test_passwd(self) -> None:
        """A password is never needed on the command line; impossible names are refused"""
        text = self.nanomq("passwd", "--help").stdout
        for part in ("--delete", "--batch", "--password_file", "standard input"):
            self.assertIn(part, text)
        for name in ("", "a:b", "a\nb"):
            self.assertEqual(self.nanomq("passwd", str(self.folder / "users"), name).returncode, 1)
