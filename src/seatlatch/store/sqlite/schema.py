"""The schema and its migrations: numbered SQL files, each applied once, all in one transaction."""

import re
from importlib.resources import files
from typing import NamedTuple

import apsw

APPLICATION_ID = 0x5EA71A7C
"""In the file's header: this database is one of seatlatch's."""


class Migration(NamedTuple):
    """One numbered SQL file. A database's schema version is the number of its last migration."""

    number: int
    name: str
    sql: str


def migrations() -> list[Migration]:
    """All migrations, in order."""
    found = []
    for file in (files("seatlatch.store") / "migrations" / "sqlite").iterdir():
        match = re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name)
        if match:
            found.append(Migration(int(match[1]), match[2], file.read_text()))
    return sorted(found)


MIGRATIONS = migrations()
LATEST_SCHEMA = MIGRATIONS[-1].number


def migrate(connection: apsw.Connection, database_use: str) -> list[Migration]:
    """Bring a database to the latest schema; a new one is made for `database_use`.

    Returns what was applied, nothing if it was the latest already. Safe when run by several
    processes at once: each migration is looked for again under the write lock.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        schema = connection.pragma("user_version")
        due = [migration for migration in MIGRATIONS if migration.number > schema]
        for migration in due:
            connection.execute(migration.sql)
        if schema == 0:
            connection.pragma("application_id", APPLICATION_ID)
            connection.execute("INSERT INTO database_use VALUES (1, ?)", (database_use,))
        if due:
            connection.pragma("user_version", LATEST_SCHEMA)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return due
