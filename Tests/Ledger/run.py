#!/usr/bin/env python3
# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of what a broker keeps when it is killed, when the power fails, and when the disk does.

    run.py [--broker PATH] [--kills N] [--minutes M] [--seed S] [--long] [--keep] [-k PATTERN] [-v] [NAME ...]

NAME is a file of tests without test_ and .py, as `ledger`; without one, all are run. The seed decides what clients and
kills do as far as that can be decided; it is printed with every failure.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(1, str(HERE.parent / "Conformance"))

from broker import default_executable  # noqa: E402
from keeping import KeepingCase  # noqa: E402


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", type=Path, default=default_executable(), help="executable (default: %(default)s)")
    parser.add_argument("--kills", type=int, default=10, help="kills, or losses of power, in one run (%(default)s)")
    parser.add_argument("--minutes", type=float, default=0, help="go on with kills at least so long")
    parser.add_argument("--seed", type=int, help="what decides chance (default: chance)")
    parser.add_argument("--long", action="store_true", help="run tests too that take many minutes")
    parser.add_argument("--keep", action="store_true", help="leave the directories of the brokers")
    parser.add_argument("-k", dest="patterns", action="append", help="only tests whose name contains this")
    parser.add_argument("-v", "--verbose", action="store_true", help="name each test")
    parser.add_argument("names", nargs="*", metavar="NAME", help="files of tests")
    return parser.parse_args()


def main() -> int:
    """The command."""
    options = arguments()
    if not options.broker.exists():
        sys.exit(f"there is no broker at {options.broker}")
    KeepingCase.executable = options.broker.resolve()
    KeepingCase.kills = options.kills
    KeepingCase.minutes = options.minutes
    KeepingCase.seed = random.randrange(1, 1_000_000) if options.seed is None else options.seed
    KeepingCase.long = options.long
    KeepingCase.keeps = options.keep
    loader = unittest.TestLoader()
    if options.patterns:
        loader.testNamePatterns = [pattern if "*" in pattern else f"*{pattern}*" for pattern in options.patterns]
    suite = unittest.TestSuite(
        loader.discover(str(HERE), pattern=f"test_{name}.py", top_level_dir=str(HERE))
        for name in options.names or ["*"]
    )
    started = time.monotonic()
    result = unittest.TextTestRunner(verbosity=2 if options.verbose else 1, stream=sys.stdout).run(suite)
    skipped = f", {len(result.skipped)} skipped" if result.skipped else ""
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"{result.testsRun} run, {failed} failures{skipped}, {time.monotonic() - started:.0f} s")
    return 0 if result.testsRun and result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
