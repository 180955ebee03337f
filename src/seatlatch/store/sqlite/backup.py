"""Copies a database into a new file while others use it. See decision 205."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw

from seatlatch.store.interface import DatabaseProblem
from seatlatch.store.sqlite.errors import at_start, sentence
from seatlatch.store.sqlite.opening import connect, require_ours, require_sound_sqlite

PROGRESS_STEPS = 20_000
"""How many steps of a statement pass between two reports of progress, which also notice Ctrl-C: a
few milliseconds.
"""

SUFFIXES = ("-journal", "-wal", "-shm")
"""SQLite takes a file with one of these endings for a part of the database that it is beside, and
deletes it.
"""

SIZE = """
SELECT page_size * (page_count - freelist_count)
FROM pragma_page_size, pragma_page_count, pragma_freelist_count
"""
PRIVATE = 0o600


def back_up(path: Path, file: Path, copying: Callable[[int, int], None]) -> int:
    """Copy a database, as it is when the copy begins, into the new file `file`; returns its size.

    Calls `copying` again and again with the number of bytes that were copied, and that of all. The
    file gets its name when it is complete, checked and on disk, so an interrupted backup leaves no
    file. Raises `DatabaseProblem`.
    """
    require_sound_sqlite()
    with at_start(path):
        if not path.exists():
            raise DatabaseProblem(f"There is no database at {path}.")
        schema = require_ours(path, None)
    _require_free(file)
    with _problems(path, file), _folder_beside(file) as folder:
        made = folder / file.name
        os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))
        _copy(path, made, copying)
        _check(made, schema)
        _sync(made)
        size_bytes = made.stat().st_size
        _require_free(file)
        made.rename(file)
        _sync(file.parent)
    return size_bytes


def _require_free(file: Path) -> None:
    if file.name.endswith(SUFFIXES):
        raise DatabaseProblem(
            f"SQLite would delete {file} as a part of another database; use a name that does not"
            f" end with {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}."
        )
    for suffix in ("", *SUFFIXES):
        if os.path.lexists(f"{file}{suffix}"):
            raise DatabaseProblem(f"{file}{suffix} exists already; use the name of a new file.")


@contextmanager
def _problems(path: Path, file: Path) -> Iterator[None]:
    """Raise `DatabaseProblem` for trouble with one of the two files."""
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise DatabaseProblem(sentence(path, error)) from error
    except apsw.FullError as error:
        raise DatabaseProblem(
            f"The disk is too full for {file}; free some space, or use another folder ({error})."
        ) from error
    except (apsw.Error, OSError) as error:
        cause = getattr(error, "strerror", None) or error
        raise DatabaseProblem(
            f"Can't copy {path} to {file} ({cause}); check both folders and the system log."
        ) from error


@contextmanager
def _folder_beside(file: Path) -> Iterator[Path]:
    """A folder on the same disk, which is removed again. Raises `OSError`."""
    with tempfile.TemporaryDirectory(prefix=f".{file.name}-", dir=file.parent) as folder:
        yield Path(folder)


def _copy(path: Path, made: Path, copying: Callable[[int, int], None]) -> None:
    """Copy in one read transaction, during which others can write."""
    with closing(connect(path, apsw.SQLITE_OPEN_READONLY)) as connection:
        ((all_bytes,),) = connection.execute(SIZE)

        def report() -> bool:
            copying(made.stat().st_size, all_bytes)
            return False  # go on

        connection.set_progress_handler(report, PROGRESS_STEPS)
        connection.execute("VACUUM INTO ?", (str(made),))


def _check(made: Path, schema: int) -> None:
    """Raise an error unless the copy can be read to its end and is one of this schema."""
    if require_ours(made, None) != schema:
        raise apsw.CorruptError("the copy has another schema")
    with closing(connect(made, apsw.SQLITE_OPEN_READONLY)) as connection:
        connection.set_progress_handler(lambda: False, PROGRESS_STEPS)
        found = connection.execute("PRAGMA quick_check(1)").get
        if found != "ok":
            raise apsw.CorruptError(f"the copy: {found}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
