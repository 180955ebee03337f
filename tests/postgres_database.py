"""A test's database on a PostgreSQL server, a copy of one that was migrated once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from seatlatch.store.interface import DatabaseUse, Store
from seatlatch.store.postgres import store
from seatlatch.wiring import engine_of
from tests.databases import MOMENTS, PRICES, Clock, Database, Row, Work

MAINTENANCE = "postgres"
AS_WE_NEED_IT = "ENCODING 'UTF8' LOCALE 'C'"
TEST_CLOCK = """
CREATE SCHEMA test_clock;
CREATE TABLE test_clock.clocks (clock text PRIMARY KEY, moment timestamptz NOT NULL);
CREATE FUNCTION test_clock.now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT moment FROM test_clock.clocks WHERE clock = current_setting('test_clock.clock') $$;
"""
"""Who has the schema before pg_catalog in its search path finds this `now()`, and not the true one;
the clock that it goes by is a setting of its connection.
"""
SET_CLOCK = """
INSERT INTO test_clock.clocks VALUES (?, ?)
ON CONFLICT (clock) DO UPDATE SET moment = excluded.moment
"""
EVERY_TABLE = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'seatlatch'"
END_CONNECTIONS = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"


class PostgresClock(Clock):
    """A clock that stands in the database, where its `now()` looks for it."""

    def __init__(self, name: str, now: datetime, moved: Callable[[datetime], object]) -> None:
        super().__init__(now, moved)
        self.name = name
        self.now = now


class PostgresDatabase(Database):
    """See `Database`. `url_of` tells the URL of each database of its server."""

    engine = "postgres"
    breach = (psycopg.IntegrityError, psycopg.DataError)

    def __init__(
        self,
        url_of: Callable[[str], str],
        database: str,
        use: DatabaseUse,
        make: Callable[[Work | None], object] | None = None,
    ) -> None:
        super().__init__(url_of(database), use, make)
        self._maintenance = url_of(MAINTENANCE)
        self.database = database
        self._clocks = count()
        self._connection: psycopg.Connection[Any] | None = None

    def clock(self, now: datetime) -> PostgresClock:
        name = f"clock{next(self._clocks)}"
        return PostgresClock(name, now, lambda moment: self.execute(SET_CLOCK, name, moment))

    def _store_by(self, clock: Clock) -> Store:
        return engine_of(self._url_by(clock)).open_store(self.use)

    def _url_by(self, clock: Clock) -> str:
        assert isinstance(clock, PostgresClock)
        path = "test_clock,pg_catalog,public"
        options = f"-c search_path={path} -c test_clock.clock={clock.name}"
        more = urlencode({"options": options}, quote_via=quote)
        return self.url + ("&" if "?" in self.url else "?") + more

    def wait_for_locks(self, patch: pytest.MonkeyPatch, seconds: float) -> None:
        for settings in (store.WRITING, store.PATIENT_WRITING):
            patch.setitem(settings, "lock_timeout", f"{int(seconds * 1000)}ms")

    def execute(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        cursor = self._connected().execute(sql.replace("%", "%%").replace("?", "%s"), values)
        return cursor.fetchall() if cursor.description else []

    def table(self, name: str) -> list[Row]:
        with self._connected().cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(f"SELECT * FROM {name}").fetchall()
        return [{column: _read(column, row[column]) for column in row} for row in found]

    def _connected(self) -> psycopg.Connection[Any]:
        """The connection of the test's own hand."""
        if self._connection is None:
            options = "-c search_path=seatlatch,public -c lock_timeout=5s"
            self._connection = psycopg.connect(self.url, autocommit=True, options=options)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    @contextmanager
    def writing(self) -> Iterator[None]:
        tables = ", ".join(f"seatlatch.{table}" for (table,) in self.execute(EVERY_TABLE))
        with psycopg.connect(self.url) as connection:
            connection.execute(f"LOCK TABLE {tables} IN EXCLUSIVE MODE")
            yield
            connection.rollback()

    @contextmanager
    def away(self) -> Iterator[None]:
        """It lets nobody in, and ends the connections that there are."""
        self._made()
        self._disconnect()
        with psycopg.connect(self._maintenance, autocommit=True) as server:
            server.execute(f"ALTER DATABASE {self.database} ALLOW_CONNECTIONS false")
            server.execute(END_CONNECTIONS, (self.database,))
            try:
                yield
            finally:
                server.execute(f"ALTER DATABASE {self.database} ALLOW_CONNECTIONS true")

    def kept(self) -> dict[str, bytes]:
        tables = [table for (table,) in self.execute(EVERY_TABLE)]
        rows = {table: self.execute(f"SELECT kept::text FROM {table} kept") for table in tables}
        return {table: repr(found).encode() for table, found in rows.items()}

    def drop(self) -> None:
        if self._make:
            return
        self._disconnect()
        with psycopg.connect(self._maintenance, autocommit=True) as server:
            server.execute(f"DROP DATABASE {self.database} WITH (FORCE)")


class PostgresMaker:
    """Copies databases that were migrated once, one for each use. See `Maker`.

    `strategy`: of CREATE DATABASE. Copying files is quick as long as nothing is synced.
    """

    def __init__(self, url_of: Callable[[str], str], strategy: str = "FILE_COPY") -> None:
        self._url_of = url_of
        self._strategy = f" STRATEGY {strategy}"
        self._prefix = f"seatlatch_test_{uuid4().hex[:8]}"
        self._numbers = count()
        self._templates: dict[tuple[DatabaseUse, Work | None], PostgresDatabase] = {}

    def migrated(self, use: DatabaseUse) -> PostgresDatabase:
        return self._copy(self._new_name(), use)

    def unmade(self, use: DatabaseUse) -> PostgresDatabase:
        name = self._new_name()
        self._template(use)  # before a test can patch what migrates
        return PostgresDatabase(self._url_of, name, use, lambda work: self._copy(name, use, work))

    def blank(self, use: DatabaseUse, options: str = AS_WE_NEED_IT) -> PostgresDatabase:
        return self._created(self._new_name(), use, f"TEMPLATE template0 {options}")

    def _new_name(self) -> str:
        return f"{self._prefix}_{next(self._numbers)}"

    def _copy(self, name: str, use: DatabaseUse, work: Work | None = None) -> PostgresDatabase:
        template = self._template(use, work)
        return self._created(name, use, f"TEMPLATE {template.database}{self._strategy}")

    def _template(self, use: DatabaseUse, work: Work | None = None) -> PostgresDatabase:
        if (use, work) not in self._templates:
            if work:
                made = self.migrated(use)
                work(made)
                made._disconnect()
            else:
                made = self.blank(use)
                self._migrate(made, use)
                with psycopg.connect(made.url) as connection:
                    connection.execute(TEST_CLOCK)
            self._templates[use, work] = made
        return self._templates[use, work]

    def _migrate(self, made: PostgresDatabase, use: DatabaseUse) -> None:
        engine_of(made.url).make_or_migrate(use)

    def _created(self, name: str, use: DatabaseUse, options: str) -> PostgresDatabase:
        with psycopg.connect(self._url_of(MAINTENANCE), autocommit=True) as server:
            if server.info.server_version < 150000:  # where there is only one
                options = options.removesuffix(self._strategy)
            server.execute(f"CREATE DATABASE {name} {options}")
        return PostgresDatabase(self._url_of, name, use)

    def close(self) -> None:
        """Drop what was copied."""
        for template in self._templates.values():
            template.drop()


def _read(column: str, value: Any) -> Any:
    if value is None:
        return None
    if column in MOMENTS:
        return value.astimezone(UTC)
    return format(value, "f") if column in PRICES else value
