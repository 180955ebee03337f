"""The store of a running server on SQLite: one connection that writes, and one that reads.

The statements of a transaction run in the event loop: each takes microseconds, and a thread would
add two switches of the interpreter lock to each. Only COMMIT, which waits for the disk, runs in a
thread, while the loop reads the next requests.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path

import apsw

from seatlatch.domain.application import Credentials
from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import (
    DatabaseUse,
    Result,
    Snapshot,
    Surroundings,
    Transaction,
)
from seatlatch.store.sqlite.checkpointer import Checkpointer
from seatlatch.store.sqlite.errors import at_start, in_a_command, roll_back, while_running
from seatlatch.store.sqlite.executor import completed, utc_now
from seatlatch.store.sqlite.opening import connect_once_more, open_database
from seatlatch.store.sqlite.transaction import SqliteSnapshot, SqliteTransaction

LOCK_WAIT_SECONDS = 2.0
"""How long a transaction waits for another process's write lock."""

PATIENT_LOCK_WAIT_SECONDS = 5.0
"""The same for a command that changes access: an import may have the lock."""

LOCK_RETRY_SECONDS = 0.002


class SqliteStore:
    """See `store.interface.Store`. To be used from one event loop. `clock` gives aware UTC."""

    lanes = 1
    mixes_kinds = True

    def __init__(
        self,
        path: Path,
        database_use: DatabaseUse | None = "inventory",
        *,
        is_patient: bool = False,
        vfs: str | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Open an existing database. Raises `DatabaseProblem`."""
        self._path = path
        self._lock_wait_seconds = PATIENT_LOCK_WAIT_SECONDS if is_patient else LOCK_WAIT_SECONDS
        self._errors = partial(in_a_command, path) if is_patient else while_running
        self._clock = clock
        self._writer = open_database(path, database_use, vfs=vfs)
        with at_start(path):
            self._reader = connect_once_more(path, vfs=vfs)
            copier = connect_once_more(path, vfs=vfs)
        self._checkpointer = Checkpointer(self._writer, copier)
        for connection in (self._writer, self._reader):
            connection.set_busy_timeout(0)
        self._committer = ThreadPoolExecutor(1, thread_name_prefix="commit")
        with at_start(path):
            self._file = path.stat()
            completed(
                self._read(lambda s: s.access.read_credentials())
            )  # fails if they were altered

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work` under the write lock and make it durable."""
        with self._errors():
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
        """Acquire the write lock. Waits without blocking the loop if another process has it."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._lock_wait_seconds
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
        """COMMIT in a thread. Never cancels it: until it ends, nothing else may use the writer."""
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
        """Raise `Unavailable` if the file was moved or replaced: it does not contain what was
        written.
        """
        try:
            same = os.path.samestat(self._path.stat(), self._file)
        except (FileNotFoundError, NotADirectoryError):
            same = False
        except OSError as error:
            raise Unavailable(
                "The database file can't be accessed. Retry the request later."
            ) from error
        if not same:
            raise Unavailable("The database file was moved away. Retry the request later.")

    async def tokens_in_use(self, tokens: Collection[str]) -> Collection[str]:
        """None: transactions wait for the whole file, never for a ticket."""
        return ()

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        """Run `work` on one snapshot, in parallel with the writer."""
        self._require_same_file()
        with while_running():
            return await self._read(work)

    async def _read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        self._reader.execute("BEGIN")
        try:
            return await work(SqliteSnapshot(self._reader, self._clock()))
        finally:
            roll_back(self._reader)

    unfinished_commits = 0
    """A COMMIT is never given up: its thread can't be interrupted, and its outcome is unknown until
    it ends. Until then the only lane waits; callers still get a response after 3 seconds.
    """

    async def require_writable(self) -> None:
        """Raise `Unavailable` unless the file can be read and its file system takes changes."""
        await self.credentials_version()
        if self._file_system().f_flag & os.ST_RDONLY:
            raise Unavailable("The database is read-only. Retry the request.")

    async def surroundings(self) -> Surroundings:
        """The space on the disk with the file."""
        disk = self._file_system()
        return Surroundings(disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize)

    def _file_system(self) -> os.statvfs_result:
        try:
            return os.statvfs(self._path)
        except OSError as error:
            raise Unavailable("The database file is missing. Retry the request.") from error

    async def credentials_version(self) -> int:
        """The version, read in parallel with the writer."""
        self._require_same_file()
        with while_running():
            return await SqliteSnapshot(self._reader, self._clock()).access.read_version()

    async def credentials_version_and_time(self) -> tuple[int, datetime]:
        """The version, and this machine's clock, which all writers share."""
        return await self.credentials_version(), self._clock()

    async def read_credentials(self, known: Credentials | None = None) -> Credentials:
        """All callers."""
        with while_running():
            return await self._read(lambda snapshot: snapshot.access.read_credentials(known))

    async def close(self) -> None:
        """Close the database. Waits for a running COMMIT."""
        self._committer.shutdown()
        self._checkpointer.close()
        self._reader.close()
        self._writer.close()
