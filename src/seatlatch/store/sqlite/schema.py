"""The schema: reads the version of a database's schema, and migrates it to the latest.

See decision 22.
"""

from pathlib import Path

import apsw

from seatlatch.store.migrations import Migration, migrations_of, require_usable

APPLICATION_ID = 0x5EA71A7C
"""In the file's header: this database is one of seatlatch's."""


MIGRATIONS = migrations_of("sqlite")
LATEST_SCHEMA = MIGRATIONS[-1].number

READ_OLDEST_VERSION = "SELECT oldest_version FROM schema_compatibility WHERE number = ?"
NOTE_OLDEST_VERSION = "INSERT INTO schema_compatibility VALUES (?, ?)"


def schema_of(connection: apsw.Connection, path: Path) -> int:
    """The number of a database's last migration; 0 = it has none.

    Raises `DatabaseProblem` if it is a newer one that this version can't use.
    """
    schema = int(connection.pragma("user_version"))
    if schema > LATEST_SCHEMA:
        oldest_version = connection.execute(READ_OLDEST_VERSION, (schema,)).get
        require_usable(str(path), schema, LATEST_SCHEMA, oldest_version)
    return schema


def migrate(connection: apsw.Connection, path: Path, database_use: str) -> list[Migration]:
    """Bring a database to the latest schema; a new one is made for `database_use`.

    Returns the migrations applied, none if the schema was already the latest or newer. Safe when
    run by several processes at once: each migration is checked again under the write lock. Raises
    `DatabaseProblem` as `schema_of` does.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        schema = schema_of(connection, path)
        due = [migration for migration in MIGRATIONS if migration.number > schema]
        for migration in due:
            connection.execute(migration.sql)
        if schema == 0:
            connection.pragma("application_id", APPLICATION_ID)
            connection.execute("INSERT INTO database_use VALUES (1, ?)", (database_use,))
        if due:
            connection.pragma("user_version", due[-1].number)
            connection.execute(NOTE_OLDEST_VERSION, (due[-1].number, due[-1].oldest_version))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return due
