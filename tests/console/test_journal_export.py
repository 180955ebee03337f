"""The export of the journal over HTTP: periods, portions, formats, and what must be refused."""

import csv
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import StringIO
from urllib.parse import urlencode

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.journal import Asker
from seatlatch.domain.operator import Role
from seatlatch.operations.change_tickets import hold_tickets
from tests.cases import all_cases
from tests.console.console_client import Console
from tests.console.journal_pages import PAGE, TOKEN, add_entries, export
from tests.console.people import READ, key_of
from tests.databases import ON_SQLITE
from tests.serving import APPLICATION, CHANNEL, Served
from tests.stores import opened

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
REQUEST = "7d444840-9dc0-41d1-b245-5ffdce74fad2"


def hold(served: Served, reason: str, at: datetime = START) -> None:
    """A hold by the box office at a time, of a ticket that exists and of one that does not."""
    asker = Asker(REQUEST, operator="=cmd()", client_address="192.0.2.7")
    with opened(served.database.store(at)) as store:
        store.run(hold_tickets(CommitEach(store.store), asker, [TOKEN, "-1+2"], reason))


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline="")))


def reasons(served: Served, **query: str) -> list[str]:
    """The reasons of the exported requests."""
    parts = export(Console(served, READ), format="jsonl", **query)
    return [json.loads(line)["reason"] for part in parts for line in part["text"].splitlines()]


def test_json_has_a_line_for_each_request(served: Served) -> None:
    add_entries(served, 2)
    (part,) = export(Console(served, READ), format="jsonl")
    newest, _ = [json.loads(line) for line in part["text"].splitlines()]
    assert part["entries"] == 2
    assert (newest["verb"], newest["application"], newest["channel"]) == (
        *("unlock", APPLICATION),
        CHANNEL,
    )
    assert newest["success"] == [{"token": TOKEN, "outcome": "already_unlocked"}]
    assert "clientAddress" not in newest


def test_csv_has_a_line_for_each_ticket_and_no_formulas(served: Served) -> None:
    add_entries(served, 1)
    hold(served, "@SUM(A1)\n=1")
    (part,) = export(Console(served, READ), format="csv")
    assert part["text"].startswith("\ufeffentryId,timestamp,requestId,")
    held, unknown, unlocked = rows_of(part["text"])
    assert (unlocked["token"], unlocked["outcome"], unlocked["version"]) == (TOKEN, "unlocked", "2")
    assert (held["operator"], held["reason"]) == ("'=cmd()", "'@SUM(A1)\n=1")
    assert held["timestamp"] == "2026-11-23T12:00:00Z"
    assert (unknown["token"], unknown["outcome"], unknown["version"]) == ("'-1+2", "unknown", "")
    assert "192.0.2.7" not in part["text"]


def test_a_refused_request_has_one_line(served: Served) -> None:
    served.unlock(*[str(number) for number in range(101)])
    (part,) = export(Console(served, READ), format="csv")
    (row,) = rows_of(part["text"])
    assert (row["verb"], row["token"]) == ("unlock", "")
    assert "more than 100 tokens" in row["refusal"]


def test_a_period_is_exported(served: Served) -> None:
    for hour in range(4):
        hold(served, f"hour {hour}", START + timedelta(hours=hour))
    assert reasons(served) == ["hour 3", "hour 2", "hour 1", "hour 0"]
    assert reasons(served, since="2026-11-23T13:00:00Z", until="2026-11-23T15:00:00Z") == [
        *("hour 2", "hour 1")
    ]
    assert reasons(served, until="2026-11-23T14:00:00+01:00") == ["hour 0"]
    assert reasons(served, since="9999-12-31T23:59:59Z") == []
    assert reasons(served, until="0001-01-01T00:00:00Z") == []


def test_an_export_has_portions(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seatlatch.operations.export_journal.ENTRIES_AT_ONCE", 2)
    monkeypatch.setattr("seatlatch.operations.export_journal.PORTION_ENTRIES_MAX", 3)
    for hour in range(9):
        hold(served, f"hour {hour}", START + timedelta(hours=hour))
    parts = export(Console(served, READ), format="csv")
    assert [part["entries"] for part in parts] == [4, 4, 1]
    rows = rows_of("".join(part["text"] for part in parts))
    assert [row["reason"] for row in rows[::2]] == [f"hour {hour}" for hour in range(8, -1, -1)]
    monkeypatch.setattr("seatlatch.operations.export_journal.PORTION_TICKETS_MAX", 1)
    assert [part["entries"] for part in export(Console(served, READ), format="csv")] == [
        *(2, 2, 2, 2, 1)
    ]


def test_a_damaged_entry_is_marked(served: Served) -> None:
    add_entries(served, 2)
    hold(served, "a broken seat")
    served.database.execute("UPDATE journal SET entry = replace(entry, 'broken', 'stolen')")
    served.database.execute("UPDATE journal SET entry = '{' WHERE entry LIKE '%unlock%'")
    console = Console(served, READ)
    (part,) = export(console, format="csv")
    rows = rows_of(part["text"])
    assert [(row["damaged"], row["reason"]) for row in rows] == [
        *(("true", "a stolen seat"), ("true", "a stolen seat")),
        *(("true", ""), ("true", "")),
    ]
    (part,) = export(console, format="jsonl")
    assert [json.loads(line)["damaged"] for line in part["text"].splitlines()] == [True] * 3
    assert "seatlatch_journal_damage_total" in served.client.get("/metrics").text


QUERIES: Sequence[dict[str, str]] = (
    {},
    {"format": "xml"},
    {"format": "csv", "since": "yesterday"},
    {"format": "csv", "until": "2026-11-23T12:00"},
    {"format": "csv", "since": "2026-11-23T12:00:00Z", "until": "2026-11-23T12:00:00Z"},
    {"format": "csv", "after": "x"},
    {"format": "csv", "after": "W10"},
)


@ON_SQLITE
@all_cases("query", QUERIES)
def test_a_wrong_query_is_refused(served: Served, query: dict[str, str]) -> None:
    assert Console(served, READ).get(f"{PAGE}/entries?{urlencode(query)}").status_code == 422


@ON_SQLITE
def test_a_place_of_another_period_is_refused(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seatlatch.operations.export_journal.PORTION_ENTRIES_MAX", 1)
    monkeypatch.setattr("seatlatch.operations.export_journal.ENTRIES_AT_ONCE", 1)
    add_entries(served, 3)
    console = Console(served, READ)
    part = console.get(f"{PAGE}/entries", format="csv").json()
    other = console.get(f"{PAGE}/entries", format="jsonl", after=part["next"])
    assert other.status_code == 422


@all_cases("role", Role)
def test_who_is_limited_to_organizations_exports_nothing(served: Served, role: Role) -> None:
    console = Console(served, key_of(role, "inside"))
    assert console.get(f"{PAGE}/entries", format="csv").status_code == 403
    assert console.get(f"{PAGE}/anchor").status_code == 403
