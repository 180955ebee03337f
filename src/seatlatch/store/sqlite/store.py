"""The store of a running server on SQLite: one writer, and a reader beside it.

The statements of a transaction run where they are called, in the event loop: each takes
microseconds, and in a thread they would hand the interpreter back and forth at every step. Only
COMMIT, which waits for the disk, runs in a thread, while the loop reads the next requests.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import apsw

from seatlatch.domain.application import Credentials
from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import DatabaseUse, Result, Snapshot, Transaction
from seatlatch.store.sqlite import credentials
from seatlatch.store.sqlite.checkpointer import Checkpointer
from seatlatch.store.sqlite.errors import at_start, roll_back, while_running
from seatlatch.store.sqlite.moments import utc_now
from seatlatch.store.sqlite.opening import open_database
from seatlatch.store.sqlite.snapshot import SqliteSnapshot
from seatlatch.store.sqlite.transaction import SqliteTransaction

LOCK_WAIT_SECONDS = 2.0
"""How long a transaction waits for another process's write lock."""

LOCK_RETRY_SECONDS = 0.002


class SqliteStore:
    """See `store.interface.Store`. To be used from one event loop. `clock` gives aware UTC."""

    lanes = 1
    mixes_kinds = True

    def __init__(
        self,
        path: Path,
        database_use: DatabaseUse = "inventory",
        *,
        vfs: str | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Open an existing database. Raises `DatabaseProblem`."""
        self._path = path
        self._clock = clock
        self._writer = open_database(path, database_use, vfs=vfs)
        self._reader = open_database(path, database_use, vfs=vfs)
        copier = open_database(path, database_use, vfs=vfs)
        self._checkpointer = Checkpointer(self._writer, copier)
        for connection in (self._writer, self._reader):
            connection.set_busy_timeout(0)
        self._committer = ThreadPoolExecutor(1, thread_name_prefix="commit")
        with at_start(path):
            self._file = path.stat()
            credentials.read_credentials(self._reader)  # altered ones are told now, not later

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work` under the write lock and make it durable."""
        with while_running():
            await self._begin()
            try:
                result = await work(SqliteTransaction(self._writer, self._clock()))
            except BaseException:
                roll_back(self._writer)
                raise
            await self._commit_in_thread()
        self._require_same_file()
        return result

    async def _begin(self) -> None:
        """Take the write lock. Waits without blocking the loop while another process has it."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LOCK_WAIT_SECONDS
        while True:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
            except apsw.BusyError:
                if loop.time() > deadline:
                    raise
                await asyncio.sleep(LOCK_RETRY_SECONDS)
            else:
                return

    async def _commit_in_thread(self) -> None:
        """COMMIT is never cancelled: until it has ended, nothing else may touch the writer."""
        running = self._committer.submit(self._commit)
        try:
            await asyncio.shield(asyncio.wrap_future(running))
        except asyncio.CancelledError:
            running.exception()
            raise
        except BaseException:
            roll_back(self._writer)
            raise

    def _commit(self) -> None:
        self._writer.execute("COMMIT")
        self._checkpointer.committed()

    def _require_same_file(self) -> None:
        """Raise `Unavailable` if the file was moved or replaced: what we wrote is not in it."""
        try:
            same = os.path.samestat(self._path.stat(), self._file)
        except (FileNotFoundError, NotADirectoryError):
            same = False
        except OSError as error:
            raise Unavailable(
                "The database file can't be looked at. Send the request again later."
            ) from error
        if not same:
            raise Unavailable("The database file was moved away. Send the request again later.")

    async def tokens_in_use(self, tokens: Collection[str]) -> Collection[str]:
        """None: transactions wait for the whole file, never for a ticket."""
        return ()

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        """Run `work` on one snapshot, beside the writer."""
        self._require_same_file()
        with while_running():
            self._reader.execute("BEGIN")
            try:
                return await work(SqliteSnapshot(self._reader, self._clock()))
            finally:
                roll_back(self._reader)

    unfinished_commits = 0
    """A COMMIT is never given up: its thread can't be interrupted, and only its end says what it
    did. Until then the one lane waits; callers have their answer after 3 seconds all the same."""

    async def require_writable(self) -> None:
        """Raise `Unavailable` unless the file can be read and its file system takes changes."""
        await self.credentials_version()
        try:
            read_only = os.statvfs(self._path).f_flag & os.ST_RDONLY
        except OSError as error:
            raise Unavailable("The database file is not there. Send the request again.") from error
        if read_only:
            raise Unavailable("The database is read-only. Send the request again.")

    async def credentials_version(self) -> int:
        """One row, read beside the writer."""
        self._require_same_file()
        with while_running():
            return credentials.read_version(self._reader)

    async def credentials_version_and_time(self) -> tuple[int, datetime]:
        """One row, and the clock of this machine, which is the only one."""
        return await self.credentials_version(), self._clock()

    async def read_credentials(self) -> Credentials:
        """All callers, as they stand now."""
        with while_running():
            return credentials.read_credentials(self._reader)

    async def close(self) -> None:
        """Let go of the database. A commit that runs is waited for."""
        self._committer.shutdown()
        self._checkpointer.close()
        self._reader.close()
        self._writer.close()
