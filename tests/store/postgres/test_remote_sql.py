"""What a distributed database sends to the nodes for each statement about tickets.

PostgreSQL itself shows it: the tickets are in hash partitions that are tables of another database,
by way of postgres_fdw. Each statement must go to the partitions of its tokens alone, with the
tokens in its text.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from seatlatch.store.postgres import tickets, transaction
from seatlatch.store.postgres.distribution import IS_ASKED, IS_ASKED_OF_SHARDS, routed
from seatlatch.store.sql.ticket_rows import READ_WHOLE
from seatlatch.store.sql.tickets import READ
from seatlatch.wiring import engine_of
from tests.cases import all_cases
from tests.postgres import FAST, PostgresServer
from tests.postgres_database import PostgresDatabase
from tests.requirements import missing

PARTITIONS = 8
TOKENS = [f"ticket-{number}" for number in range(40)]
DEBIAN = Path("/usr/lib/postgresql")
NO_SERVER = (
    "There is no PostgreSQL with postgres_fdw for these tests: install Debian's package postgresql."
)
CHANGES = {
    "lock and unlock": tickets.CHANGE_MPRESERVE,
    "hold": tickets.HOLD,
    "release": tickets.RELEASE,
    "void": tickets.VOID,
    "override": tickets.OVERRIDE_UNLOCK,
}
READS = {
    name: sql.replace(":tokens", "$1::text[]")
    for name, sql in {"read": READ, "read whole": READ_WHOLE}.items()
}
ROW_LOCKS = {
    "lock": tickets.LOCK_ROW,
    "lock version": tickets.LOCK_VERSION,
    "try": transaction.TRY_ROW,
}
MANY = CHANGES | READS
REMOTE = re.compile(r"Remote SQL: (SELECT .* FROM shards\.(tickets_\d+)\b.*)")

DISTRIBUTE = f"""
CREATE EXTENSION postgres_fdw;
ALTER TABLE seatlatch.tickets RENAME TO whole_tickets;
CREATE TABLE seatlatch.tickets (LIKE seatlatch.whole_tickets INCLUDING DEFAULTS)
  PARTITION BY HASH (token);
CREATE SCHEMA shards;
CREATE SERVER shards FOREIGN DATA WRAPPER postgres_fdw
  OPTIONS (host '127.0.0.1', port 'PORT', dbname 'shards');
CREATE USER MAPPING FOR CURRENT_USER SERVER shards OPTIONS (user 'postgres');
DO $$ BEGIN FOR n IN 0..{PARTITIONS - 1} LOOP
  EXECUTE format('CREATE FOREIGN TABLE shards.tickets_%s PARTITION OF seatlatch.tickets'
                 ' FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER %s) SERVER shards', n, n);
END LOOP; END $$
"""
MAKE_SHARDS = f"""
CREATE SCHEMA shards;
DO $$ BEGIN FOR n IN 0..{PARTITIONS - 1} LOOP
  EXECUTE format('CREATE TABLE shards.tickets_%s'
                 ' (LIKE seatlatch.tickets INCLUDING DEFAULTS INCLUDING INDEXES)', n);
END LOOP; END $$
"""
PARTITIONS_OF = """
SELECT relname
FROM pg_class JOIN pg_inherits ON inhrelid = pg_class.oid, unnest(%s::text[]) AS token
WHERE inhparent = 'seatlatch.tickets'::regclass AND satisfies_hash_partition(
  'seatlatch.tickets'::regclass, {PARTITIONS}, substr(relname, 9)::integer, token COLLATE "C")
