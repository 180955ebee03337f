"""Buckets that the processes of one server share.

An application's limit is the same however many processes there are and however its connections are
distributed over them.

See decision 62.
"""

import fcntl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from hashlib import blake2b

from seatlatch.auth.rate_limit import NOT_SHARED
from seatlatch.shared_memory import SharedMemory

SLOT_BYTES = 16
"""The key of a bucket (0: free), then as a double when the bucket will be full again."""

TABLE_BYTES = 1024 * 1024
"""Enough for 65,535 buckets. The first slot is locked while a process claims another one."""


def make_table(size_bytes: int = TABLE_BYTES) -> SharedMemory:
    """An empty table. Raises `OSError` if there is not enough memory."""
    return SharedMemory.of(size_bytes)


class SharedBuckets:
    """The buckets of one kind in a table (`auth.rate_limit.Buckets`).

    An application keeps its slot as long as the table exists. If no slot is left, its bucket is in
    the memory of each process. The clock must be the same for all processes, as `time.monotonic`
    is on Linux.
    """

    def __init__(self, table: SharedMemory, kind: str) -> None:
        self._kind = kind
        self._table = table
        self._keys = table.bytes.cast("Q")
        self._times = table.bytes.cast("d")
        self._slots: dict[str, int | None] = {}
        self._own: dict[str, float] = {}

    def locked(self, application_id: str) -> AbstractContextManager[None]:
        """Lock its bucket against other processes."""
        slot = self._slot(application_id)
        return NOT_SHARED if slot is None else self._lock(slot)

    def get(self, application_id: str, default: float, /) -> float:
        """When the bucket will be full; 0 for a new bucket, which is long past."""
        slot = self._slot(application_id)
        return self._own.get(application_id, default) if slot is None else self._times[slot]

    def __setitem__(self, application_id: str, full_at: float, /) -> None:
        """Set it for all processes."""
        slot = self._slot(application_id)
        if slot is None:
            self._own[application_id] = full_at
        else:
            self._times[slot] = full_at

    @contextmanager
    def _lock(self, index: int) -> Iterator[None]:
        """Lock a slot against other processes. `index`: that of its key or of its time."""
        offset = index // 2 * SLOT_BYTES
        fcntl.lockf(self._table.descriptor, fcntl.LOCK_EX, SLOT_BYTES, offset)
        try:
            yield
        finally:
            fcntl.lockf(self._table.descriptor, fcntl.LOCK_UN, SLOT_BYTES, offset)

    def _slot(self, application_id: str) -> int | None:
        """The index of the time in its slot; None = the table is full."""
        try:
            return self._slots[application_id]
        except KeyError:
            slot = self._slots[application_id] = self._claimed_slot(application_id)
            return slot

    def _claimed_slot(self, application_id: str) -> int | None:
        digest = blake2b(f"{self._kind}\0{application_id}".encode(), digest_size=8).digest()
        key = int.from_bytes(digest) or 1
        slots = len(self._keys) // 2
        with self._lock(0):
            for step in range(1, slots):
                index = ((key + step) % (slots - 1) + 1) * 2
                if self._keys[index] in (key, 0):
                    self._keys[index] = key
                    return index + 1
        return None

    def close(self) -> None:
        """Release the views of the table."""
        self._keys.release()
        self._times.release()
