# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Certificates that openssl makes for the occasion."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Optional

PASSWORD = "a pass phrase"
TIMEOUT = 20.0


class Authority:
    """An authority, and what it has signed, in a folder."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self.name = name
        out = ["-out", self.path(f"{name}.pem"), "-days", "2", "-subj", "/CN=Tests"]
        self._run("req", "-x509", *self._key(name), *out)

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

    def issue(self, name: str, subject: Optional[str] = None) -> None:
        """Makes NAME.pem and NAME.key."""
        request = self.path(f"{name}.csr")
        extension = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"]
        named = ["-utf8", "-subj", subject or f"/O=Tests/CN={name}"]
        self._run("req", *self._key(name), "-out", request, *named, *extension)
        signer = ["-CA", self.path(f"{self.name}.pem"), "-CAkey", self.path(f"{self.name}.key"), "-CAcreateserial"]
        out = ["-out", self.path(f"{name}.pem"), "-days", "2", "-copy_extensions", "copy"]
        self._run("x509", "-req", "-in", request, *signer, *out)

    def encrypt(self, name: str) -> None:
        """Encrypts NAME.key with the password."""
        arguments = ["-topk8", "-in", self.path(f"{name}.key"), "-out", self.path(f"{name}.new")]
        self._run("pkcs8", *arguments, "-v2", "aes-256-cbc", "-passout", f"pass:{PASSWORD}")
        (self.folder / f"{name}.new").replace(self.folder / f"{name}.key")

    def revoke(self, *names: str) -> str:
        """Makes a list of revoked certificates, with these among them, and returns its path."""
        settings, index = self.folder / "openssl.cnf", self.folder / "index.txt"
        index.touch()
        lines = ["[ca]", "default_ca = own", "[own]", f"database = {index}", "default_md = sha256"]
        settings.write_text("\n".join([*lines, "default_crl_days = 2", ""]))
        signer = ["-cert", self.path(f"{self.name}.pem"), "-keyfile", self.path(f"{self.name}.key")]
        for name in names:
            self._run("ca", "-config", str(settings), *signer, "-revoke", self.path(f"{name}.pem"))
        self._run("ca", "-config", str(settings), *signer, "-gencrl", "-out", self.path(f"{self.name}.crl"))
        return self.path(f"{self.name}.crl")
