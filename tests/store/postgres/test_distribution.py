"""The table of tickets can be spread over many machines by token: read from the SQL itself."""

import re

import pytest

from seatlatch.store.migrations import migrations_of
from seatlatch.store.postgres import importing, tickets
from tests.postgres_database import PostgresDatabase

WRITES = re.compile(r"\b(UPDATE|INSERT INTO|DELETE FROM) seatlatch\.tickets")
STATEMENTS = {
    name: value
    for module in (tickets, importing)
    for name, value in vars(module).items()
    if isinstance(value, str) and WRITES.search(value)
}
KEYS = """
SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint
WHERE (conrelid = 'seatlatch.tickets'::regclass OR confrelid = 'seatlatch.tickets'::regclass)
  AND contype NOT IN ('c', 'n')
"""
UNIQUE = """
SELECT indexrelid::regclass::text FROM pg_index
WHERE indrelid = 'seatlatch.tickets'::regclass AND indisunique
"""
COUNTED = """
SELECT attname FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid = 'seatlatch.tickets'::regclass
  AND (attidentity <> '' OR pg_get_expr(adbin, adrelid) LIKE 'nextval%')
"""
SEQUENCES = """
SELECT relname FROM pg_class
WHERE relkind = 'S' AND relname NOT LIKE 'journal%' AND relname NOT LIKE 'webhook%'
  AND relname NOT LIKE 'audit%'
"""

TRIGGERS = "SELECT 1 FROM pg_trigger WHERE tgrelid = 'seatlatch.tickets'::regclass"


def test_a_ticket_has_one_key_and_leads_nowhere(database: PostgresDatabase) -> None:
    assert database.execute(KEYS) == [("tickets_pkey", "p", "PRIMARY KEY (token)")]
    assert database.execute(UNIQUE) == [("tickets_pkey",)]


@pytest.mark.undistributed
def test_no_ticket_is_numbered(database: PostgresDatabase) -> None:
    assert database.execute(COUNTED) == []
    assert database.execute(SEQUENCES) == []
    assert database.execute(TRIGGERS) == []


def test_the_migrations_say_nothing_else() -> None:
    for migration in migrations_of("postgres"):
        sql = re.sub(r"--.*", "", migration.sql)
        numbered = r"CREATE (TABLE|SEQUENCE) seatlatch\.(journal|webhook|audit)\w*.*?;"
        sql = re.sub(numbered, "", sql, flags=re.DOTALL)
        assert not re.search(r"\b(SERIAL|BIGSERIAL|IDENTITY|SEQUENCE)\b", sql, re.IGNORECASE)
        assert not re.search(r"REFERENCES\s+(seatlatch\.)?tickets", sql, re.IGNORECASE)


def test_all_statements_were_found() -> None:
    expected = {"CHANGE_MPRESERVE", "HOLD", "RELEASE", "VOID", "OVERRIDE_UNLOCK", "PUT", "MERGE"}
    assert expected == STATEMENTS.keys()


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_write_goes_by_the_token(name: str) -> None:
    sql = STATEMENTS[name]
    if sql.lstrip().startswith("UPDATE"):
        assert "WHERE t.token = ANY (ARRAY[asked.token]) AND" in sql
    else:
        assert "ON CONFLICT (token) DO UPDATE" in sql
    assert not re.search(r"\bJOIN\b", sql)


@pytest.mark.parametrize("name", ["PUT", "MERGE", "LOCK"])
def test_what_is_not_asked_in_order_is_sorted_by_bytes(name: str) -> None:
    """The order of tokens does not depend on the language of the database."""
    sql = {"LOCK": tickets.LOCK_ROWS, **STATEMENTS}[name]
    if name == "PUT":
        assert 'ORDER BY token COLLATE "C"' in sql
    else:  # the column's own, of the inventory and of an import
        assert "ORDER BY token" in sql
        assert 'token text COLLATE "C"' in importing.MAKE_LINES
