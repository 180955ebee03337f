"""The actions on a ticket's page: what they do and show, by role, and what they ask first."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from seatlatch.domain.operator import Role
from seatlatch.store.tickets import NewTicket
from tests.cases import all_cases
from tests.console.console_client import Console
from tests.console.people import ADMIN, BOX_OFFICE, READ, SUPPORT, add_people, key_of
from tests.databases import ON_SQLITE, Clock, Database
from tests.operator_api.box_office import hold, operate, show, void
from tests.operator_api.test_journal import trace
from tests.serving import CHANNEL, ORGANIZATION, OWNER, Served, fill, serving

NOW = datetime(2026, 11, 23, 14, 3, tzinfo=UTC)
TICKETS = [
    NewTicket("t", ORGANIZATION, OWNER, "GAME-1", "101", "B", "3"),
    NewTicket("u", ORGANIZATION, OWNER, "GAME-1", "101", "C", "3"),
    NewTicket("listed", ORGANIZATION, OWNER, mpreserve_channel=CHANNEL),
    NewTicket("no-row", ORGANIZATION, OWNER, seat="7"),
    NewTicket("-a 'b' $c", ORGANIZATION, OWNER),
]


@pytest.fixture
def clock(database: Database) -> Clock:
    fill(database, TICKETS)
    add_people(database)
    return database.clock(NOW)


@pytest.fixture
def served(database: Database, clock: Clock) -> Iterator[Served]:
    with serving(database, at=clock, console="on") as running:
        yield running


def act(served: Served, action: str, token: str, key: str = ADMIN, **fields: str) -> httpx.Response:
    """Send the form of an action, with a reason if none is given."""
    path = f"/console/tickets/{quote(token, safe='')}/{action}"
    return Console(served, key).post(path, **{"reason": "asked by phone", **fields})


def outcome(answer: httpx.Response) -> str:
    """What a page says about the outcome."""
    assert answer.status_code == 200, answer.text
    found = re.search(r"<strong>((?:Done|Not done): [^<]*)</strong>", answer.text)
    assert found is not None
    return found[1]


def state(served: Served, token: str) -> dict[str, Any]:
    shown = show(served, token)
    return {name: shown[name] for name in ("state", "hold", "mpreserve", "version")}


def test_an_unlock_ends_a_listing_and_is_in_the_journal(served: Served) -> None:
    answer = act(served, "unlock", "listed", SUPPORT)
    assert outcome(answer) == "Done: unlocked."
    assert state(served, "listed")["state"] == "free"
    request_id = re.search(r'href="/console/requests/([0-9a-f-]+)"', answer.text)
    assert request_id is not None
    (traced,) = trace(served, request_id[1])
    assert (traced["verb"], traced["operator"], traced["reason"]) == (
        "override",
        SUPPORT,
        "asked by phone",
    )
    assert traced["success"] == [
        {"token": "listed", "outcome": "unlocked", "version": 2, "listedBy": CHANNEL}
    ]
    assert outcome(act(served, "unlock", "listed")) == "Done: already unlocked."


def test_a_hold_without_an_end(served: Served) -> None:
    assert outcome(act(served, "hold", "t", BOX_OFFICE)) == "Done: held."
    assert state(served, "t")["hold"] == {"reason": "asked by phone", "expiresAt": None}


def test_a_hold_with_an_end_in_any_zone(served: Served) -> None:
    assert outcome(act(served, "hold", "t", until="2026-11-23T15:03:30.500+00:00")) == "Done: held."
    assert state(served, "t")["hold"]["expiresAt"] == "2026-11-23T15:03:31Z"
    act(served, "hold", "t", until="2026-11-24T00:00:00+09:00")
    assert state(served, "t")["hold"]["expiresAt"] == "2026-11-23T15:00:00Z"


@all_cases(
    "until",
    [
        *("2026-11-23T14:03:00Z", "2020-01-01T00:00:00Z", "2027-11-24T14:03:01Z"),
        *("2026-11-24T12:00:00", "tomorrow", "9999-12-31T23:59:59-14:00"),
    ],
)
def test_a_hold_with_a_wrong_end_is_refused(served: Served, until: str) -> None:
    answer = act(served, "hold", "t", until=until)
    assert (answer.status_code, "end of the hold must be" in answer.text) == (422, True)
    assert state(served, "t")["state"] == "free"


def test_a_hold_of_a_listed_ticket_is_refused_unless_it_is_meant(served: Served) -> None:
    answer = act(served, "hold", "listed")
    assert outcome(answer) == "Not done: reserved."
    assert "Hold it over the listing" in answer.text
    assert outcome(act(served, "hold", "listed", overListing="true")) == "Done: held."
    assert state(served, "listed")["mpreserve"] is True


def test_a_release(served: Served) -> None:
    hold(served, "t")
    assert outcome(act(served, "release", "t", BOX_OFFICE)) == "Done: released."
    assert state(served, "t")["state"] == "free"
    assert outcome(act(served, "release", "t")) == "Done: already released."


def test_an_unlock_of_a_held_ticket_says_what_to_do(served: Served) -> None:
    hold(served, "listed", overListing=True)
    answer = act(served, "unlock", "listed")
    assert outcome(answer) == "Not done: seat locked."
    assert "release it" in answer.text


CONFIRMED = {
    "the seat": ("t", "101 B 3"),
    "the seat in small letters": ("u", " 101  c 3 "),
    "a seat without a row": ("no-row", "7"),
    "the token": ("listed", "listed"),
    "a strange token": ("-a 'b' $c", "-a 'b' $c"),
}


@all_cases(("token", "typed"), CONFIRMED.values(), ids=CONFIRMED)
def test_a_void_is_confirmed_by_the_seat_or_the_token(
    served: Served, token: str, typed: str
) -> None:
    answer = act(served, "void", token, BOX_OFFICE, confirmed=typed)
    assert outcome(answer) == "Done: made void."
    assert state(served, token)["state"] == "voided"


@all_cases("typed", ["", "t", "101 B", "101 B 33", "101B3", "yes", "GAME-1 101 B 3"])
def test_a_void_that_is_not_confirmed_changes_nothing(served: Served, typed: str) -> None:
    answer = act(served, "void", "t", confirmed=typed)
    assert (answer.status_code, "Type 101 B 3 to confirm" in answer.text) == (422, True)
    assert state(served, "t")["version"] == 1


@all_cases("action", ["unlock", "hold", "release"])
def test_a_void_ticket_stays_void(served: Served, action: str) -> None:
    void(served, "t")
    assert outcome(act(served, action, "t")) == "Not done: voided."


@all_cases("reason", ["", " ", "x" * 201, "a\nb", "\u2028"])
@all_cases("action", ["unlock", "hold", "release", "void"])
def test_a_reason_is_needed(served: Served, action: str, reason: str) -> None:
    answer = act(served, action, "t", reason=reason, confirmed="101 B 3")
    assert (answer.status_code, "The reason" in answer.text) == (422, True)
    assert state(served, "t")["version"] == 1


ALLOWED = {
    READ: (),
    SUPPORT: ("unlock",),
    BOX_OFFICE: ("unlock", "hold", "release", "void"),
    key_of(Role.BOX_OFFICE, "inside"): ("unlock", "hold", "release", "void"),
}


@all_cases(("key", "allowed"), ALLOWED.items())
@all_cases("action", ["unlock", "hold", "release", "void"])
def test_each_role_may_do_what_it_may(
    served: Served, action: str, key: str, allowed: tuple[str, ...]
) -> None:
    token = "t" if action == "void" else "no-row"
    before = state(served, token)
    answer = act(served, action, token, key, confirmed="101 B 3")
    assert answer.status_code == (200 if action in allowed else 403)
    if action not in allowed:
        assert state(served, token) == before


@all_cases("action", ["unlock", "hold", "release", "void"])
def test_a_ticket_of_others_does_not_exist(served: Served, action: str) -> None:
    outside = key_of(Role.ADMIN, "outside")
    found = act(served, action, "t", outside, confirmed="101 B 3")
    unknown = act(served, action, "unknown", outside, confirmed="unknown")
    assert (found.status_code, unknown.status_code) == (404, 404)
    text = found.text.replace(found.headers["request-id"], "")  # it may contain these digits
    assert "101" not in text
    assert state(served, "t")["version"] == 1


def test_a_script_gets_a_part_and_its_page_is_refreshed(served: Served) -> None:
    answer = act(served, "hold", "t", isPart="true")
    assert outcome(answer) == "Done: held."
    assert "<!doctype" not in answer.text
    assert answer.headers["HX-Trigger"] == "ticket-changed"
    whole = act(served, "hold", "t")
    assert whole.text.startswith("<!doctype html>")
    assert 'href="/console/tickets/t"' in whole.text


def test_a_form_from_elsewhere_changes_nothing(served: Served) -> None:
    assert act(served, "hold", "t", csrf="").status_code == 403
    assert state(served, "t")["version"] == 1


def commands(answer: httpx.Response) -> tuple[str, str]:
    """The action as curl and as a command."""
    curl, command = re.findall(r'data-copy="([^"]*)"', answer.text)
    return unescape(curl), unescape(command)


@ON_SQLITE
def test_the_outcome_has_the_action_as_commands(served: Served, clock: Clock) -> None:
    until = (clock.now + timedelta(minutes=10)).isoformat()
    token, reason = "-a 'b' $c", 'it\'s "broken" & `open`'
    answer = act(served, "hold", token, reason=reason, until=until, overListing="true")
    curl, command = commands(answer)
    assert command == (
        """seatlatch tickets hold --reason 'it'"'"'s "broken" & `open`' --for 600 --over-listing"""
        """ -- '-a '"'"'b'"'"' $c'"""
    )
    assert '"$URL"/operator/v1/tickets/status' in curl
    assert '-H "Authorization: Bearer $OPERATOR_KEY"' in curl
    assert "Request-ID" not in curl


@ON_SQLITE
def test_the_curl_command_does_the_same(served: Served) -> None:
    """Its body, sent to its path, is the action."""
    answer = act(served, "hold", "t", reason="it's moved")
    curl, _ = commands(answer)
    body = curl.split("--data-raw '")[1].rstrip("'").replace("'\"'\"'", "'")
    path = curl.split('"$URL"')[1].split(" ")[0]
    assert operate(
        served, "PUT", path.removeprefix("/operator/v1/tickets"), body.encode()
    ).is_success
    assert state(served, "t")["hold"]["reason"] == "it's moved"
