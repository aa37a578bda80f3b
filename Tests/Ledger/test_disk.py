# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The disk that loses its power loses what was not made safe, and nothing else: small programs, without a broker."""

from __future__ import annotations

import errno
import random
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

from disk import SECTOR, Disk, Power
from keeping import KeepingCase

SEEDS = range(40)


class DiskCase(KeepingCase):
    """A directory that is watched."""

    def setUp(self) -> None:
        super().setUp()
        self.data = self.folder / "data"
        self.data.mkdir()
        (self.data / "old").write_bytes(b"old")
        self.power = Power(self.folder, self.data, 1)

    def run_program(self, text: str) -> None:
        """Runs a program in Python below the directory, with the library."""
        before = "import os, sys\nW, R, C, T = os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC\n"
        subprocess.run(
            [sys.executable, "-c", before + textwrap.dedent(text)],
            env=self.power.environment,
            cwd=self.data,
            check=True,
        )

    def images(self) -> list[dict[str, bytes]]:
        """What may be there after a loss."""
        disk = self.power.disk
        if self.power.journal.exists():
            disk.replay(self.power.journal.read_bytes())
            self.power.journal.unlink()
        return [disk.after_loss(random.Random(seed)) for seed in SEEDS]


class LossTests(DiskCase):
    """What is there after the power has failed."""

    def test_what_was_not_made_safe_is_lost(self) -> None:
        """A new file, and a longer one: they may be there or not, or in part."""
        self.run_program("""
            new = os.open("new", W | C)
            os.write(new, b"a" * 2000)
            old = os.open("old", W)
            os.lseek(old, 0, os.SEEK_END)
            os.write(old, b"b" * 2000)
        """)
        images = self.images()
        self.assertTrue(any("new" not in image for image in images))
        sizes = {len(image["new"]) for image in images if "new" in image}
        self.assertIn(0, sizes)
        self.assertIn(2000, sizes)
        self.assertTrue(any(b"a" in image.get("new", b"") and b"\0" in image["new"] for image in images), "never torn")
        self.assertTrue(all(image["old"].startswith(b"old") for image in images))
        self.assertTrue(any(image["old"] == b"old" for image in images))

    def test_what_was_made_safe_is_there(self) -> None:
        """By either call; what was written after it may be lost."""
        for call in ("fsync", "fdatasync"):
            with self.subTest(call=call):
                self.run_program(f"""
                    file = os.open("{call}", W | C)
                    os.write(file, b"a" * 1000)
                    os.pwrite(file, b"b" * 10, 100)
                    os.writev(file, [b"c" * 10, b"d" * 10])
                    os.{call}(file)
                    os.write(file, b"e" * 1000)
                """)
                safe = b"a" * 100 + b"b" * 10 + b"a" * 890 + b"c" * 10 + b"d" * 10
                images = self.images()
                self.assertTrue(all(image[call][:1020] == safe for image in images))
                self.assertEqual({len(image[call]) > 1020 for image in images}, {True, False})
                self.power.fail()
                self.assertTrue((self.data / call).read_bytes().startswith(safe))

    def test_another_file_is_not_made_safe(self) -> None:
        self.run_program("""
            one, two = os.open("one", W | C), os.open("two", W | C)
            os.write(one, b"1")
            os.write(two, b"2")
            os.fsync(two)
        """)
        # Its name was created before, but its content is another matter.
        self.assertEqual({image["one"] for image in self.images()}, {b"", b"1"})
        self.assertEqual({image["two"] for image in self.images()}, {b"2"})

    def test_names(self) -> None:
        """Removed and renamed files come back unless the directory was made safe, and in order."""
        program = """
            os.rename("old", "renamed")
            file = os.open("last", W | C)
            os.unlink("renamed")
        """
        self.run_program(program)
        found = {tuple(image) for image in self.images()}
        self.assertIn(("old",), found)
        self.assertIn(("last",), found)
        self.assertTrue(found <= {("old",), (), ("renamed",), ("last", "renamed"), ("last",)}, found)
        self.run_program("os.fsync(os.open('.', os.O_RDONLY))")
        self.assertEqual({tuple(image) for image in self.images()}, {("last",)})

    def test_cuts(self) -> None:
        self.run_program("""
            file = os.open("old", R)
            os.ftruncate(file, 1)
        """)
        self.assertEqual({image["old"] for image in self.images()}, {b"old", b"o"})
        self.run_program("os.fsync(os.open('old', R))")
        self.assertEqual({image["old"] for image in self.images()}, {b"o"})
        self.run_program("os.open('old', R | T)")
        self.assertEqual({image["old"] for image in self.images()}, {b"o", b""})

    def test_a_copy_of_a_descriptor(self) -> None:
        self.run_program("""
            file = os.dup(os.open("old", R))
            os.dup2(file, 77)
            os.write(77, b"new")
            os.fsync(file)
            os.close(77)
            other = os.open("/dev/null", R)
            os.dup2(other, 77)
            os.write(77, b"nothing")
        """)
        self.assertEqual({image["old"] for image in self.images()}, {b"new"})

    def test_sectors(self) -> None:
        """They are torn where they end in the file."""
        self.run_program("""
            file = os.open("new", W | C)
            os.fsync(file)
            os.pwrite(file, b"x" * 1000, 500)
        """)
        for image in self.images():
            content = image["new"].ljust(1500, b"\0")
            for start, end in ((500, SECTOR), (SECTOR, 2 * SECTOR), (2 * SECTOR, 1500)):
                self.assertIn(content[start:end], (b"x" * (end - start), bytes(end - start)))

    def test_a_record_that_is_not_complete(self) -> None:
        """The process may be killed while it writes the journal."""
        self.run_program("os.write(os.open('new', W | C), b'x' * 100)")
        journal = self.power.journal.read_bytes()
        for size in range(len(journal)):
            Disk(self.data).replay(journal[:size])

    def test_sqlite(self) -> None:
        """What SQLite committed with synchronous=FULL is there and sound; with OFF, some of it is lost."""
        for mode, safe in (("FULL", True), ("OFF", False)):
            with self.subTest(synchronous=mode):
                self.run_program(f"""
                    import sqlite3
                    base = sqlite3.connect("{mode}.db", isolation_level=None)
                    base.execute("PRAGMA journal_mode=WAL")
                    base.execute("PRAGMA synchronous={mode}")
                    base.execute("CREATE TABLE t(n INTEGER PRIMARY KEY, b BLOB)")
                    for n in range(60):
                        base.execute("INSERT INTO t VALUES(?, randomblob(3000))", (n,))
                        if n == 30:
                            base.execute("PRAGMA wal_checkpoint")
                    os._exit(0)
                """)
                counts = {rows(image, f"{mode}.db", self.folder) for image in self.images()}
                if safe:
                    self.assertEqual(counts, {60})
                else:
                    self.assertNotEqual(counts, {60})
                self.power.fail()


