# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Certificates that openssl makes for the occasion."""

from __future__ import annotations

import subprocess
from pathlib import Path

PASSWORD = "a pass phrase"
TIMEOUT = 20.0


class Authority:
    """An authority, and what it has signed, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._run("req", "-x509", *self._key("ca"), "-out", self.path("ca.pem"), "-days", "2", "-subj", "/CN=Tests")

    def path(self, name: str) -> str:
        """A file's path."""
        return str(self.folder / name)

    def _run(self, *arguments: str) -> None:
        command = ["openssl", *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT)
        if done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stderr.decode(errors='replace')}")

    def _key(self, name: str) -> list[str]:
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        return [*curve, "-keyout", self.path(f"{name}.key")]

    def issue(self, name: str) -> None:
        """Makes NAME.pem and NAME.key."""
        request = self.path(f"{name}.csr")
        extension = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        self._run("req", *self._key(name), "-out", request, "-subj", f"/O=Tests/CN={name}", *extension)
        signer = ["-CA", self.path("ca.pem"), "-CAkey", self.path("ca.key"), "-CAcreateserial"]
        out = ["-out", self.path(f"{name}.pem"), "-days", "2", "-copy_extensions", "copy"]
        self._run("x509", "-req", "-in", request, *signer, *out)

    def encrypt(self, name: str) -> None:
        """Encrypts NAME.key with the password."""
        arguments = ["-topk8", "-in", self.path(f"{name}.key"), "-out", self.path(f"{name}.new")]
        self._run("pkcs8", *arguments, "-v2", "aes-256-cbc", "-passout", f"pass:{PASSWORD}")
        (self.folder / f"{name}.new").replace(self.folder / f"{name}.key")
