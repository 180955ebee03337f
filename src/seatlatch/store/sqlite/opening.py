"""Opens a database file that exists, is seatlatch's, and can be written; never changes another.

See decisions 19, 20, 21 and 193.
"""

import tempfile
from errno import ENAMETOOLONG
from pathlib import Path
from urllib.parse import quote

import apsw

from seatlatch.store.interface import DatabaseProblem, DatabaseUse
from seatlatch.store.migrations import READ_USE, Migration
from seatlatch.store.sqlite.errors import LET_WRITE, at_start
from seatlatch.store.sqlite.executor import translated
from seatlatch.store.sqlite.schema import (
    APPLICATION_ID,
    LATEST_SCHEMA,
    MIGRATIONS,
    migrate,
    schema_of,
)

SOUND_SQLITE = (3, 51, 3)
"""In older versions, two connections that write or checkpoint at once can corrupt a WAL database.
"""

LOCK_WAIT_SECONDS = 5.0
"""How long a starting command waits for another process's lock. A busy server leaves gaps."""

SYNCHRONOUS = "FULL"
"""In WAL mode any lower level loses confirmed commits in a power failure."""

PAGE_BYTES = 1024
"""An unlock changes one page per ticket, at random places. A quarter of SQLite's default page size
means a quarter of the bytes to log, sync and copy."""

CACHE_KIBIBYTES = 4_096
"""Small, since a commit after which a page was split examines every page of the cache: the split
temporarily moves a page to a number far behind the end. Other pages are in the cache of the
operating system.
"""

HEADER_BYTES = 100
MAGIC = b"SQLite format 3\0"
READ_ONLY_DATABASE = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_MAIN_DB

WRONG_USE: dict[DatabaseUse, str] = {
    "inventory": (
        "belongs to a sandbox, whose credentials are public."
        " Use another one, or start it with `seatlatch sandbox`."
    ),
    "sandbox": (
        "contains an inventory, which the sandbox would overwrite. Use the path of a new file."
    ),
}
"""The problem of a database that was made for the other use."""


def open_database(
    path: Path, database_use: DatabaseUse | None, *, to_write: bool = True, vfs: str | None = None
) -> apsw.Connection:
    """A connection to an existing seatlatch database, ready for writing if `to_write`.
    `database_use` None = either.

    Raises `DatabaseProblem` if the file is missing, not seatlatch's, for another use, of another
    schema, locked, damaged, or not writable; the file is then unchanged.
    """
    require_sound_sqlite()
    with at_start(path):
        if not _is_there(path):
            raise DatabaseProblem(
                f"There is no database at {path}. Create one with `seatlatch migrate`,"
                " or try `seatlatch sandbox`, which has its own."
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
    """Create the database if there is none, and migrate it to the latest schema.

    Returns the migrations applied. Safe when run by several processes at once. Raises
    `DatabaseProblem`.
    """
    require_sound_sqlite()
    with at_start(path):
        if not (_is_there(path.parent) and path.parent.is_dir()):
            raise DatabaseProblem(f"There is no folder {path.parent}; create it first.")
        applied = [] if _is_there(path) else _make(path, database_use)
        if not applied:
            require_ours(path, database_use)
            applied = _migrate(path, database_use)
    return applied


def _make(path: Path, database_use: DatabaseUse) -> list[Migration]:
    """Create a database under another name and rename it; does nothing if one exists already."""
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
            made = Path(folder) / path.name
            applied = _migrate(made, database_use)
            path.hardlink_to(made)
    except FileExistsError:
        return []
    except OSError as error:
        if error.errno == ENAMETOOLONG:
            raise  # `sentence` has the message, as for an existing database
        raise DatabaseProblem(
            f"Can't create {path} ({error.strerror or error}); {LET_WRITE}."
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
    """Whether there is anything at a path. Raises `OSError` if that can't be determined; newer
    versions of Python return False from `Path.exists` then.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def due_migrations(path: Path) -> list[Migration]:
    """The migrations that `make_or_migrate` would apply; all of them if there is no database."""
    require_sound_sqlite()
    with at_start(path):
        schema = 0
        if _is_there(path):
            schema = require_ours(path, "inventory")
    return [migration for migration in MIGRATIONS if migration.number > schema]


def require_sound_sqlite() -> None:
    """Raise `DatabaseProblem` for a SQLite version that is known to corrupt databases."""
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < SOUND_SQLITE:
        raise DatabaseProblem(
            f"SQLite {apsw.sqlite_lib_version()} can corrupt its write-ahead log;"
            " install an apsw with 3.51.3 or later."
        )


def require_ours(path: Path, database_use: DatabaseUse | None) -> int:
    """The number of its schema. Raises `DatabaseProblem` unless it is seatlatch's, made for this
    use (None = either), and of a schema that this version can use or migrate.

    Reads only the file itself (immutable), so a database of another program or for another use
    stays exactly as it was, and not even a log is created beside it.
    """
    if path.is_dir():
        raise DatabaseProblem(f"{path} is a folder; use the path of a database file.")
    if _application_id(path) != APPLICATION_ID:
        raise DatabaseProblem(
            f"The database {path} was not made by seatlatch; use the path of one that"
            " was, or of a new file."
        )
    schema, made_for = _schema_and_use(path)
    if database_use not in (None, made_for):
        raise DatabaseProblem(f"The database {path} {WRONG_USE[database_use]}")
    return schema


def _application_id(path: Path) -> int:
    """The application id in a file's header; 0 if the file is empty.

    Read through SQLite's own file object: closing any other one would release the locks that this
    process has on the file.
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
    """The schema of a seatlatch database, and its use.

    First reads the file alone. During a checkpoint, or after an interrupted one, the file is
    complete only together with its log, so both are read if the file alone can't be used.
    """
    immutable = f"file:{quote(str(path.absolute()))}?immutable=1"
    try:
        return _open_and_read(immutable, apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI, path)
    except (apsw.Error, DatabaseProblem):
        return _open_and_read(str(path), apsw.SQLITE_OPEN_READWRITE, path)


def _open_and_read(name: str, flags: int, path: Path) -> tuple[int, str]:
    connection = apsw.Connection(name, flags=flags)
    connection.set_busy_timeout(int(LOCK_WAIT_SECONDS * 1000))
    try:
        schema = schema_of(connection, path)
        ((made_for,),) = connection.execute(translated(READ_USE)).fetchall()
    finally:
        connection.close()
    return schema, str(made_for)


def connect(path: Path, flags: int, *, vfs: str | None = None) -> apsw.Connection:
    """A bare connection that waits a while for locks."""
    connection = apsw.Connection(str(path), flags=flags, vfs=vfs)
    connection.set_busy_timeout(int(LOCK_WAIT_SECONDS * 1000))
    return connection


def connect_once_more(path: Path, *, vfs: str | None = None) -> apsw.Connection:
    """Another connection to a database that `open_database` has checked."""
    connection = connect(path, apsw.SQLITE_OPEN_READWRITE, vfs=vfs)
    configure(connection)
    return connection


def configure(connection: apsw.Connection) -> None:
    """Set durable commits, foreign keys, and limits on memory and log."""
    if connection.pragma("journal_mode", "wal") != "wal":
        raise apsw.CantOpenError("no write-ahead log on this file system")
    connection.pragma("synchronous", SYNCHRONOUS)
    connection.pragma("foreign_keys", True)
    # A seller's data is erased with the listing. FAST would keep overflow pages.
    connection.pragma("secure_delete", True)
    connection.pragma("mmap_size", 0)
    connection.pragma("cache_size", -CACHE_KIBIBYTES)
