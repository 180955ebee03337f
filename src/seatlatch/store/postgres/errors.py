"""The meaning of PostgreSQL's errors: which ones are database trouble, and which ones are bugs."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import DatabaseProblem, TicketsBusy

LOST_A_RACE = (errors.DeadlockDetected, errors.SerializationFailure)
"""Nothing was done, and the next try may succeed."""

IN_THE_WAY = (errors.LockNotAvailable, *LOST_A_RACE)
"""Conflicts with other transactions. The database and the connection are usable."""

DECLARE_POOLER = (
    "if it is behind a pooler such as pgbouncer, set SEATLATCH_DATABASE_POOLER=transaction"
)

STARTUP_REFUSED = "unsupported startup parameter"
"""Only a pooler reports this, never PostgreSQL. libpq has no error code for a failed connection."""

TROUBLE = {
    "08": "refuses the connection; check that it is running and that the URL is right",
    "3F": "has lost its schema; restore it from a backup, or run `seatlatch migrate`",
    "42P01": "has lost a table; restore it from a backup",
    "42501": "refuses this user the access that is needed; grant it",
    "25006": "can't be written; use the URL of the primary, not of a standby",
    "25P": "waited too long for the next statement; check whether this process was paused",
    "26000": f"has lost a prepared statement; {DECLARE_POOLER}",
    "42P05": f"has a prepared statement of another session; {DECLARE_POOLER}",
    "40": "could not finish because of other transactions; check its load",
    "53100": "can't grow because its disk is full; free some space",
    "53200": "needs more memory than is available; free some",
    "53": "lacks resources; check its log",
    "55P03": "is locked by another transaction; end that transaction or wait for it",
    "57014": "took too long to respond; check its load and its log",
    "57": "is stopping or starting; wait for it",
    "58": "can't be read or written; check its disk and its log",
    "XX": "is damaged or has an internal error; check its log",
}
"""Trouble with the database itself, and what to do, by the longest prefix of the error code
(SQLSTATE). Every other error is a bug in seatlatch."""

NOT_REACHED = "08"
"""An error without a code comes from the connection, not from the server."""


def trouble(error: psycopg.Error) -> str | None:
    """The trouble and what to do, as text after the database's name; None = it is a bug."""
    if STARTUP_REFUSED in str(error):
        return f"does not accept session settings; {DECLARE_POOLER}"
    code = error.sqlstate or (NOT_REACHED if isinstance(error, psycopg.OperationalError) else "")
    return next((TROUBLE[code[:n]] for n in (5, 3, 2) if code[:n] in TROUBLE), None)


def sentence(name: str, error: psycopg.Error) -> str:
    """One sentence about `error`, naming the database."""
    # Only the first line of the server's message: further ones may quote a ticket.
    detail = " ".join((error.diag.message_primary or str(error)).split()).rstrip(".")
    return f"The database {name} {trouble(error)} ({detail})."


@contextmanager
def in_a_command(name: str) -> Iterator[None]:
    """Raise `DatabaseProblem` for trouble in a command; other errors are bugs."""
    try:
        yield
    except psycopg.Error as error:
        if trouble(error) is None:
            raise
        raise DatabaseProblem(sentence(name, error)) from error


@contextmanager
def while_running() -> Iterator[None]:
    """Raise `Unavailable` for trouble in a running server: nothing was confirmed."""
    try:
        yield
    except errors.LockNotAvailable as error:
        raise TicketsBusy from error
    except psycopg.Error as error:
        if trouble(error) is None:
            raise
        raise unconfirmed() from error


def unconfirmed() -> Unavailable:
    """The refusal of a change that was not done, or may have been done."""
    return Unavailable("The database did not confirm. Retry the request.")
