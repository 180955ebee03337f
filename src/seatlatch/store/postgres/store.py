"""The store of a running server on PostgreSQL: a few connections that write, and others that read.

The driver waits in the event loop. BEGIN is sent together with the first statements, so a group of
requests needs two round trips: the work, and COMMIT.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from functools import partial

from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGresult

from seatlatch.domain.application import Credentials
from seatlatch.journal.rows import Head
from seatlatch.store.interface import (
    LostRace,
    Result,
    Snapshot,
    Surroundings,
    TicketsBusy,
    Transaction,
)
from seatlatch.store.journal import ChainTaken
from seatlatch.store.postgres.abandoned import AbandonedSessions
from seatlatch.store.postgres.commit import commit_or_abandon, roll_back
from seatlatch.store.postgres.connecting import SETTINGS_OF_STATEMENTS, Address
from seatlatch.store.postgres.connection import Statement
from seatlatch.store.postgres.connections import Connections, cut_at
from seatlatch.store.postgres.errors import LOST_A_RACE, in_a_command, while_running
from seatlatch.store.postgres.transaction import PostgresSnapshot, PostgresTransaction
from seatlatch.tasks import to_the_end

LANES = 2
"""While one lane waits for COMMIT, the other one works. More lanes only make groups smaller. See
docs/internals/performance.md.
"""

READERS = 2

LOCK_SECONDS = 0.5
"""How long a transaction, and so its whole group, waits for a ticket that another one has locked.
"""

WRITE_SECONDS = 2
"""How long a transaction may take before its COMMIT, including the wait for a connection."""

READ_SECONDS = 3
"""How long a snapshot may take altogether."""

CONFIRM_SECONDS = 1.5
"""Short, since every request may have to wait this long before it is authenticated."""

TRIES_MAX = 6
"""The number of tries of a transaction that loses races."""

WRITING = {
    **SETTINGS_OF_STATEMENTS,
    "lock_timeout": f"{LOCK_SECONDS * 1000:.0f}ms",
    "statement_timeout": f"{WRITE_SECONDS}s",
    "idle_in_transaction_session_timeout": "10s",
}
"""The server's own limits. It never counts the wait in COMMIT as part of a statement."""

PATIENT_WRITE_SECONDS = 3_600
"""The same for a command, which may have to read all tickets of a large inventory: no limit in
practice.
"""

PATIENT_WRITING = {**WRITING, "lock_timeout": "5s", "statement_timeout": "0"}

