"""`seatlatch audit`, and the person whom commands record: --as, SEATLATCH_ACTOR, the user."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from tests.cli.commands import done_here, run_here, run_within
from tests.databases import Database

ADD = ("org", "add", "1001", "--name", "Arena")


def entries(database: Database, *filters: str) -> list[dict[str, Any]]:
    """The audit in the form of the command, the newest first."""
    found: list[dict[str, Any]] = done_here(database, "audit", *filters)["entries"]
    return found


def actor_of(database: Database, *arguments: str, **settings: str) -> str:
    """The author of a change that a command makes, as the audit names it."""
    result = run_within(*arguments, SEATLATCH_DATABASE_URL=database.url, **settings)
    assert (result.returncode, result.stderr) == (0, "")
    actor: str = entries(database)[0]["actor"]
    return actor


PEOPLE: list[tuple[tuple[str, ...], Mapping[str, str], str]] = [
    (("--as", "Anna B."), {}, "Anna B."),
    (("--as", "anna"), {"SEATLATCH_ACTOR": "bob"}, "anna"),
    ((), {"SEATLATCH_ACTOR": "bob"}, "bob"),
    ((), {"SEATLATCH_ACTOR": "", "LOGNAME": "cid"}, "cid"),
    ((), {"LOGNAME": "root", "SUDO_USER": "dora"}, "dora"),
    ((), {"LOGNAME": "cid", "SUDO_USER": "dora"}, "cid"),
    ((), {"LOGNAME": "root", "SUDO_USER": ""}, "root"),
]


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(("options", "settings", "name"), PEOPLE)
def test_a_command_records_a_person(
    database: Database, options: tuple[str, ...], settings: dict[str, str], name: str
) -> None:
    assert actor_of(database, *ADD, *options, **settings) == f"command line ({name})"


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("options", "settings", "words"),
    [
        (("--as", ""), {}, "--as must not be empty."),
        (("--as", "x" * 201), {}, "--as is longer than 200 characters"),
        (("--as", "a\nb"), {}, "--as must not contain U+000A"),
        ((), {"SEATLATCH_ACTOR": " anna"}, "SEATLATCH_ACTOR must not begin with U+0020"),
    ],
)
def test_a_name_that_cannot_be_shown_is_wrong_usage(
    database: Database, options: tuple[str, ...], settings: dict[str, str], words: str
) -> None:
    result = run_within(*ADD, *options, SEATLATCH_DATABASE_URL=database.url, **settings)
    assert result.returncode == 2
    assert words in result.stderr
    assert entries(database) == []


def test_the_journal_has_the_same_person(inventory: Database) -> None:
    hold = ("tickets", "hold", "plain", "--reason", "moving", "--as", "anna")
    request_id = json.loads(run_here(inventory, *hold, "--json").stdout)["requestId"]
    (request,) = done_here(inventory, "trace", request_id)["requests"]
    assert request["operator"] == "command line (anna)"
    pruned = done_here(inventory, "journal", "prune", "--before", "2000-01-01", "--as", "anna")
    assert pruned["rows"] == 0


def test_the_audit_shows_changes_with_their_authors(database: Database) -> None:
    for name in ("anna", "bob"):
        done_here(database, "org", "add", name, "--name", "Arena", "--as", name)
    newest, oldest = entries(database)
    assert UUID(newest["requestId"]).version == 4
    assert {**newest, "requestId": "", "timestamp": ""} == {
        "auditId": "2",
        "timestamp": "",
        "actor": "command line (bob)",
        "clientAddress": None,
        "requestId": "",
        "action": "organization.add",
        "target": "bob",
        "details": {"name": "Arena"},
    }
    assert entries(database, "--actor", "command line (anna)") == [oldest]
    assert entries(database, "--target", "bob", "--action", "organization.add") == [newest]
    assert entries(database, "--since", "2020-01-01", "--limit", "1") == [newest]
    assert entries(database, "--since", "2100-01-01T00:00:00+01:00") == []


def test_the_audit_in_words(database: Database) -> None:
    assert run_here(database, "audit").stdout == "There is no entry.\n"
    done_here(database, *ADD, "--as", "anna")
    organizations = ("--org", "1001")
    done_here(database, "channel", "add", "new", "--name", "New", *organizations, "--as", "anna")
    lines = run_here(database, "audit", "--limit", "1").stdout.splitlines()
    assert lines[0].endswith(
        "command line (anna)  channel.add  new  name: New, organizations: 1001"
    )
    assert lines[1:] == ["There are earlier entries. Use a higher --limit."]


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--since", "yesterday"), "--since 'yesterday' is not a date such as 2026-01-31, or a"),
        (("--action", "everything"), "'everything' is not one of"),
        (("--limit", "0"), "greater than or equal to 1"),
    ],
)
def test_a_wrong_filter_is_wrong_usage(
    database: Database, options: tuple[str, ...], words: str
) -> None:
    result = run_here(database, "audit", *options)
    assert result.returncode == 2
    assert words in result.stderr
