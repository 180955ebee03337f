"""The plans of statements that read the journal: each uses an index, and scans no table."""

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from seatlatch.store.postgres import journal
from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.store import READING
from seatlatch.store.sql import client_addresses
from seatlatch.store.sql.journal import READ_ENTRIES, READ_TEXTS, READ_TIMES
from tests.cases import all_cases
from tests.postgres_database import PostgresDatabase

FILL = """
INSERT INTO journal (entry_id, position, moment, request_id, entry, hash, listing)
SELECT ((number % 4 + 1)::bigint << 36) + number / 4, number, now(), gen_random_uuid(), '{}', '',
       CASE WHEN number % 2 = 0 THEN 'L' || number / 20 END
FROM generate_series(4, 40003) AS number
"""
FILL_ADDRESSES = """
INSERT INTO client_addresses (first_entry_id, recorded_at, addresses)
SELECT entry_id, moment, '["198.51.100.9"]' FROM journal
"""
FILL_CHAINS = """
INSERT INTO journal_chains (number) SELECT 10000 FROM generate_series(1, 4)
"""
STATEMENTS = {
    "listing": (journal.FIND_LISTING, "journal_by_listing"),
    "request": (journal.FIND_REQUESTS, "journal_by_request"),
    "places": (journal.PLACES_UP_TO, "journal_pkey"),
    "entries after": (journal.ENTRIES_AFTER, "journal_pkey"),
    "texts after": (
        READ_TEXTS.format(columns=journal.PostgresJournalReader.text_columns),
        "journal_pkey",
    ),
    "times": (READ_TIMES.format(seconds=journal.SECONDS), "journal_pkey"),
    "entries": (READ_ENTRIES.format(columns=journal.ROW), "journal_pkey"),
    "addresses": (client_addresses.READ, "client_addresses_pkey"),
    "old addresses": (client_addresses.READ_OLDEST, "client_addresses_pkey"),
    "erasure": (client_addresses.ERASE, "client_addresses_pkey"),
}
VALUES = {
    "listing": "'L7'",
    "limit": "10",
    "position": "NULL",
    "entry_id": "NULL",
    "request_id": "'00000000-0000-4000-8000-000000000000'",
    "channel": "''",
    "verb": "''",
    "chains": "'{1,2,3,4}'",
    "numbers": "'{9000,9000,9000,9000}'",
    "entry_ids": "ARRAY(SELECT (1::bigint << 36) + n FROM generate_series(1, 20) AS n)",
    "after": "1::bigint << 36",
    "last": "2::bigint << 36",
}


@pytest.fixture
def session(database: PostgresDatabase) -> Iterator[psycopg.Connection[Any]]:
    """A session of a reader, on a journal of 40,000 entries in four chains."""
    for sql in (FILL, FILL_ADDRESSES, FILL_CHAINS, "ANALYZE"):
        database.execute(sql)
    with psycopg.connect(**Address.of(database.url).parameters(READING, 5)) as connection:
        yield connection


def nodes(plan: Any) -> Iterator[Any]:
    """A plan's nodes."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


@all_cases("name", STATEMENTS)
def test_each_uses_its_index(session: psycopg.Connection[Any], name: str) -> None:
    statement, index = STATEMENTS[name]
    sql = re.sub(r"(?<![:\w]):(\w+)", lambda match: VALUES[match[1]], statement)
    ((found,),) = session.execute(f"EXPLAIN (FORMAT JSON) {sql}".encode())
    plan = found[0]["Plan"]
    text = json.dumps(plan, indent=1)
    assert index in {node.get("Index Name") for node in nodes(plan)}, text
    scanned = {node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"}
    assert scanned <= {"journal_chains"}, text
    assert not any(node["Node Type"] == "Hash Join" for node in nodes(plan)), text


def test_the_latest_of_a_listing_are_found_without_a_sort_of_all(
    session: psycopg.Connection[Any],
) -> None:
    """A marketplace may give all its listings one id."""
    sql = re.sub(r"(?<![:\w]):(\w+)", lambda match: VALUES[match[1]], journal.FIND_LISTING)
    ((found,),) = session.execute(f"EXPLAIN (FORMAT JSON) {sql}".encode())
    plan = found[0]["Plan"]
    sorts = [node for node in nodes(plan) if node["Node Type"] == "Sort"]
    below = [node["Node Type"] for sort in sorts for part in sort["Plans"] for node in [part]]
    assert "Index Scan" not in below, json.dumps(plan, indent=1)
