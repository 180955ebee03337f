"""Opening a database file: is it there, is it ours, may we write it. Changes nothing in doubt."""

import tempfile
from errno import ENAMETOOLONG
from pathlib import Path
from urllib.parse import quote

import apsw

from seatlatch.store.interface import DatabaseProblem, DatabaseUse
from seatlatch.store.migrations import Migration
from seatlatch.store.sqlite.errors import LET_WRITE, at_start
from seatlatch.store.sqlite.schema import (
    APPLICATION_ID,
    LATEST_SCHEMA,
    MIGRATIONS,
    migrate,
    schema_of,
)

SOUND_SQLITE = (3, 51, 3)
"""Before this, two connections that write or checkpoint at once can corrupt a WAL database."""

LOCK_WAIT_SECONDS = 5.0
"""How long a command that starts waits for another process's lock: a busy server leaves gaps."""

SYNCHRONOUS = "FULL"
"""In WAL mode anything less loses acknowledged commits at a power loss."""

PAGE_BYTES = 1024
"""An unlock changes one page per ticket, here and there: a quarter of SQLite's usual page is a
quarter of the bytes to log, to sync and to copy."""

CACHE_KIBIBYTES = 40_960

HEADER_BYTES = 100
MAGIC = b"SQLite format 3\0"
READ_ONLY_DATABASE = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_MAIN_DB

DATABASE_USE = "SELECT database_use FROM database_use"

WRONG_USE: dict[DatabaseUse, str] = {
    "inventory": (
        "is a sandbox's, whose credentials everybody knows."
        " Give another one, or start it with `seatlatch sandbox`."
    ),
    "sandbox": (
        "holds an inventory, which the sandbox would overwrite. Give the path of a new file."
    ),
}
"""What is wrong with a database that was made for the other use."""


def open_database(
    path: Path, database_use: DatabaseUse, *, to_write: bool = True, vfs: str | None = None
) -> apsw.Connection:
    """A connection to an existing database of ours, ready `to_write` unless that isn't wanted.

    Raises `DatabaseProblem` if the file is missing, not ours, for another use, of another
    schema, locked, damaged, or may not be written; it is then as it was.
    """
    require_sound_sqlite()
    with at_start(path):
        if not _is_there(path):
            raise DatabaseProblem(
                f"There is no database at {path}. Make one with `seatlatch migrate`,"
                " or try `seatlatch sandbox`, which brings its own."
            )
        require_ours(path, database_use)
        connection = connect(path, apsw.SQLITE_OPEN_READWRITE, vfs=vfs)
        if to_write and connection.readonly("main"):
            raise apsw.ReadOnlyError("read-only file")
        configure(connection)
        if to_write:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        schema = schema_of(connection, path)
        if schema < LATEST_SCHEMA:
            connection.close()
            raise DatabaseProblem(
                f"The database {path} has schema {schema}, this seatlatch needs {LATEST_SCHEMA}."
                " Run `seatlatch migrate` on it."
            )
    return connection


def make_or_migrate(path: Path, database_use: DatabaseUse) -> list[Migration]:
    """Make the database if there is none, and bring it to the latest schema.

    Returns what was applied. Safe when run by several processes at once. Raises
    `DatabaseProblem`.
    """
    require_sound_sqlite()
    with at_start(path):
        if not (_is_there(path.parent) and path.parent.is_dir()):
            raise DatabaseProblem(f"There is no folder {path.parent}; make it first.")
        applied = [] if _is_there(path) else _make(path, database_use)
        if not applied:
            require_ours(path, database_use)
            applied = _migrate(path, database_use)
    return applied


def _make(path: Path, database_use: DatabaseUse) -> list[Migration]:
    """Make a new database beside its place and put it there whole; nothing if one came first."""
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
            made = Path(folder) / path.name
            applied = _migrate(made, database_use)
            path.hardlink_to(made)
    except FileExistsError:
        return []
    except OSError as error:
        if error.errno == ENAMETOOLONG:
            raise  # `sentence` tells it as it does of a database that is there
        raise DatabaseProblem(
            f"Can't make {path} ({error.strerror or error}); {LET_WRITE}."
        ) from None
    return applied


