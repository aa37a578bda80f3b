# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Disks that are full, read-only or broken, and files that can't be used."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import stat
import subprocess
import time
import unittest
from pathlib import Path

import packets
from brokers import DurableBroker
from disk import Power
from keeping import KeepingCase, flood
from packets import V5, V311, Prop, Reason, Type
from wire import Client

FAULTS = {
    "full": f"{errno.ENOSPC} w",
    "full in the middle": f"{errno.ENOSPC} wp",
    "read-only": f"{errno.EROFS} wo",
    "broken": f"{errno.EIO} ws",
    "broken when made safe": f"{errno.EIO} s",
}
BEGINS = "store cannot be written"
ENDS = "store can be written again"
BACK = 5.0
"""Seconds until service is back after a fault."""


class NanoMQCase(KeepingCase):
    """Tests of what only NanoMQ does."""

    def setUp(self) -> None:
        super().setUp()
        if self.executable.name == "mosquitto":
            raise unittest.SkipTest("is about the store of NanoMQ")


class FaultTests(NanoMQCase):
    """Writes that fail while the broker runs."""

    def setUp(self) -> None:
        super().setUp()
        self.count = 0

    def faulty(self) -> tuple[DurableBroker, Power]:
        """A broker that runs, on a disk that can be told to fail."""
        self.count += 1
        broker = self.broker(f"broker-{self.count}")
        power = Power(broker.folder, broker.data, self.seed)
        broker.environment = power.environment
        broker.start()
        return broker, power

    def begin(self, broker: DurableBroker, power: Power, fault: str, publisher: Client) -> int:
        """The disk fails, and the broker finds out by a message that it can't store: its packet identifier."""
        power.fault.write_text(fault)
        identifier = publisher.send_publish("kept", "first", qos=1)
        self.wait_for_log(broker, BEGINS)
        return identifier

    def wait_for_log(self, broker: DurableBroker, part: str, timeout: float = 10, since: int = 0) -> None:
        """Until a line with this has been written, after the first so many."""
        deadline = time.monotonic() + timeout
        while not any(part in line for line in broker.lines()[since:]):
            self.assertTrue(broker.alive, broker.tail())
            self.assertLess(time.monotonic(), deadline, f"no {part!r} in the log\n{broker.tail()}")
            time.sleep(0.02)

    def test_life_goes_on(self) -> None:
        """All that needs no disk works; what does is not acknowledged; all comes right without a restart."""
        for name, fault in FAULTS.items():
            with self.subTest(disk=name):
                self.life_goes_on(fault)

    def life_goes_on(self, fault: str) -> None:
        broker, power = self.faulty()
        keeper = self.client(broker, "keeper")
        keeper.subscribe("kept", options=1)
        keeper.close()
        publisher = self.client(broker, "publisher", expiry=0, clean=True)
        older = self.open(broker, V311)
        older.connect("older")
        publisher.publish("kept", "before", qos=1)
        lines = len(broker.lines())

        held = self.begin(broker, power, fault, publisher)
        publisher.expect_nothing()  # An acknowledgement would be a lie.

        # What is refused. On another connection: acknowledgements keep their order, and the first one waits.
        second = self.client(broker, "second", expiry=0, clean=True)
        self.assertEqual(second.publish("kept", "refused", qos=1).reason, Reason.QUOTA_EXCEEDED)
        self.assertEqual(second.publish("kept", "refused", qos=2).reason, Reason.QUOTA_EXCEEDED)
        self.assertEqual(second.publish("r", "refused", qos=1, retain=True).reason, Reason.QUOTA_EXCEEDED)
        older.send_publish("kept", "refused", qos=1)
        older.expect_closed()
        late = self.open(broker, V311)
        connack = late.connect("late", clean=False, expect_reason=None)
        self.assertEqual(connack.reason, 3)

        # What goes on.
        reader = self.open(broker, V311)
        reader.connect("reader")
        reader.subscribe("live/#", options=2)
        for version in (V311, V5):
            other = self.open(broker, version)
            other.connect(f"other-{version}")
            for qos in (0, 1, 2):
                other.publish("live/1", f"{version}{qos}", qos=qos)
                reader.expect_message(f"{version}{qos}", qos=qos)
            other.disconnect()

        # For a while: what is tried again and again is not told again and again.
        time.sleep(2)
        self.assertTrue(broker.alive)
        self.assertEqual(sum(BEGINS in line for line in broker.lines()), 1, broker.tail())
        self.assertLess(len(broker.lines()) - lines, 40, broker.tail())

        # It is over.
        power.fault.unlink()
        publisher.expect(Type.PUBACK, timeout=BACK, packet_id=held, reason=0)
        self.wait_for_log(broker, ENDS, BACK)
        self.assertEqual(publisher.publish("kept", "after", qos=1).reason, 0)
        self.assertLess(publisher.publish("r", "after", qos=1, retain=True).reason, 0x80)
        self.assertEqual(sum(ENDS in line for line in broker.lines()), 1)
        self.client(broker, "late", V311).close()

        # And it was really written.
        broker.kill()
        power.fail()
        broker.start()
        keeper = self.resume(broker, "keeper")
        for payload in ("before", "first", "after"):
            keeper.expect_message(payload)
        keeper.expect_nothing()
        keeper.subscribe("r", options=1)
        keeper.expect_message("after", retain=True)
        self.resume(broker, "late", V311)
        self.tell(broker)

    def test_killed_meanwhile(self) -> None:
        """What was not acknowledged may be lost; what was is there."""
        for name, fault in FAULTS.items():
            with self.subTest(disk=name):
                broker, power = self.faulty()
                keeper = self.client(broker, "keeper")
                keeper.subscribe("kept", options=1)
                keeper.close()
                publisher = self.client(broker, "publisher", expiry=0, clean=True)
                flood(publisher, "kept", (f"before-{number}" for number in range(50)))
                self.begin(broker, power, fault, publisher)
                broker.kill()
                power.fault.unlink()
                power.fail()
                broker.start()
                keeper = self.resume(broker, "keeper")
                for number in range(50):
                    keeper.expect_message(f"before-{number}")
                self.assertTrue(all(packet.payload == b"first" for packet in keeper.fence()))
                self.settle(broker)
                self.tell(broker)

    def test_acknowledged_is_kept(self) -> None:
        """The disk fails again and again, for short times, under load: a small ledger of a v5 publisher."""
        broker, power = self.faulty()
        keeper = self.client(broker, "keeper")
        keeper.subscribe("kept", options=2)
        keeper.close()
        publisher = self.client(broker, "publisher")
        acknowledged: list[int] = []
        refused: list[int] = []
        number = 0
        for fault in [*FAULTS.values()] * 2:
            for failing in (False, True):
                if failing:
                    power.fault.write_text(fault)
                ends = time.monotonic() + 0.3
                while time.monotonic() < ends:
                    flying = {publisher.send_publish("kept", f"{number + n}", qos=1): number + n for n in range(20)}
                    number += 20
                    if failing:
                        time.sleep(0.05)
                        power.fault.unlink(missing_ok=True)
                    for identifier, sent in flying.items():
                        answer = publisher.expect(Type.PUBACK, timeout=BACK + 5, packet_id=identifier)
                        (acknowledged if answer.reason < 0x80 else refused).append(sent)
        broker.kill()
        power.fail()
        broker.start()
        keeper = self.resume(broker, "keeper")
        found = []
        while len(found) < len(acknowledged):
            packet = keeper.expect(Type.PUBLISH)
            found.append(int(packet.payload))
            keeper.acknowledge(packet)
        self.assertEqual(found, acknowledged)
        keeper.expect_nothing()
        self.assertGreater(len(acknowledged), 100)

    def test_subscriptions(self) -> None:
        """A SUBACK is a promise too: none is made, or it is kept."""
        broker, power = self.faulty()
        keeper = self.client(broker, "keeper")
        keeper.subscribe("kept", options=1)
        publisher = self.client(broker, "publisher", expiry=0, clean=True)
        self.begin(broker, power, FAULTS["full"], publisher)
        keeper.expect(Type.PUBLISH, payload=b"first")  # It is in memory, and the client is there.
        identifier = keeper.next_id()
        keeper.send(packets.subscribe(identifier, [("new", 1)]))
        try:
            answer = keeper.receive(2)
            self.assertEqual(answer.type, Type.SUBACK)
            self.assertGreaterEqual(answer.reasons[0], 0x80)
        except TimeoutError:
            pass
        power.fault.unlink()
        self.tell(broker)

    def test_started_on_a_full_disk(self) -> None:
        """A machine that starts again while its disk is full: the broker serves what it can, and loses nothing."""
        broker, power = self.faulty()
        keeper = self.client(broker, "keeper")
        keeper.subscribe("kept", options=1)
        publisher = self.client(broker, "publisher", expiry=0, clean=True)
        ended = self.client(broker, "ended", expiry=1)
        ended.subscribe("kept", options=1)
        ended.close()
        keeper.close()
        flood(publisher, "kept", (f"before-{number}" for number in range(50)))
        self.client(broker, "connected").subscribe("kept", options=1)
        publisher.publish("r", "soon over", qos=1, retain=True, properties=[(Prop.MESSAGE_EXPIRY, 1)])
        broker.kill()
        time.sleep(1.1)  # A session and a retained message have expired, and can't be removed.
        power.fault.write_text(FAULTS["full"])
        for _ in range(2):
            lines = len(broker.lines())
            broker.start()
            other = self.open(broker, V311)
            other.connect("other")
            other.subscribe("live", options=1)
            other.send_publish("live", "goes on", qos=1)
            other.expect_message("goes on", qos=1)
            other.close()
            # It can't be known that nothing can be stored before it has been tried.
            publisher = self.client(broker, "publisher", expiry=0, clean=True)
            publisher.send_publish("kept", "held", qos=1)
            self.wait_for_log(broker, BEGINS, since=lines)
            publisher.expect_nothing()
            broker.kill()
        broker.start()
        publisher = self.client(broker, "publisher", expiry=0, clean=True)
        held = publisher.send_publish("kept", "first", qos=1)
        power.fault.unlink()
        publisher.expect(Type.PUBACK, timeout=BACK, packet_id=held, reason=0)
        keeper = self.resume(broker, "keeper")
        for payload in [*(f"before-{number}" for number in range(50)), "first"]:
            keeper.expect_message(payload)
        connected = self.resume(broker, "connected")
        connected.expect_message("first")
        self.settle(broker)
        self.tell(broker)
        broker.stop()
        with contextlib.closing(sqlite3.connect(broker.data / "nanomq.db")) as database:
            clients = {client for (client,) in database.execute("SELECT client FROM session")}
            self.assertIn("keeper", clients)
            self.assertNotIn("ended", clients)  # What had expired has been removed.
            self.assertEqual(database.execute("SELECT count(*) FROM retained").fetchall(), [(0,)])

    def test_told_to_end_meanwhile(self) -> None:
        """It ends in time; what it can't write it says."""
        broker, power = self.faulty()
        self.client(broker, "keeper").subscribe("kept", options=1)
        publisher = self.client(broker, "publisher", expiry=0, clean=True)
        self.begin(broker, power, FAULTS["full"], publisher)
        lines = len(broker.lines())
        broker.stop()
        said = "\n".join(broker.lines()[lines:])
        self.assertIn("not everything could be written", said)


