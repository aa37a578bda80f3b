# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Nothing acknowledged is lost when the power fails: the same ledger, on a disk that holds only what it had to."""

from __future__ import annotations

import sqlite3
import tempfile
import unittest
from pathlib import Path
from typing import Mapping, Optional

from brokers import DurableBroker
from disk import Power, write
from keeping import KeepingCase
from scenario import Plan, Run

OTHERS = 5
"""Ways in which a loss might have gone beside the one that the broker gets; they are only looked at."""


class PowerTests(KeepingCase):
    """Runs of all kinds of clients against one broker whose power fails."""

    def setUp(self) -> None:
        super().setUp()
        if self.executable.name == "mosquitto":
            raise unittest.SkipTest("is about the store of NanoMQ")

    def run_with_losses(self, losses: int, settings: Optional[Mapping[str, str]] = None, **plan: object) -> Run:
        """A run in which each kill is a loss of power."""
        broker = self.broker(settings=settings)
        power = Power(self.folder, broker.data, self.seed)
        broker.environment = power.environment
        broken: list[str] = []

        def strike(broker: DurableBroker) -> None:
            broker.kill()
            for image in power.fail(OTHERS):
                broken.extend(damage(image))

        run = Run(broker, Plan(self.seed, losses, strike=strike, what="power lost", **plan), self.trace)
        self.faults = run.go()
        if broken:
            self.fail("\n".join(broken))
        return run

    def test_nothing_acknowledged_is_lost(self) -> None:
        """As often as the command line says, but half as often as kills."""
        run = self.run_with_losses(max(self.kills // 2, 1), seconds=self.minutes * 60)
        if self.faults:
            self.fail(run.complaint(self.faults, self.folder))
        print(run.report())

    def test_loss_is_found(self) -> None:
        """Without durability something is missing, or the test above proves nothing."""
        self.run_with_losses(2, {"durability": "none"}, mean=2.0)
        self.assertTrue({fault.kind for fault in self.faults} & {"lost", "session lost"}, self.faults)


def damage(image: dict[str, bytes]) -> list[str]:
    """What SQLite finds to be wrong with the databases of an image."""
    found = []
    with tempfile.TemporaryDirectory(prefix="nanomq-image-") as name:
        folder = Path(name)
        write(folder, image)
        for file in folder.glob("*.db"):
            base = sqlite3.connect(file)
            try:
                answer = [row[0] for row in base.execute("PRAGMA integrity_check")]
            except sqlite3.DatabaseError as error:
                answer = [str(error)]
            finally:
                base.close()
            if answer != ["ok"]:
                found.append(f"{file.name} after a loss: {answer[:3]}")
    return found