""".replace("{PARTITIONS}", str(PARTITIONS))

MUTABLE = """
SELECT DISTINCT proname
FROM pg_rewrite, regexp_matches(ev_action::text, 'funcid (\\d+)', 'g') AS found
JOIN pg_proc ON pg_proc.oid = found[1]::oid
WHERE ev_class = 'returned'::regclass AND provolatile <> 'i'
"""
"""PostgreSQL itself looks into functions written in SQL before it decides, and Citus does not."""


def debian_binaries() -> Path | None:
    """The programs of the newest PostgreSQL that Debian has installed with postgres_fdw."""
    found = sorted(DEBIAN.glob("*/lib/postgres_fdw.so"), key=lambda at: int(at.parts[-3]))
    return found[-1].parents[1] / "bin" if found else None


@pytest.fixture(scope="module")
def distributed() -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database whose tickets are in partitions of another database."""
    binaries = debian_binaries()
    if binaries is None:
        missing(NO_SERVER)
    server = PostgresServer(FAST, binaries=binaries)
    try:
        server.start()
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE shards")
            connection.execute("CREATE DATABASE coordinator")
        distribute = DISTRIBUTE.replace("PORT", str(server.port))
        for database, sql in (("shards", MAKE_SHARDS), ("coordinator", distribute)):
            engine_of(server.url(database)).make_or_migrate("inventory")
            with psycopg.connect(server.url(database), autocommit=True) as connection:
                connection.execute(sql.encode())
        with psycopg.connect(server.url("coordinator"), autocommit=True) as connection:
            yield connection
    finally:
        server.close()


def values_of(sql: str, tokens: list[str]) -> list[Any]:
    """Values for the parameters of a statement, of which the first one is the tokens."""
    casts = dict(re.findall(r"\$(\d+)::(\w+)", sql))
    made: list[Any] = [tokens]
    for number in range(2, len(casts) + 1):
        one = {"bigint": 1, "integer": 1, "boolean": True}.get(casts[str(number)])
        made.append([one] * len(tokens))
    return made


def remote_sql(connection: psycopg.Connection[Any], sql: str, *values: Any) -> dict[str, str]:
    """The statements that read or lock rows, by their partition."""
    with psycopg.RawCursor(connection) as cursor:
        found = cursor.execute(f"EXPLAIN (VERBOSE) {sql}".encode(), values).fetchall()
    lines = [match for (line,) in found if (match := REMOTE.search(line))]
    return {match[2]: match[1] for match in lines}


def partitions_of(connection: psycopg.Connection[Any], tokens: list[str]) -> set[str]:
    """The partitions that have these tickets."""
    return {name for (name,) in connection.execute(PARTITIONS_OF.encode(), (tokens,)).fetchall()}


@all_cases("statement", MANY)
def test_a_statement_goes_to_the_partitions_of_its_tokens(
    distributed: psycopg.Connection[Any], statement: str
) -> None:
    sql = routed(MANY[statement])
    for tokens in (TOKENS[:1], TOKENS[:3], TOKENS):
        sent = remote_sql(distributed, sql, *values_of(sql, tokens))
        assert sent.keys() == partitions_of(distributed, tokens)
        for text in sent.values():
            assert all(token in text for token in tokens), text


@all_cases("statement", ROW_LOCKS)
def test_a_row_is_locked_by_its_token_alone(
    distributed: psycopg.Connection[Any], statement: str
) -> None:
    for token in TOKENS[:3]:
        (text,) = remote_sql(distributed, ROW_LOCKS[statement], token).values()
        assert f"WHERE ((token = '{token}'))" in text
        assert "FOR UPDATE" in text


def test_control_without_the_tokens_as_values_it_goes_to_all(
    distributed: psycopg.Connection[Any],
) -> None:
    for sql in CHANGES.values():
        assert IS_ASKED in sql
        assert IS_ASKED_OF_SHARDS in routed(sql)
        sent = remote_sql(distributed, sql, *values_of(sql, TOKENS[:1]))
        assert len(sent) == PARTITIONS
        assert not any(TOKENS[0] in text for text in sent.values())


@all_cases("statement", CHANGES)
def test_what_is_returned_depends_on_the_row_alone(
    database: PostgresDatabase, statement: str
) -> None:
    assert mutable_functions(database, CHANGES[statement]) == []


def mutable_functions(database: PostgresDatabase, sql: str) -> list[str]:
    """The functions after RETURNING that may return something else for the same row."""
    returned = sql.rpartition("RETURNING")[2]
    database.execute(f"CREATE OR REPLACE VIEW returned AS SELECT {returned} FROM tickets AS t")
    return [name for (name,) in database.execute(MUTABLE)]


def test_control_a_number_that_is_appended_to_a_text_does_not(database: PostgresDatabase) -> None:
    sql = tickets.RELEASE.replace("::text || ", " || ")
    assert mutable_functions(database, sql) != []