def _migrate(path: Path, database_use: DatabaseUse) -> list[Migration]:
    connection = connect(path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
    try:
        if connection.readonly("main"):
            raise apsw.ReadOnlyError("read-only file")
        connection.pragma("page_size", PAGE_BYTES)
        configure(connection)
        return migrate(connection, path, database_use)
    finally:
        connection.close()


def _is_there(path: Path) -> bool:
    """Whether there is anything at a path. Raises `OSError` if that can't be found out, which
    `Path.exists` takes for absence in newer versions of Python.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def due_migrations(path: Path) -> list[Migration]:
    """What `make_or_migrate` would apply; all of it if there is no database yet."""
    require_sound_sqlite()
    with at_start(path):
        schema = 0
        if _is_there(path):
            schema = require_ours(path, "inventory")
    return [migration for migration in MIGRATIONS if migration.number > schema]


def require_sound_sqlite() -> None:
    """Raise `DatabaseProblem` on a SQLite that is known to corrupt."""
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < SOUND_SQLITE:
        raise DatabaseProblem(
            f"SQLite {apsw.sqlite_lib_version()} can corrupt its write-ahead log;"
            " install an apsw that brings 3.51.3 or later."
        )


def require_ours(path: Path, database_use: DatabaseUse) -> int:
    """The number of its schema. Raises `DatabaseProblem` unless it is ours, made for this use, and
    of a schema that this version can use or migrate.

    Looks at the file itself and nothing beside it (immutable), so that a database that is not
    ours, or not meant, is left exactly as it was, without so much as a log beside it.
    """
    if path.is_dir():
        raise DatabaseProblem(f"{path} is a folder; give the path of a database file.")
    if _application_id(path) != APPLICATION_ID:
        raise DatabaseProblem(
            f"The database {path} was not made by seatlatch; give the path of one that"
            " was, or of a new file."
        )
    schema, made_for = _schema_and_use(path)
    if made_for != database_use:
        raise DatabaseProblem(f"The database {path} {WRONG_USE[database_use]}")
    return schema


def _application_id(path: Path) -> int:
    """The application id as it stands in a file's header; 0 if the file is empty.

    Read by way of SQLite's own files: closing one that was opened otherwise would let go of the
    locks that this process has on it.
    """
    file = apsw.VFSFile("", str(path.absolute()), [READ_ONLY_DATABASE, 0])
    try:
        header = file.xRead(HEADER_BYTES, 0) if file.xFileSize() >= HEADER_BYTES else b""
    finally:
        file.xClose()
    if not header:
        return 0
    if not header.startswith(MAGIC):
        raise apsw.NotADBError("file is not a database")
    return int.from_bytes(header[68:72], "big")


def _schema_and_use(path: Path) -> tuple[int, str]:
    """The schema of a database of ours, and what it was made for.

    The file alone, which is looked at first, is not whole while a checkpoint goes on, nor after
    one that was cut off: together with its log it is, so that this has the last word when the
    file alone can't be used.
    """
    immutable = f"file:{quote(str(path.absolute()))}?immutable=1"
    try:
        return _look(immutable, apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI, path)
    except (apsw.Error, DatabaseProblem):
        return _look(str(path), apsw.SQLITE_OPEN_READWRITE, path)


def _look(name: str, flags: int, path: Path) -> tuple[int, str]:
    connection = apsw.Connection(name, flags=flags)
    connection.set_busy_timeout(int(LOCK_WAIT_SECONDS * 1000))
    try:
        schema = schema_of(connection, path)
        ((made_for,),) = connection.execute(DATABASE_USE).fetchall()
    finally:
        connection.close()
    return schema, str(made_for)


def connect(path: Path, flags: int, *, vfs: str | None = None) -> apsw.Connection:
    """A bare connection that waits a while for locks."""
    connection = apsw.Connection(str(path), flags=flags, vfs=vfs)
    connection.set_busy_timeout(int(LOCK_WAIT_SECONDS * 1000))
    return connection


def configure(connection: apsw.Connection) -> None:
    """Durable commits, foreign keys held, and bounds on memory and log."""
    if connection.pragma("journal_mode", "wal") != "wal":
        raise apsw.CantOpenError("no write-ahead log on this file system")
    connection.pragma("synchronous", SYNCHRONOUS)
    connection.pragma("foreign_keys", True)
    # What a seller told is gone with the listing. FAST would leave what did not fit in the row.
    connection.pragma("secure_delete", True)
    connection.pragma("mmap_size", 0)
    connection.pragma("cache_size", -CACHE_KIBIBYTES)
