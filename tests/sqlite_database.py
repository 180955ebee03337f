"""A test's database in a SQLite file."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import apsw
import pytest

from seatlatch.store.interface import DatabaseUse
from seatlatch.store.sqlite import store
from seatlatch.store.sqlite.executor import to_text
from seatlatch.store.sqlite.store import SqliteStore
from seatlatch.wiring import engine_of
from tests.databases import FLAGS, MOMENTS, Clock, Database, Row, Work


class SqliteDatabase(Database):
    """See `Database`."""

    engine = "sqlite"
    breach = (apsw.ConstraintError,)

    def __init__(
        self,
        path: Path,
        use: DatabaseUse = "inventory",
        make: Callable[[Work | None], object] | None = None,
    ) -> None:
        super().__init__(f"sqlite:///{path}", use, make)
        self._path = path

    @property
    def path(self) -> Path:
        """The file."""
        self._made()
        return self._path

    @classmethod
    def made(cls, path: Path, use: DatabaseUse = "inventory") -> "SqliteDatabase":
        """Make it."""
        database = cls(path, use)
        engine_of(database.url).make_or_migrate(use)
        return database

    def clock(self, now: datetime) -> Clock:
        return Clock(now)

    def _store_by(self, clock: Clock) -> SqliteStore:
        return SqliteStore(self.path, self.use, clock=lambda: clock.now)

    def wait_for_locks(self, patch: pytest.MonkeyPatch, seconds: float) -> None:
        patch.setattr(store, "LOCK_WAIT_SECONDS", seconds)
        patch.setattr(store, "PATIENT_LOCK_WAIT_SECONDS", seconds)

    def execute(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        reads = sql.lstrip().startswith("SELECT")
        flags = apsw.SQLITE_OPEN_READONLY if reads else apsw.SQLITE_OPEN_READWRITE
        with closing(apsw.Connection(str(self.path), flags=flags)) as connection:
            connection.pragma("foreign_keys", True)
            return list(connection.execute(sql, [_bound(value) for value in values]))

    def table(self, name: str) -> list[Row]:
        flags = apsw.SQLITE_OPEN_READONLY
        with closing(apsw.Connection(str(self.path), flags=flags)) as connection:
            columns = [str(row[1]) for row in connection.execute(f"PRAGMA table_info({name})")]
            return [
                {column: _read(column, value) for column, value in zip(columns, row, strict=True)}
                for row in connection.execute(f"SELECT * FROM {name}")
            ]

    @contextmanager
    def writing(self) -> Iterator[None]:
        with self.locked("IMMEDIATE"):
            yield

    @contextmanager
    def locked(self, mode: str) -> Iterator[None]:
        """Another process's transaction of this mode on the file."""
        with closing(apsw.Connection(str(self.path))) as connection:
            connection.execute(f"BEGIN {mode}")
            yield
            connection.execute("ROLLBACK")

    @contextmanager
    def away(self) -> Iterator[None]:
        """Somebody moves the file and brings it back."""
        elsewhere = self.path.with_name("elsewhere.db")
        self.path.rename(elsewhere)
        try:
            yield
        finally:
            elsewhere.rename(self.path)

    def kept(self) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in self.path.parent.iterdir()}

    def drop(self) -> None:
        shutil.rmtree(self._path.parent)


class SqliteMaker:
    """Makes files, each in a folder of its own within `folder`: copies of one that was migrated
    once, for each use. See `Maker`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._templates: dict[tuple[DatabaseUse, Work | None], Path] = {}

    def migrated(self, use: DatabaseUse) -> SqliteDatabase:
        database = self.blank(use)
        self._copy(database.path, use)
        return database

    def unmade(self, use: DatabaseUse) -> SqliteDatabase:
        path = self._new_path(use)
        self._template(use)  # before a test can patch what migrates
        return SqliteDatabase(path, use, lambda work: self._copy(path, use, work))

    def blank(self, use: DatabaseUse) -> SqliteDatabase:
        return SqliteDatabase(self._new_path(use), use)

    def _new_path(self, use: DatabaseUse) -> Path:
        return Path(mkdtemp(dir=self._folder)) / f"{use}.db"

    def _copy(self, path: Path, use: DatabaseUse, work: Work | None = None) -> None:
        shutil.copy(self._template(use, work), path)

    def _template(self, use: DatabaseUse, work: Work | None = None) -> Path:
        if (use, work) not in self._templates:
            if work:
                made = self.migrated(use)
                work(made)
            else:
                made = SqliteDatabase.made(self._new_path(use), use)
            assert [*made.path.parent.iterdir()] == [made.path], "somebody has it open"
            self._templates[use, work] = made.path
        return self._templates[use, work]


def file_of(database: Database) -> Path:
    """The file of a database that is one."""
    assert isinstance(database, SqliteDatabase)
    return database.path


def _bound(value: Any) -> Any:
    match value:
        case datetime():
            return to_text(value)
        case Decimal():
            return format(value, "f")
        case _:
            return value


def _read(column: str, value: Any) -> Any:
    if column in FLAGS:
        return bool(value)
    return datetime.fromisoformat(value) if column in MOMENTS and value else value
