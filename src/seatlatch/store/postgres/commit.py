"""COMMIT: when it confirms a change, and what to do if its result does not arrive.

See decision 64.
"""

import asyncio
from collections.abc import Sequence

import psycopg
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus

from seatlatch.store.journal import ChainTaken
from seatlatch.store.postgres.abandoned import Reservation
from seatlatch.store.postgres.connecting import COMMIT_SECONDS
from seatlatch.store.postgres.connection import Connection, Statement
from seatlatch.store.postgres.connections import cut_at, has_unread_data
from seatlatch.store.postgres.errors import unconfirmed
from seatlatch.store.postgres.journal_writer import CHAIN_TAKEN

OPEN = (TransactionStatus.INTRANS, TransactionStatus.INERROR)

COMMIT = Statement("COMMIT")


class CommitResultUnknown(Exception):
    """COMMIT was sent, and the connection ended before a result arrived."""


def require_open(connection: Connection) -> None:
    """Raise `Unavailable` if the connection has ended: the server ended it, or it was shut
    because the work before COMMIT took too long. In both cases COMMIT was not sent, so no session
    can be waiting in it.
    """
    try:
        while has_unread_data(connection):
            connection.pgconn.consume_input()
    except psycopg.Error as error:
        raise unconfirmed() from error


async def commit_or_abandon(
    connection: Connection, statements: Sequence[Statement], reservation: Reservation
) -> None:
    """See `commit`. A COMMIT without a result after `COMMIT_SECONDS` closes its connection.

    *Why closing, and not cancelling:* a cancel request makes a COMMIT that waits for a standby
    return success although the standby does not have it. That looks like a safe commit, and other
    sessions would see the change before it is durable. It would also need a response from a server
    that sends none. Closing only ends the wait on this side: PostgreSQL does not notice until the
    commit is done.

    *Why the order of changes is kept:* COMMIT is sent after the results of all statements, so the
    session holds the row locks of its tickets until its transaction ends, whenever that is. A later
    change of one of these tickets waits for it, and gets `TicketsBusy`. The same holds for the
    chain of the journal, whose row is locked too; this process does not use that chain again. A
    promoted standby has either the whole transaction or nothing of it, and its caller got no
    success.

    The session may wait inside PostgreSQL for as long as the standby is away, so it keeps its place
    in `reservation` until it is known to have ended.
    """
    require_open(connection)
    try:
        deadline = asyncio.get_running_loop().time() + COMMIT_SECONDS
        with cut_at(deadline, connection):
            await commit(connection, statements)
    except CommitResultUnknown as unknown:
        reservation.abandon(connection.session_pid)
        raise unconfirmed() from unknown.__cause__


async def commit(connection: Connection, statements: Sequence[Statement] = ()) -> None:
    """COMMIT after some last statements, and check that it is confirmed.

    A COMMIT whose wait for a standby was interrupted returns success with a warning: the change is
    in this server's log, and lost if the standby replaces it. Raises `Unavailable`, or
    `CommitResultUnknown` if no result arrived; `ChainTaken` and `psycopg.Error` if nothing was
    done.
    """
    warnings: list[Diagnostic] = []

    def on_notice(notice: Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            warnings.append(notice)

    connection.add_notice_handler(on_notice)
    try:
        *_, done = await connection.ask(*statements, COMMIT)
    except psycopg.Error as error:
        if error.sqlstate is None:  # the connection broke, or was cut
            raise CommitResultUnknown from error
        if connection.pgconn.transaction_status != TransactionStatus.INERROR:
            raise unconfirmed() from error
        await roll_back(connection)
        if isinstance(error, CHAIN_TAKEN):
            raise ChainTaken from error
        raise
    finally:
        connection.remove_notice_handler(on_notice)
    if warnings or done.command_status != b"COMMIT":
        raise unconfirmed()


async def roll_back(connection: Connection) -> None:
    """Roll back an open transaction. If the connection is lost, the server rolls it back."""
    if connection.pgconn.transaction_status in OPEN:
        try:
            await connection.end("ROLLBACK")
        except psycopg.Error:
            await connection.close()
