"""The store of a running server on PostgreSQL: a few lanes that write, and readers beside them.

The driver waits in the event loop. A transaction's BEGIN goes out with its first statement in one
piece, so that a group costs two round trips: the work, and COMMIT.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime

import psycopg
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGresult

from seatlatch.domain.application import Credentials
from seatlatch.store.interface import Outrun, Result, Snapshot, TicketsBusy, Transaction
from seatlatch.store.journal import ChainTaken, Head
from seatlatch.store.postgres.abandoned import AbandonedSessions, Reservation
from seatlatch.store.postgres.connecting import COMMIT_SECONDS, SETTINGS_OF_STATEMENTS, Address
from seatlatch.store.postgres.connection import Connection, Statement
from seatlatch.store.postgres.connections import Connections, cut_at, has_news
from seatlatch.store.postgres.credentials import PostgresCredentials
from seatlatch.store.postgres.errors import LOST_A_RACE, unconfirmed, while_running
from seatlatch.store.postgres.journal import CHAIN_TAKEN
from seatlatch.store.postgres.transaction import PostgresTransaction
from seatlatch.tasks import to_the_end

LANES = 2
"""More don't help: the groups get smaller. See docs/internals/performance.md."""

READERS = 2

LOCK_SECONDS = 0.5
"""How long a transaction, and so all of its group, waits for a ticket that another one holds."""

WRITE_SECONDS = 2
"""How long a transaction may take before its COMMIT, to get a connection included."""

READ_SECONDS = 3
"""The same for a snapshot, wholly."""

CONFIRM_SECONDS = 1.5
"""Every request may have to wait for that before it is let in, so it is short."""

TRIES_MAX = 6
"""So often is a transaction tried that others outrun."""

WRITING = {
    **SETTINGS_OF_STATEMENTS,
    "lock_timeout": f"{LOCK_SECONDS * 1000:.0f}ms",
    "statement_timeout": f"{WRITE_SECONDS}s",
    "idle_in_transaction_session_timeout": "10s",
}
"""The server's own bounds. It never counts a COMMIT's waiting as part of a statement."""

READING = {
    **SETTINGS_OF_STATEMENTS,
    "statement_timeout": f"{READ_SECONDS}s",
    "idle_in_transaction_session_timeout": "10s",
}

OPEN = (TransactionStatus.INTRANS, TransactionStatus.INERROR)

COMMIT = Statement("COMMIT")
BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""Who makes a database read-only by its default, as hosts do when its disk gets full, is heeded."""

BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresStore:
    """See `store.interface.Store`. To be used from one event loop."""

    lanes = LANES
    mixes_kinds = False

    def __init__(self, address: Address) -> None:
        """Nothing is asked of the database yet."""
        self._writers = Connections(address, LANES, BEGIN, WRITING)
        self._readers = Connections(address, READERS, BEGIN_READING, READING)
        self._abandoned = AbandonedSessions(self._ask_apart)
        # So that no request waits for others' tickets to be let in.
        self._watcher = Connections(address, 1, BEGIN_READING, READING)
        self._heads: list[Head] = []
        """Where the chains of the journal end that we have used, and nobody uses now."""

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work` in a transaction and make it durable."""
        last_try = _in(WRITE_SECONDS)
        with while_running():
            for tried in range(TRIES_MAX):
                try:
                    return await self._transaction(work, careful=tried > 0)
                except (Outrun, ChainTaken, *LOST_A_RACE) as error:
                    outrun_by = error
                if _in(0) > last_try:
                    break
        raise TicketsBusy from outrun_by

    async def _transaction(
        self, work: Callable[[Transaction], Awaitable[Result]], *, careful: bool
    ) -> Result:
        """A chain of the journal is ours to go on with if its COMMIT was confirmed, or if nothing
        was asked of it. Else nobody knows where it ends, and we take another one: this one is used
        again when it has been idle, by a transaction that then reads its end from the database.
        """
        deadline = _in(WRITE_SECONDS)
        async with (
            self._abandoned.reserved(deadline) as reservation,
            self._writers.borrowed(deadline) as connection,
        ):
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
                statements, head = transaction.last_statements()
                await to_the_end(commit_or_abandon(connection, statements, reservation))
            self._keep(head)
            return result

    def _keep(self, head: Head | None) -> None:
        if head is not None:
            self._heads.append(head)

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        """Run `work` on one snapshot, beside those who write."""
        return await self._read(self._readers, work, READ_SECONDS)

    async def tokens_in_use(self, tokens: Collection[str]) -> Collection[str]:
        """Locks the free ones itself for as long as the statement runs."""
        return await self._read(
            self._writers, lambda snapshot: snapshot.tokens_in_use(tokens), WRITE_SECONDS
        )

    async def _read(
        self,
        connections: Connections,
        work: Callable[[PostgresCredentials], Awaitable[Result]],
        seconds: float,
    ) -> Result:
        deadline = _in(seconds)
        with while_running():
            async with connections.borrowed(deadline) as connection:
                with cut_at(deadline, connection):
                    try:
                        return await work(PostgresCredentials(connection, connections.begin))
                    finally:
                        await roll_back(connection)

    async def _ask_apart(self, statement: Statement) -> PGresult:
        """The result of one statement in a snapshot of its own."""
        (result,) = await self._read(
            self._readers, lambda snapshot: snapshot.ask(statement), READ_SECONDS
        )
        return result

    @property
    def unfinished_commits(self) -> int:
        """Number of sessions that were abandoned in COMMIT and have not ended."""
        return self._abandoned.count

    async def require_writable(self) -> None:
        """Raise `Unavailable` unless this is a primary that takes changes."""
        await self._read(self._watcher, PostgresCredentials.require_writable, CONFIRM_SECONDS)

    async def credentials_version(self) -> int:
        """One row."""
        return await self._read(self._watcher, PostgresCredentials.version, CONFIRM_SECONDS)

    async def credentials_version_and_time(self) -> tuple[int, datetime]:
        """One row, and the database's clock."""
        work = PostgresCredentials.version_and_time
        return await self._read(self._watcher, work, CONFIRM_SECONDS)

    async def read_credentials(self) -> Credentials:
        """All callers, as they stand now."""
        return await self._read(self._watcher, PostgresCredentials.credentials, CONFIRM_SECONDS)

    async def close(self) -> None:
        """Let go of the database."""
        await self._abandoned.close()
        await self._writers.close()
        await self._readers.close()
        await self._watcher.close()


