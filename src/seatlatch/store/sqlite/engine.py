"""SQLite as an engine: one file, by its path."""

import fcntl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from seatlatch.store.importing import Importing
from seatlatch.store.interface import DatabaseProblem, DatabaseUse, Result, Snapshot, Store
from seatlatch.store.provisioning import Provisioning
from seatlatch.store.sqlite.errors import while_running
from seatlatch.store.sqlite.importing import importing
from seatlatch.store.sqlite.opening import due_migrations, make_or_migrate
from seatlatch.store.sqlite.provisioning import provisioning
from seatlatch.store.sqlite.snapshot import reading
from seatlatch.store.sqlite.store import SqliteStore


class SqliteEngine:
    """See `store.engine.Engine`."""

    workers_refused: str | None = (
        "SQLite has one writer, so more workers would only wait for each other."
        " Leave --workers at 1, or use PostgreSQL."
    )

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = f"sqlite:///{path}"

    def make_or_migrate(self, database_use: DatabaseUse) -> list[str]:
        """Make the file if there is none, and bring its schema up to date."""
        return [str(migration) for migration in make_or_migrate(self._path, database_use)]

    def due_migrations(self) -> list[str]:
        """The migrations that are not applied yet."""
        return [str(migration) for migration in due_migrations(self._path)]

    def open_store(self, database_use: DatabaseUse) -> Store:
        """The file as a running server needs it."""
        return SqliteStore(self._path, database_use)

    @contextmanager
    def provisioning(self, database_use: DatabaseUse, *, to_write: bool) -> Iterator[Provisioning]:
        """One transaction of provisioning."""
        with while_running(), provisioning(self._path, database_use, to_write=to_write) as opened:
            yield opened

    def importing(self, organization_id: str) -> AbstractContextManager[Importing]:
        """An import into an organization."""
        return importing(self._path, organization_id)

    async def look(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        """What `work` answers on one snapshot."""
        with reading(self._path) as snapshot:
            return await work(snapshot)

    @contextmanager
    def held_alone(self) -> Iterator[None]:
        """Hold a lock on the file. The file is closed last of all, for closing it lets go of
        SQLite's own locks in this process.
        """
        with self._path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DatabaseProblem(
                    f"Another sandbox runs on the database {self._path}."
                    " Stop it, or give another file."
                ) from None
            yield
