"""The schema: reads the version of a database's schema, and migrates it to the latest.

See decisions 59 and 199.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Timer
from time import monotonic, sleep
from typing import Any

import psycopg
from psycopg.errors import Diagnostic, LockNotAvailable, ProgramLimitExceeded

from seatlatch.store.interface import DatabaseProblem, DatabaseUse
from seatlatch.store.migrations import READ_USE, Migration, migrations_of, require_usable
from seatlatch.store.postgres.connecting import (
    COMMIT_SECONDS,
    CONNECT_SECONDS_MAX,
    SESSION_COLUMNS,
    Address,
    commit_durably,
    session_problem,
    set_locally,
    shut,
)
from seatlatch.store.postgres.errors import in_a_command

MIGRATIONS = migrations_of("postgres")
LATEST_SCHEMA = MIGRATIONS[-1].number

OLDEST_VERSION = 140000
"""PostgreSQL before 14 is refused."""

MIGRATION_LOCK = 0x5EA71A7C0001
SANDBOX_LOCK = 0x5EA71A7C0002
"""Advisory locks: one for migrations, one for a sandbox."""

LOCK_ORGANIZATIONS = "LOCK TABLE seatlatch.organizations IN ROW SHARE MODE"
"""Prevents the removal of organizations while tickets are added. Does not block reads."""

OF_A_COMMAND = {"lock_timeout": "5s", "statement_timeout": "0"}
"""A command waits for locks for a limited time; its statements have no limit."""

MIGRATING = {"lock_timeout": "250ms"}
"""How long a migration waits for a table that is in use. All later statements on that table wait
behind it, and a server's give up after 0.5 seconds.
"""

TRIED_SECONDS = 60.0
RETRY_SECONDS = 1.0
"""How long a migration tries again to get its tables, and the time between two tries."""

LOCK_MIGRATIONS = f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"
HAS_SCHEMA = "SELECT to_regclass('seatlatch.migrations') IS NOT NULL"
HAS_OTHER_SCHEMA = "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'seatlatch')"
READ_SCHEMA = "SELECT coalesce(max(number), 0) FROM seatlatch.migrations"
NOTE_MIGRATION = "INSERT INTO seatlatch.migrations (number, name) VALUES (%s, %s)"
READ_OLDEST_VERSION = """
SELECT oldest_version FROM seatlatch.migrations ORDER BY number DESC LIMIT 1
"""
NOTE_OLDEST_VERSION = "UPDATE seatlatch.migrations SET oldest_version = %s WHERE number = %s"
NOTE_USE = "INSERT INTO seatlatch.database_use (database_use) VALUES (%s)"
READ_SETTINGS = """
SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),
       pg_is_in_recovery()
