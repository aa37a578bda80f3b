# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""What a disk would hold if the power failed: computed from the journal that powerloss.c writes.

The rules are those of ext4 with its usual settings, where they promise least:

- A file is safe as it was when its last fsync or fdatasync began. Of what was written since, any part may be there and
  any part not: each sector of 512 bytes by itself, in any order, cuts of the file too.
- Names (creation, removal, renaming) become safe in the order in which they changed. An fsync of the directory makes
  all of them so far safe; an fsync of a new file makes its own creation safe, and so those before it. Of later ones,
  any number may be there, but none without those before it.
- What SQLite keeps in `-shm` is not on any disk.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, Optional

SECTOR = 512
KEEPS = (0.0, 0.1, 0.5, 0.9, 1.0)
"""The shares of what was not made safe that may be there all the same."""
SOURCE = Path(__file__).resolve().parent / "powerloss.c"


@dataclass
class Change:
    """A write, or a cut (no data) to `offset` bytes."""

    offset: int
    data: Optional[bytes]


@dataclass
class File:
    """A file, whatever its names."""

    safe: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)
    named: int = 0
    """The count of changes of names up to and with the one that named it."""

    def settle(self, count: int) -> None:
        """The first so many changes that are pending are safe."""
        for change in self.pending[:count]:
            apply(self.safe, change)
        del self.pending[:count]

    def after_loss(self, chance: random.Random) -> bytes:
        """What is there after the power has failed."""
        found = bytearray(self.safe)
        keep = chance.choice(KEEPS)
        for change in self.pending:
            for part in sectors(change):
                if chance.random() < keep:
                    apply(found, part)
        return bytes(found)


def apply(content: bytearray, change: Change) -> None:
    """Writes or cuts; where nothing was, there are zeros."""
    data, offset = change.data, change.offset
    end = offset if data is None else offset + len(data)
    if len(content) < end:
        content += bytes(end - len(content))
    if data is None:
        del content[offset:]
    else:
        content[offset:end] = data


def sectors(change: Change) -> Iterator[Change]:
    """The parts of a write that are torn from each other."""
    if change.data is None:
        yield change
        return
    at = 0
    while at < len(change.data):
        size = SECTOR - (change.offset + at) % SECTOR
        yield Change(change.offset + at, change.data[at : at + size])
        at += size


class Disk:
    """What a directory's disk holds, from a time on at which all in it was safe."""

    def __init__(self, directory: Path) -> None:
        self.files: dict[int, File] = {}
        """By inode."""
        self.base: dict[str, File] = {}
        self.names: list[tuple[str, str, Optional[File]]] = []
        """Changes of names: what, which name, and the file that is created, or the name it had before."""
        self.safe_names = 0
        self._syncs: dict[int, tuple[int, int, int]] = {}
        for path in directory.iterdir():
            if path.is_file():
                file = File(bytearray(path.read_bytes()))
                self.base[path.name] = self.files[path.stat().st_ino] = file

    def replay(self, journal: bytes) -> None:
        """Takes over what has been done since. A record at the end that is not complete does not count."""
        at = 0
        while (end := journal.find(b"\n", at)) >= 0:
            kind, *numbers = journal[at:end].decode().split(" ")
            inode, first, second, length = map(int, numbers)
            body = journal[end + 1 : end + 1 + length]
            if len(body) < length:
                return
            at = end + 1 + length
            self._take(kind, inode, first, second, body)

    def _take(self, kind: str, inode: int, first: int, second: int, body: bytes) -> None:
        file = self.files.get(inode)
        if kind == "O":
            if first or file is None:
                # Not known and not new: it was created by somebody who is not watched.
                file = self.files[inode] = File()
                self.names.append(("create", body.decode(), file))
                file.named = len(self.names)
            elif second:
                file.pending.append(Change(0, None))
        elif kind in "WT":
            assert file is not None
            file.pending.append(Change(first, body if kind == "W" else None))
        elif kind == "B":
            self._syncs[first] = (inode, len(file.pending) if file else 0, len(self.names))
        elif kind == "E":
            self._settle(*self._syncs.pop(first))
        elif kind == "U":
            self.names.append(("unlink", body.decode(), None))
        elif kind == "R":
            old, new = body.decode().split("\0")
            self.names += [("unlink", old, None), ("create", new, self._current()[old])]

    def _settle(self, inode: int, changes: int, names: int) -> None:
        file = self.files.get(inode)
        if file is None:
            self.safe_names = max(self.safe_names, names)
            return
        # Another sync of the same file may have ended meanwhile, and settled some of them.
        done = sum(1 for _ in file.pending)
        settled = min(changes, done)
        file.settle(settled)
        for token, (other, pending, known) in self._syncs.items():
            if other == inode:
                self._syncs[token] = (other, max(pending - settled, 0), known)
        if file.named <= names:
            self.safe_names = max(self.safe_names, file.named)

    def _current(self, count: Optional[int] = None) -> dict[str, File]:
        """Names after so many changes of them, or all."""
        found = dict(self.base)
        for what, name, file in self.names[:count]:
            if what == "unlink":
                found.pop(name, None)
            elif file is not None:
                found[name] = file
        return found

    def after_loss(self, chance: random.Random) -> dict[str, bytes]:
        """The files that are there after the power has failed."""
        least, most = self.safe_names, len(self.names)
        count = chance.choice((least, most, chance.randint(least, most)))
        return {
            name: file.after_loss(chance)
            for name, file in sorted(self._current(count).items())
            if not name.endswith("-shm")
        }


class Power:
    """The power of a broker's disk."""

    def __init__(self, folder: Path, data: Path, seed: int) -> None:
        """`data` is the directory that is watched; in `folder` there is place for the rest."""
        self.data = data
        self.journal = folder / "journal"
        self.fault = folder / "fault"
        self.library = build(folder)
        self.random = random.Random(f"{seed}/power")
        self.disk = Disk(data)

    @property
    def environment(self) -> dict[str, str]:
        """Of a process that is watched."""
        return {
            "LD_PRELOAD": str(self.library),
            "LEDGER_DISK_ROOT": str(self.data),
            "LEDGER_DISK_JOURNAL": str(self.journal),
            "LEDGER_DISK_FAULT": str(self.fault),
        }

    def fail(self, others: int = 0) -> list[dict[str, bytes]]:
        """The process is gone; so is what its disk did not hold. Returns other ways in which that might have gone."""
        if self.journal.exists():
            self.disk.replay(self.journal.read_bytes())
        images = [self.disk.after_loss(self.random) for _ in range(others + 1)]
        shutil.rmtree(self.data)
        self.data.mkdir()
        write(self.data, images[0])
        self.restore()
        return images[1:]

    def restore(self) -> None:
        """All that is in the directory now is safe."""
        self.journal.unlink(missing_ok=True)
        self.disk = Disk(self.data)


def write(directory: Path, image: dict[str, bytes]) -> None:
    """Puts files into a directory."""
    for name, content in image.items():
        descriptor = os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(content)


def build(folder: Path) -> Path:
    """Compiles the library."""
    library = folder / "powerloss.so"
    if not library.exists():
        command = ["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True)
    return library