class StartTests(NanoMQCase):
    """Files that can't be used, and those that can."""

    def prepared(self, name: str) -> DurableBroker:
        """A broker that has run, with a file that it left."""
        broker = self.broker(name)
        broker.start()
        self.client(broker, "keeper").subscribe("kept", options=1)
        publisher = self.client(broker, "publisher")
        flood(publisher, "kept", ("x" * 1000 for _ in range(100)))
        self.tell(broker)
        return broker

    def database(self, broker: DurableBroker) -> Path:
        """Its file."""
        return broker.data / "nanomq.db"

    def expect_refusal(self, broker: DurableBroker, *parts: str) -> None:
        """It does not start, and says why, with the path."""
        before = len(broker.lines())
        broker.spawn()
        assert broker.process is not None
        try:
            code = broker.process.wait(10)
        except subprocess.TimeoutExpired:
            self.fail(f"it has started\n{broker.tail()}")
        self.assertNotEqual(code, 0)
        self.assertGreater(code, 0, "it has crashed")
        said = "\n".join(broker.lines()[before:])
        self.assertIn(str(broker.data), said)
        for part in parts:
            self.assertIn(part, said)

    def test_corrupt(self) -> None:
        """It is not replaced by an empty one: what is there stays, but for the counter in the first page."""
        broker = self.prepared("page")
        file = self.database(broker)
        content = bytearray(file.read_bytes())
        content[4096 : 4096 * 4] = os.urandom(4096 * 3)
        file.write_bytes(content)
        self.expect_refusal(broker, "damaged")
        self.assertEqual(file.read_bytes()[4096:], bytes(content[4096:]))

    def test_cut(self) -> None:
        broker = self.prepared("cut")
        file = self.database(broker)
        os.truncate(file, file.stat().st_size // 2)
        self.expect_refusal(broker, "damaged")

    def test_no_database(self) -> None:
        broker = self.broker()
        self.database(broker).write_text("This is a letter and no database. " * 100)
        self.expect_refusal(broker, "no SQLite database")

    def test_newer(self) -> None:
        broker = self.prepared("newer")
        base = sqlite3.connect(self.database(broker))
        base.execute("PRAGMA user_version = 9999")
        base.commit()
        base.close()
        self.expect_refusal(broker, "9999")

    def test_another_programs(self) -> None:
        """Also one that has not said what it is."""
        for name, pragma in (("marked", "PRAGMA application_id = 4711"), ("plain", "PRAGMA user_version = 0")):
            with self.subTest(file=name):
                broker = self.broker(name)
                base = sqlite3.connect(self.database(broker))
                base.execute(pragma)
                base.execute("CREATE TABLE bookmarks(url TEXT)")
                base.commit()
                base.close()
                self.expect_refusal(broker, "none of a NanoMQ broker")
                base = sqlite3.connect(self.database(broker))
                self.assertEqual(base.execute("SELECT name FROM sqlite_master").fetchall(), [("bookmarks",)])
                base.close()

    def test_second_broker(self) -> None:
        """The first one is not disturbed."""
        first = self.broker("first")
        first.start()
        self.client(first, "keeper").subscribe("kept", options=1)
        second = self.broker("second")
        shutil.rmtree(second.data)
        second.data = first.data
        self.expect_refusal(second, "another process")
        publisher = self.client(first, "publisher")
        publisher.publish("kept", "x", qos=1)
        first.kill()
        # The lock goes with the process.
        second.start()
        self.resume(second, "keeper").expect_message("x")

    def test_no_directory(self) -> None:
        broker = self.broker()
        shutil.rmtree(broker.data)
        self.expect_refusal(broker)

    def test_directory_that_cannot_be_written(self) -> None:
        """As root there is no such directory: then the disk says so."""
        broker = self.broker()
        if os.geteuid() == 0:
            power = Power(broker.folder, broker.data, self.seed)
            power.fault.write_text(FAULTS["read-only"])
            broker.environment = power.environment
        else:
            broker.data.chmod(0o500)
        self.expect_refusal(broker)

    def test_read_only_file_system(self) -> None:
        """With a file on it that was fine before."""
        broker = self.prepared("read-only")
        power = Power(broker.folder, broker.data, self.seed)
        power.fault.write_text(FAULTS["read-only"])
        broker.environment = power.environment
        self.expect_refusal(broker)

    def test_links_and_others(self) -> None:
        """What is no regular file is not touched."""
        target = self.folder / "target"
        for name in ("link", "directory", "pipe"):
            with self.subTest(file=name):
                broker = self.broker(name)
                if name == "link":
                    target.write_bytes(b"")
                    self.database(broker).symlink_to(target)
                elif name == "directory":
                    self.database(broker).mkdir()
                else:
                    os.mkfifo(self.database(broker))
                self.expect_refusal(broker)
        self.assertEqual(target.read_bytes(), b"")

    def test_modes(self) -> None:
        """Nobody else may read what clients said, whatever the umask and the mode of an older file."""
        broker = self.broker()
        old = os.umask(0)
        try:
            broker.start()
        finally:
            os.umask(old)
        self.client(broker, "keeper").subscribe("kept", options=1)
        self.assertEqual(self.modes(broker), {0o600})
        self.tell(broker)
        self.assertEqual(self.modes(broker), {0o600})
        self.database(broker).chmod(0o644)
        broker.start()
        self.assertEqual(self.modes(broker), {0o600})
        self.resume(broker, "keeper")

    def modes(self, broker: DurableBroker) -> set[int]:
        return {stat.S_IMODE(file.stat().st_mode) for file in broker.data.glob("nanomq.db*")}

    def test_an_empty_file(self) -> None:
        """A power loss may leave the file that was just created empty: that is no reason not to start."""
        broker = self.broker()
        self.database(broker).touch(0o600)
        broker.start()
        self.settle(broker)
        self.tell(broker)

    def test_remains_of_a_log(self) -> None:
        """What is behind the last transaction in -wal is not read, and does no harm."""
        broker = self.broker()
        broker.start()
        self.client(broker, "keeper").subscribe("kept", options=1)
        publisher = self.client(broker, "publisher")
        publisher.publish("kept", "x", qos=1)
        broker.kill()
        with open(broker.data / "nanomq.db-wal", "ab") as log:
            log.write(os.urandom(10_000))
        broker.start()
        self.resume(broker, "keeper").expect_message("x")
