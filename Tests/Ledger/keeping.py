# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The base of all tests of what a broker keeps: a folder, and brokers that are gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
import unittest
from pathlib import Path
from typing import ClassVar

from brokers import DurableBroker, broker_class


class KeepingCase(unittest.TestCase):
    """A test with a directory of its own. The directory of one that failed stays if `keeps` says so."""

    maxDiff = None
    executable: ClassVar[Path]
    seed: ClassVar[int] = 1
    kills: ClassVar[int] = 10
    minutes: ClassVar[float] = 0
    long: ClassVar[bool] = False
    """Whether tests that take very long run too."""
    keeps: ClassVar[bool] = False

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="nanomq-ledger-"))
        self.addCleanup(self._clean)
        self.passed = False

    def _clean(self) -> None:
        if not self.keeps:
            shutil.rmtree(self.folder, ignore_errors=True)

    def broker(self, name: str = "broker", **fields: object) -> DurableBroker:
        """A broker that has not been started, with a directory of its own."""
        folder = self.folder / name
        folder.mkdir()
        broker = broker_class(self.executable)(self.executable, folder, **fields)
        self.addCleanup(broker.discard)
        return broker
