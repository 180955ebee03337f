"""`seatlatch tickets find`: every filter by its option, for people and for machines."""

from inspect import signature
from typing import Any

import pytest

from seatlatch.cli.tickets import find as command
from seatlatch.cli.tickets.descriptions import HEADER
from seatlatch.domain.ticket_filter import TicketFilter
from seatlatch.operations import find_tickets as operation
from tests.cases import all_cases
from tests.cli.box_office import add_two, lock
from tests.cli.commands import done_here, run_here
from tests.cli.test_bad_databases import assert_one_sentence
from tests.databases import ON_SQLITE, Database
from tests.operations.ticket_facts import examine_at_once
from tests.serving import CHANNEL, ORGANIZATION, OWNER

OPTIONS = {
    "event": ("--event", "event"),
    "section": ("--section", "101"),
    "row": ("--row", "C"),
    "seat": ("--seat", "7"),
    "barcode": ("--barcode", "B7"),
    "listing": ("--listing", "L-1"),
    "a seat": ("--event", "event", "--section", "101", "--row", "C", "--seat", "7"),
    "organization, owner and seat": ("--org", ORGANIZATION, "--owner", OWNER, "--seat", "7"),
    "state and section": ("--state", "listed", "--section", "101"),
    "channel and section": ("--channel", CHANNEL, "--section", "101"),
    "mpreserve and section": ("--mpreserve", "--section", "101"),
}


@pytest.fixture
def venue(inventory: Database) -> Database:
    """An inventory with a ticket for every case, `plain`, and `seat`, which is listed."""
    lock(add_two(inventory), "seat")
    return inventory


def found(venue: Database, *options: str) -> list[Any]:
    document = done_here(venue, "tickets", "find", *options)
    assert list(document) == ["tickets", "next"]
    return [ticket["token"] for ticket in document["tickets"]]


def test_each_option_is_a_filter(venue: Database) -> None:
    for name, options in OPTIONS.items():
        assert found(venue, *options) == ["seat"], name
    assert found(venue, "--no-mpreserve", "--section", "101") == []
    assert found(venue, "--state", "held") == ["foreign-locked", "locked", "locked-and-listed"]
    assert "plain" in found(venue, "--event", "")


@ON_SQLITE
def test_people_see_a_table_and_whether_there_are_more(venue: Database) -> None:
    shown = run_here(venue, "tickets", "find", "--seat", "7").stdout.splitlines()
    assert [line.split() for line in shown] == [
        list(HEADER),
        ["seat", ORGANIZATION, "event", "101", "C", "7", OWNER, "listed", CHANNEL, "L-1"],
    ]
    more = run_here(venue, "tickets", "find", "--limit", "2").stdout.splitlines()
    assert len(more) == 4
    assert more[-1] == "There are more. Use more options, or a higher --limit."
    nothing = run_here(venue, "tickets", "find", "--section", "none")
    assert (nothing.returncode, nothing.stdout) == (0, "No ticket matches.\n")


@ON_SQLITE
def test_it_goes_on_until_it_has_found_enough(
    venue: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation, "EXAMINED_TICKETS_MAX", 40)
    examine_at_once(monkeypatch, 20)
    assert found(venue, "--state", "voided") == ["foreign-voided", "voided", "voided-and-locked"]
    assert len(found(venue, "--limit", "7")) == 7
    assert found(venue, "--channel", "none") == []


@ON_SQLITE
@all_cases(
    "options",
    [
        ("--state", "free", "--channel", "c"),
        ("--section", ""),
        ("--state", "sold"),
        ("--limit", "0"),
        ("--limit", "10001"),
        ("--section", "\udcff"),
    ],
)
def test_wrong_options_exit_2(venue: Database, options: tuple[str, ...]) -> None:
    result = run_here(venue, "tickets", "find", *options)
    assert (result.returncode, result.stdout) == (2, "")
    assert_one_sentence(result.stderr)


def test_every_filter_has_an_option() -> None:
    others = {"limit", "database", "as_json"}
    assert len(set(signature(command.find).parameters) - others) == len(TicketFilter._fields)
