"""The SQLite engine on one file."""

import fcntl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from seatlatch.store.importing import Importing
from seatlatch.store.interface import DatabaseProblem, DatabaseUse, Result, Snapshot, Store
from seatlatch.store.sqlite.backup import back_up
from seatlatch.store.sqlite.importing import importing
from seatlatch.store.sqlite.opening import due_migrations, make_or_migrate
from seatlatch.store.sqlite.store import SqliteStore
from seatlatch.store.sqlite.transaction import reading


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
        """Create the file if it does not exist, and bring its schema up to date."""
        return [str(migration) for migration in make_or_migrate(self._path, database_use)]

    def due_migrations(self) -> list[str]:
        """The migrations that are not applied yet."""
        return [str(migration) for migration in due_migrations(self._path)]

    def is_distributed(self) -> bool:
        """Not possible: a file is on one machine."""
        raise DatabaseProblem(
            f"{self.name} is a file on one machine. Tickets can be distributed over several"
            " machines on PostgreSQL with Citus."
        )

    def distribute(self) -> bool:
        """Not possible either."""
        return self.is_distributed()

    def open_store(self, database_use: DatabaseUse | None, *, is_patient: bool = False) -> Store:
        """Open the file for a running server."""
        return SqliteStore(self._path, database_use, is_patient=is_patient)

    def importing(self, organization_id: str) -> AbstractContextManager[Importing]:
        """An import into an organization."""
        return importing(self._path, organization_id)

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        """The result of `work` on one snapshot."""
        with reading(self._path) as snapshot:
            return await work(snapshot)

    def back_up(self, file: Path, copying: Callable[[int, int], None]) -> int:
        """Copy the database into a new file."""
        return back_up(self._path, file, copying)

    @contextmanager
    def sandbox_lock(self) -> Iterator[None]:
        """Lock the file.

        Use it around everything else that opens the file: closing a file releases all POSIX locks
        that the process has on it, also SQLite's.
        """
        with self._path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DatabaseProblem(
                    f"Another sandbox runs on the database {self._path}."
                    " Stop it, or use another file."
                ) from None
            yield
