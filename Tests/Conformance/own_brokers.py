# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The runner of tests that start brokers of their own, unlike the conformance tests, which share one."""

from __future__ import annotations

import argparse
import sys
import time
import unittest
from pathlib import Path
from typing import Callable, Optional

from broker import default_executable


def main(folder: Path, description: Optional[str], use: Callable[[Path], None]) -> int:
    """Runs the tests of a folder as the command line says, after `use` has been told the executable."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", type=Path, default=default_executable(), help="executable (default: %(default)s)")
    parser.add_argument("-k", dest="patterns", action="append", help="only tests whose name contains this")
    parser.add_argument("-v", "--verbose", action="store_true", help="name each test")
    options = parser.parse_args()
    if not options.broker.exists():
        sys.exit(f"there is no broker at {options.broker}")
    use(options.broker.resolve())
    loader = unittest.TestLoader()
    if options.patterns:
        loader.testNamePatterns = [pattern if "*" in pattern else f"*{pattern}*" for pattern in options.patterns]
    suite = loader.discover(str(folder), pattern="test_*.py", top_level_dir=str(folder))
    started = time.monotonic()
    result = unittest.TextTestRunner(verbosity=2 if options.verbose else 1, stream=sys.stdout).run(suite)
    skipped = f", {len(result.skipped)} skipped" if result.skipped else ""
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"{result.testsRun} run, {failed} failures{skipped}, {time.monotonic() - started:.0f} s")
    return 0 if result.testsRun and result.wasSuccessful() else 1
