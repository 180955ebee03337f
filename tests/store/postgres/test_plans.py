"""The plans of all statements that change tickets: they lock in the requested order.

Only one plan keeps that order: a loop over the requested tokens that finds each ticket by its
index. Statements that sort get it from the sort, which must be the last step before the locks.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from seatlatch.store.postgres import importing
from seatlatch.store.postgres import tickets as statements
from seatlatch.store.postgres.connecting import Address, set_locally
from seatlatch.store.postgres.distribution import IS_ASKED
from seatlatch.store.postgres.store import WRITING
from seatlatch.store.sql.tickets import LOCK_VERSIONS
from tests.cases import all_cases
from tests.postgres_database import PostgresDatabase

pytestmark = pytest.mark.undistributed

ADD_TICKETS = """
INSERT INTO tickets (token, organization_id, owner_id)
SELECT 'ticket-' || number, '1001', 'owner' FROM generate_series(1, ?) AS number
"""
TABLES = {
    "empty": (0, False),
    "empty, analyzed": (0, True),
    "tiny": (10, False),
    "tiny, analyzed": (10, True),
    "larger": (20_000, False),
    "larger, analyzed": (20_000, True),
}

LOOPING = {
    "lock and unlock": statements.CHANGE_MPRESERVE,
    "hold": statements.HOLD,
    "release": statements.RELEASE,
    "void": statements.VOID,
    "override": statements.OVERRIDE_UNLOCK,
}
SORTING = {
    "lock": statements.LOCK_ROWS,
    "lock versions": LOCK_VERSIONS.replace(":tokens", "$1::text[]"),
    "put": statements.PUT,
}

Plan = dict[str, Any]


@pytest.fixture(params=TABLES)
def session(
    request: pytest.FixtureRequest, database: PostgresDatabase
) -> Iterator[psycopg.Connection[Any]]:
    """A session like the store's, on a database with this many tickets."""
    tickets, looked_at = TABLES[request.param]
    database.execute("ALTER TABLE tickets SET (autovacuum_enabled = off)")
    database.execute(ADD_TICKETS, tickets)
    if looked_at:
        database.execute("ANALYZE")
    parameters = Address.of(database.url).parameters(WRITING, 5)
    with psycopg.connect(**parameters) as connection:
        yield connection


def plan_of(session: psycopg.Connection[Any], sql: str) -> Plan:
    """The plan of a prepared statement for any values, as in the store."""
    session.execute(f"PREPARE changing AS {sql}".encode())
    parameters = sum(f"${number}::" in sql for number in range(1, 12))
    values = ", ".join(["'{}'"] * parameters)
    ((found,),) = session.execute(f"EXPLAIN (FORMAT JSON) EXECUTE changing ({values})".encode())
    session.execute("DEALLOCATE changing")
    plan: Plan = found[0]["Plan"]
    return plan


def below(plan: Plan) -> list[Plan]:
    """The inputs of a node, without its subplans."""
    parts: list[Plan] = plan.get("Plans", [])
    return [part for part in parts if part["Parent Relationship"] in ("Outer", "Inner", "Subquery")]


@all_cases("statement", LOOPING)
def test_tickets_are_found_one_by_one_in_the_order_asked(
    session: psycopg.Connection[Any], statement: str
) -> None:
    plan = plan_of(session, LOOPING[statement])
    require_loop(plan)


def require_loop(plan: Plan) -> None:
    assert plan["Node Type"] == "ModifyTable"
    (loop,) = below(plan)
    assert loop["Node Type"] == "Nested Loop", json.dumps(plan, indent=1)
    outer, inner = below(loop)
    if outer["Node Type"] == "Subquery Scan":  # it keeps the order of what is below
        (outer,) = below(outer)
    assert (outer["Node Type"], inner["Node Type"]) == ("Function Scan", "Index Scan"), plan
    assert re.fullmatch(r"\(token = ANY \(ARRAY\[\w+\.token\]\)\)", inner["Index Cond"])
    knows_none = inner["Plan Rows"] == 1 and inner["Total Cost"] < 1
    assert inner["Index Name"] == "tickets_pkey" or knows_none, (
        "any index of an empty table will do"
    )


@all_cases("statement", LOOPING)
def test_so_they_are_by_way_of_a_pooler(
    session: psycopg.Connection[Any], database: PostgresDatabase, statement: str
) -> None:
    with psycopg.connect(database.url) as pooled:
        pooled.execute(set_locally(WRITING).encode())
        require_loop(plan_of(pooled, LOOPING[statement]))


@all_cases("statement", SORTING)
def test_what_is_sorted_is_locked_in_that_order(
    session: psycopg.Connection[Any], statement: str
) -> None:
    require_sorted(plan_of(session, SORTING[statement]))


def test_an_import_is_merged_in_that_order(session: psycopg.Connection[Any]) -> None:
    session.execute(importing.MAKE_LINES)
    session.execute(importing.SORT)
    merge = importing.MERGE.replace("token > %s AND token <= %s", "token > $1 AND token <= $2")
    assert "%" not in merge
    session.execute(f"PREPARE merging (text, text) AS {merge}".encode())
    ((found,),) = session.execute("EXPLAIN (FORMAT JSON) EXECUTE merging ('a', 'b')")
    require_sorted(found[0]["Plan"])


def require_sorted(plan: Plan) -> None:
    """Whether the plan sorts by bytes directly below the node that locks."""
    assert plan["Node Type"] in ("ModifyTable", "LockRows")
    (rows,) = below(plan)
    while rows["Node Type"] == "Subquery Scan":
        (rows,) = below(rows)
    text = json.dumps(plan, indent=1)
    if rows["Node Type"] == "Sort":
        (key,) = rows["Sort Key"]
        assert 'COLLATE "C"' in key or key in ("tickets.token", "records.token"), text
    else:
        assert (rows["Node Type"], rows["Index Name"]) == ("Index Scan", "tickets_pkey"), text


@pytest.mark.parametrize("guard", ["the setting", "the condition"])
def test_control_without_its_guards_the_order_is_lost(
    database: PostgresDatabase, guard: str
) -> None:
    """The control: without each setting, some table gets a plan that it prevents."""
    settings, sql = dict(WRITING), statements.RELEASE
    if guard == "the setting":
        del settings["enable_seqscan"]
    else:
        sql = sql.replace(IS_ASKED, "t.token = asked.token")
        assert sql != statements.RELEASE
    wrong = 0
    for tickets, looked_at in TABLES.values():
        database.execute("TRUNCATE tickets")
        database.execute(ADD_TICKETS, tickets)
        if looked_at:
            database.execute("ANALYZE")
        with psycopg.connect(**Address.of(database.url).parameters(settings, 5)) as connection:
            (loop,) = below(plan_of(connection, sql))
            wrong += below(loop)[0]["Node Type"] != "Function Scan"
    assert wrong
