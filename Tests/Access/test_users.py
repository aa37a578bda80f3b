# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Users and passwords: who is let in, and what the others are told."""

from __future__ import annotations

import json
import select
import time
from typing import Mapping, Optional

import packets
from access_case import (
    BAD_CREDENTIALS,
    EVERY_VERSION,
    NOT_AUTHORIZED,
    SERVER_BUSY,
    AccessCase,
    hashed,
    hashed_once,
)
from packets import V5, V311, Prop, Reason, Type
from tokens import SECRET

Credentials = tuple[Optional[str], Optional[str]]
RIGHT: list[Credentials] = [
    ("plain", "secret"),
    ("spaced", " a pass phrase "),
    ("hashed", "secret"),
    ("ünï", "pässwörd"),
    ("from-file", "secret"),
    ("old-hash", "secret"),
    ("plain-in-file", "sec:ret"),
]
WRONG: list[Credentials] = [
    ("plain", "Secret"),
    ("plain", "secre"),
    ("plain", "secret\0"),
    ("plain", ""),
    ("plain", None),
    ("hashed", "wrong"),
    ("hashed", hashed("secret")),
    ("from-file", "wrong"),
    ("old-hash", "wrong"),
    ("PLAIN", "secret"),
    ("plain ", "secret"),
    ("nobody", "secret"),
    ("nobody", None),
    ("", "secret"),
    ("", ""),
    ("", None),
    ("enable", "true"),
]


class UserCase(AccessCase):
    """A broker with users of both origins."""

    anonymous: bool

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        lines = ["# users", "", f"from-file:{hashed('secret')}", f"old-hash:{hashed_once('secret')}"]
        file = cls.write("users", "\n".join([*lines, "plain-in-file:sec:ret", ""]))
        users = {"plain": "secret", "spaced": " a pass phrase ", "ünï": "pässwörd"}
        pairs = [f'"{name}" = "{password}"' for name, password in users.items()]
        pairs += [f'"hashed" = "{hashed("secret")}"', "enable = true"]
        return {
            "auth.allow_anonymous": "true" if cls.anonymous else "false",
            "auth.password": f"{{ {', '.join(pairs)} }}",
            "auth.password_file": file,
            "auth.failures.limit": "unlimited",
        }

    def check(self, version: int) -> None:
        """Right ones come in and can work, wrong ones hear why."""
        for user, password in RIGHT:
            with self.subTest(user=user, password=password):
                self.enter(version, username=user, password=password).fence()
        for user, password in WRONG:
            with self.subTest(user=user, password=password):
                self.enter(version, None, BAD_CREDENTIALS[version], username=user, password=password)


