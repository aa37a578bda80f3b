#!/usr/bin/env python3
# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of who is let in and what they may do: users, rules, HTTP, JWT, TLS, WebSocket, PROXY protocol.

    run.py [--broker PATH] [-k PATTERN] [-v]

They start brokers of their own and need mosquitto-clients, openssl, and ../Clients/requirements.txt.
"""

from __future__ import annotations

import argparse
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Its own folder first: others have modules of the same names.
sys.path[:0] = [str(HERE), str(HERE.parent / "Conformance"), str(HERE.parent / "Clients")]

from broker import HOST, Broker, default_executable  # noqa: E402
from case import SHARED  # noqa: E402


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", type=Path, default=default_executable(), help="executable (default: %(default)s)")
    parser.add_argument("-k", dest="patterns", action="append", help="only tests whose name contains this")
    parser.add_argument("-v", "--verbose", action="store_true", help="name each test")
    options = parser.parse_args()
    if not options.broker.exists():
        sys.exit(f"there is no broker at {options.broker}")
    # None that runs: each class has a configuration of its own.
    SHARED["broker"] = Broker(options.broker.resolve(), (HOST, 0))
    loader = unittest.TestLoader()
    if options.patterns:
        loader.testNamePatterns = [pattern if "*" in pattern else f"*{pattern}*" for pattern in options.patterns]
    suite = loader.discover(str(HERE), pattern="test_*.py", top_level_dir=str(HERE))
    started = time.monotonic()
    result = unittest.TextTestRunner(verbosity=2 if options.verbose else 1, stream=sys.stdout).run(suite)
    skipped = f", {len(result.skipped)} skipped" if result.skipped else ""
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"{result.testsRun} run, {failed} failures{skipped}, {time.monotonic() - started:.0f} s")
    return 0 if result.testsRun and result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
