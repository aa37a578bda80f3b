# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The configuration: where values come from, what is an error, what check shows of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from broker import HOST, free_port
from packets import Prop
from running import RunningCase
from service import TIMEOUT

REPOSITORY = Path(__file__).resolve().parents[2]


class ConfigurationCase(RunningCase):
    """A test of `nanomq check`."""

    def check(self, *arguments: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs it; it must end with this code."""
        ended = self.nanomq("check", *arguments, **environment)
        self.assertEqual(ended.returncode, code, ended.stdout + ended.stderr)
        return ended

    def effective(self, *arguments: str, **environment: str) -> dict[str, tuple[str, str]]:
        """What holds, and who said it."""
        return parse(self.check(*arguments, **environment).stdout)


def parse(text: str) -> dict[str, tuple[str, str]]:
    """The keys of what check prints, each with its value and where it comes from."""
    found = re.findall(r"(?m)^([\w.]+) = ((?:.|\n[^a-z\n])*?)  # (.*)$", text)
    return {key: (value, source) for key, value, source in found}


class Sources(ConfigurationCase):
    """Default, file, environment, command line."""

    def test_order(self) -> None:
        """The later wins, key by key, and check says who did"""
        file = self.configuration(
            'mqtt.max_mqueue_len = 11\nlog.level = warn\nlisteners.tcp.bind = "127.0.0.1:1111"\n'
            "auth.allow_anonymous = true\n"
        )
        variables = {
            "NANOMQ_MSQ_LEN": "22",
            "NANOMQ_LOG_LEVEL": "error",
            "NANOMQ_BROKER_URL": "nmq-tcp://127.0.0.1:2222",
            "NANOMQ_ALLOW_ANONYMOUS": "No",
        }
        flags = ["-S", "33", "--log_level", "debug", "--url", "nmq-tcp://127.0.0.1:3333"]
        names = ["mqtt.max_mqueue_len", "log.level", "listeners.tcp.bind", "auth.allow_anonymous"]
        places = [f"{file}:{place}" for place in ("1:23", "2:13", "3:22", "4:24")]
        defaults = ["1024", "info", '"0.0.0.0:1883"', "true"]
        said = ["11", "warn", '"127.0.0.1:1111"', "true"]
        overridden = ["22", "error", '"127.0.0.1:2222"', "false"]
        given = ["33", "debug", '"127.0.0.1:3333"']
        options = ["--msq_len", "--log_level", "--url"]
        for arguments, environment, values, sources in (
            ([], {}, defaults, ["default"] * 4),
            (["--conf", file], {}, said, places),
            (["--conf", file], variables, overridden, list(variables)),
            (["--conf", file, *flags], variables, [*given, "false"], [*options, "NANOMQ_ALLOW_ANONYMOUS"]),
            (["--conf", file, *flags], {}, [*given, "true"], [*options, places[3]]),
            (flags, {}, [*given, "true"], [*options, "default"]),
        ):
            with self.subTest(arguments=arguments, environment=environment):
                effective = self.effective(*arguments, **environment)
                self.assertEqual([effective[name] for name in names], list(zip(values, sources)))

    def test_empty_variable(self) -> None:
        """It counts as not set"""
        effective = self.effective("--conf", self.configuration("log.level = warn\n"), NANOMQ_LOG_LEVEL="")
        self.assertEqual(effective["log.level"][0], "warn")

    def test_in_effect(self) -> None:
        """What check says is what clients of a broker see"""
        options = ["--conf", self.write("mqtt { max_packet_size = 64KB, max_topic_alias = 0, receive_maximum = 7 }")]
        environment = {"NANOMQ_MAX_PACKET_SIZE": "32KB"}
        self.assertEqual(
            self.effective(*options, **environment)["mqtt.max_packet_size"], ("32KB", "NANOMQ_MAX_PACKET_SIZE")
        )
        self.expect_ready(self.spawn("start", *options, **environment))
        properties = dict(self.open().connect("c").properties)
        self.assertEqual(properties[Prop.MAXIMUM_PACKET_SIZE], 32768)
        self.assertEqual(properties[Prop.RECEIVE_MAXIMUM], 7)
        self.assertEqual(properties.get(Prop.TOPIC_ALIAS_MAXIMUM, 0), 0)

    def test_zero(self) -> None:
        """0 means 0: no connection, no queue"""
        file = self.write("mqtt.max_mqueue_len = 0\nlimits.max_connections = 0\nsys.interval = 0\n")
        effective = self.effective("--conf", file)
        for key, value in {"mqtt.max_mqueue_len": "0", "limits.max_connections": "0", "sys.interval": "0s"}.items():
            self.assertEqual(effective[key][0], value)
        self.expect_ready(self.spawn("start", "--conf", file))
        client = self.open()
        client.send(b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00")
        client.expect_closed()

    def test_file_search(self) -> None:
        """NANOMQ_CONF_PATH, else the file beside the executable; --conf comes before both"""
        folder = self.folder / "bin"
        folder.mkdir()
        executable = folder / "nanomq"
        shutil.copy2(self.executable, executable)
        beside = self.configuration("mqtt.max_mqueue_len = 1\n", "bin/nanomq.conf")
        named = self.configuration("mqtt.max_mqueue_len = 2\n", "named.conf")
        given = self.configuration("mqtt.max_mqueue_len = 3\n", "given.conf")
        for arguments, environment, value, file in (
            ([], {}, "1", beside),
            ([], {"NANOMQ_CONF_PATH": named}, "2", named),
            (["--conf", given], {"NANOMQ_CONF_PATH": named}, "3", given),
        ):
            with self.subTest(file=file):
                ended = subprocess.run(
                    [str(executable), "check", *arguments],
                    env={**self.environment, **environment},
                    cwd=self.folder,
                    capture_output=True,
                    text=True,
                    timeout=TIMEOUT,
                    check=True,
                )
                self.assertEqual(parse(ended.stdout)["mqtt.max_mqueue_len"], (value, f"{file}:1:23"))
        missing = self.check(code=1, NANOMQ_CONF_PATH="/nowhere/nanomq.conf").stderr
        self.assertIn("/nowhere/nanomq.conf", missing)

    def test_relative_path(self) -> None:
        """--conf is relative to the directory of the command"""
        self.configuration("mqtt.max_mqueue_len = 5\n", "relative.conf")
        self.assertEqual(self.effective("--conf", "relative.conf")["mqtt.max_mqueue_len"][0], "5")


class Faults(ConfigurationCase):
    """What is wrong."""

    def test_place(self) -> None:
        """File, line, column, key, what was expected; check and start end with 1, and nothing listens"""
        cases = (
            ("mqtt {\n  max_packet_size = much\n}\n", "2:21", "mqtt.max_packet_size", "expected a size"),
            ("mqtt.max_qos = 3\n", "1:16", "mqtt.max_qos", "0 to 2"),
            ("mqtt.max_qos = [1]\n", "1:16", "mqtt.max_qos", "expected"),
            ("\n\n limits.connect_timeout = soon\n", "3:27", "limits.connect_timeout", "expected a duration"),
            ("mqtt.retain_available = perhaps\n", "1:25", "mqtt.retain_available", "expected true or false"),
            ("log.level = loud\n", "1:13", "log.level", "trace"),
            ("auth.acl.rules = [\n  { permit = perhaps }\n]\n", "2:14", "permit", "allow or deny"),
            ("auth.allow_anonymus = false\n", "1:1", "auth.allow_anonymus", "did you mean auth.allow_anonymous?"),
            ("listeners.tcp.bind = nowhere\n", "1:22", "listeners.tcp.bind", "expected"),
            ("mqtt {\n", "2:1", "", "expected"),
            ("mqtt.max_qos = ${nothing}\n", "1:16", "nothing", ""),
            ('mqtt.max_qos = "1\n', "1:", "", "expected"),
            ("limits.max_connections = 99999999999999999999\n", "1:26", "limits.max_connections", "expected"),
            ("limits.max_connections = -1\n", "1:26", "limits.max_connections", "expected"),
        )
        for text, place, *parts in cases:
            with self.subTest(text=text):
                file = self.configuration(text)
                # A listener on the command line takes the place of one in the file.
                start = ["start"] if "listeners" in text else ["start", "--url", self.url]
                for command in (["check"], start):
                    ended = self.nanomq(*command, "--conf", file)
                    self.assertEqual(ended.returncode, 1, ended.stdout)
                    for part in (f"{file}:{place}", *parts):
                        self.assertIn(part, ended.stderr)
                self.assert_not_serving()
                self.assertFalse(self.pid_file.exists())

    def test_place_of_files(self) -> None:
        """A file that the configuration names and that cannot be used: the key is told, and the file"""
        cases = {
            'auth.password_file = "/nowhere/users"': ("auth.password_file", "/nowhere/users"),
            'auth.acl.file = "/nowhere/rules"': ("auth.acl.file", "/nowhere/rules"),
            'auth.jwt.public_keyfile = "/nowhere/key"': ("auth.jwt", "/nowhere/key"),
            'listeners.ssl { bind = "127.0.0.1:1", certfile = "/nowhere/c", keyfile = "/nowhere/k" }': (
                "listeners.ssl",
                "/nowhere/",
            ),
        }
        for text, parts in cases.items():
            with self.subTest(text=text):
                errors = self.check("--conf", self.configuration(text), code=1).stderr
                for part in parts:
                    self.assertIn(part, errors)

    def test_environment(self) -> None:
        """The variable is told"""
        for variable, value, parts in (
            ("NANOMQ_MAX_PACKET_SIZE", "much", ("mqtt.max_packet_size", "expected a size")),
            ("NANOMQ_ALLOW_ANONYMOUS", "perhaps", ("auth.allow_anonymous", "expected")),
            ("NANOMQ_BROKER_URL", "ftp://x", ("listeners.tcp.bind", "nmq-tcp://")),
            ("NANOMQ_LOG_LEVEL", "loud", ("log.level", "trace")),
        ):
            with self.subTest(variable=variable):
                errors = self.check(code=1, **{variable: value}).stderr
                for part in (variable, *parts):
                    self.assertIn(part, errors)

    def test_unknown_key(self) -> None:
        """A warning with the place and the nearest name; a broker starts all the same, and its log says so"""
        for text, place, nearest in (
            ("mqtt { max_packetsize = 1KB }", ":1:8: mqtt.max_packetsize", "mqtt.max_packet_size"),
            ("mqt.max_qos = 1", ":1:1: mqt", "mqtt"),
            ("log.levle = warn", ":1:1: log.levle", "log.level"),
        ):
            with self.subTest(text=text):
                file = self.configuration(text)
                warned = self.check("--conf", file).stderr
                self.assertIn(f"warning: {file}{place}: unknown key", warned)
                self.assertIn(f"did you mean {nearest}", warned)
        self.serve("\nmqtt.max_qoz = 1")
        self.assertIn("WARN", self.expect_log("did you mean mqtt.max_qos?"))

    def test_same_address(self) -> None:
        """Two listeners at one address"""
        text = f'listeners.tcp {{ bind = "{self.port}", second.bind = "{self.port}" }}\n'
        self.assertIn("listeners.tcp.second.bind", self.check("--conf", self.configuration(text), code=1).stderr)

    def test_secrets(self) -> None:
        """None is shown, neither by check nor in an error"""
        text = """
            auth.password { bob = open-sesame1, alice = open-sesame2 }
            auth.jwt.secret = "open-sesame3-open-sesame3-open-sesame3"
            auth.http_auth.auth_req {
              url = "http://127.0.0.1:1/?token=open-sesame4"
              headers { authorization = "Bearer open-sesame5", content-type = "application/json" }
              params { key = open-sesame6, password = "%P" }
            }
            listeners.tcp.bind = "127.0.0.1:1"
            listeners.ssl { enable = false, key_password = open-sesame7, bind = "127.0.0.1:2" }
        """
        ended = self.check("--conf", self.configuration(text), "--keypass", "open-sesame8")
        self.assertNotIn("open-sesame", ended.stdout + ended.stderr)
        effective = parse(ended.stdout)
        for key in ("auth.password", "auth.jwt.secret", "auth.http_auth.auth_req.headers"):
            self.assertIn('"******"', effective[key][0])
        self.assertIn("bob", effective["auth.password"][0])
        for broken in (
            "auth.password { bob = [open-sesame] }",
            "auth.password = open-sesame",
            "auth.jwt.secret = { x = open-sesame }",
            "listeners.ssl.key_password = [open-sesame]",
            'auth.http_auth.auth_req.url = "http://u:open-sesame@127.0.0.1/"',
            "auth.http_auth.auth_req.headers { x = [open-sesame] }",
        ):
            with self.subTest(broken=broken):
                errors = self.check("--conf", self.configuration(broken), code=1).stderr
                self.assertNotIn("open-sesame", errors)
                self.assertIn("auth" if broken.startswith("auth") else "listeners.ssl", errors)

    def test_secret_in_effective_text(self) -> None:
        """A TLS listener that is on: its key's password is masked"""
        certificate, key = self.certificate("site")
        encrypted = self.folder / "encrypted.key"
        subprocess.run(
            ["openssl", "pkey", "-in", str(key), "-aes256", "-passout", "pass:open-sesame", "-out", str(encrypted)],
            check=True,
            capture_output=True,
        )
        text = f'listeners.ssl {{ bind = "{HOST}:1", certfile = "{certificate}", keyfile = "{encrypted}", '
        right = self.check("--conf", self.configuration(f"{text} key_password = open-sesame }}"))
        self.assertEqual(parse(right.stdout)["listeners.ssl.key_password"][0], '"******"')
        self.assertNotIn("open-sesame", right.stdout)
        wrong = self.check("--conf", self.configuration(f"{text} key_password = open-sesamy }}"), code=1)
        self.assertNotIn("open-sesamy", wrong.stderr)
        self.assertIn(str(encrypted), wrong.stderr)


class Language(ConfigurationCase):
    """What files may say beyond keys and values."""

    def test_include(self) -> None:
        """Relative to the file that includes; the places of faults are those in the included file"""
        (self.folder / "parts" / "deep").mkdir(parents=True)
        self.configuration('include "deep/b.conf"\nmqtt.max_qos = 1\n', "parts/a.conf")
        deep = self.configuration("mqtt.max_mqueue_len = 7\n", "parts/deep/b.conf")
        main = self.configuration('include "parts/a.conf"\n')
        effective = self.effective("--conf", main)
        self.assertEqual(effective["mqtt.max_mqueue_len"], ("7", f"{deep}:1:23"))
        self.assertEqual(effective["mqtt.max_qos"][0], "1")
        self.configuration("mqtt.max_mqueue_len = many\n", "parts/deep/b.conf")
        self.assertIn(f"{deep}:1:23", self.check("--conf", main, code=1).stderr)

    def test_missing_include(self) -> None:
        """A warning; with required, an error"""
        warned = self.check("--conf", self.configuration('include "nowhere.conf"\n')).stderr
        self.assertRegex(warned, r"warning: .*nanomq.conf:1:\d+: .*nowhere.conf")
        for text in ('include required("nowhere.conf")\n', 'auth.password { include required("nowhere.conf") }\n'):
            errors = self.check("--conf", self.configuration(text), code=1).stderr
            self.assertRegex(errors, r"nanomq.conf:1:\d+: .*nowhere.conf")

    def test_cycle(self) -> None:
        """Files that include each other, or themselves, and substitutions that lead to each other"""
        self.configuration('include "a.conf"\n', "b.conf")
        for text in ('include "b.conf"\n', 'include "a.conf"\n', "x = ${y}\ny = ${x}\nmqtt.max_qos = ${x}\n"):
            with self.subTest(text=text):
                errors = self.check("--conf", self.configuration(text, "a.conf"), code=1).stderr
                self.assertRegex(errors, r"[ab]\.conf:\d+:\d+: ")

    def test_substitution(self) -> None:
        """From the file, from the environment; ${?X} leaves what there was if X is not set"""
        file = self.configuration(
            "n = 9\nmqtt.max_mqueue_len = ${n}\nmqtt.max_mqueue_len = ${?LENGTH}\n"
            "sys.node = node\nsys.node = ${?NODE}\n"
        )
        warned = self.check("--conf", file).stderr
        self.assertIn("n: unknown key", warned)
        self.assertEqual(self.effective("--conf", file)["mqtt.max_mqueue_len"][0], "9")
        effective = self.effective("--conf", file, LENGTH="12", NODE="box-7")
        self.assertEqual(effective["mqtt.max_mqueue_len"][0], "12")
        self.assertEqual(effective["sys.node"][0], "box-7")
        errors = self.check("--conf", file, code=1, LENGTH="long").stderr
        self.assertIn("mqtt.max_mqueue_len", errors)
        self.assertIn(f"{file}:3:", errors)

    def test_flat_form(self) -> None:
        """A file as the original ships it loads, with its places; a fault in it has one too"""
        lines = (
            "##==== NanoMQ",
            f"url=nmq-tcp://{HOST}:1999",
            "daemon=false",
            "num_taskq_thread=4",
            "max_taskq_thread=4",
            "parallel=32",
            "property_size=32",
            "msq_len=2048",
            "qos_duration=60",
            "keepalive_backoff=1250",
            "max_packet_size=1024",
            "client_max_packet_size=1024",
            "allow_anonymous=true",
            "",
            "## tls.key_password=yourpass",
            "tls.enable=false",
            f"tls.url=tls+nmq-tcp://{HOST}:8883",
            "tls.verify_peer=false",
            "tls.fail_if_no_peer_cert=false",
            "websocket.enable=true",
            f"websocket.url=nmq-ws://{HOST}:1998/mqtt",
            "http_server.enable=false",
            "http_server.port=8081",
            "log.to=console",
            "log.level=warn",
            "log.dir=/tmp",
            "log.file=nanomq.log",
            "log.rotation.size=10MB",
            "log.rotation.count=5",
            "auth.1.login=admin",
            "auth.1.password=open-sesame",
            'acl.rule.2={"permit": "allow"}',
            'acl.rule.1={"permit": "deny", "username": "dashboard", "action": "subscribe", "topics": ["$SYS/#"]}',
        )
        file = self.configuration("\n".join(lines) + "\n", "nanomq_old.conf")
        ended = self.check("--old_conf", file)
        self.assertNotIn("warning", ended.stderr)
        self.assertNotIn("open-sesame", ended.stdout)
        effective = parse(ended.stdout)
        for key, value, place in (
            ("listeners.tcp.bind", f'"{HOST}:1999"', "2:1"),
            ("listeners.ws.bind", f'"{HOST}:1998/mqtt"', "21:1"),
            ("mqtt.max_packet_size", "1MB", "11:1"),
            ("mqtt.max_mqueue_len", "2048", "8:1"),
            ("mqtt.keepalive_multiplier", "1.25", "10:1"),
            ("log.level", "warn", "25:1"),
        ):
            self.assertEqual(effective[key], (value, f"{file}:{place}"))
        self.assertLess(ended.stdout.index("dashboard"), ended.stdout.index("permit = allow"))
        self.assertNotIn("listeners.ssl.bind", effective)
        file = self.configuration("url=nmq-tcp://x:1\nmsq_len=many\n", "nanomq_old.conf")
        errors = self.check("--old_conf", file, code=1).stderr
        self.assertIn(f"{file}:2:1: mqtt.max_mqueue_len", errors)

    def test_flat_form_runs(self) -> None:
        """A broker with one, and its user"""
        file = self.configuration(
            f"url=nmq-tcp://{HOST}:{self.port}\nallow_anonymous=false\nauth.1.login=admin\nauth.1.password=public\n"
        )
        self.expect_ready(self.spawn("start", "--old_conf", file))
        self.client(username="admin", password="public").expect_nothing()
        self.expect_refused(0x86, 0x87)


class Shipped(ConfigurationCase):
    """What comes with the broker."""

    def test_files(self) -> None:
        """etc/nanomq.conf and etc/nanomq_example.conf load without a word; the example says the defaults"""
        defaults = {key: value for key, (value, _) in self.effective().items()}
        for name in ("nanomq.conf", "nanomq_example.conf"):
            with self.subTest(name=name):
                ended = self.check("--conf", str(REPOSITORY / "etc" / name))
                self.assertEqual(ended.stderr, "")
                values = {key: value for key, (value, _) in parse(ended.stdout).items()}
                self.assertEqual(values, defaults)

    def test_examples_switched_on(self) -> None:
        """Access control as etc/nanomq.conf describes it, with the files beside it"""
        for name in ("nanomq_pwd.conf", "nanomq_acl.conf"):
            shutil.copy2(REPOSITORY / "etc" / name, self.folder / name)
        text = (REPOSITORY / "etc" / "nanomq.conf").read_text()
        text = text.replace("allow_anonymous = true", "allow_anonymous = false").replace("# password =", "password =")
        text = text.replace("no_match = allow", "no_match = deny").replace("# acl =", "acl =")
        effective = parse(self.check("--conf", self.configuration(text)).stdout)
        self.assertEqual(effective["auth.allow_anonymous"][0], "false")
        self.assertEqual(effective["auth.acl.enable"][0], "true")
        self.assertNotEqual(effective["auth.acl.rules"][0], "[]")

    def test_every_flag(self) -> None:
        """Each flag of start is taken, and check says what it sets; none is left out here"""
        certificate, key = self.certificate("site")
        tls = f"--url tls+nmq-tcp://{HOST}:1 --cert {certificate} --key {key}"
        flags: dict[str, tuple[str, str, str]] = {
            "--conf": (f"--conf {self.configuration('mqtt.max_qos = 1')}", "mqtt.max_qos", "1"),
            "--old_conf": (f"--old_conf {self.configuration('msq_len=5', 'o.conf')}", "mqtt.max_mqueue_len", "5"),
            "--url": (f"--url nmq-tcp://{HOST}:77", "listeners.tcp.bind", f'"{HOST}:77"'),
            "--threads": ("--threads 3", "system.threads", "3"),
            "--property_size": ("-s 7", "mqtt.property_size", "7"),
            "--msq_len": ("-S 8", "mqtt.max_mqueue_len", "8"),
            "--qos_duration": ("-D 9", "mqtt.retry_interval", "9s"),
            "--daemon": ("-d", "system.daemon", "true"),
            "--cert": (tls, "listeners.ssl.certfile", f'"{certificate}"'),
            "--key": (tls, "listeners.ssl.keyfile", f'"{key}"'),
            "--keypass": (f"{tls} --keypass x", "listeners.ssl.key_password", '"******"'),
            "--cacert": (f"{tls} --cacert {certificate}", "listeners.ssl.cacertfile", f'"{certificate}"'),
            "--verify": (f"{tls} --cacert {certificate} --verify", "listeners.ssl.verify_peer", "true"),
            "--fail": (
                f"{tls} --cacert {certificate} --verify --fail",
                "listeners.ssl.fail_if_no_peer_cert",
                "true",
            ),
            "--log_level": ("--log_level trace", "log.level", "trace"),
            "--log_file": (f"--log_file {self.folder}/x.log", "log.file", '"x.log"'),
            "--log_stdout": ("--log_stdout false", "log.to", "[]"),
            "--log_syslog": ("--log_syslog true", "log.to", "[console, syslog]"),
            "--pid_file": (f"--pid_file {self.folder}/x.pid", "system.pid_file", f'"{self.folder}/x.pid"'),
            "--control_socket": ("--control_socket none", "system.control_socket", "none"),
            # Without effect, which a note says, or of a feature still to come, which a warning says.
            "--tq_thread": ("-t 4", "", ""),
            "--max_tq_thread": ("-T 5", "", ""),
            "--parallel": ("-n 6", "", ""),
            "--http": ("--http", "", ""),
            "--port": ("-p 8081", "", ""),
        }
        named = set(re.findall(r"(?m)^  (?:-\w, )?(--\w+)", self.nanomq("start", "--help").stdout))
        self.assertEqual(named - {"--version", "--help"} - {"-h"}, set(flags))
        for flag, (arguments, setting, value) in flags.items():
            with self.subTest(flag=flag):
                ended = self.check(*arguments.split())
                if not setting:
                    self.assertIn(flag, ended.stderr)
                    continue
                found, source = parse(ended.stdout)[setting]
                self.assertEqual(found.strip('"').replace("'", ""), value.strip('"'))
                self.assertIn(flag if "conf" not in flag else ".conf:1:", source)

    def test_nothing_starts(self) -> None:
        """check leaves nothing behind: no listener, no log, no PID file"""
        port = free_port()
        self.check("--url", f"nmq-tcp://{HOST}:{port}", "--log_file", str(self.folder / "x.log"))
        self.assert_not_serving(port)
        self.assertEqual(list(self.folder.iterdir()), [])