class Closed(UserCase):
    """allow_anonymous = false."""

    anonymous = False

    @EVERY_VERSION
    def test_credentials(self, version: int) -> None:
        """Only right ones are let in; CONNACK reaches the client before the close"""
        self.check(version)

    @EVERY_VERSION
    def test_none(self, version: int) -> None:
        """A client without any is not authorized"""
        self.enter(version, None, NOT_AUTHORIZED[version])

    def test_password_alone(self) -> None:
        """MQTT 5 allows a password without a user name: nobody's; 3.1.1 does not [v3:MQTT-3.1.2-22]"""
        self.enter(V5, None, BAD_CREDENTIALS[V5], password="secret")
        self.expect_refused_connect(version=V311, password="secret")

    def test_other_methods(self) -> None:
        """An authentication method that nobody knows is no way in, with the right password or without any"""
        for method in ("SCRAM-SHA-256", "PLAIN", ""):
            properties = [(Prop.AUTH_METHOD, method), (Prop.AUTH_DATA, b"n,,n=plain,r=x")]
            self.enter(V5, None, Reason.BAD_AUTH_METHOD, properties=properties)
            right = {"username": "plain", "password": "secret"}
            self.enter(V5, None, Reason.BAD_AUTH_METHOD, properties=properties, **right)

    @EVERY_VERSION
    def test_last_word(self, version: int) -> None:
        """The refusal is read also by a client that has sent much more behind its CONNECT"""
        connect = packets.connect("eager", version, username="plain", password="wrong")
        more = packets.publish("a", bytes(1000), version=version) * 200
        for _ in range(20):
            client = self.open(version)
            client.send(connect + more)
            self.assertEqual(client.expect(Type.CONNACK).reason, BAD_CREDENTIALS[version])
            client.expect_closed()

    def test_nothing_is_done_before(self) -> None:
        """What stands behind the CONNECT of a client that is refused has no effect; of one that is let in it has"""
        watcher = self.enter(username="plain", password="secret")
        watcher.subscribe(self.topic("#"))
        for user, password in (("plain", "wrong"), ("hashed", "wrong"), ("hashed", "secret")):
            client = self.open()
            connect = packets.connect(self.unique(), username=user, password=password)
            client.send(connect, packets.publish(self.topic(password), user, qos=1, packet_id=1))
            refused = password == "wrong"
            self.assertEqual(client.expect(Type.CONNACK).reason, BAD_CREDENTIALS[V5] if refused else 0)
            if refused:
                client.expect_closed()
            else:
                client.expect(Type.PUBACK, packet_id=1)
        watcher.expect_message("hashed")
        watcher.expect_nothing()

    def test_taking_over(self) -> None:
        """A client that is refused ends no session that has its identifier"""
        first = self.enter(client_id="held", username="plain", password="secret")
        self.enter(V5, "held", BAD_CREDENTIALS[V5], username="plain", password="wrong")
        self.enter(V5, "held", BAD_CREDENTIALS[V5], username="hashed", password="wrong")
        self.enter(V5, "held", NOT_AUTHORIZED[V5])
        first.expect_nothing()

    def test_the_log(self) -> None:
        """It has the refusal with the address, and no password"""
        self.enter(V5, "logged", BAD_CREDENTIALS[V5], username="plain", password="hunter2hunter2")
        self.wait_for_log("refused", "client=logged", "peer=127.0.0.1:", "0x86")
        log = self.broker.log_tail(10_000)
        for password in ("hunter2", "pässwörd", "a pass phrase", hashed("secret")):
            self.assertNotIn(password, log)

    def test_reload(self) -> None:
        """A user who is gone, or has another password, is disconnected; the others are not"""
        gone = self.enter(username="plain", password="secret")
        old = self.enter(V311, username="ünï", password="pässwörd")
        stays = self.enter(username="from-file", password="secret")
        self.reload(auth__password='{ "ünï" = "new" }')
        self.addCleanup(self.reload)
        gone.expect_error(0x87)
        old.expect_error()
        stays.expect_nothing()
        self.enter(V5, None, BAD_CREDENTIALS[V5], username="plain", password="secret")
        self.enter(username="ünï", password="new")

    def test_passwd(self) -> None:
        """A user whom nanomq passwd adds, changes and removes, with a reload after each"""
        file = str(self.folder / "users")

        def change(*arguments: str, text: str = "") -> None:
            done = self.nanomq("passwd", *arguments, text=text)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.reload()

        change(file, "added", text="one\n")
        self.enter(username="added", password="one")
        change(file, "added", text="two\n")
        self.enter(V5, None, BAD_CREDENTIALS[V5], username="added", password="one")
        self.enter(username="added", password="two")
        change("--delete", file, "added")
        self.enter(V5, None, BAD_CREDENTIALS[V5], username="added", password="two")
        self.enter(username="from-file", password="secret")


class Open(UserCase):
    """allow_anonymous = true."""

    anonymous = True

    @EVERY_VERSION
    def test_credentials(self, version: int) -> None:
        """Those that are given are checked all the same"""
        self.check(version)

    @EVERY_VERSION
    def test_none(self, version: int) -> None:
        """A client without any is let in"""
        self.enter(version).fence()

    def test_password_alone(self) -> None:
        """A password is a credential too"""
        self.enter(V5, None, BAD_CREDENTIALS[V5], password="secret")

    def test_closed_by_reload(self) -> None:
        """An anonymous client goes when they are no longer allowed, and a user stays"""
        nobody, user = self.enter(), self.enter(username="plain", password="secret")
        self.reload(auth__allow_anonymous="false")
        self.addCleanup(self.reload)
        nobody.expect_error(0x87)
        user.expect_nothing()
        self.enter(V5, None, NOT_AUTHORIZED[V5])


class NoListOpen(AccessCase):
    """Nothing is configured: a broker to try things out with."""

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        return {}

    def test_closed_by_tokens(self) -> None:
        """Who came while there was nothing to check goes when tokens are asked for, with a user name or without"""
        clients = [self.enter(), self.enter(username="root", password="junk")]
        self.reload(auth__allow_anonymous="false", auth__jwt__secret=json.dumps(SECRET))
        self.addCleanup(self.reload)
        for client in clients:
            client.expect_error(0x87)

    @EVERY_VERSION
    def test_everybody(self, version: int) -> None:
        """Whatever is given, there is nothing to check it against"""
        self.enter(version)
        self.enter(version, username="any", password="thing")
        self.enter(version, username="")