READING = {
    **SETTINGS_OF_STATEMENTS,
    "statement_timeout": f"{READ_SECONDS}s",
    "idle_in_transaction_session_timeout": "10s",
}

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""Without READ WRITE, since hosting providers make a database read-only by default when its disk is
full.
"""

BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresStore:
    """See `store.interface.Store`. To be used from one event loop."""

    lanes = LANES
    mixes_kinds = False

    def __init__(self, address: Address, *, is_patient: bool = False) -> None:
        """Make a store. It connects when it is first used."""
        self._write_seconds = PATIENT_WRITE_SECONDS if is_patient else WRITE_SECONDS
        writing = PATIENT_WRITING if is_patient else WRITING
        self._errors = partial(in_a_command, address.name) if is_patient else while_running
        self._writers = Connections(address, LANES, BEGIN, writing)
        self._readers = Connections(address, READERS, BEGIN_READING, READING)
        self._abandoned = AbandonedSessions(self._ask_apart)
        # A separate connection, so that authentication never waits for locked tickets.
        self._watcher = Connections(address, 1, BEGIN_READING, READING)
        self._heads: list[Head] = []
        """The ends of the journal's chains that this process has used and that no lane uses now."""

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work` in a transaction and make it durable."""
        last_try = _in(self._write_seconds)
        with self._errors():
            for tried in range(TRIES_MAX):
                # The first try locks each ticket as it changes it. After a lost race, the next one
                # locks all tickets first, so that it cannot lose the same race again.
                try:
                    return await self._transaction(work, careful=tried > 0)
                except (LostRace, ChainTaken, *LOST_A_RACE) as error:
                    lost_race = error
                if _in(0) > last_try:
                    break
        raise TicketsBusy from lost_race

    async def _transaction(
        self, work: Callable[[Transaction], Awaitable[Result]], *, careful: bool
    ) -> Result:
        """Run `work` once, and COMMIT."""
        deadline = _in(self._write_seconds)
        async with (
            self._abandoned.reserved(deadline) as reservation,
            self._writers.borrowed(deadline) as connection,
        ):
            # The head is put back only where the end of its chain is known: COMMIT was confirmed,
            # or the transaction rolled back. Otherwise the chain is left alone until it is idle;
            # then a transaction reads its end from the database.
            head = self._heads.pop() if self._heads else None
            with cut_at(deadline, connection):
                try:
                    begin = self._writers.begin
                    transaction = PostgresTransaction(connection, begin, head, careful=careful)
                    result = await work(transaction)
                except BaseException:
                    self._keep(head)
                    await roll_back(connection)
                    raise
            if connection.pgconn.transaction_status != TransactionStatus.IDLE:
                # The journal's rows are sent together with COMMIT: that saves a round trip.
                statements, head = transaction.journal.last_statements()
                await to_the_end(commit_or_abandon(connection, statements, reservation))
            self._keep(head)
            return result

    def _keep(self, head: Head | None) -> None:
        if head is not None:
            self._heads.append(head)

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        """Run `work` on one snapshot. Never waits for a writer."""
        return await self._read(self._readers, work, READ_SECONDS)

    async def tokens_in_use(self, tokens: Collection[str]) -> Collection[str]:
        """The tickets that others have locked. Briefly locks those that are free."""
        return await self._read(
            self._writers, lambda snapshot: snapshot.tokens_in_use(tokens), self._write_seconds
        )

    async def _read(
        self,
        connections: Connections,
        work: Callable[[PostgresSnapshot], Awaitable[Result]],
        seconds: float,
    ) -> Result:
        deadline = _in(seconds)
        with while_running():
            async with connections.borrowed(deadline) as connection:
                with cut_at(deadline, connection):
                    try:
                        return await work(PostgresSnapshot(connection, connections.begin))
                    finally:
                        await roll_back(connection)

    async def _ask_apart(self, statement: Statement) -> PGresult:
        """The result of one statement in a snapshot of its own."""
        (result,) = await self._read(
            self._readers, lambda snapshot: snapshot.executor.ask(statement), READ_SECONDS
        )
        return result

    @property
    def unfinished_commits(self) -> int:
        """Number of sessions that were abandoned in COMMIT and have not ended."""
        return self._abandoned.count

    async def require_writable(self) -> None:
        """Raise `Unavailable` unless this is a primary that takes changes."""
        await self._read(self._watcher, PostgresSnapshot.require_writable, CONFIRM_SECONDS)

    async def surroundings(self) -> Surroundings:
        """Whether COMMIT waits for a standby. Only PostgreSQL's machine knows about its disk."""
        return await self._read(self._readers, PostgresSnapshot.surroundings, READ_SECONDS)

    async def credentials_version(self) -> int:
        """The version, on a connection of its own."""
        return await self._read(self._watcher, lambda s: s.access.read_version(), CONFIRM_SECONDS)

    async def credentials_version_and_time(self) -> tuple[int, datetime]:
        """The version, and the database's clock."""
        return await self._read(self._watcher, PostgresSnapshot.version_and_time, CONFIRM_SECONDS)

    async def read_credentials(self, known: Credentials | None = None) -> Credentials:
        """All callers."""
        return await self._read(
            self._watcher, lambda s: s.access.read_credentials(known), CONFIRM_SECONDS
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._abandoned.close()
        await self._writers.close()
        await self._readers.close()
        await self._watcher.close()


def _in(seconds: float) -> float:
    """The time by the event loop's clock in this many seconds."""
    return asyncio.get_running_loop().time() + seconds
