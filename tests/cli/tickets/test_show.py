"""`seatlatch tickets show`: every member, for machines and for people."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from seatlatch.operations.change_tickets import hold_tickets
from tests.cli.box_office import SELLER, add_two, lock, shown
from tests.cli.commands import done_here, run_here, run_on
from tests.cli.test_bad_databases import assert_one_sentence
from tests.databases import Database
from tests.operations.changes import ASKER
from tests.serving import CHANNEL, ORGANIZATION, OWNER

TICKET = {
    "token": "plain",
    "organizationId": ORGANIZATION,
    "ownerId": OWNER,
    "accessId": None,
    "section": None,
    "row": None,
    "seat": None,
    "barcode": None,
    "state": "free",
    "voided": False,
    "status": "UNLOCK",
    "hold": None,
    "mpreserve": False,
    "channel": None,
    "listing": None,
    "version": 1,
    "revision": 1,
}
"""A ticket with only the required details."""


@pytest.fixture
def venue(inventory: Database) -> Database:
    """An inventory with a ticket for every case, `plain` and `seat`."""
    return add_two(inventory)


def test_a_plain_ticket_is_shown_with_every_member(venue: Database) -> None:
    ticket = done_here(venue, "tickets", "show", "plain")
    assert ticket == TICKET
    assert list(ticket) == list(TICKET)


def test_where_the_seat_is_and_what_was_reported_of_the_listing(venue: Database) -> None:
    lock(venue, "seat")
    ticket = shown(venue, "seat")
    assert (ticket["accessId"], ticket["section"], ticket["row"]) == ("event", "101", "C")
    assert (ticket["seat"], ticket["barcode"], ticket["version"]) == ("7", "B7", 2)
    assert (ticket["mpreserve"], ticket["channel"], ticket["hold"]) == (True, CHANNEL, None)
    listing = ticket["listing"]
    assert list(listing) == [
        "source", "externalListingId", "totalPrice", "individualPrice", "seller"
    ]  # fmt: skip
    assert listing["seller"] == {"lastName": "Doe", "firstName": "Jö", "age": Decimal("1.10")}
    text = run_here(venue, "tickets", "show", "--json", "seat").stdout
    assert '"totalPrice":250.00,"individualPrice":125.10,' in text
    assert SELLER in text


def test_people_see_lines_without_what_is_not_known(venue: Database) -> None:
    plain = run_here(venue, "tickets", "show", "plain").stdout.splitlines()
    assert [line.split("  ")[0] for line in plain] == [
        "token", "organization", "owner", "state", "voided", "seat status", "mpreserve", "version"
    ]  # fmt: skip
    lock(venue, "seat")
    lines = run_here(venue, "tickets", "show", "seat").stdout.splitlines()
    assert f"mpreserve            set by {CHANNEL}" in lines
    assert "total price          250.00" in lines
    assert f"seller               {SELLER}" in lines
    voided = run_here(venue, "tickets", "show", "voided").stdout
    assert "yes, permanently" in voided
    held = run_here(venue, "tickets", "show", "locked").stdout
    assert "seat status   LOCK\n" in held
    assert "held until    it is released\n" in held


def test_a_hold_is_shown_with_its_reason_and_end(venue: Database) -> None:
    done_here(venue, "tickets", "hold", "plain", "--reason", "moving", "--for", "3600")
    ticket = shown(venue, "plain")
    assert (ticket["status"], ticket["hold"]["reason"]) == ("LOCK", "moving")
    ends = datetime.fromisoformat(ticket["hold"]["expiresAt"])
    assert abs(ends - datetime.now(UTC) - timedelta(hours=1)) < timedelta(minutes=1)
    done_here(venue, "tickets", "hold", "plain", "--reason", "permanent")
    assert shown(venue, "plain")["hold"] == {"reason": "permanent", "expiresAt": None}
    assert "hold reason   permanent" in run_here(venue, "tickets", "show", "plain").stdout


def test_a_hold_that_has_ended_is_not_shown(venue: Database) -> None:
    venue.change(lambda committer: hold_tickets(committer, ASKER, ["plain"], "moving", 0))
    assert shown(venue, "plain") == {**TICKET, "version": 2, "revision": 2}


@pytest.mark.parametrize("token", ["nothing", "", "x" * 10_000, "\N{ADMISSION TICKETS}", "PLAIN"])
def test_a_ticket_that_is_not_there_can_not_be_shown(venue: Database, token: str) -> None:
    result = run_here(venue, "tickets", "show", token, "--json")
    assert (result.returncode, result.stdout) == (1, "")
    assert_one_sentence(result.stderr)
    assert len(result.stderr) < 200


def test_a_token_that_is_no_text_can_not_be_shown(venue: Database) -> None:
    result = run_on(venue, "tickets", "show", "\udcff")
    assert (result.returncode, result.stdout) == (2, "")
    assert_one_sentence(result.stderr)
