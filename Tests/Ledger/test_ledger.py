# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Nothing acknowledged is lost, however often the broker is killed."""

from __future__ import annotations

import unittest

from keeping import KeepingCase
from scenario import Plan, Run


class LedgerTests(KeepingCase):
    """Runs of all kinds of clients against one broker that is killed."""

    def test_nothing_acknowledged_is_lost(self) -> None:
        """As often as the command line says."""
        merges = self.executable.name != "mosquitto"
        run = Run(self.broker(), Plan(self.seed, self.kills, self.minutes * 60, merges=merges), self.trace)
        faults = run.go()
        if faults:
            self.fail(run.complaint(faults, self.folder))
        print(run.report())

    def test_loss_is_found(self) -> None:
        """A broker that acknowledges before it has written is found out, or the test above proves nothing."""
        if self.executable.name == "mosquitto":
            raise unittest.SkipTest("is about a setting of NanoMQ")
        settings = {"durability": "periodic", "commit_interval": "2s"}
        run = Run(self.broker(settings=settings), Plan(self.seed, 3, mean=2))
        kinds = {fault.kind for fault in run.go()}
        self.assertIn("lost", kinds)
