#!/usr/bin/env python3
# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Runs the conformance tests against a broker that it starts, or against one that runs already.

    run.py [--broker PATH | --external HOST:PORT] [-k PATTERN]
    run.py --check-table | --fill-table

The exit code is 0 only if tests ran, all passed, and the broker lived to the end and left with code 0 on SIGTERM.
"""

from __future__ import annotations

import argparse
import sys
import unittest
from pathlib import Path
from typing import Iterator

import table
from broker import Broker, default_executable
from case import SHARED

HERE = Path(__file__).resolve().parent


def arguments(description: str | None = __doc__) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", type=Path, default=default_executable(), help="executable (default: %(default)s)")
    parser.add_argument("--external", metavar="HOST:PORT", help="test a broker that runs already")
    parser.add_argument("-k", dest="patterns", action="append", help="only tests whose name contains this")
    parser.add_argument("-v", "--verbose", action="store_true", help="name each test")
    parser.add_argument("--check-table", action="store_true", help="only check docs/conformance.md against the tests")
    parser.add_argument("--fill-table", action="store_true", help="only write the test column of docs/conformance.md")
    return parser.parse_args()


def load(folder: Path, patterns: list[str] | None) -> unittest.TestSuite:
    """All tests of a folder."""
    loader = unittest.TestLoader()
    if patterns:
        loader.testNamePatterns = [pattern if "*" in pattern else f"*{pattern}*" for pattern in patterns]
    return loader.discover(str(folder), pattern="test_*.py", top_level_dir=str(folder))


def failed_tests(result: unittest.TestResult) -> set[str]:
    """The tests that failed, each once however many of its subtests did."""

    def names() -> Iterator[str]:
        for test, _ in result.failures + result.errors:
            yield getattr(test, "test_case", test).id()
        yield from (test.id() for test in result.unexpectedSuccesses)

    return set(names())


class Result(unittest.TextTestResult):
    """Ends the run with the test that ended the broker."""

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        if not SHARED["broker"].alive:
            print(f"\nthe broker died in {test.id()}")
            self.stop()


def start(options: argparse.Namespace) -> Broker:
    """The broker that the command line asks for."""
    if options.external:
        host, _, port = options.external.rpartition(":")
        return Broker.external((host or "127.0.0.1", int(port)))
    if not options.broker.exists():
        sys.exit(f"there is no broker at {options.broker}")
    return Broker.start(options.broker.resolve())


def run(folder: Path, options: argparse.Namespace) -> int:
    """Runs a folder's tests and returns the exit code."""
    suite = load(folder, options.patterns)
    broker = start(options)
    SHARED["broker"] = broker
    verbosity = 2 if options.verbose else 1
    result = unittest.TextTestRunner(verbosity=verbosity, stream=sys.stdout, resultclass=Result).run(suite)
    problems = []
    alive, tail = broker.alive, broker.log_tail()
    code = broker.stop()
    if not alive:
        problems.append(f"the broker died with code {code}")
    elif code is None:
        problems.append("the broker did not leave on SIGTERM in time")
    elif code != 0:
        problems.append(f"the broker left with code {code} on SIGTERM")
    if not result.testsRun:
        problems.append("no test ran")
    failed = failed_tests(result)
    if failed or problems:
        print(f"--- the broker's log ends with ---\n{tail}\n---")
    for problem in problems:
        print(problem)
    passed = max(result.testsRun - len(failed) - len(result.skipped), 0)
    skipped = f", {len(result.skipped)} skipped" if result.skipped else ""
    print(f"{passed} passed, {len(failed)} failed{skipped}")
    return 1 if failed or problems else 0


def main() -> int:
    """The command."""
    options = arguments()
    if options.fill_table:
        table.fill()
    if options.fill_table or options.check_table:
        return table.check()
    return run(HERE, options)


if __name__ == "__main__":
    sys.exit(main())
