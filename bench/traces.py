"""`python -m bench.traces --engine ...`: measures a trace and a history in a long journal.

It creates a journal of ten million requests with SQL. Each request has one of 100,000 tickets, so
every ticket was changed a hundred times. Then it sends sequential requests to the box office's
routes of a running server, for random requests and tickets.
"""

import argparse
import http.client
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any

import apsw
import psycopg
from rich.console import Console
from rich.table import Table

from bench.engine import Engine
from bench.measuring import RESULTS, machine
from bench.postgres import postgres
from bench.serving import running_server
from bench.sqlite import sqlite
from seatlatch.auth.keys import hash_secret
from seatlatch.domain.operator import Operator, Role
from seatlatch.store.interface import Transaction
from seatlatch.wiring import with_store

TICKETS = 100_000
QUESTIONS = 200
OPERATOR_KEY = "bench-operator-key"
ENTRY = """
'{"verb":"unlock","application":"com.example.bench","channel":"bench-channel","outcomes":'
|| '{"unlocked":["' || token || '"]},"changes":[[' || version || ',' || previous || ']]}'
"""
FILL_SQLITE = f"""
WITH RECURSIVE numbers (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?2)
INSERT INTO journal (entry_id, moment, request_id, entry, hash)
SELECT (1 << 36) + n, 1700000000000000 + n * 1000, randomblob(16), {ENTRY}, randomblob(32)
FROM (SELECT n, 20000000000 + n % {TICKETS} AS token, n / {TICKETS} + 2 AS version,
             (1 << 36) + max(n - {TICKETS}, 0) AS previous FROM numbers)
"""
FILL_POSTGRES = f"""
INSERT INTO seatlatch.journal
SELECT (1::bigint << 36) + n, n, '2024-01-01Z'::timestamptz + n * interval '1 millisecond',
       gen_random_uuid(), {ENTRY}, sha256(n::text::bytea)
FROM (SELECT n, 20000000000 + mod(n, {TICKETS}) AS token, n / {TICKETS} + 2 AS version,
             (1::bigint << 36) + greatest(n - {TICKETS}, 0) AS previous
      FROM generate_series(%s::bigint, %s::bigint) AS n) AS made
"""
TICKETS_SQLITE = f"""
WITH RECURSIVE numbers (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?2)
INSERT INTO tickets (token, organization_id, owner_id, entry_id)
SELECT 20000000000 + n % {TICKETS}, '1001', '234567', (1 << 36) + n FROM numbers
"""
TICKETS_POSTGRES = f"""
INSERT INTO seatlatch.tickets (token, organization_id, owner_id, entry_id)
SELECT 20000000000 + mod(n, {TICKETS}), '1001', '234567', (1::bigint << 36) + n
FROM generate_series(%s::bigint, %s::bigint) AS n
"""
"""Each ticket refers to its latest entry."""
PORTION_ROWS = 1_000_000


async def add_operator(transaction: Transaction) -> None:
    """The one operator whom the benchmark has."""
    await transaction.access.add_operator(Operator("bench", Role.READ))
    await transaction.access.add_operator_key("bench", hash_secret(OPERATOR_KEY.encode()))


