"""Checkpoints the write-ahead log, so that it stays short without delaying the writer.

By default SQLite checkpoints inside the COMMIT that fills the log, and every request waits for it.
Here a thread with its own connection copies most pages while the writer continues. The writer
copies only the few pages that were written in the meantime, and then restarts the log.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import apsw

START_PAGES = 48_000
"""A checkpoint begins when this many pages have been logged since the last one."""

WAIT_PAGES = 256_000
"""If the thread falls this far behind, commits wait for it, which limits the size of the log."""

REMAINING_PAGES_MAX = 250
"""The most pages that are left to the writer."""

PASSES_MAX = 4


class Checkpointer:
    """Runs checkpoints. Used by the thread that commits, after each commit. Owns `connection`."""

    def __init__(self, writer: apsw.Connection, connection: apsw.Connection) -> None:
        self._writer = writer
        self._connection = connection
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._bulk: Future[None] | None = None
        self._logged_pages = 0
        writer.wal_autocheckpoint(0)

    def committed(self) -> None:
        """Run or begin a checkpoint if one is due. Cheap otherwise."""
        pages, _ = self._writer.status(apsw.SQLITE_DBSTATUS_CACHE_WRITE, True)
        self._logged_pages += pages
        if self._bulk is None:
            if self._logged_pages >= START_PAGES:
                self._bulk = self._thread.submit(self._copy_bulk)
        elif self._bulk.done() or self._logged_pages >= WAIT_PAGES:
            bulk, self._bulk = self._bulk, None
            # Commits are safe in the log. If copying fails, the next checkpoint repeats it.
            with suppress(apsw.Error):
                bulk.result()
                self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
                self._logged_pages = 0

    def _copy_bulk(self) -> None:
        for _ in range(PASSES_MAX):
            logged, copied = self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            if logged - copied <= REMAINING_PAGES_MAX:
                return

    def close(self) -> None:
        """Wait for the thread, and close the connection."""
        self._thread.shutdown()
        self._connection.close()
