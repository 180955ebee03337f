"""Disks that fail on demand: a VFS below SQLite that loses unsynced data, or is full."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import apsw

_numbers = count()


class Disk(apsw.VFS):
    """A disk with a write cache that is lost with the power.

    Every write is done at once, but the replaced bytes are remembered until the file is synced.
    Every write and sync raises `refuse` while it is set, once `writes_left` is 0; but only for
    files whose path ends in `refuse_only`. With `refuse_reads` every read raises it too.
    """

    def __init__(self) -> None:
        self.disk_name = f"disk-{next(_numbers)}"
        self.refuse: type[apsw.Error] | None = None
        self.refuse_only = ""
        self.refuse_reads = False
        self.writes_left: int | None = None
        self._unsynced: dict[str, list[tuple[int, bytes, int]]] = {}
        self._lock = threading.Lock()
        super().__init__(self.disk_name, "")

    def xOpen(  # noqa: N802 - SQLite's name
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> "DiskFile":
        """Open a file on this disk."""
        return DiskFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - SQLite's name
        """Delete a file, unless the disk refuses."""
        if self.refuse is None:
            super().xDelete(filename, syncdir)

    def require_working(self, path: str) -> None:
        """Count one call, and raise `refuse` if it applies."""
        if self.writes_left is not None:
            self.writes_left -= 1
            if self.writes_left <= 0:
                self.refuse = self.refuse or apsw.IOError
        if self.refuse is not None and path.endswith(self.refuse_only):
            raise self.refuse("as the test has it")

    def writing(self, path: str, offset: int, before: bytes, size: int) -> None:
        """Remember the bytes that a write replaces in a file of this size."""
        with self._lock:
            self._unsynced.setdefault(path, []).append((offset, before, size))

    def unsynced_writes(self, path: str) -> int:
        """The number of writes to a file that would be lost now."""
        with self._lock:
            return len(self._unsynced.get(path, ()))

    def synced(self, path: str, writes: int) -> None:
        """Mark this many of the oldest writes as safe."""
        with self._lock:
            del self._unsynced.get(path, [])[:writes]

    def lose_power(self, chance: random.Random) -> int:
        """Undo unsynced writes except for a random number of the oldest; returns how many."""
        lost = 0
        for path, writes in self._unsynced.items():
            kept = chance.choice((0, chance.randrange(len(writes)))) if writes else 0
            with Path(path).open("r+b") as file:
                for offset, before, size in reversed(writes[kept:]):
                    file.seek(offset)
                    file.write(before)
                    file.truncate(size)
                    lost += 1
        self._unsynced.clear()
        return lost


class DiskFile(apsw.VFSFile):
    """A file on a `Disk`."""

    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._disk = disk
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        super().__init__("", name, flags)

    def _remember(self, offset: int, length: int) -> None:
        """Reads through SQLite's file: opening it again would drop this process's locks."""
        self._disk.require_working(self._path)
        size = super().xFileSize()
        kept = max(0, min(length, size - offset))
        before = super().xRead(kept, offset) if kept else b""
        self._disk.writing(self._path, offset, before, size)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's name
        """Read, unless the disk refuses."""
        if self._disk.refuse_reads and self._disk.refuse is not None:
            raise self._disk.refuse("as the test has it")
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        """Write through, and remember."""
        self._remember(offset, len(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        """Truncate, recorded as a write of the removed bytes."""
        self._remember(newsize, super().xFileSize())
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        """Mark what was written up to now as safe."""
        self._disk.require_working(self._path)
        writes = self._disk.unsynced_writes(self._path)
        super().xSync(flags)
        self._disk.synced(self._path, writes)


@contextmanager
def disk() -> Iterator[Disk]:
    """A disk for one test."""
    made = Disk()
    try:
        yield made
    finally:
        made.unregister()