"""

COMMENT = re.compile(r"--.*")
STATEMENT = re.compile(r"(?:[^;$']|'[^']*'|\$\$.*?\$\$|\$)+", re.DOTALL)
"""A semicolon in a text or in the body of a function is part of a statement."""

SyncConnection = psycopg.Connection[tuple[Any, ...]]

WRONG_USE: dict[DatabaseUse, str] = {
    "inventory": (
        "belongs to a sandbox, whose credentials are public."
        " Use another one, or start it with `seatlatch sandbox`."
    ),
    "sandbox": "contains an inventory, which the sandbox would overwrite. Use a new database.",
}


@contextmanager
def connected(address: Address) -> Iterator[SyncConnection]:
    """A connection for a command, closed at the end. Raises `DatabaseProblem`, also for errors
    inside.
    """
    with in_a_command(address.name):
        parameters = address.parameters({}, CONNECT_SECONDS_MAX)
        with psycopg.Connection.connect(**parameters) as connection:
            address.hosts.note_connected(connection.info.get_parameters())
            # A snapshot from before a lock was granted would not see what the last holder changed.
            connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
            _require_usable(connection, address)
            yield connection


@contextmanager
def durable(connection: SyncConnection, address: Address) -> Iterator[None]:
    """A transaction that is on disk at its end. Raises `DatabaseProblem` if that is not confirmed:
    a COMMIT whose wait for a standby was interrupted returns success, with a warning. A COMMIT
    without a result in time ends its connection, see `commit.commit_or_abandon`. A command leaves
    at most one such session, since it then exits.
    """
    warnings: list[Diagnostic] = []
    given_up = Event()

    def give_up() -> None:
        given_up.set()
        shut(connection)

    def on_notice(notice: Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            warnings.append(notice)

    overdue = Timer(COMMIT_SECONDS, give_up)
    overdue.daemon = True
    try:
        with connection.transaction():
            connection.execute(set_locally(OF_A_COMMAND).encode())
            connection.execute(commit_durably(locally=True).encode())
            yield
            connection.add_notice_handler(on_notice)
            overdue.start()
    except psycopg.Error as error:
        if not given_up.is_set():
            raise
        raise _unconfirmed(address, f"no response within {COMMIT_SECONDS} seconds") from error
    finally:
        overdue.cancel()
    connection.remove_notice_handler(on_notice)
    if warnings:
        raise _unconfirmed(address, warnings[0].message_primary or "")


def _unconfirmed(address: Address, why: str) -> DatabaseProblem:
    return DatabaseProblem(
        f"The database {address.name} did not confirm ({why})."
        " Run the command again; finished work is not repeated."
    )


def _require_usable(connection: SyncConnection, address: Address) -> None:
    _, role, marker = one_row(connection, f"SELECT {SESSION_COLUMNS}")
    problem = session_problem(role, marker or "", pooled=address.pooled)
    if problem:
        raise DatabaseProblem(f"The database {address.name} {problem}")
    version, encoding, _ = one_row(connection, READ_SETTINGS)
    if version < OLDEST_VERSION:
        raise DatabaseProblem(
            f"The database {address.name} is PostgreSQL {version // 10000};"
            f" seatlatch needs {OLDEST_VERSION // 10000} or later."
        )
    if encoding != "UTF8":
        raise DatabaseProblem(
            f"The database {address.name} is encoded in {encoding}, which can't store every token."
            " Create one with createdb --encoding=UTF8 --template=template0."
        )


def require_ours(
    connection: SyncConnection,
    address: Address,
    database_use: DatabaseUse | None,
    *,
    to_write: bool,
) -> None:
    """Raise `DatabaseProblem` unless the database has the latest schema, or a newer one that this
    version can use, is for this use (None = either), and can be written.
    """
    schema = schema_of(connection, address)
    if schema == 0:
        raise DatabaseProblem(
            f"The database {address.name} has no seatlatch schema yet."
            " Create it with `seatlatch migrate`, or try `seatlatch sandbox`."
        )
    if schema < LATEST_SCHEMA:
        raise DatabaseProblem(
            f"The database {address.name} has schema {schema}, this seatlatch needs"
            f" {LATEST_SCHEMA}. Run `seatlatch migrate` on it."
        )
    if database_use is not None:
        _require_use(connection, address, database_use)
    _, _, standby = one_row(connection, READ_SETTINGS)
    if to_write and standby:
        raise DatabaseProblem(
            f"The database {address.name} is a standby, which can't be written."
            " Use the URL of the primary."
        )


def _require_use(connection: SyncConnection, address: Address, database_use: DatabaseUse) -> None:
    (made_for,) = one_row(connection, READ_USE)
    if made_for != database_use:
        raise DatabaseProblem(f"The database {address.name} {WRONG_USE[database_use]}")


def schema_of(connection: SyncConnection, address: Address) -> int:
    """The number of a database's last migration; 0 = it has none.

    Raises `DatabaseProblem` if it is a newer one that this version can't use.
    """
    (ours,) = one_row(connection, HAS_SCHEMA)
    schema = int(one_row(connection, READ_SCHEMA)[0]) if ours else 0
    if schema > LATEST_SCHEMA:
        (oldest_version,) = one_row(connection, READ_OLDEST_VERSION)
        require_usable(address.name, schema, LATEST_SCHEMA, oldest_version)
    return schema


def migrate(connection: SyncConnection, address: Address, use: DatabaseUse) -> list[Migration]:
    """Bring a database to the latest schema; a new one is made for `use`.

    Returns the migrations applied, none if the schema was the latest or a newer one. Safe when run
    by several processes at once: each waits for the others, and then applies what is missing. Safe
    beside a running server: see `MIGRATING`.
    """
    deadline = monotonic() + TRIED_SECONDS
    while True:
        try:
            return _migrate(connection, address, use)
        except LockNotAvailable:
            if monotonic() >= deadline:
                raise
        sleep(RETRY_SECONDS)


def _migrate(connection: SyncConnection, address: Address, use: DatabaseUse) -> list[Migration]:
    with durable(connection, address):
        connection.execute(LOCK_MIGRATIONS)
        connection.execute(set_locally(MIGRATING).encode())
        schema = schema_of(connection, address)
        if schema == 0 and one_row(connection, HAS_OTHER_SCHEMA)[0]:
            raise DatabaseProblem(
                f"The database {address.name} has a schema named seatlatch that was not made by"
                " seatlatch; use another database, or rename that schema."
            )
        due = [migration for migration in MIGRATIONS if migration.number > schema]
        for migration in due:
            _apply(connection, address, migration)
            connection.execute(NOTE_MIGRATION, (migration.number, migration.name))
        if due:
            connection.execute(NOTE_OLDEST_VERSION, (due[-1].oldest_version, due[-1].number))
        if schema == 0:
            connection.execute(NOTE_USE, (use,))
        _require_use(connection, address, use)
    return due


def statements_of(sql: str) -> list[str]:
    """The statements of a migration. Citus sends the whole text of a command to its nodes, which
    take one statement at a time.
    """
    return [found for found in STATEMENT.findall(COMMENT.sub("", sql)) if found.strip()]


def _apply(connection: SyncConnection, address: Address, migration: Migration) -> None:
    try:
        for statement in statements_of(migration.sql):
            connection.execute(statement.encode())
    except ProgramLimitExceeded as error:
        raise DatabaseProblem(
            f"The database {address.name} has a ticket whose section, row, seat, event and token"
            " are together longer than an index can hold, about 2,600 bytes. Shorten them with a"
            f" put, then migrate again. PostgreSQL says: {error.diag.message_primary}."
        ) from error


def one_row(connection: SyncConnection, sql: str) -> tuple[Any, ...]:
    """The one row of a statement."""
    row = connection.execute(sql.encode()).fetchone()
    if row is None:
        raise AssertionError("a statement that returns one row returned none")
    return row
