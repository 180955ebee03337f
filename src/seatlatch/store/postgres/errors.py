"""What PostgreSQL's errors mean for us: the one place that tells trouble from a bug."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import DatabaseProblem, TicketsBusy

LOST_A_RACE = (errors.DeadlockDetected, errors.SerializationFailure)
"""Nothing was done, and it may work at the next try."""

IN_THE_WAY = (errors.LockNotAvailable, *LOST_A_RACE)
"""Others were in the way, which says nothing against the database or the connection."""

DECLARE_POOLER = (
    "if a pooler such as pgbouncer stands before it, set SEATLATCH_DATABASE_POOLER=transaction"
)

STARTUP_REFUSED = "unsupported startup parameter"
"""A pooler says so, and never PostgreSQL. libpq gives no code for what ends a connection."""

TROUBLE = {
    "08": "does not let us in; look whether it runs, and whether the URL is right",
    "3F": "has lost its schema; restore it from a backup, or run `seatlatch migrate`",
    "42P01": "has lost a table; restore it from a backup",
    "42501": "may not be used so by this user; grant it what it needs",
    "25006": "can't be written; give the URL of the primary, not of a standby",
    "25P": "waited too long for the next statement; look whether this process was halted",
    "26000": f"has lost a prepared statement; {DECLARE_POOLER}",
    "42P05": f"has a prepared statement of another session; {DECLARE_POOLER}",
    "40": "could not finish beside other transactions; look at its load",
    "53100": "can't grow, its disk is full; make room on it",
    "53200": "needs more memory than there is; make some free",
    "53": "has not what it needs; look at its log",
    "55P03": "is locked by another transaction; end that one or wait for it",
    "57014": "took too long to answer; look at its load and its log",
    "57": "is stopping or starting; wait for it",
    "58": "can't be read or written; look at its disk and its log",
    "XX": "is damaged or met an error of its own; look at its log",
}
"""Trouble with the database itself, by the longest beginning of the error's code (SQLSTATE), each
with what to do. Any other error is a bug of ours."""

NOT_REACHED = "08"
"""An error without a code comes from the connection, not from the server."""


def trouble(error: psycopg.Error) -> str | None:
    """What the trouble is and what to do, to follow the database's name; None = it is a bug."""
    if STARTUP_REFUSED in str(error):
        return f"does not take the settings of a session; {DECLARE_POOLER}"
    code = error.sqlstate or (NOT_REACHED if isinstance(error, psycopg.OperationalError) else "")
    return next((TROUBLE[code[:n]] for n in (5, 3, 2) if code[:n] in TROUBLE), None)


def sentence(name: str, error: psycopg.Error) -> str:
    """One sentence about `error`, naming the database."""
    # Of what the server says, the first line: further ones may quote a ticket.
    detail = " ".join((error.diag.message_primary or str(error)).split()).rstrip(".")
    return f"The database {name} {trouble(error)} ({detail})."


@contextmanager
def in_a_command(name: str) -> Iterator[None]:
    """Trouble while a command starts or works is a sentence for its user; else a bug of ours."""
    try:
        yield
    except psycopg.Error as error:
        if trouble(error) is None:
            raise
        raise DatabaseProblem(sentence(name, error)) from error


@contextmanager
def while_running() -> Iterator[None]:
    """Trouble while running is a refusal: the caller may send again, nothing was acknowledged."""
    try:
        yield
    except errors.LockNotAvailable as error:
        raise TicketsBusy from error
    except psycopg.Error as error:
        if trouble(error) is None:
            raise
        raise unconfirmed() from error


def unconfirmed() -> Unavailable:
    """Nothing is confirmed: it was not done, or nobody knows whether it was."""
    return Unavailable("The database did not confirm. Send the request again.")
