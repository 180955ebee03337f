"""Buckets that the processes of one machine share: a table in a file that each of them maps.

A limit is to be an application's, however many processes serve it.
"""

import fcntl
import mmap
import os
from hashlib import blake2b
from pathlib import Path

TABLE_BYTES = 1_048_576
SLOT_BYTES = 16
"""The key of an application's bucket of a kind, 0 = nobody's, and its moment as a double."""


def make_table(path: Path, table_bytes: int = TABLE_BYTES) -> None:
    """An empty table, for 65,536 buckets unless said otherwise.

    It has all its room from the start: a page that is written for the first time on a disk that is
    full would end the process. Raises `OSError`.
    """
    with path.open("xb") as file:
        os.posix_fallocate(file.fileno(), 0, table_bytes)


class SharedBuckets:
    """The buckets of one kind in a table that is there already (`auth.rate_limit.Buckets`).

    A bucket's place is looked for once in each process, under a lock, and never changes. A moment
    is read and written without: if two processes count a request of an application in the same
    microsecond, one of them may not be counted. An application for which the table has no place
    left has its bucket in each process's own memory. The clock must be the same for all of them,
    as `time.monotonic` is on Linux.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self._kind = kind
        self._file = path.open("r+b")
        self._map = mmap.mmap(self._file.fileno(), 0)
        self._bytes = memoryview(self._map)
        self._keys = self._bytes.cast("Q")
        self._moments = self._bytes.cast("d")
        self._places: dict[str, int | None] = {}
        self._own: dict[str, float] = {}

    def get(self, application_id: str, default: float, /) -> float:
        """The moment at which it will be full again; a new bucket has 0, which is long past."""
        place = self._place(application_id)
        if place is None:
            return self._own.get(application_id, default)
        return self._moments[place]

    def __setitem__(self, application_id: str, full_at: float, /) -> None:
        """Set it for all processes."""
        place = self._place(application_id)
        if place is None:
            self._own[application_id] = full_at
        else:
            self._moments[place] = full_at

    def _place(self, application_id: str) -> int | None:
        try:
            return self._places[application_id]
        except KeyError:
            place = self._places[application_id] = self._found(application_id)
            return place

    def _found(self, application_id: str) -> int | None:
        """Where its moment is, from now on at least; None if the table is full.

        The system takes the lock from a process that dies.
        """
        digest = blake2b(f"{self._kind}\0{application_id}".encode(), digest_size=8).digest()
        key = int.from_bytes(digest) or 1
        slots = len(self._bytes) // SLOT_BYTES
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            for step in range(slots):
                at = (key + step) % slots * 2
                if self._keys[at] in (key, 0):
                    self._keys[at] = key
                    return at + 1
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        return None

    def close(self) -> None:
        """Let go of the table."""
        for view in (self._keys, self._moments, self._bytes):
            view.release()
        self._map.close()
        self._file.close()
