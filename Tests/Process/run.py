#!/usr/bin/env python3
# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of the broker as a process and a service: each starts, signals and stops processes of its own.

    run.py [--broker PATH] [-k PATTERN] [-v]
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Conformance"))

from own_brokers import main  # noqa: E402
from service import ServiceCase  # noqa: E402


def use(executable: Path) -> None:
    """All tests start this one."""
    ServiceCase.executable = executable


if __name__ == "__main__":
    sys.exit(main(HERE, __doc__, use))
