"""PostgreSQL finds tickets by the index of the search, whatever it knows about the table."""

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.executor import IN_ORDER, PLACEHOLDER, adapted
from seatlatch.store.postgres.store import READING
from tests.postgres_database import PostgresDatabase
from tests.store.searches import INDEX_NAMES, every_range

pytestmark = pytest.mark.undistributed

ADD_TICKETS = """
INSERT INTO tickets (token, organization_id, owner_id, access_id, section, "row", seat, barcode)
SELECT 'ticket-' || n, CASE WHEN n % ? = 0 THEN '1001' ELSE '2002' END, 'o' || n % ?, 'E' || n % ?,
       'S' || n % ?, n % ?, n % ?, 'B' || n
FROM generate_series(1, ?) AS n
"""
TABLES = {
    "empty": (1, 1, 1, 1, 1, 1, 0),
    "all alike": (1, 1, 1, 1, 1, 1, 10_000),
    "all different": (2, 5_000, 100, 20, 20, 20, 10_000),
    "tiny": (2, 2, 2, 2, 2, 2, 10),
}
"""How many values each column has, and how many tickets there are."""

BOUNDS = {"at": "2026-01-01Z", "limit": 1, "portion": 1, "before_last": 0}

Plan = dict[str, Any]


@pytest.fixture(params=TABLES)
def session(
    request: pytest.FixtureRequest, database: PostgresDatabase
) -> Iterator[psycopg.Connection[Any]]:
    """A transaction like that of a search."""
    database.execute(ADD_TICKETS, *TABLES[request.param])
    database.execute("ANALYZE")
    with psycopg.connect(**Address.of(database.url).parameters(READING, 5)) as connection:
        connection.execute("BEGIN")
        connection.execute(IN_ORDER.sql.encode())
        yield connection


def plan_of(session: psycopg.Connection[Any], sql: str, values: dict[str, Any]) -> Plan:
    """The plan of a statement for any values, as in the store."""
    names = list(dict.fromkeys(PLACEHOLDER.findall(sql)))
    numbered = PLACEHOLDER.sub(lambda found: f"${names.index(found[1]) + 1}", sql)
    session.execute(f"PREPARE finding AS {numbered}".encode())
    given = [adapted(values)[name] for name in names]
    marks = ", ".join(["%s"] * len(given))
    executed = f"EXPLAIN (FORMAT JSON) EXECUTE finding{f' ({marks})' if given else ''}"
    ((found,),) = psycopg.ClientCursor(session).execute(executed.encode(), given).fetchall()
    session.execute("DEALLOCATE finding")
    plan: Plan = found[0]["Plan"]
    return plan


def nodes(plan: Plan) -> Iterator[Plan]:
    """All nodes of a plan."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def test_a_range_is_found_by_all_of_its_values(session: psycopg.Connection[Any]) -> None:
    for name, search, keys, searched in every_range(seeks_rows=True):
        values = {
            **searched.values,
            "at": "2026-01-01Z",
            "limit": 1,
            "portion": 1,
            "before_last": 0,
        }
        for sql in (searched.find, searched.last, searched.count):
            plan = plan_of(session, sql, values)
            text = f"{name}, {keys}: {json.dumps(plan, indent=1)}"
            (scan,) = [node for node in nodes(plan) if "Relation Name" in node] or [plan]
            assert scan["Node Type"] in ("Index Scan", "Index Only Scan"), text
            assert scan["Index Name"] == INDEX_NAMES[search.by], text
            sought = scan.get("Index Cond", "")
            bounds = bool(search.known) + bool(search.known or keys)
            assert len(re.findall(" [<>]=? ", sought)) == bounds, text
            assert not any("Sort" in node["Node Type"] for node in nodes(plan)), text


def test_control_equalities_let_the_planner_choose_another_index(
    database: PostgresDatabase,
) -> None:
    """The control: with the conditions of the other engine, some table gets another plan."""
    wrong = set()
    for tickets in TABLES.values():
        database.execute("TRUNCATE tickets")
        database.execute(ADD_TICKETS, *tickets)
        database.execute("ANALYZE")
        with psycopg.connect(**Address.of(database.url).parameters(READING, 5)) as session:
            session.execute(IN_ORDER.sql.encode())
            for name, search, _, searched in every_range(seeks_rows=False):
                values = {
                    **searched.values,
                    "at": "2026-01-01Z",
                    "limit": 1,
                    "portion": 1,
                    "before_last": 0,
                }
                plan = plan_of(session, searched.find, values)
                (scan,) = (node for node in nodes(plan) if "Relation Name" in node)
                if scan.get("Index Name") != INDEX_NAMES[search.by]:
                    wrong.add(name)
    assert wrong
