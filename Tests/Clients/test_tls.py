# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""mosquitto_pub and mosquitto_sub over TLS, with certificates that openssl makes for the occasion."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import ClassVar

from authority import PASSWORD, Authority
from broker import HOST, free_port
from tools import TIMEOUT, MosquittoCase, Received


class TLS(MosquittoCase):
    """A TLS listener with an encrypted key that asks for a certificate and takes what it names as user name."""

    authority: ClassVar[Authority]
    port: ClassVar[int]

    @classmethod
    def setUpClass(cls) -> None:
        if shutil.which("openssl") is None:
            raise RuntimeError("openssl not found: install the package openssl")
        folder = tempfile.TemporaryDirectory(prefix="nanomq-tls-")
        cls.addClassCleanup(folder.cleanup)
        cls.authority = Authority(Path(folder.name))
        cls.authority.issue("server")
        cls.authority.encrypt("server")
        cls.authority.issue("client")
        cls.port = free_port()
        cls.settings = {
            "listeners.ssl.bind": f'"{HOST}:{cls.port}"',
            "listeners.ssl.certfile": f'"{cls.authority.path("server.pem")}"',
            "listeners.ssl.keyfile": f'"{cls.authority.path("server.key")}"',
            "listeners.ssl.key_password": f'"{PASSWORD}"',
            "listeners.ssl.cacertfile": f'"{cls.authority.path("ca.pem")}"',
            "listeners.ssl.verify_peer": "true",
            "listeners.ssl.fail_if_no_peer_cert": "true",
            "listeners.ssl.identity_as_username": "cn",
        }
        super().setUpClass()

    def trusting(self) -> list[str]:
        """Where the TLS listener is, and whom to trust."""
        return ["-h", HOST, "-p", str(self.port), "--cafile", self.authority.path("ca.pem")]

    def address(self) -> list[str]:
        """The TLS listener, with a certificate."""
        certificate = ["--cert", self.authority.path("client.pem"), "--key", self.authority.path("client.key")]
        return [*self.trusting(), *certificate]

    def test_each_version_of_both_protocols(self) -> None:
        """MQTT 3.1.1 and 5 over TLS 1.2 and 1.3, with ALPN and without"""
        topic = self.topic()
        subscriber = self.subscribe("mqttv5", "-t", topic, "-q", "2", "-C", "8")
        for protocol in ("mqttv311", "mqttv5"):
            for version in ("tlsv1.2", "tlsv1.3"):
                for more in ([], ["--tls-alpn", "mqtt"]):
                    text = f"{protocol} {version} {more}"
                    with self.subTest(text):
                        arguments = ["-t", topic, "-q", "2", "-m", text, "--tls-version", version, *more]
                        self.publish(protocol, *arguments)
                        self.assertEqual(subscriber.message(), Received(topic, 2, False, text.encode()))
        self.assertEqual(subscriber.finish(), 0)

    def test_a_large_payload(self) -> None:
        """Every byte of a megabyte arrives"""
        payload = bytes(range(256)) * 4096
        topic = self.topic()
        subscriber = self.subscribe("mqttv311", "-t", topic, "-q", "1", "-C", "1")
        self.publish("mqttv311", "-t", topic, "-q", "1", "-s", stdin=payload)
        self.assertEqual(subscriber.message().payload, payload)
        self.assertEqual(subscriber.finish(), 0)

    def test_without_a_certificate(self) -> None:
        """A client without one is not let in"""
        command = ["mosquitto_pub", *self.trusting(), "-t", self.topic(), "-q", "1", "-m", "x"]
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT)
        self.assertNotEqual(done.returncode, 0)

    def test_an_old_version(self) -> None:
        """TLS 1.1 is not spoken unless it is asked for"""
        command = ["openssl", "s_client", "-connect", f"{HOST}:{self.port}", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT)
        self.assertNotEqual(done.returncode, 0)