class NoListClosed(AccessCase):
    """allow_anonymous = false and nobody who could be let in."""

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        return {"auth.allow_anonymous": "false", "auth.failures.limit": "unlimited"}

    @EVERY_VERSION
    def test_nobody(self, version: int) -> None:
        """No pair is right where there is no list; the original takes any"""
        self.enter(version, None, NOT_AUTHORIZED[version])
        self.enter(version, None, BAD_CREDENTIALS[version], username="any", password="thing")
        self.enter(version, None, BAD_CREDENTIALS[version], username="any")


class SlowPasswords(AccessCase):
    """Fifty users whose passwords take long to check."""

    USERS = 50

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        slow = hashed("secret", iterations=50_000)
        file = cls.write("users", "".join(f"user{n}:{slow}\n" for n in range(cls.USERS)) + "quick:secret\n")
        return {
            "auth.allow_anonymous": "false",
            "auth.password_file": file,
            "auth.failures.limit": "unlimited",
            "system.threads": "1",
        }

    def test_all_at_once(self) -> None:
        """They are let in, and meanwhile another client's messages take no second on one event loop"""
        busy = self.enter(username="quick", password="secret")
        busy.subscribe(self.topic())
        arriving = [self.open() for _ in range(self.USERS)]
        for n, client in enumerate(arriving):
            password = "wrong" if n % 10 == 9 else "secret"
            client.send(packets.connect(self.unique(), username=f"user{n}", password=password))
        waiting = {client.socket: n for n, client in enumerate(arriving)}
        slowest, rounds = 0.0, 0
        started = time.monotonic()
        while waiting:
            self.assertLess(time.monotonic() - started, 60, f"{len(waiting)} clients still wait")
            began = time.monotonic()
            busy.send_publish(self.topic(), str(rounds))
            busy.expect_message(str(rounds))
            slowest, rounds = max(slowest, time.monotonic() - began), rounds + 1
            for found in select.select(list(waiting), [], [], 0)[0]:
                n = waiting.pop(found)
                self.assertEqual(arriving[n].expect(Type.CONNACK).reason, 0x86 if n % 10 == 9 else 0)
        self.assertGreater(rounds, 10)
        self.assertLess(slowest, 1)


class TooMany(AccessCase):
    """More slow passwords than may wait to be checked."""

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        password = hashed("secret", iterations=20_000)
        return {"auth.password": f'{{ slow = "{password}" }}', "auth.failures.limit": "unlimited"}

    def test_busy(self) -> None:
        """256 wait, further clients are told to come again, and the broker goes on"""
        other = self.enter()
        clients = [self.open() for _ in range(400)]
        for n, client in enumerate(clients):
            client.send(packets.connect(self.unique(), username="slow" if n % 2 else "nobody", password="wrong"))
        other.expect_nothing()
        reasons = [client.expect(Type.CONNACK, timeout=30).reason for client in clients]
        self.assertEqual(set(reasons), {BAD_CREDENTIALS[V5], SERVER_BUSY[V5]})
        self.assertGreaterEqual(reasons.count(BAD_CREDENTIALS[V5]), 256)
        self.enter(username="slow", password="secret")
        other.expect_nothing()


class Refused(AccessCase):
    """Configurations with which no broker starts."""

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        return {}

    def test_files(self) -> None:
        """A password file that is not there, empty, or not understood: named with its line, never quoted"""
        for name, text, place in (
            ("empty", "", "empty"),
            ("comments", "# nobody\n\n", "comments"),
            ("colon", "alice:secret\nhunter2\n", "colon:2"),
            ("nameless", ":hunter2\n", "nameless:1"),
            ("bcrypt", "bob:$2b$12$hunter2\n", "bcrypt:1"),
            ("iterations", "bob:$7$999999999$aaaa$hunter2\n", "iterations:1"),
            ("twice", "bob:hunter2\nbob:hunter2\n", "twice:2"),
        ):
            with self.subTest(name):
                said = self.expect_no_start({"auth.password_file": self.write(name, text)}, place)
                self.assertNotIn("hunter2", said)
        self.expect_no_start({"auth.password_file": '"/nowhere/users"'}, "/nowhere/users")

    def test_values(self) -> None:
        """A key of auth that is not known, or has a wrong value"""
        self.expect_no_start({"auth.alow_anonymous": "false"}, "auth.alow_anonymous", "wrong.conf:1")
        self.expect_no_start({"auth.allow_anonymous": "maybe"}, "auth.allow_anonymous", "wrong.conf:1")
        self.expect_no_start({"auth.password": '{ bob = "" }'}, "auth.password.bob", "wrong.conf:1")
        said = self.expect_no_start({"auth.password": '{ bob = "$2b$12$hunter2" }'}, "auth.password", "bob")
        self.assertNotIn("hunter2", said)
