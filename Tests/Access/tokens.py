# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""JSON Web Tokens (RFC 7519), signed by hand: with hmac, and by openssl."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import time
from pathlib import Path
from typing import Mapping, Optional

TIMEOUT = 20.0
SECRET = "a secret of at least thirty-two bytes"


def encoded(data: bytes | str | object) -> str:
    """Base64url without padding, of bytes or of JSON."""
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned(algorithm: str, claims: Mapping[str, object], **header: object) -> str:
    """The part of a token that is signed. A token without `exp` gets an hour; with None it has none."""
    claims = {"exp": int(time.time()) + 3600, **claims}
    claims = {name: value for name, value in claims.items() if value is not None}
    return f"{encoded({'alg': algorithm, 'typ': 'JWT', **header})}.{encoded(claims)}"


def hs256(
    claims: Mapping[str, object], secret: bytes | str = SECRET, algorithm: str = "HS256", **header: object
) -> str:
    """A token signed with a secret."""
    text = unsigned(algorithm, claims, **header)
    key = secret.encode() if isinstance(secret, str) else secret
    return f"{text}.{encoded(hmac.new(key, text.encode(), hashlib.sha256).digest())}"


class KeyPair:
    """A key of openssl's: RS256 or ES256."""

    def __init__(self, folder: Path, name: str, algorithm: str, bits: int = 2048) -> None:
        self.algorithm = algorithm
        self.key, self.public = folder / f"{name}.key", folder / f"{name}.pub"
        kind = ["RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}"]
        if algorithm == "ES256":
            kind = ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        openssl("genpkey", "-algorithm", *kind, "-out", str(self.key))
        openssl("pkey", "-in", str(self.key), "-pubout", "-out", str(self.public))

    def token(self, claims: Mapping[str, object], algorithm: Optional[str] = None, **header: object) -> str:
        """A token signed with it."""
        text = unsigned(algorithm or self.algorithm, claims, **header)
        signature = openssl("dgst", "-sha256", "-sign", str(self.key), input=text.encode())
        if self.algorithm == "ES256":
            signature = plain_signature(signature)
        return f"{text}.{encoded(signature)}"

    def web_key(self, **fields: object) -> dict[str, object]:
        """The public key as a member of a key set (RFC 7517)."""
        if self.algorithm == "ES256":
            point = openssl("pkey", "-in", str(self.key), "-pubout", "-outform", "DER")[-64:]
            return {"kty": "EC", "crv": "P-256", "x": encoded(point[:32]), "y": encoded(point[32:]), **fields}
        modulus = openssl("rsa", "-in", str(self.key), "-modulus", "-noout").decode().strip().partition("=")[2]
        return {"kty": "RSA", "n": encoded(bytes.fromhex(modulus)), "e": "AQAB", **fields}


def openssl(*arguments: str, input: bytes = b"") -> bytes:
    """Runs a command and returns what it printed."""
    done = subprocess.run(["openssl", *arguments], input=input, capture_output=True, timeout=TIMEOUT, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{arguments}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def plain_signature(der: bytes) -> bytes:
    """Two integers of 32 bytes (RFC 7518, section 3.4) of a signature in DER."""
    result, at = b"", 2
    for _ in range(2):
        length = der[at + 1]
        result += int.from_bytes(der[at + 2 : at + 2 + length], "big").to_bytes(32, "big")
        at += 2 + length
    return result
