#!/usr/bin/env python3
# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""What keeping costs: the release binary with its three durabilities and without a store, and Mosquitto beside it.

    bench.py [--broker PATH] [--mosquitto PATH] [--rounds N] [--json FILE] [NAME ...]

NAME is one of pairs, enqueue, drain, cost; without one, all are run. Rounds alternate between the brokers, and medians
are printed. The load generator is load.c.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Optional

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(1, str(HERE.parent / "Conformance"))

from broker import default_executable  # noqa: E402
from brokers import DurableBroker, Mosquitto  # noqa: E402

Figures = dict[str, float]
ROOM = {"disk_cache_size": "4000000", "max_session_messages": "4000000", "max_session_bytes": "4GB", "max_bytes": "4GB"}
AFTER = 1500
"""Milliseconds after the end at which CPU time is read: longer than the interval of `periodic`, which writes then."""


class Bench:
    """Brokers, and the load generator."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.load = folder / "load"
        command = ["cc", "-O2", "-Wall", "-o", str(self.load), str(HERE / "load.c")]
        subprocess.run(command, check=True)
        self.count = 0
        self.results: dict[str, dict[str, Figures]] = {}
        """Medians."""
        self.all: dict[str, dict[str, list[Figures]]] = {}

    def broker(self, kind: str) -> DurableBroker:
        """A new one: `acknowledged`, `periodic`, `none`, `off` or `mosquitto`; it has been started."""
        self.count += 1
        folder = self.folder / f"{kind}-{self.count}"
        folder.mkdir()
        if kind == "mosquitto":
            broker: DurableBroker = Mosquitto(self.options.mosquitto, folder)
        else:
            settings = {"durability": kind, **ROOM} if kind != "off" else None
            others = "log.level = warn\nmqtt { max_mqueue_len = 4000000, max_mqueue_bytes = 4GB }"
            broker = DurableBroker(self.options.broker, folder, settings, others, store=kind != "off")
        broker.start()
        return broker

    def run(self, broker: DurableBroker, *arguments: object) -> Figures:
        """The load generator's figures."""
        assert broker.process is not None
        command = [self.load, "-p", broker.address[1], "-B", broker.process.pid, "-i", AFTER, *arguments]
        found = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        if found.returncode:
            raise SystemExit(f"{command}: {found.stderr}\n{broker.tail(10)}")
        return json.loads(found.stdout)

    def rounds(self, name: str, kinds: list[str], measure: Callable[[str], Figures]) -> None:
        """Runs a measurement for each kind, in turns, and keeps the medians."""
        found: dict[str, list[Figures]] = {kind: [] for kind in kinds}
        for number in range(self.options.rounds):
            # Who comes first may be better or worse off: so each comes first in turn.
            for kind in kinds if number % 2 == 0 else reversed(kinds):
                found[kind].append(measure(kind))
        self.all[name] = found
        self.results[name] = {
            kind: {key: statistics.median(figures[key] for figures in all_) for key in all_[0]}
            for kind, all_ in found.items()
        }
        self.show(name)

    def show(self, name: str) -> None:
        """A table."""
        print(f"\n{name}\n")
        print("| | messages/s | broker CPU, us a message | acknowledged, p50 / p99 ms | delivered, p50 / p99 ms |")
        print("|---|---|---|---|---|")
        for kind, f in self.results[name].items():
            acknowledged = f"{f['ack_p50_us'] / 1000:.2f} / {f['ack_p99_us'] / 1000:.2f}" if f["ack_p99_us"] else "-"
            delivered = f"{f['delivery_p50_us'] / 1000:.2f} / {f['delivery_p99_us'] / 1000:.2f}"
            delivered = delivered if f["delivery_p99_us"] else "-"
            print(f"| {kind} | {f['rate']:,.0f} | {f['broker_cpu_us']:.2f} | {acknowledged} | {delivered} |")
        sys.stdout.flush()

    def on(self, kind: str, *steps: tuple[object, ...], restart: bool = False) -> Figures:
        """The figures of the last step, on a new broker, which may be started again before that."""
        broker = self.broker(kind)
        try:
            for step in steps[:-1]:
                self.run(broker, *step)
                if restart:
                    broker.stop()
                    broker.start()
            return self.run(broker, *steps[-1])
        finally:
            broker.discard()
            shutil.rmtree(broker.folder, ignore_errors=True)

    # What is measured

    def pairs(self) -> None:
        """100 pairs at QoS 1 whose subscribers' sessions are kept, and are there."""
        kinds = ["acknowledged", "periodic", "none", "off", *self.mosquitto()]
        for window, count in ((10, 10_000), (100, 20_000)):

            def measure(kind: str, window: int = window, count: int = count) -> Figures:
                # Several commits of `periodic` must be among it, but not minutes of Mosquitto.
                chosen = count // 10 if kind == "mosquitto" else count
                return self.on(kind, ("-g", 100, "-n", chosen, "-w", window, "-q", 1, "-k"))

            self.rounds(f"pairs-100, QoS 1, kept sessions online, window {window}", kinds, measure)

    def enqueue(self) -> None:
        """What is published to sessions whose clients are away."""
        kinds = ["acknowledged", "periodic", "none", "off", *self.mosquitto()]
        for pairs, count in ((1, 2_000_000), (100, 20_000)):

            def measure(kind: str, pairs: int = pairs, count: int = count) -> Figures:
                chosen = count // 10 if kind == "mosquitto" else count
                return self.on(kind, ("-m", "publish", "-g", pairs, "-n", chosen, "-w", 1000 // pairs, "-q", 1, "-k"))

            self.rounds(f"offline enqueue, {pairs} sessions", kinds, measure)

    def drain(self) -> None:
        """100,000 messages that wait for one client, which comes back after a restart."""
        fill = ("-m", "publish", "-g", 1, "-n", 100_000, "-w", 1000, "-q", 1, "-k")
        step = ("-m", "drain", "-g", 1, "-n", 100_000, "-q", 1, "-k")
        kinds = ["acknowledged", "periodic", "none", *self.mosquitto()]
        self.rounds("drain of 100,000 after a restart", kinds, lambda kind: self.on(kind, fill, step, restart=True))
        self.rounds("drain of 100,000 from memory", ["off"], lambda kind: self.on(kind, fill, step))
        if shutil.which("mosquitto_sub"):
            self.drain_to_a_client(["acknowledged", "off", *self.mosquitto()])

    def drain_to_a_client(self, kinds: list[str]) -> None:
        """The same to mosquitto_sub, which does more with a message than count it."""
        count = 100_000
        found: dict[str, list[Figures]] = {kind: [] for kind in kinds}
        for _ in range(self.options.rounds):
            for kind in kinds:
                broker = self.broker(kind)
                client = ["mosquitto_sub", "-p", str(broker.address[1]), "-i", "client", "-c", "-q", "1", "-t", "#"]
                try:
                    subprocess.run([*client, "-E"], check=True)
                    self.run(broker, "-m", "publish", "-g", 1, "-n", count, "-w", 1000, "-q", 1)
                    if kind != "off":
                        broker.stop()
                        broker.start()
                    began = time.monotonic()
                    subprocess.run([*client, "-C", str(count)], check=True, stdout=subprocess.DEVNULL)
                    found[kind].append({"rate": count / (time.monotonic() - began)})
                finally:
                    broker.discard()
                    shutil.rmtree(broker.folder, ignore_errors=True)
        name = "drain of 100,000 to mosquitto_sub, after a restart unless there is no store"
        self.all[name] = found
        self.results[name] = {
            kind: {"rate": statistics.median(figures["rate"] for figures in all_)} for kind, all_ in found.items()
        }
        print(f"\n{name}\n\n| | messages/s |\n|---|---|")
        for kind, figures in self.results[name].items():
            print(f"| {kind} | {figures['rate']:,.0f} |")
        sys.stdout.flush()

    def cost(self) -> None:
        """What those pay who keep nothing: alternating rounds with the store on and off."""
        for name, step in (
            ("QoS 0", ("-g", 100, "-n", 30_000, "-w", 10, "-q", 0)),
            ("QoS 1, clean sessions", ("-g", 100, "-n", 10_000, "-w", 10, "-q", 1)),
        ):
            title = f"{name}, store on and off"
            self.rounds(title, ["acknowledged", "off"], lambda kind, step=step: self.on(kind, step))
            found = self.results[title]
            ratio = found["acknowledged"]["broker_cpu_us"] / found["off"]["broker_cpu_us"]
            spread = ", ".join(
                f"{kind} {min(figures):.3f} to {max(figures):.3f}"
                for kind, all_ in self.all[title].items()
                if (figures := [one["broker_cpu_us"] for one in all_])
            )
            print(f"\n{name}: CPU with the store {100 * (ratio - 1):+.1f} % (medians; us a message: {spread})")

    def mosquitto(self) -> list[str]:
        """Mosquitto, if it is there."""
        return ["mosquitto"] if self.options.mosquitto else []


def find_mosquitto() -> Optional[Path]:
    """Where Debian puts it, or on the path."""
    for found in (shutil.which("mosquitto"), "/usr/sbin/mosquitto"):
        if found and Path(found).exists():
            return Path(found)
    return None


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", type=Path, default=default_executable(), help="executable (default: %(default)s)")
    parser.add_argument("--mosquitto", type=Path, default=find_mosquitto(), help="to compare with")
    parser.add_argument("--rounds", type=int, default=5, help="of each measurement")
    parser.add_argument("--json", type=Path, help="write the medians there")
    parser.add_argument("names", nargs="*", metavar="NAME", help="what is measured")
    options = parser.parse_args()
    options.broker = options.broker.resolve()
    with tempfile.TemporaryDirectory(prefix="nanomq-bench-") as folder:
        bench = Bench(options, Path(folder))
        for name in options.names or ["pairs", "enqueue", "drain", "cost"]:
            getattr(bench, name)()
        if options.json:
            options.json.write_text(json.dumps(bench.results, indent=2))


if __name__ == "__main__":
    main()
