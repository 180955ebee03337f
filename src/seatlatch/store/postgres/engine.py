"""The PostgreSQL engine on one database."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from seatlatch.store.importing import Importing
from seatlatch.store.interface import DatabaseProblem, DatabaseUse, Result, Snapshot, Store
from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.distribution import distribute, has_distributed
from seatlatch.store.postgres.importing import importing
from seatlatch.store.postgres.schema import (
    MIGRATIONS,
    SANDBOX_LOCK,
    connected,
    migrate,
    one_row,
    require_ours,
    schema_of,
)
from seatlatch.store.postgres.store import PostgresStore

LOCK_SANDBOX = f"SELECT pg_try_advisory_lock({SANDBOX_LOCK})"


class PostgresEngine:
    """See `store.engine.Engine`."""

    workers_refused: str | None = None

    def __init__(self, address: Address) -> None:
        self._address = address
        self.name = address.name

    def make_or_migrate(self, database_use: DatabaseUse) -> list[str]:
        """Create the schema in an existing database if there is none, and bring it up to date."""
        with connected(self._address) as connection:
            return [str(done) for done in migrate(connection, self._address, database_use)]

    def due_migrations(self) -> list[str]:
        """The migrations that are not applied yet."""
        with connected(self._address) as connection:
            schema = schema_of(connection, self._address)
        return [str(migration) for migration in MIGRATIONS if migration.number > schema]

    def is_distributed(self) -> bool:
        """Whether Citus distributes the tickets."""
        with connected(self._address) as connection:
            return has_distributed(connection, self._address)

    def distribute(self) -> bool:
        """Let Citus distribute the tickets."""
        with connected(self._address) as connection:
            return distribute(connection, self._address)

    def open_store(self, database_use: DatabaseUse | None, *, is_patient: bool = False) -> Store:
        """Open the database for a running server."""
        with connected(self._address) as connection:
            require_ours(connection, self._address, database_use, to_write=True)
        return PostgresStore(self._address, is_patient=is_patient)

    def importing(self, organization_id: str) -> AbstractContextManager[Importing]:
        """An import into an organization."""
        return importing(self._address, organization_id)

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        """The result of `work` on one snapshot."""
        with connected(self._address) as connection:
            require_ours(connection, self._address, None, to_write=False)
        store = PostgresStore(self._address)
        try:
            return await store.read(work)
        finally:
            await store.close()

    def back_up(self, file: Path, copying: Callable[[int, int], None]) -> int:
        """Refuse: PostgreSQL has programs of its own."""
        raise DatabaseProblem(
            "This command copies only SQLite; back up PostgreSQL with pg_dump or pg_basebackup."
        )

    @contextmanager
    def sandbox_lock(self) -> Iterator[None]:
        """Lock the database as long as this session lasts."""
        with connected(self._address) as connection:
            if not one_row(connection, LOCK_SANDBOX)[0]:
                raise DatabaseProblem(
                    f"Another sandbox runs on the database {self._address.name}."
                    " Stop it, or use another database."
                )
            yield