class FaultTests(DiskCase):
    """Calls that fail while a file says so."""

    def test_errors(self) -> None:
        self.run_program(f"""
            import errno
            file = os.open("old", R)
            def expect(error, call, *arguments):
                try:
                    call(*arguments)
                except OSError as found:
                    assert found.errno == error, found
                else:
                    raise AssertionError("no error")
            def fault(text):
                with open({str(self.power.fault)!r}, "w") as flag:
                    flag.write(text)
            fault("{errno.ENOSPC} w")
            expect({errno.ENOSPC}, os.write, file, b"x")
            expect({errno.ENOSPC}, os.pwrite, file, b"x", 0)
            expect({errno.ENOSPC}, os.ftruncate, file, 0)
            os.fsync(file)
            os.open("new", W | C)
            fault("{errno.EIO} s")
            expect({errno.EIO}, os.fsync, file)
            expect({errno.EIO}, os.fdatasync, file)
            fault("{errno.EROFS} wo")
            expect({errno.EROFS}, os.open, "newer", W | C)
            expect({errno.EROFS}, os.unlink, "old")
            os.open("old", os.O_RDONLY)
            fault("{errno.ENOSPC} wp")
            assert os.write(file, b"y" * 2000) == {SECTOR}
            expect({errno.ENOSPC}, os.write, file, b"y")
            os.unlink({str(self.power.fault)!r})
            assert os.write(file, b"y" * 2000) == 2000
            os.fsync(file)
        """)
        self.assertEqual({len(image["old"]) for image in self.images()}, {SECTOR + 2000})


def rows(image: dict[str, bytes], name: str, folder: Path) -> int:
    """The rows of a database; -1: it is damaged."""
    for part in ("", "-wal"):
        path = folder / f"image.db{part}"
        path.unlink(missing_ok=True)
        if name + part in image:
            path.write_bytes(image[name + part])
    base = sqlite3.connect(folder / "image.db")
    try:
        if base.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            return -1
        return int(base.execute("SELECT count(*) FROM t").fetchone()[0])
    except sqlite3.DatabaseError:
        return -1
    finally:
        base.close()
        (folder / "image.db-shm").unlink(missing_ok=True)
