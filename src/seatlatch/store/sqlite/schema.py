"""The schema: which one a database has, and how it gets to the latest."""

import apsw

from seatlatch.store.migrations import Migration, migrations_of

APPLICATION_ID = 0x5EA71A7C
"""In the file's header: this database is one of seatlatch's."""


MIGRATIONS = migrations_of("sqlite")
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