def _in(seconds: float) -> float:
    """A moment by the loop's clock."""
    return asyncio.get_running_loop().time() + seconds


class CommitUnanswered(Exception):
    """COMMIT was sent, and its connection ended without an answer."""


def require_open(connection: Connection) -> None:
    """Raise `Unavailable` if the connection has ended, because the server ended it or because the
    work before COMMIT took too long and we cut it. Nothing was asked to commit then, so that no
    session of it can be waiting in a COMMIT.
    """
    try:
        while has_news(connection):
            connection.pgconn.consume_input()
    except psycopg.Error as error:
        raise unconfirmed() from error


async def commit_or_abandon(
    connection: Connection, statements: Sequence[Statement], reservation: Reservation
) -> None:
    """See `commit`. A COMMIT that is not answered within `COMMIT_SECONDS` closes its connection.

    *Why closing, and not cancelling:* a cancel request makes a COMMIT that waits for a standby come
    back as done though the standby does not have it. Nobody could tell that from a commit which is
    safe, and other sessions would see the change before it is durable. It would also need an answer
    from a server that gives none. Closing only ends our waiting; PostgreSQL notices nothing of it
    until the commit is through.

    *Why the order of changes is kept:* COMMIT is sent after all statements were answered, so that
    the session holds the row locks of its tickets until its transaction ends, whenever that is. A
    later change of one of these tickets waits for it, and gets `TicketsBusy`. The same holds for
    the chain of the journal, which we don't use again: its row is locked too. On a promoted standby
    the transaction is either there as a whole, or not at all, and its caller has no success.

    The session may wait inside PostgreSQL for as long as the standby is away, so it keeps its place
    in `reservation` until it is known to have ended.
    """
    require_open(connection)
    try:
        with cut_at(_in(COMMIT_SECONDS), connection):
            await commit(connection, statements)
    except CommitUnanswered as unanswered:
        reservation.abandon(connection.session_pid)
        raise unconfirmed() from unanswered.__cause__


async def commit(connection: Connection, statements: Sequence[Statement] = ()) -> None:
    """COMMIT after some last statements, and take for a confirmation only what is one.

    A commit whose confirmation by a standby was broken off comes back as done, with a warning: it
    is in this server's log, and lost if the standby takes its place. Raises `Unavailable`, or
    `CommitUnanswered` if the server said nothing; `ChainTaken` and `psycopg.Error` if nothing was
    done.
    """
    warnings: list[Diagnostic] = []

    def hear(notice: Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            warnings.append(notice)

    connection.add_notice_handler(hear)
    try:
        *_, done = await connection.ask(*statements, COMMIT)
    except psycopg.Error as error:
        if error.sqlstate is None:  # the connection broke, or was cut
            raise CommitUnanswered from error
        if connection.pgconn.transaction_status != TransactionStatus.INERROR:
            raise unconfirmed() from error
        await roll_back(connection)
        if isinstance(error, CHAIN_TAKEN):
            raise ChainTaken from error
        raise
    finally:
        connection.remove_notice_handler(hear)
    if warnings or done.command_status != b"COMMIT":
        raise unconfirmed()


async def roll_back(connection: Connection) -> None:
    """End a transaction, if the connection can still say so; else the server ends it by itself."""
    if connection.pgconn.transaction_status in OPEN:
        try:
            await connection.end("ROLLBACK")
        except psycopg.Error:
            await connection.close()
