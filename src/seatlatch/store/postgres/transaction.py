"""A transaction on PostgreSQL, composed of its parts. Each part is created on use."""

from collections.abc import Collection, Sequence
from datetime import datetime

from psycopg.errors import ReadOnlySqlTransaction

from seatlatch.journal.rows import Head
from seatlatch.store.interface import Surroundings
from seatlatch.store.postgres.arrays import is_storable
from seatlatch.store.postgres.connection import Connection, Statement
from seatlatch.store.postgres.executor import PostgresExecutor
from seatlatch.store.postgres.journal import PostgresJournalReader
from seatlatch.store.postgres.journal_writer import PostgresJournal
from seatlatch.store.postgres.tickets import PostgresTickets
from seatlatch.store.sql.snapshot import SqlSnapshot, SqlTransaction
from seatlatch.store.sql.tickets import SqlTicketReader

FIND_IN_USE = """
WITH free AS MATERIALIZED (
  SELECT token FROM seatlatch.tickets WHERE token = ANY (:tokens) FOR NO KEY UPDATE SKIP LOCKED)
SELECT token FROM seatlatch.tickets WHERE token = ANY (:tokens) EXCEPT SELECT token FROM free
"""
TRY_ROW = "SELECT FROM seatlatch.tickets WHERE token = $1 FOR NO KEY UPDATE SKIP LOCKED"
IS_READ_ONLY = """
SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean
FROM seatlatch.credentials_version
"""
WAITS_FOR_STANDBY = """
SELECT current_setting('synchronous_standby_names') <> ''
  AND current_setting('synchronous_commit') NOT IN ('local', 'off')
"""
TEST_WRITE = (
    Statement("SAVEPOINT before_test"),
    Statement(
        "INSERT INTO seatlatch.tickets (token, organization_id, owner_id, section)"
        " VALUES (gen_random_uuid()::text, 'test', 'test', repeat('x', 1900))"
    ),
    Statement(
        "INSERT INTO seatlatch.journal (entry_id, position, moment, request_id, entry, hash)"
        " VALUES (-(random() * 1e15)::bigint, 0, now(), gen_random_uuid(), repeat('x', 7000), '')"
    ),
    Statement("ROLLBACK TO before_test"),
    Statement("UPDATE seatlatch.database_use SET database_use = database_use"),
)
"""Each row has almost the maximum size that is stored in the table itself, so it rarely fits into
an existing page and the table must grow.
"""


class PostgresSnapshot(SqlSnapshot):
    """See `store.interface.Snapshot`."""

    def __init__(self, connection: Connection, begin: Sequence[Statement]) -> None:
        self.executor = PostgresExecutor(connection, begin)
        super().__init__(self.executor)

    async def tokens_in_use(self, tokens: Collection[str]) -> Collection[str]:
        """The `tokens` whose tickets another transaction has locked. This locks the others,
        so the transaction must not be read-only.
        """
        if self.executor.is_distributed:
            return await self._distributed_in_use(list(filter(is_storable, tokens)))
        rows = await self.executor.fetch(FIND_IN_USE, tokens=list(tokens))
        return [token for (token,) in rows]

    async def _distributed_in_use(self, tokens: Sequence[str]) -> Collection[str]:
        locked = await self.executor.ask(*[Statement(TRY_ROW, [one.encode()]) for one in tokens])
        taken = [token for token, result in zip(tokens, locked, strict=True) if result.ntuples == 0]
        return list(await self.tickets.read(taken))

    async def require_writable(self) -> None:
        """Raise the error that a write would raise if new transactions can't write.

        An error closes the connection, because a session keeps the setting that it began with: the
        next connection detects that the database accepts changes again.
        """
        ((read_only,),) = await self.executor.fetch(IS_READ_ONLY)
        if read_only:
            raise ReadOnlySqlTransaction("new transactions are read-only")

    async def surroundings(self) -> Surroundings:
        """Whether COMMIT waits for a standby."""
        ((waits,),) = await self.executor.fetch(WAITS_FOR_STANDBY)
        return Surroundings(waits_for_standby=waits)

    async def version_and_time(self) -> tuple[int, datetime]:
        """The version of the credentials, and the transaction's timestamp."""
        return await self.access.read_version(), await self.now()

    @property
    def tickets(self) -> SqlTicketReader:
        """Tickets."""
        return SqlTicketReader(self.executor)

    @property
    def journal(self) -> PostgresJournalReader:
        """The journal."""
        return PostgresJournalReader(self.executor)


class PostgresTransaction(SqlTransaction):
    """See `store.interface.Transaction`, and `PostgresJournal` for `head` and `careful`."""

    def __init__(
        self,
        connection: Connection,
        begin: Sequence[Statement],
        head: Head | None,
        *,
        careful: bool,
    ) -> None:
        self.executor = PostgresExecutor(connection, begin)
        super().__init__(self.executor)
        self.journal = PostgresJournal(self.executor, head, careful=careful)
        self._careful = careful

    @property
    def tickets(self) -> PostgresTickets:
        """Tickets."""
        return PostgresTickets(self.executor, self.journal, careful=self._careful)

    async def test_write(self) -> None:
        """Insert rows, undo that, and update a row without changing it.

        The inserts fail if the disk is too full for the two tables that grow. The update makes
        COMMIT wait for the disk and for a standby.
        """
        await self.executor.ask(*TEST_WRITE)
