"""Tickets distributed over several machines by Citus: how that is done, and what differs then.

Citus sends each statement to the shards that have its tokens. All tables but that of tickets stay
on the coordinator.

See decisions 202, 203 and 204.
"""

from collections.abc import Mapping
from functools import cache

from psycopg.errors import Diagnostic, FeatureNotSupported, InsufficientPrivilege

from seatlatch.store.interface import DatabaseProblem
from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.connection import Connection, Statement
from seatlatch.store.postgres.schema import LOCK_MIGRATIONS, SyncConnection, durable, one_row

HAS_CITUS = "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')"
"""PostgreSQL without Citus lacks the table that the next statement reads."""

IS_DISTRIBUTED = """
SELECT EXISTS (SELECT 1 FROM pg_dist_partition
               WHERE logicalrelid = to_regclass('seatlatch.tickets') AND partmethod = 'h')
"""
KNOWS_COORDINATOR = "SELECT EXISTS (SELECT 1 FROM pg_dist_node WHERE groupid = 0)"
DISTRIBUTE = (
    "SELECT create_distributed_table('seatlatch.tickets', 'token')",
    "SELECT truncate_local_data_after_distributing_table('seatlatch.tickets')",
    "SELECT citus_add_local_table_to_metadata('seatlatch.database_use')",
)
"""The table of the database's use is a Citus table for the sake of `COMMIT_IN_TWO_PHASES`."""

OF_A_TRANSACTION = {
    # Citus needs the tokens to choose the shards, so it cannot use a generic plan.
    "plan_cache_mode": "auto",
    # The nodes get each SET LOCAL of the transaction, together with its BEGIN.
    "citus.propagate_set_commands": "local",
    # One connection to each node. Each connection more is one more to prepare and to commit.
    "citus.max_adaptive_executor_pool_size": "1",
}
"""The settings of a transaction on a distributed database. Unlike SET LOCAL, `set_config` stays on
the coordinator.
"""

COMMIT_IN_TWO_PHASES = Statement(
    "UPDATE seatlatch.database_use SET database_use = database_use WHERE NOT only_row"
)
"""Changes no row. The journal is in tables that Citus does not know, so it would commit a
transaction whose tickets are on one node in one phase: on that node first. If the coordinator died
then, the tickets would be changed without an entry in the journal.
"""

IS_ASKED = "t.token = ANY (ARRAY[asked.token])"
"""Joins each token to its ticket where tickets are not distributed. With a plain equality the
planner may read a small table first and join in the other direction: then locks are not in token
order, and once the table has grown, a cached plan would still read all of it.
"""
READ_ONCE = "OFFSET 0"
"""Keeps PostgreSQL from reading parts of a subquery several times. Citus would send the subquery's
rows to all nodes first.
"""
IS_ASKED_OF_SHARDS = "t.token = asked.token AND t.token = ANY ($1::text[])"
"""Only a comparison with values shows Citus which shards have the tickets. The order of locks is
Citus's: it lets two transactions that change tickets in several shards of the same follow each
other.
"""


def beginning(settings: Mapping[str, str]) -> list[Statement]:
    """The statements that follow BEGIN on a distributed database."""
    applied = [f"set_config('{name}', '{value}', true)" for name, value in OF_A_TRANSACTION.items()]
    begin = [Statement(f"SELECT {', '.join(applied)}")]
    if "lock_timeout" in settings:  # the nodes lock the rows
        begin.append(Statement(f"SET LOCAL lock_timeout = '{settings['lock_timeout']}'"))
    return begin


@cache
def routed(sql: str) -> str:
    """A statement that changes tickets, in the form for a distributed table."""
    return sql.replace(IS_ASKED, IS_ASKED_OF_SHARDS).replace(READ_ONCE, "")


async def is_distributed(connection: Connection) -> bool:
    """Whether the tickets of this database are distributed."""
    for sql in (HAS_CITUS, IS_DISTRIBUTED):
        cursor = await connection.execute(sql.encode(), prepare=False)
        row = await cursor.fetchone()
        if not row or not row[0]:
            return False
    return True


def has_distributed(connection: SyncConnection, address: Address) -> bool:
    """Whether the tickets are distributed. Raises `DatabaseProblem` if that is not possible."""
    if not one_row(connection, HAS_CITUS)[0]:
        raise DatabaseProblem(
            f"The database {address.name} does not have the extension citus, which distributes"
            " tickets. Install Citus on all nodes and run CREATE EXTENSION citus in this database"
            " on each of them."
        )
    if not one_row(connection, KNOWS_COORDINATOR)[0]:
        raise DatabaseProblem(
            f"The database {address.name} is not the coordinator of a Citus cluster yet. Run"
            " SELECT citus_set_coordinator_host('HOST', PORT) with its own address, then"
            " SELECT citus_add_node('HOST', PORT) for each worker."
        )
    return bool(one_row(connection, IS_DISTRIBUTED)[0])


def distribute(connection: SyncConnection, address: Address) -> bool:
    """Distribute the tickets over the nodes; returns whether they were not distributed before.

    Safe when run by several processes at once. Raises `DatabaseProblem`.
    """
    with durable(connection, address):
        connection.execute(LOCK_MIGRATIONS)
        if has_distributed(connection, address):
            return False
        try:
            for sql in DISTRIBUTE:
                connection.execute(sql.encode())
        except (FeatureNotSupported, InsufficientPrivilege) as error:
            raise _refused(address, error.diag) from error
    return True


def _refused(address: Address, diagnostic: Diagnostic) -> DatabaseProblem:
    return DatabaseProblem(
        f"Citus cannot distribute the tickets of {address.name}: {diagnostic.message_primary}."
    )
