"""The meaning of SQLite's errors: which ones are database trouble, and which ones are bugs."""

from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENAMETOOLONG
from pathlib import Path

import apsw

from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import DatabaseProblem

LET_WRITE = "allow this user to write the file and its folder"

TROUBLE: dict[type[apsw.Error], str] = {
    apsw.BusyError: "is locked by another process; stop that process or wait for it",
    apsw.LockedError: "is locked by another process; stop that process or wait for it",
    apsw.ProtocolError: "is locked by another process; stop that process or wait for it",
    apsw.FullError: "can't grow because the disk is full; free some space",
    apsw.ReadOnlyError: f"can't be written; {LET_WRITE}",
    apsw.PermissionsError: f"can't be written; {LET_WRITE}",
    apsw.CantOpenError: "can't be opened; allow this user to read and write it and its folder",
    apsw.IOError: "can't be read or written; check the disk and the system log",
    apsw.NoMemError: "needs more memory than is available; free some",
    apsw.NotADBError: "is not a SQLite database; use one made by `seatlatch migrate`",
    apsw.CorruptError: "is damaged; restore it from a backup",
}
"""Trouble with the database itself, and what to do. Every other error is a bug in seatlatch."""


def sentence(path: Path, error: Exception) -> str:
    """One sentence about `error`, naming the database."""
    if isinstance(error, OSError) and error.errno == ENAMETOOLONG:
        return f"The name of the database {path} is too long; use a shorter one."
    if isinstance(error, OSError):
        return f"The database {path} can't be reached ({error.strerror}); {LET_WRITE}."
    altered = "was damaged or altered; restore it from a backup"
    what = next((what for kind, what in TROUBLE.items() if isinstance(error, kind)), altered)
    return f"The database {path} {what} ({error})."


@contextmanager
def at_start(path: Path) -> Iterator[None]:
    """Raise `DatabaseProblem` for trouble while a command starts."""
    try:
        yield
    except (apsw.Error, OSError, ValueError) as error:
        raise DatabaseProblem(sentence(path, error)) from error


@contextmanager
def in_a_command(path: Path) -> Iterator[None]:
    """Raise `DatabaseProblem` for trouble while a command works; other errors are bugs."""
    try:
        yield
    except tuple(TROUBLE) as error:
        raise DatabaseProblem(sentence(path, error)) from error


@contextmanager
def while_running() -> Iterator[None]:
    """Raise `Unavailable` for trouble in a running server: nothing was confirmed."""
    try:
        yield
    except tuple(TROUBLE) as error:
        raise Unavailable("The database did not confirm. Retry the request.") from error


def roll_back(connection: apsw.Connection) -> None:
    """Roll back an open transaction. After some errors SQLite has already done so."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")
