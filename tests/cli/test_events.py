"""`seatlatch events`: its output, exit codes, and stored events."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seatlatch.cli.events import commands, rows
from seatlatch.store.tickets import NewTicket
from tests.cases import all_cases
from tests.cli.commands import done_here, run_here, run_within
from tests.cli.test_bad_databases import assert_one_sentence
from tests.databases import ON_SQLITE, Database
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, OWNER, add_tickets, fill, listed

ORG = ("--org", ORGANIZATION)
Write = Callable[..., str]


@pytest.fixture
def database(database: Database) -> Database:
    fill(database, [listed("t1"), NewTicket("t2", ORGANIZATION, OWNER)])
    return database


@pytest.fixture
def file(tmp_path: Path) -> Write:
    """Writes a file of events."""

    def write(content: str | bytes, name: str = "events.csv") -> str:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return write


def known(database: Database) -> dict[str, dict[str, Any]]:
    """The events by access id, without what is null."""
    found = done_here(database, "events", "list")["events"]
    return {
        one["accessId"]: {
            name: one[name]
            for name in ("itemName", "seasonCode", "startsAt", "facilityName")
            if one[name] is not None
        }
        for one in found
        if one["accessId"] is not None
    }


def imported(
    database: Database, file: str, *more: str
) -> "tuple[subprocess.CompletedProcess[str], dict[str, Any]]":
    result = run_here(database, "events", "import", file, "--json", *more)
    return result, json.loads(result.stdout)


def counts(document: dict[str, Any]) -> tuple[int, int, int, int]:
    return tuple(document[name] for name in ("added", "updated", "unchanged", "badLines"))


def test_an_event_is_put_listed_and_updated(database: Database) -> None:
    starts_at = "2026-11-23T19:30:00-05:00"
    more = ("--item-name", "Home – Away", "--starts-at", starts_at, "--facility-name", "Arena")
    put = done_here(database, "events", "put", "GAME-1", *ORG, *more)
    assert (put["accessId"], put["outcome"]) == ("GAME-1", "added")
    details = {"itemName": "Home – Away", "startsAt": starts_at, "facilityName": "Arena"}
    assert known(database) == {"GAME-1": details}
    put = done_here(database, "events", "put", "GAME-1", *ORG, "--season-code", "2026")
    assert put["outcome"] == "updated"
    assert known(database) == {"GAME-1": {**details, "seasonCode": "2026"}}
    done_here(database, "events", "put", "GAME-1", *ORG, "--starts-at", "")
    assert "startsAt" not in known(database)["GAME-1"]
    again = run_here(database, "events", "put", "GAME-1", *ORG)
    assert (again.returncode, again.stdout) == (0, "GAME-1: unchanged.\n")


def test_the_list_has_a_table_for_people(database: Database) -> None:
    done_here(database, "events", "put", "GAME-1", *ORG, "--item-name", "Home")
    add_tickets(database, [NewTicket("t3", ORGANIZATION, OWNER, "GAME-1", voided=True)])
    lines = run_here(database, "events", "list").stdout.splitlines()
    assert [line.split() for line in lines] == [
        " ".join(commands.HEADER).split(),
        [ORGANIZATION, "(none)", "2", "1", "1", "0", "0"],
        [ORGANIZATION, "GAME-1", "Home", "1", "0", "0", "0", "1"],
    ]
    more = run_here(database, "events", "list", "--limit", "1").stdout.splitlines()
    assert more[-1] == "There are more events. Use a higher --limit, --org or --event."
    assert run_here(database, "events", "list", "--event", "none").stdout == "There are none.\n"
    (found,) = done_here(database, "events", "list", "--event", "")["events"]
    assert (found["accessId"], found["total"]) == (None, 2)


@all_cases(
    "arguments, code, sentence",
    [
        (("x ", *ORG), 2, "The value of ACCESS_ID ends with whitespace"),
        (("", *ORG), 2, "The value of ACCESS_ID must not be empty."),
        (("E1", *ORG, "--ends-at", "today"), 2, "The value of --ends-at is not a date and time"),
        (("E1", *ORG, "--item-name", "x" * 201), 2, "The value of --item-name is longer than 200"),
        (("E1", "--org", "none"), 1, "There is no organization none. Add it with"),
    ],
)
@ON_SQLITE
def test_a_bad_event_is_refused(
    database: Database, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    result = run_here(database, "events", "put", *arguments)
    assert result.returncode == code
    assert_one_sentence(result.stderr)
    assert sentence in result.stderr


def test_a_file_from_a_spreadsheet_is_imported(database: Database, file: Write) -> None:
    content = (
        "sep=;\nAccess ID;Item Name;startsAt;organizationId\n"
        f'G1;"Home; Away";2026-11-23T19:30:00Z;\n;;;\nG2;;;{ORGANIZATION}\n'
    )
    result, document = imported(database, file(content), *ORG)
    assert (result.returncode, counts(document)) == (0, (2, 0, 0, 0))
    assert known(database) == {
        "G1": {"itemName": "Home; Away", "startsAt": "2026-11-23T19:30:00Z"},
        "G2": {},
    }
    _, document = imported(database, file("access_id,item_name,starts_at\nG1,,\n"), *ORG)
    assert counts(document) == (0, 0, 1, 0)  # empty fields leave the values


def test_lines_of_json_may_name_their_organizations(database: Database, file: Write) -> None:
    lines = [
        {"accessId": "G1", "organizationId": ORGANIZATION, "starts_at": "2026-11-23T19:30:00Z"},
        {"access_id": "G1", "organization_id": FOREIGN_ORGANIZATION, "item_name": None},
    ]
    content = "\n".join(map(json.dumps, lines)) + "\n\n"
    result, document = imported(database, file(content, "events.ndjson"))
    assert (result.returncode, counts(document)) == (0, (2, 0, 0, 0))
    gone = json.dumps({"accessId": "G1", "organizationId": ORGANIZATION, "startsAt": None})
    piped = run_within(
        *("events", "import", "-", "--format", "ndjson"),
        typed=gone,
        SEATLATCH_DATABASE_URL=database.url,
    )
    assert piped.stdout == "0 added, 1 updated, 0 unchanged.\n"
    assert known(database) == {"G1": {}}


@all_cases(
    "name, content, bad",
    [
        ("a.csv", "access_id\nG1\nx \n", "line 3, access_id: ends with whitespace"),
        ("a.csv", "access_id,starts_at\nG1,\nG2,today\n", "line 3, starts_at: is not a date"),
        ("a.csv", "access_id\nG1\nG1\n", "line 3, access_id: is the same event as in line 2"),
        ("a.csv", "access_id,item_name\nG1\n", "line 2: has 1 fields, the header has 2"),
        ("a.csv", 'access_id\n"G1\n', "line 2: is not CSV"),
        ("a.csv", b"access_id\nG\xff\n", "line 2: is not UTF-8, at byte 2"),
        ("a.csv", "access_id\n" + "x" * 70_000 + "\n", "line 2: is longer than 65536 bytes"),
        (
            "a.csv",
            "access_id,organization_id\nG1,2002\n",
            "line 2, organization_id: is '2002', but this import is for",
        ),
        ("a.ndjson", '{"accessId": "G1"}\n{"item": "x"}', "line 2: has an unknown member 'item'"),
        ("a.ndjson", '{"accessId": "G1", "access_id": "G1"}', "line 1, access_id: is given twice"),
        ("a.ndjson", '{"accessId": 7}', "line 1: is not a JSON object of texts"),
        ("a.ndjson", "[]", "line 1: is not a JSON object of texts"),
        ("a.ndjson", '{"itemName": "x"}', "line 1, access_id: must not be empty"),
    ],
)
@ON_SQLITE
def test_a_bad_line_is_named_and_nothing_is_imported(
    database: Database, file: Write, name: str, content: str | bytes, bad: str
) -> None:
    result = run_here(database, "events", "import", file(content, name), *ORG)
    assert result.returncode == 1
    assert result.stdout == "Nothing was imported: 1 bad line. Correct them.\n"
    assert result.stderr.startswith(bad)
    assert known(database) == {}


@ON_SQLITE
def test_an_unknown_or_missing_organization_is_a_bad_line(database: Database, file: Write) -> None:
    content = "access_id,organization_id\nG1,none\nG2,\nG3,1001\n"
    result, document = imported(database, file(content))
    assert result.returncode == 1
    assert [(one["line"], one["column"]) for one in document["bad"]] == [
        (2, "organization_id"),
        (3, "organization_id"),
    ]
    assert known(database) == {}


@all_cases(
    "name, content, code, sentence",
    [
        ("a.csv", "item_name\nx\n", 1, "Line 1 of"),
        ("a.csv", b"\x1f\x8b", 1, "is compressed with gzip"),
        ("a.txt", "access_id\n", 2, "ends neither in .csv nor in .ndjson"),
    ],
)
@ON_SQLITE
def test_a_file_of_another_kind_is_refused(
    database: Database, file: Write, name: str, content: str | bytes, code: int, sentence: str
) -> None:
    result = run_here(database, "events", "import", file(content, name), *ORG)
    assert (result.returncode, result.stdout) == (code, "")
    assert sentence in result.stderr


@ON_SQLITE
def test_a_file_that_is_too_long_is_refused(
    database: Database, file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "EVENTS_MAX", 2)
    assert imported(database, file("access_id\nG1\nG2\n"), *ORG)[0].returncode == 0
    result = run_here(database, "events", "import", file("access_id\nG1\nG2\nG3\n"), *ORG)
    assert result.returncode == 1
    assert "has more than 2 events. Split the file." in result.stderr
