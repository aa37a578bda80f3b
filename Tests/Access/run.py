#!/usr/bin/env python3
# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of who is let in and what they may do: users, rules, HTTP, JWT, TLS, WebSocket, PROXY protocol.

    run.py [--broker PATH] [-k PATTERN] [-v]

They start brokers of their own and need mosquitto-clients, openssl, and ../Clients/requirements.txt.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Its own folder first: others have modules of the same names.
sys.path[:0] = [str(HERE), str(HERE.parent / "Conformance"), str(HERE.parent / "Clients")]

from broker import HOST, Broker  # noqa: E402
from case import SHARED  # noqa: E402
from own_brokers import main  # noqa: E402


def use(executable: Path) -> None:
    """None that runs: each class has a configuration of its own."""
    SHARED["broker"] = Broker(executable, (HOST, 0))


if __name__ == "__main__":
    sys.exit(main(HERE, __doc__, use))
