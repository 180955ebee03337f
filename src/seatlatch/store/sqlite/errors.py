"""What SQLite's errors mean for us: the one place that tells trouble from a bug."""

from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENAMETOOLONG
from pathlib import Path

import apsw

from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import DatabaseProblem

LET_WRITE = "let this user write the file and its folder"

TROUBLE: dict[type[apsw.Error], str] = {
    apsw.BusyError: "is locked by another process; stop that process or wait for it",
    apsw.LockedError: "is locked by another process; stop that process or wait for it",
    apsw.ProtocolError: "is locked by another process; stop that process or wait for it",
    apsw.FullError: "can't grow, the disk is full; make room on it",
    apsw.ReadOnlyError: f"can't be written; {LET_WRITE}",
    apsw.PermissionsError: f"can't be written; {LET_WRITE}",
    apsw.CantOpenError: "can't be opened; let this user read and write the file and its folder",
    apsw.IOError: "can't be read or written; look at the disk and the system's log",
    apsw.NoMemError: "needs more memory than there is; make some free",
    apsw.NotADBError: "is not a SQLite database; give the path of one made by `seatlatch migrate`",
    apsw.CorruptError: "is damaged; restore it from a backup",
}
"""Trouble with the database itself, each with what to do. Any other error is a bug of ours."""


def sentence(path: Path, error: Exception) -> str:
    """One sentence about `error`, naming the database."""
    if isinstance(error, OSError) and error.errno == ENAMETOOLONG:
        return f"The database {path} has too long a name; give a shorter one."
    if isinstance(error, OSError):
        return f"The database {path} can't be reached ({error.strerror}); {LET_WRITE}."
    altered = "was damaged or altered; restore it from a backup"
    what = next((what for kind, what in TROUBLE.items() if isinstance(error, kind)), altered)
    return f"The database {path} {what} ({error})."


@contextmanager
def at_start(path: Path) -> Iterator[None]:
    """Trouble while a command starts is a sentence for the person who started it."""
    try:
        yield
    except (apsw.Error, OSError, ValueError) as error:
        raise DatabaseProblem(sentence(path, error)) from error


@contextmanager
def in_a_command(path: Path) -> Iterator[None]:
    """Trouble while a command works is a sentence for its user; anything else is a bug of ours."""
    try:
        yield
    except tuple(TROUBLE) as error:
        raise DatabaseProblem(sentence(path, error)) from error


@contextmanager
def while_running() -> Iterator[None]:
    """Trouble while running is a refusal: the caller may send again, nothing was acknowledged."""
    try:
        yield
    except tuple(TROUBLE) as error:
        raise Unavailable("The database did not confirm. Send the request again.") from error


def roll_back(connection: apsw.Connection) -> None:
    """End a transaction. SQLite has done so itself after some errors, and can't do so again."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")
