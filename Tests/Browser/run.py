#!/usr/bin/env python3
# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests with a real browser: headless Chromium, in which MQTT.js (Debian: node-mqtt) speaks MQTT over the
browser's own WebSocket. `make browser` installs what it needs.

    run.py [--broker PATH] [-k PATTERN]
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFORMANCE = HERE.parent / "Conformance"
sys.path[1:1] = [str(CONFORMANCE), str(HERE.parent / "Clients")]


def main() -> int:
    """The conformance tests' runner, on this folder."""
    specification = importlib.util.spec_from_file_location("conformance_run", CONFORMANCE / "run.py")
    assert specification is not None and specification.loader is not None
    runner = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(runner)
    return runner.run(HERE, runner.arguments(__doc__))


if __name__ == "__main__":
    sys.exit(main())
