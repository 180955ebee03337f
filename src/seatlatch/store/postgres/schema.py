"""The schema: which one a database has, and how it gets to the latest."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Timer
from typing import Any

import psycopg
from psycopg.errors import Diagnostic

from seatlatch.store.interface import DatabaseProblem, DatabaseUse
from seatlatch.store.migrations import Migration, migrations_of, require_usable
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
"""Advisory locks: who migrates, and a sandbox."""

BE_ALONE = "LOCK TABLE seatlatch.organizations IN EXCLUSIVE MODE"
"""Who lets callers in is alone with that: what an organization has is looked at before it goes."""

KEEP_ORGANIZATIONS = "LOCK TABLE seatlatch.organizations IN ROW SHARE MODE"
"""No organization goes while tickets are put into it. Reading them goes on beside either."""

OF_A_COMMAND = {"lock_timeout": "5s", "statement_timeout": "0"}
"""A command waits for others a while, and takes the time that it takes."""

TAKE_MIGRATION_LOCK = f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"
HAS_SCHEMA = "SELECT to_regclass('seatlatch.migrations') IS NOT NULL"
HAS_OTHER_SCHEMA = "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'seatlatch')"
READ_SCHEMA = "SELECT coalesce(max(number), 0) FROM seatlatch.migrations"
NOTE_MIGRATION = "INSERT INTO seatlatch.migrations (number, name) VALUES (%s, %s)"
READ_OLDEST_VERSION = """
SELECT oldest_version FROM seatlatch.migrations ORDER BY number DESC LIMIT 1
"""
NOTE_OLDEST_VERSION = "UPDATE seatlatch.migrations SET oldest_version = %s WHERE number = %s"
NOTE_USE = "INSERT INTO seatlatch.database_use (database_use) VALUES (%s)"
READ_USE = "SELECT database_use FROM seatlatch.database_use"
READ_SETTINGS = """
SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),
       pg_is_in_recovery()
"""

SyncConnection = psycopg.Connection[tuple[Any, ...]]

WRONG_USE: dict[DatabaseUse, str] = {
    "inventory": (
        "is a sandbox's, whose credentials everybody knows."
        " Give another one, or start it with `seatlatch sandbox`."
    ),
    "sandbox": "holds an inventory, which the sandbox would overwrite. Give a new database.",
}


@contextmanager
def connected(address: Address) -> Iterator[SyncConnection]:
    """A connection for a command, closed at the end. Raises `DatabaseProblem`, also for trouble
    inside.
    """
    with in_a_command(address.name):
        parameters = address.parameters({}, CONNECT_SECONDS_MAX)
        with psycopg.Connection.connect(**parameters) as connection:
            address.hosts.answered(connection.info.get_parameters())
            # A lock that is waited for protects nothing in a snapshot from before it.
            connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
            _require_usable(connection, address)
            yield connection


@contextmanager
def durable(connection: SyncConnection, address: Address) -> Iterator[None]:
    """A transaction that is on disk at its end. Raises `DatabaseProblem` if that is not confirmed:
    a COMMIT whose wait for a standby was broken off comes back as done, with a warning. One that is
    not answered in time ends its connection, see `store.commit_or_abandon`. A command leaves one
    such session at most: it ends with it.
    """
    warnings: list[Diagnostic] = []
    given_up = Event()

    def give_up() -> None:
        given_up.set()
        shut(connection)

    def hear(notice: Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            warnings.append(notice)

    overdue = Timer(COMMIT_SECONDS, give_up)
    overdue.daemon = True
    try:
        with connection.transaction():
            connection.execute(set_locally(OF_A_COMMAND).encode())
            connection.execute(commit_durably(locally=True).encode())
            yield
            connection.add_notice_handler(hear)
            overdue.start()
    except psycopg.Error as error:
        if not given_up.is_set():
            raise
        raise _unconfirmed(address, f"no answer within {COMMIT_SECONDS} seconds") from error
    finally:
        overdue.cancel()
    connection.remove_notice_handler(hear)
    if warnings:
        raise _unconfirmed(address, warnings[0].message_primary or "")


def _unconfirmed(address: Address, why: str) -> DatabaseProblem:
    return DatabaseProblem(
        f"The database {address.name} did not confirm ({why})."
        " Do it again; what is done already is not done twice."
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
            f"The database {address.name} is encoded in {encoding}, which can't hold every token."
            " Make one with createdb --encoding=UTF8 --template=template0."
        )


def require_ours(
    connection: SyncConnection, address: Address, database_use: DatabaseUse, *, to_write: bool
) -> None:
    """Raise `DatabaseProblem` unless it has our latest schema, or a newer one that this version can
    use, is for this use, and can be written.
    """
    schema = schema_of(connection, address)
    if schema == 0:
        raise DatabaseProblem(
            f"The database {address.name} has no schema of seatlatch yet."
            " Make it with `seatlatch migrate`, or try `seatlatch sandbox`."
        )
    if schema < LATEST_SCHEMA:
        raise DatabaseProblem(
            f"The database {address.name} has schema {schema}, this seatlatch needs"
            f" {LATEST_SCHEMA}. Run `seatlatch migrate` on it."
        )
    _require_use(connection, address, database_use)
    _, _, standby = one_row(connection, READ_SETTINGS)
    if to_write and standby:
        raise DatabaseProblem(
            f"The database {address.name} is a standby, which can't be written."
            " Give the URL of the primary."
        )


def _require_use(connection: SyncConnection, address: Address, database_use: DatabaseUse) -> None:
    (made_for,) = one_row(connection, READ_USE)
    if made_for != database_use:
        raise DatabaseProblem(f"The database {address.name} {WRONG_USE[database_use]}")


def schema_of(connection: SyncConnection, address: Address) -> int:
    """The number of the last migration that a database has; 0 = it has nothing of ours.

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

    Returns what was applied, nothing if it was the latest or a newer one already. Safe when run by
    several processes at once: each waits for the others, and then looks what is left to do.
    """
    with durable(connection, address):
        connection.execute(TAKE_MIGRATION_LOCK)
        schema = schema_of(connection, address)
        if schema == 0 and one_row(connection, HAS_OTHER_SCHEMA)[0]:
            raise DatabaseProblem(
                f"The database {address.name} has a schema named seatlatch that was not made by"
                " seatlatch; give another database, or rename that schema."
            )
        due = [migration for migration in MIGRATIONS if migration.number > schema]
        for migration in due:
            connection.execute(migration.sql.encode())
            connection.execute(NOTE_MIGRATION, (migration.number, migration.name))
        if due:
            connection.execute(NOTE_OLDEST_VERSION, (due[-1].oldest_version, due[-1].number))
        if schema == 0:
            connection.execute(NOTE_USE, (use,))
        _require_use(connection, address, use)
    return due


def one_row(connection: SyncConnection, sql: str) -> tuple[Any, ...]:
    """The one row that a statement gives."""
    row = connection.execute(sql.encode()).fetchone()
    if row is None:
        raise AssertionError("a statement that gives one row gave none")
    return row
