# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The base of all access tests: a broker with the class's configuration, and clients of every address and name."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Callable, ClassVar, Mapping, Optional

import packets
from broker import SETTINGS, Broker
from case import SHARED, ConformanceCase, versions
from packets import V5, V31, V311, Type
from wire import DEFAULT_TIMEOUT, Address, Client

TIMEOUT = 20.0
STARTED = "NanoMQ Broker is started successfully!"
ALICE = {"username": "alice", "password": "secret"}
BOB = {"username": "bob", "password": "secret"}
ALICE_AND_BOB = '{ alice = secret, bob = secret }'
EVERY_VERSION = versions(V31, V311, V5)

BAD_CREDENTIALS = {V31: 4, V311: 4, V5: 0x86}
NOT_AUTHORIZED = {V31: 5, V311: 5, V5: 0x87}
SERVER_BUSY = {V31: 3, V311: 3, V5: 0x89}
BLOCKED = {V31: 3, V311: 3, V5: 0x9F}
DENIED_SUBSCRIPTION = {V31: 0x80, V311: 0x80, V5: 0x87}


class AccessCase(ConformanceCase):
    """A test against a broker that is configured by `configure`."""

    folder: ClassVar[Path]

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        """The configuration's keys, with values in HOCON. Files may be made in `folder`."""
        raise NotImplementedError

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory(prefix="nanomq-access-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.settings = cls.configure()
        executable = SHARED["broker"].executable
        assert executable is not None
        cls.broker = Broker.start(executable, cls.settings, by_file=True)
        cls.addClassCleanup(cls._stop_own_broker)
        wait_until("the broker has started", lambda: STARTED in cls.broker.log_tail())

    @classmethod
    def write(cls, name: str, text: str) -> str:
        """Writes a file and returns its path as a string of HOCON."""
        file = cls.folder / name
        file.write_text(text, encoding="utf-8")
        return json.dumps(str(file))

    def open(
        self,
        version: int = V5,
        address: Optional[Address] = None,
        source: Optional[str] = None,
        tls: Optional[ssl.SSLContext] = None,
        before: bytes = b"",
    ) -> Client:
        """A network connection, from an address of this machine, perhaps over TLS; `before` goes ahead of that."""
        address = address or self.broker.address
        origin = (source, 0) if source else None
        connection = socket.create_connection(address, DEFAULT_TIMEOUT, source_address=origin)
        self._clients.callback(connection.close)
        connection.sendall(before)
        if tls is not None:
            connection = tls.wrap_socket(connection, server_hostname="localhost")
            self._clients.callback(connection.close)
        return Client(address, version, connection)

    def enter(
        self,
        version: int = V5,
        client_id: Optional[str] = None,
        expect_reason: int = 0,
        address: Optional[Address] = None,
        source: Optional[str] = None,
        tls: Optional[ssl.SSLContext] = None,
        before: bytes = b"",
        **fields: object,
    ) -> Client:
        """A client that is let in; or that must be refused with this code and then find the connection closed."""
        client = self.open(version, address, source, tls, before)
        client.connect(self.unique() if client_id is None else client_id, expect_reason, **fields)
        if expect_reason:
            client.expect_closed()
        return client

    # What a client of version 5 may do

    def may_publish(self, client: Client, topic: str) -> bool:
        """Whether a publish is allowed, by the word of PUBACK."""
        reason = client.expect_among(Type.PUBACK, client.send_publish(topic, qos=1)).reason
        self.assertIn(reason, (0, 0x10, 0x87))
        return reason != 0x87

    def may_subscribe(self, client: Client, topic_filter: str) -> bool:
        """Whether a subscription is allowed, by the word of SUBACK; it is not kept."""
        packet_id = client.next_id()
        client.send(packets.subscribe(packet_id, [(topic_filter, 0)], client.version))
        reason = client.expect_among(Type.SUBACK, packet_id).reasons[0]
        self.assertIn(reason, (0, 0x87))
        if reason == 0:
            packet_id = client.next_id()
            client.send(packets.unsubscribe(packet_id, [topic_filter], client.version))
            client.expect_among(Type.UNSUBACK, packet_id)
        return reason == 0

    def assert_rights(self, client: Client, rights: Mapping[str, str]) -> None:
        """`rights` has for each topic or filter what is allowed of it: `p`, `s`, `ps` or nothing."""
        found = {
            name: ("p" if "#" not in name and "+" not in name and self.may_publish(client, name) else "")
            + ("s" if self.may_subscribe(client, name) else "")
            for name in rights
        }
        self.assertEqual(found, dict(rights))

    # The process

    def nanomq(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a command of the broker's, about the class's broker."""
        assert self.broker.directory is not None and self.broker.executable is not None
        return subprocess.run(
            [str(self.broker.executable), *arguments],
            env={**os.environ, "NANOMQ_PID_FILE": f"{self.broker.directory.name}/nanomq.pid"},
            input=text,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    def reload(self, **changed: str) -> str:
        """Has the broker read its configuration again, with other values; keys have `__` for dots. What it says."""
        assert self.broker.directory is not None
        host, port = self.broker.address
        bind = {"listeners.tcp.bind": f'"{host}:{port}"'}
        settings = {**bind, **SETTINGS, **(self.settings or {})}
        settings |= {key.replace("__", "."): value for key, value in changed.items()}
        file = Path(self.broker.directory.name) / "nanomq.conf"
        file.write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
        done = self.nanomq("reload")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def expect_no_start(self, settings: Mapping[str, str], *parts: str) -> str:
        """A broker with this configuration must end at once with code 1, and say this."""
        executable = SHARED["broker"].executable
        assert executable is not None
        with tempfile.TemporaryDirectory(prefix="nanomq-access-") as folder:
            file = Path(folder) / "wrong.conf"
            file.write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
            done = subprocess.run(
                [str(executable), "start", "--conf", str(file)],
                env={**os.environ, "NANOMQ_PID_FILE": f"{folder}/nanomq.pid"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 1, said)
        self.assertNotIn(STARTED, said)
        for part in parts:
            self.assertIn(part, said)
        return said

    def wait_for_log(self, *parts: str) -> str:
        """The line of the log that has all of these."""
        found: list[str] = []

        def look() -> bool:
            lines = self.broker.log_tail(10_000).splitlines()
            found[:] = [line for line in lines if all(part in line for part in parts)]
            return bool(found)

        wait_until(f"a line of the log with {parts}", look)
        return found[-1]


def wait_until(what: str, condition: Callable[[], bool], timeout: float = TIMEOUT) -> None:
    """For what sends no event."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"in vain: {what}")
        time.sleep(0.01)


def hashed(password: str, iterations: int = 1000, salt: bytes = b"twelve bytes") -> str:
    """A password as mosquitto_passwd stores it: PBKDF2 with SHA-512."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)
    return f"$7${iterations}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def hashed_once(password: str, salt: bytes = b"twelve bytes") -> str:
    """A password as mosquitto 1.6 stored it: one salted SHA-512."""
    digest = hashlib.sha512(password.encode() + salt).digest()
    return f"$6${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def rules(*given: Mapping[str, object]) -> str:
    """Rules as a list in HOCON, of which JSON is a part."""
    return json.dumps(list(given))


def allow(*topics: str, **fields: object) -> dict[str, object]:
    """A rule that allows; without topics, everything."""
    return {"permit": "allow", **({"topics": list(topics)} if topics else {}), **fields}


def deny(*topics: str, **fields: object) -> dict[str, object]:
    """A rule that denies; without topics, everything."""
    return {"permit": "deny", **({"topics": list(topics)} if topics else {}), **fields}
