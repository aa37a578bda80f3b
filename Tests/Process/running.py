# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The base of tests which look at a broker that runs: its log in a file, its clients, its reloads."""

from __future__ import annotations

import shutil
import signal
import ssl
import subprocess
import unittest
from pathlib import Path
from typing import Optional, Sequence

from broker import HOST, free_port
from packets import V5, Text, Type
from service import ServiceCase, wait_until
from wire import Client

NOT_AUTHORIZED = 0x87
BAD_CREDENTIALS = 0x86
ADMINISTRATIVE_ACTION = 0x98


class RunningCase(ServiceCase):
    """A broker that is told everything by its file, so that a reload may change everything."""

    def setUp(self) -> None:
        super().setUp()
        self.log = self.folder / "nanomq.log"
        self.clients = 0

    def write(self, text: str, listeners: bool = True, log: str = "level = info, to = [file]") -> str:
        """Writes the configuration: the usual listener, a log in a file, and this."""
        usual = f'listeners.tcp.bind = "{HOST}:{self.port}"\n' if listeners else ""
        return self.configuration(f'{usual}log {{ dir = "{self.folder}", {log} }}\n{text}\n')

    def serve(self, text: str = "", *arguments: str, listeners: bool = True, **named: str) -> subprocess.Popen[str]:
        """A broker with this configuration, ready."""
        process = self.spawn("start", "--conf", self.write(text, listeners, **named), *arguments)
        self.expect_ready(process)
        return process

    def open(self, port: Optional[int] = None, version: int = V5) -> Client:
        """A connection on which nothing has been sent."""
        client = Client((HOST, port or self.port), version)
        self.addCleanup(client.close)
        return client

    def client(
        self, client_id: Optional[Text] = None, port: Optional[int] = None, version: int = V5, **fields: object
    ) -> Client:
        """A connected client; fields are those of CONNECT."""
        self.clients += 1
        client = self.open(port, version)
        client.connect(f"client-{self.clients}" if client_id is None else client_id, **fields)
        return client

    def expect_refused(self, *reasons: int, **fields: object) -> None:
        """A CONNECT with these fields is refused."""
        client = self.open()
        connack = client.connect("refused", expect_reason=None, **fields)
        self.assertIn(connack.reason, reasons)
        client.close()

    def expect_exchange(self, publisher: Client, subscriber: Client, topic: str, payload: str) -> None:
        """A message of QoS 1 gets from one to the other."""
        publisher.publish(topic, payload, qos=1)
        subscriber.expect_message(payload, topic=topic)

    def reload(self, *arguments: str, code: int = 0) -> str:
        """`nanomq reload`: what it printed, on standard output first."""
        reload = self.nanomq("reload", *arguments)
        self.assertEqual(reload.returncode, code, reload.stdout + reload.stderr)
        self.assertEqual("reload succeed!" in reload.stdout, code == 0, reload.stdout)
        return reload.stdout + reload.stderr

    def hang_up(self, process: subprocess.Popen[str]) -> str:
        """SIGHUP: the line of the log that says how it went."""
        before = len(self.lines())
        process.send_signal(signal.SIGHUP)
        return self.expect_log("configuration reloaded", "reload failed", after=before)

    def lines(self) -> list[str]:
        """The log so far; a line that is not complete yet does not count."""
        if not self.log.exists():
            return []
        return self.log.read_text(encoding="utf-8").split("\n")[:-1]

    def expect_log(self, *parts: str, after: int = 0) -> str:
        """Waits for a line with one of these in it."""
        found: list[str] = []

        def look() -> bool:
            found[:] = [line for line in self.lines()[after:] if any(part in line for part in parts)]
            return bool(found)

        wait_until(f"a line of the log with {parts}", look)
        return found[0]

    def certificate(self, name: str, subject: Optional[str] = None) -> tuple[Path, Path]:
        """A key and a certificate that it signs itself: their files."""
        if shutil.which("openssl") is None:
            raise unittest.SkipTest("no openssl here")
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        command += ["-keyout", str(key), "-out", str(certificate), "-subj", f"/CN={subject or name}", "-days", "2"]
        subprocess.run(command, check=True, capture_output=True)
        return certificate, key


class SecureClient(Client):
    """A client over TLS, which takes any certificate and keeps it."""

    def __init__(self, address: tuple[str, int], version: int = V5) -> None:
        super().__init__(address, version)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        secure = context.wrap_socket(self.socket)
        self.certificate = secure.getpeercert(binary_form=True)
        self.socket = secure


def der(file: Path) -> bytes:
    """The bytes of a certificate in a PEM file."""
    return ssl.PEM_cert_to_DER_cert(file.read_text())


def ports(count: int) -> Sequence[int]:
    """Ports that nobody listens on, all different."""
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return list(found)


def expect_expelled(client: Client, reason: int) -> None:
    """The broker ends the connection, in v5 with this reason; messages before that do not count."""
    while (packet := client.expect_any(Type.DISCONNECT)).type == Type.PUBLISH:
        continue
    if packet.type != Type.DISCONNECT or packet.reason != reason:
        raise AssertionError(f"expected DISCONNECT with {reason:#04x}, got {packet}")
    client.expect_closed()