def main() -> None:
    """Create the journal, measure, print the table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--no-results", action="store_true", help="write no file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as made:
        folder = Path(made)
        maker = (
            sqlite(folder, TICKETS) if options.engine == "sqlite" else postgres(folder, TICKETS, 1)
        )
        with maker as engine:
            with_store(engine.url, lambda store: store.commit(add_operator))
            fill = fill_sqlite if options.engine == "sqlite" else fill_postgres
            requests, tokens = fill(engine, options.rows)
            with running_server(engine.url, folder) as server:
                found = {
                    "trace": request_each(server.port, [f"requests/{one}" for one in requests]),
                    "history": request_each(
                        server.port, [f"tickets/{one}/history" for one in tokens]
                    ),
                }
    figures = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "engine": engine.name,
        "rows": options.rows,
        "questions": QUESTIONS,
        **{name: times(seconds) for name, seconds in found.items()},
    }
    show(figures)
    if not options.no_results:
        file = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-traces-{options.engine}.json"
        file.write_text(json.dumps(figures, indent=2) + "\n")
        sys.stderr.write(f"Figures written to {file.relative_to(Path.cwd())}\n")


def portions(rows: int) -> list[tuple[int, int]]:
    """The first and last number of each portion of rows."""
    return [
        (first, min(first + PORTION_ROWS - 1, rows)) for first in range(1, rows + 1, PORTION_ROWS)
    ]


def random_entries(rows: int) -> list[int]:
    """The ids of random entries, the same in each run."""
    chance = random.Random(20261125)
    return [(1 << 36) + chance.randint(1, rows) for _ in range(QUESTIONS)]


def fill_sqlite(engine: Engine, rows: int) -> tuple[Sequence[str], Sequence[str]]:
    """Create the journal with SQL, and return random Request-IDs and tokens."""
    connection = apsw.Connection(engine.url.removeprefix("sqlite:///"))
    connection.pragma("synchronous", "OFF")
    for first, last in portions(rows):
        connection.execute(FILL_SQLITE, (first, last))
        report(last)
    connection.execute("UPDATE journal_chains SET number = ?", (rows,))
    connection.execute(TICKETS_SQLITE, (rows - TICKETS + 1, rows))
    found = [
        row
        for entry_id in random_entries(rows)
        for row in connection.execute(
            "SELECT lower(hex(request_id)), entry ->> '$.outcomes.unlocked[0]' FROM journal"
            " WHERE entry_id = ?",
            (entry_id,),
        )
    ]
    connection.pragma("wal_checkpoint(TRUNCATE)")
    connection.close()
    return [dashed(one) for one, _ in found], [token for _, token in found]


def fill_postgres(engine: Engine, rows: int) -> tuple[Sequence[str], Sequence[str]]:
    """Create the journal with SQL, and return random Request-IDs and tokens."""
    with psycopg.connect(engine.url, autocommit=True) as connection:
        connection.execute("INSERT INTO seatlatch.journal_chains DEFAULT VALUES")
        for portion in portions(rows):
            connection.execute(FILL_POSTGRES.encode(), portion)
            report(portion[1])
        connection.execute(f"UPDATE seatlatch.journal_chains SET number = {rows}".encode())
        connection.execute(TICKETS_POSTGRES.encode(), (rows - TICKETS + 1, rows))
        connection.execute("VACUUM ANALYZE")
        found = connection.execute(
            "SELECT request_id::text, entry::json->'outcomes'->'unlocked'->>0"
            " FROM seatlatch.journal WHERE entry_id = ANY (%s)",
            (random_entries(rows),),
        ).fetchall()
    return [one for one, _ in found], [token for _, token in found]


def report(rows: int) -> None:
    """Print the number of rows so far."""
    sys.stderr.write(f"{rows:,} rows\n")


def dashed(text: str) -> str:
    """A UUID with dashes."""
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def request_each(port: int, paths: Sequence[str]) -> list[float]:
    """Request each path once, and return the seconds of each."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    seconds = []
    for path in paths:
        began = perf_counter()
        headers = {"Authorization": f"Bearer {OPERATOR_KEY}"}
        connection.request("GET", f"/operator/v1/{path}", headers=headers)
        response = connection.getresponse()
        body: Any = json.loads(response.read())
        seconds.append(perf_counter() - began)
        assert response.status == 200, body
        assert body.get("requests") or body.get("changes"), body
    return seconds


def times(seconds: Sequence[float]) -> dict[str, float]:
    """The median, p99 and maximum in milliseconds."""
    return {
        "median_ms": round(median(seconds) * 1000, 1),
        "p99_ms": round(quantiles(seconds, n=100)[98] * 1000, 1),
        "longest_ms": round(max(seconds) * 1000, 1),
    }


def show(figures: dict[str, Any]) -> None:
    """Print the table."""
    table = Table(title=f"{figures['machine']}, {figures['rows']:,} rows, {figures['engine']}")
    for name in ("question", "median ms", "p99 ms", "longest ms"):
        table.add_column(name, justify="right")
    for name in ("trace", "history"):
        table.add_row(name, *(str(value) for value in figures[name].values()))
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
