"""Keeps the write-ahead log short without holding up the writer.

SQLite would checkpoint inside the COMMIT that fills the log, and every request would wait for it.
Here the bulk is copied by a thread with a connection of its own, beside the writer; only the few
pages written meanwhile are left to the writer, which then starts the log anew.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import apsw

START_PAGES = 48_000
"""A checkpoint begins when so many pages were logged since the last."""

WAIT_PAGES = 256_000
"""If the thread falls so far behind, commits wait for it: the log must not grow without end."""

REST_PAGES = 250
"""So few pages are left to the writer."""

PASSES_MAX = 4


class Checkpointer:
    """Used by the thread that commits, after each commit. Owns `connection`."""

    def __init__(self, writer: apsw.Connection, connection: apsw.Connection) -> None:
        self._writer = writer
        self._connection = connection
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._bulk: Future[None] | None = None
        self._logged_pages = 0
        writer.wal_autocheckpoint(0)

    def committed(self) -> None:
        """Do or begin what is due. Cheap unless something is."""
        pages, _ = self._writer.status(apsw.SQLITE_DBSTATUS_CACHE_WRITE, True)
        self._logged_pages += pages
        if self._bulk is None:
            if self._logged_pages >= START_PAGES:
                self._bulk = self._thread.submit(self._copy_bulk)
        elif self._bulk.done() or self._logged_pages >= WAIT_PAGES:
            bulk, self._bulk = self._bulk, None
            # What was committed is safe in the log: trouble with copying it is for the next try.
            with suppress(apsw.Error):
                bulk.result()
                self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
                self._logged_pages = 0

    def _copy_bulk(self) -> None:
        for _ in range(PASSES_MAX):
            logged, copied = self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            if logged - copied <= REST_PAGES:
                return

    def close(self) -> None:
        """Wait for the thread and let go."""
        self._thread.shutdown()
        self._connection.close()
