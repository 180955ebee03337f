"""How the engines list and count events: by seeks in the index of events, however many tickets."""

import re
from collections.abc import Iterator
from typing import Any

import apsw
import psycopg
import pytest

from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.store import READING
from seatlatch.store.sql import events
from seatlatch.store.sqlite.executor import translated
from tests.cases import all_cases
from tests.databases import ON_SQLITE, Database
from tests.serving import fill

VALUES: dict[str, Any] = {
    "organization_id": "1001",
    "access_id": "E1",
    "after": "E0",
    "after_token": "t",
    "first": "",
    "limit": 100,
    "at": "2026-01-01T00:00:00+00:00",
}
ADD_TICKETS = """
INSERT INTO tickets (token, organization_id, owner_id, access_id)
SELECT 'ticket-' || number, '1001', 'owner', 'E' || number % 50
FROM generate_series(1, 20000) AS number
"""
STATEMENTS = {
    "the first access ids": events.NAMED_FIRST,
    "later access ids": events.NAMED_AFTER,
    "counts": events.COUNT_TICKETS,
    "seats": events.READ_SEATS,
    "organizations": events.ORGANIZATIONS.format(conditions=events.HAS_EVENTS),
    "organizations with an event": events.ORGANIZATIONS.format(conditions=events.HAS_EVENT),
}


@ON_SQLITE
@all_cases("name", STATEMENTS)
def test_sqlite_seeks_each_ticket_and_sorts_nothing(database: Database, name: str) -> None:
    connection = apsw.Connection(database.url.removeprefix("sqlite:///"))
    sql = translated(STATEMENTS[name])
    values = {key: value for key, value in VALUES.items() if f":{key}" in sql} | {"now": ""}
    plan = [str(row[-1]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    connection.close()
    of_tickets = [step for step in plan if re.search(r"\b(tickets|t)\b", step)]
    assert of_tickets
    for step in of_tickets:
        assert step.startswith("SEARCH"), plan
        assert "tickets_by_event" in step, plan
    assert not any("B-TREE" in step for step in plan), plan


@pytest.fixture(scope="module")
def session(databases: Any) -> Iterator[psycopg.Connection[Any]]:
    database = databases.new()
    fill(database)
    database.execute(ADD_TICKETS)
    database.execute("ANALYZE")
    with psycopg.connect(**Address.of(database.url).parameters(READING, 5)) as connection:
        yield connection
    databases.drop(database)


@pytest.mark.only_on("postgres")
@pytest.mark.undistributed
@all_cases("name", STATEMENTS)
def test_postgres_seeks_each_ticket_and_sorts_nothing(
    session: psycopg.Connection[Any], name: str
) -> None:
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    sql = re.sub(r"(?<![:\w]):(\w+)", number, STATEMENTS[name])
    session.execute(f"PREPARE reading AS {sql}".encode())
    values = ", ".join(f"'{VALUES[one]}'" for one in names)
    rows = session.execute(f"EXPLAIN EXECUTE reading ({values})".encode()).fetchall()
    session.execute("DEALLOCATE reading")
    plan = [line for (line,) in rows]
    of_tickets = [line for line in plan if re.search(r"\bon tickets\b", line)]
    assert of_tickets, plan
    assert all("Scan using tickets_by_event" in line for line in of_tickets), "\n".join(plan)
    assert not any("Sort" in line or "Seq Scan" in line for line in plan), "\n".join(plan)
