"""`python -m bench.find --engine ...`: measures searches for tickets, over HTTP.

It fills an inventory (`bench.find_inventory`), and then sends sequential requests to a running
server, each for a random ticket: every filter that an import sets and the listing alone, usual
combinations, and the filters that no index has. The last ones continue from page to page.
"""

import argparse
import http.client
import json
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple
from urllib.parse import urlencode

from rich.console import Console
from rich.table import Table

from bench.find_inventory import (
    ORGANIZATIONS,
    Seat,
    fill_postgres,
    fill_sqlite,
    listing_of,
    seat_of,
)
from bench.measuring import RESULTS, machine
from bench.postgres import postgres
from bench.serving import running_server
from bench.sqlite import sqlite
from bench.traces import OPERATOR_KEY, add_operator, times
from seatlatch.domain.ticket_filter import PARAMETERS
from seatlatch.store.interface import Transaction
from seatlatch.wiring import with_store

QUESTIONS = 300
"""The requests of each kind."""


class Question(NamedTuple):
    """A kind of search: the filters whose values come from a random ticket, and fixed ones.

    `continues`: each request asks for the page after the last one.
    """

    fields: Sequence[str] = ()
    fixed: Mapping[str, str] = {}
    continues: bool = False


ALONE = ("organization_id", "access_id", "section", "row", "seat", "owner_id", "barcode")
QUESTIONS_ASKED = {
    **{PARAMETERS[field]: Question((field,)) for field in ALONE},
    "externalListingId": Question(("external_listing_id",)),
    "event, section, row, seat": Question(("access_id", "section", "row", "seat")),
    "section, row, seat": Question(("section", "row", "seat")),
    "owner, event": Question(("owner_id", "access_id")),
    "organization, owner": Question(("organization_id", "owner_id")),
    "barcode, event": Question(("barcode", "access_id")),
    "event, state=listed": Question(("access_id",), {"state": "listed"}),
    "event, section": Question(("access_id", "section")),
    "state=held": Question((), {"state": "held"}, continues=True),
    "state=voided (none is)": Question((), {"state": "voided"}, continues=True),
    "mpreserve=true": Question((), {"mpreserve": "true"}, continues=True),
    "channelCode": Question((), {"channelCode": "market-a"}, continues=True),
    "organization, state=voided": Question(
        ("organization_id",), {"state": "voided"}, continues=True
    ),
}
"""Every kind of search by its name. The last five examine up to 20,000 tickets in a call."""


async def add_callers(transaction: Transaction) -> None:
    """Add the operator who searches, and the organizations that are not there yet."""
    await add_operator(transaction)
    known = await transaction.access.organizations()
    for organization_id in ORGANIZATIONS:
        if organization_id not in known:
            await transaction.access.add_organization(organization_id, "Bench")


def main() -> None:
    """Fill, measure, print the tables, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--tickets", type=int, nargs="+", default=(1_000_000, 10_000_000))
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="of each kind")
    parser.add_argument("--no-results", action="store_true", help="write no file")
    options = parser.parse_args()
    sizes = [measure(options.engine, tickets, options.questions) for tickets in options.tickets]
    figures = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "engine": "SQLite" if options.engine == "sqlite" else "PostgreSQL",
        "questions": options.questions,
        "sizes": sizes,
    }
    for size in sizes:
        show(figures, size)
    if not options.no_results:
        file = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-find-{options.engine}.json"
        file.write_text(json.dumps(figures, indent=2) + "\n")
        sys.stderr.write(f"Figures written to {file.relative_to(Path.cwd())}\n")


def measure(engine_name: str, tickets: int, questions: int) -> dict[str, Any]:
    """Measure all searches in an inventory of one size."""
    with tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as made:
        folder = Path(made)
        maker = sqlite(folder, 0) if engine_name == "sqlite" else postgres(folder, 0, 1)
        with maker as engine:
            with_store(engine.url, lambda store: store.commit(add_callers))
            if engine_name == "sqlite":
                seconds = fill_sqlite(engine.url.removeprefix("sqlite:///"), tickets)
            else:
                seconds = fill_postgres(engine.url, tickets)
            with running_server(engine.url, folder) as server:
                found = {
                    name: ask(server.port, question, tickets, questions)
                    for name, question in QUESTIONS_ASKED.items()
                }
    return {"tickets": tickets, "index_seconds": seconds, "searches": found}


def ask(port: int, question: Question, tickets: int, questions: int) -> dict[str, float]:
    """Send the requests of one kind, and return their times and how many tickets they found."""
    chance = random.Random(20261125)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {OPERATOR_KEY}"}
    seconds, found = [], 0
    following: str | None = None
    query: dict[str, str] = {}
    for _ in range(questions):
        if following is None:
            query = query_of(question, chance.randrange(tickets))
        after = {} if following is None else {"after": following}
        path = f"/operator/v1/tickets?{urlencode({**query, **after})}"
        began = perf_counter()
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body: Any = json.loads(response.read())
        seconds.append(perf_counter() - began)
        assert response.status == 200, body
        assert body["tickets"] or question.continues, query
        found += len(body["tickets"])
        following = body["next"] if question.continues else None
    connection.close()
    return {**times(seconds), "found": round(found / questions, 1)}


def query_of(question: Question, number: int) -> dict[str, str]:
    """The filters of a search for the ticket with a number."""
    seat: Seat = seat_of(number)
    values = {**seat._asdict(), "external_listing_id": listing_of(number)}
    return {**{PARAMETERS[field]: values[field] for field in question.fields}, **question.fixed}


def show(figures: dict[str, Any], size: dict[str, Any]) -> None:
    """Print the table of one size."""
    table = Table(title=f"{figures['machine']}, {size['tickets']:,} tickets, {figures['engine']}")
    for name in ("search", "median ms", "p99 ms", "longest ms", "tickets"):
        table.add_column(name, justify="left" if name == "search" else "right")
    for name, row in size["searches"].items():
        table.add_row(name, *(str(value) for value in row.values()))
    console = Console(width=130)
    console.print(table)
    seconds = ", ".join(f"{name} {took} s" for name, took in size["index_seconds"].items())
    console.print(f"Indexes: {seconds}")


if __name__ == "__main__":
    main()
