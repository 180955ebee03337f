"""The console's search box, the page that finds tickets, and its file."""

import asyncio
import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest

from seatlatch.console import ticket_search as module
from seatlatch.domain.operator import Role
from seatlatch.domain.ticket_filter import TicketFilter
from seatlatch.operations.find_tickets import FoundTickets, find_tickets
from seatlatch.store.tickets import NewTicket
from tests.cases import all_cases
from tests.console.console_client import Console
from tests.console.people import READ, add_people, key_of
from tests.databases import ON_SQLITE, Databases
from tests.operator_api.administrators import done
from tests.operator_api.box_office import operate
from tests.serving import CHANNEL, FOREIGN_ORGANIZATION, LOCK, ORGANIZATION, Served, fill, serving

REQUEST = str(uuid4())
HOSTILE = "<script>alert(1)</script>\"'&"
SEATS = [
    NewTicket("t1", ORGANIZATION, "anna", "GAME-1", "101", "B", "3", barcode="B-1"),
    NewTicket("t2", ORGANIZATION, "anna", "GAME-2", "101", "B", "3", barcode="B-2"),
    NewTicket("a/b?c#d%", ORGANIZATION, "carl"),
    NewTicket(HOSTILE, ORGANIZATION, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, barcode=HOSTILE),
    NewTicket("void", ORGANIZATION, "dora", voided=True),
    NewTicket("held", ORGANIZATION, "dora", seat_status="LOCK"),
    NewTicket("theirs", FOREIGN_ORGANIZATION, "anna", "GAME-9", "900", "Z", "1", barcode="B-9"),
    *(NewTicket(f"crowd-{n:03}", ORGANIZATION, "crowd", section="500") for n in range(120)),
]
LISTING = (
    b'{"source":"MY_ACCOUNT","listing":{"externalListingId":"L-77","tokens":[{"token":"t1"}]}}'
)
OUTSIDE, INSIDE = key_of(Role.READ, "outside"), key_of(Role.READ, "inside")


@pytest.fixture(scope="module")
def venue(databases: Databases) -> Iterator[Served]:
    """A server with the console and these tickets, one of which is listed."""
    database = databases.new()
    fill(database, SEATS)
    add_people(database)
    with serving(database, console="on") as served:
        assert served.call("PUT", LOCK, LISTING, Request_ID=REQUEST).status_code == 200
        yield served


@pytest.fixture(scope="module")
def reader(venue: Served) -> Console:
    return Console(venue, READ)


def location(console: Console, text: str) -> str:
    """The page to which the search box leads."""
    answer = console.get("/console/search", q=text)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


ONE_THING = {
    "a token": ("t1", "/console/tickets/t1"),
    "a strange token": ("a/b?c#d%", "/console/tickets/a%2Fb%3Fc%23d%25"),
    "markup": (HOSTILE, f"/console/tickets/{quote(HOSTILE, safe='')}"),
    "a barcode": ("B-2", "/console/tickets/t2"),
    "a seat": ("GAME-1 101 B 3", "/console/tickets/t1"),
    "a listing": ("L-77", "/console/tickets/t1"),
    "an owner of one": ("carl", "/console/tickets/a%2Fb%3Fc%23d%25"),
    "an owner of many": ("crowd", "/console/tickets?ownerId=crowd"),
    "a seat at two events": ("101 B 3", "/console/tickets?section=101&row=B&seat=3"),
    "an event": ("game-2", f"/console/events/{ORGANIZATION}/GAME-2"),
    "a Request-ID": (REQUEST.upper(), f"/console/requests/{REQUEST}"),
}


@all_cases(("text", "path"), ONE_THING.values(), ids=ONE_THING)
def test_the_only_thing_is_opened(reader: Console, text: str, path: str) -> None:
    assert location(reader, text) == path


def test_an_event_of_two_organizations_leads_to_their_tickets(served: Served) -> None:
    ticket = {"token": "fair", "organizationId": ORGANIZATION, "ownerId": "x", "accessId": "FAIR"}
    theirs = {**ticket, "token": "their-fair", "organizationId": FOREIGN_ORGANIZATION}
    assert operate(served, "POST", "", [ticket, theirs]).status_code == 200
    assert location(Console(served, READ), "FAIR") == "/console/tickets?accessId=FAIR"
    assert location(Console(served, INSIDE), "FAIR") == f"/console/events/{ORGANIZATION}/FAIR"


def test_several_kinds_are_shown_in_groups(venue: Served, reader: Console) -> None:
    assert (
        operate(
            venue,
            "POST",
            "",
            [{"token": "anna", "organizationId": ORGANIZATION, "ownerId": "emil"}],
        ).status_code
        == 200
    )
    page = reader.get("/console/search", q="anna")
    assert page.status_code == 200
    assert "<h2>Token</h2>" in page.text
    assert "<h2>Owner</h2>" in page.text
    for token in ("anna", "t1", "t2", "theirs"):
        assert f'href="/console/tickets/{token}"' in page.text


@all_cases("text", ["nothing", "", "1 2 3", "\0", "9" * 1_000, "🎟", HOSTILE + "x"])
def test_nothing_is_said_to_match(reader: Console, text: str) -> None:
    page = reader.get("/console/search", q=text)
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert ("Nothing matches" in page.text) == bool(text)


@all_cases("text", ["t1", "B-2", "GAME-1 101 B 3", "L-77", "crowd", "GAME-2", REQUEST])
def test_what_is_of_others_is_not_found(venue: Served, text: str) -> None:
    page = Console(venue, OUTSIDE).get("/console/search", q=text)
    assert (page.status_code, "Nothing matches" in page.text) == (200, True)
    assert location(Console(venue, INSIDE), text)


FILTERS = {
    "accessId": "GAME-1",
    "barcode": "B-1",
    "externalListingId": "L-77",
    "channelCode": CHANNEL,
    "state": "listed",
    "mpreserve": "true",
}


def tokens_in(page: str) -> list[str]:
    """The tokens of a page's table, as they are written in it."""
    return [part.split('"')[0] for part in page.split('<a href="/console/tickets/')[1:]]


@all_cases(("name", "value"), FILTERS.items())
def test_each_filter(reader: Console, name: str, value: str) -> None:
    page = reader.get(f"/console/tickets?{urlencode({name: value})}")
    assert (page.status_code, tokens_in(page.text)) == (200, ["t1"])


def test_filters_are_combined_and_empty_fields_are_none(reader: Console) -> None:
    page = reader.get("/console/tickets?section=101&row=B&seat=3&ownerId=anna&state=&after=")
    assert tokens_in(page.text) == ["t1", "t2"]
    page = reader.get("/console/tickets?section=101&state=free")
    assert tokens_in(page.text) == ["t2"]
    page = reader.get("/console/tickets?withoutEvent=true&ownerId=dora")
    assert tokens_in(page.text) == ["held", "void"]
    page = reader.get("/console/tickets", organizationId=FOREIGN_ORGANIZATION)
    assert tokens_in(page.text) == ["theirs"]


def test_every_filter_of_the_domain_has_a_field(reader: Console) -> None:
    names = set(module.FindForm.__struct_fields__) - {"without_event", "after"}
    assert names == set(TicketFilter._fields)


def test_pages_follow_each_other(reader: Console) -> None:
    first = reader.get("/console/tickets", ownerId="crowd")
    assert len(tokens_in(first.text)) == module.PAGE_TICKETS
    following = first.text.split('" rel="next"')[0].split('href="')[-1].replace("&amp;", "&")
    second = reader.get(following)
    assert tokens_in(second.text) == [f"crowd-{n:03}" for n in range(100, 120)]
    assert 'rel="next"' not in second.text


WRONG = {
    "contradiction": ("?state=free&mpreserve=true", "No ticket can match both"),
    "an event and none": ("?accessId=GAME-1&withoutEvent=true", "Choose an event"),
    "a cursor of others": ("?ownerId=anna&after=WyJ4IiwgMV0", "after"),
    "no cursor": ("?after=%00", "`after` is not"),
}


@all_cases(("query", "words"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_found_says_why(reader: Console, query: str, words: str) -> None:
    page = reader.get(f"/console/tickets{query}")
    assert page.status_code == 422
    assert words in page.text
    assert 'name="ownerId"' in page.text  # the form is there to correct it


def test_another_organization_looks_empty(venue: Served) -> None:
    outside = Console(venue, OUTSIDE)
    assert tokens_in(outside.get("/console/tickets").text) == ["theirs"]
    for query in ("?section=101", f"?organizationId={ORGANIZATION}"):
        assert "No ticket matches" in outside.get(f"/console/tickets{query}").text


def test_markup_appears_escaped(reader: Console) -> None:
    page = reader.get("/console/tickets", ownerId=HOSTILE)
    assert "<script>alert" not in page.text
    assert page.text.count("&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;") >= 6


def rows(console: Console, query: str) -> list[list[str]]:
    """The rows of the file, after its header."""
    answer = console.get(f"/console/tickets.csv{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "attachment" in answer.headers["Content-Disposition"]
    header, *rest = csv.reader(StringIO(answer.content.decode("utf-8-sig")))
    assert tuple(header) == module.COLUMNS
    return rest


def test_all_matches_are_exported(reader: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EXPORTED_AT_ONCE_TICKETS", 7)
    assert [row[0] for row in rows(reader, "?ownerId=crowd")] == [
        f"crowd-{n:03}" for n in range(120)
    ]
    assert rows(reader, "?state=listed") == [
        ["t1", ORGANIZATION, "anna", "GAME-1", "101", "B", "3", "B-1", "listed", CHANNEL, "L-77"]
    ]
    assert rows(reader, "?ownerId=nobody") == []


def test_a_client_without_gzip_gets_the_same_file(reader: Console) -> None:
    plain = reader.get(
        "/console/tickets.csv?ownerId=crowd", headers={"Accept-Encoding": "identity"}
    )
    zipped = reader.get("/console/tickets.csv?ownerId=crowd")
    assert (plain.headers.get("Content-Encoding"), zipped.headers["Content-Encoding"]) == (
        None,
        "gzip",
    )
    assert plain.content == zipped.content


@pytest.mark.parametrize(
    ("method", "change", "status"),
    [("PATCH", {"organizations": [FOREIGN_ORGANIZATION]}, 403), ("DELETE", b"", 401)],
)
def test_who_loses_access_during_an_export_gets_no_file(
    served: Served, monkeypatch: pytest.MonkeyPatch, method: str, change: object, status: int
) -> None:
    console = Console(served, INSIDE)

    async def find_slowly(*arguments: Any) -> FoundTickets:
        path = f"/operators/{INSIDE}"
        await asyncio.to_thread(done, served, method, path, change)
        return await find_tickets(*arguments)

    monkeypatch.setattr(module, "find_tickets", find_slowly)
    assert console.get("/console/tickets.csv").status_code == status


@ON_SQLITE
def test_too_many_for_one_file_are_refused(
    reader: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EXPORTED_TICKETS_MAX", 100)
    monkeypatch.setattr(module, "EXPORTED_AT_ONCE_TICKETS", 50)
    answer = reader.get("/console/tickets.csv?ownerId=crowd")
    assert (answer.status_code, "More than 100 tickets" in answer.text) == (422, True)


def test_a_file_has_no_tickets_of_others(venue: Served) -> None:
    assert [row[0] for row in rows(Console(venue, OUTSIDE), "")] == ["theirs"]


@all_cases("path", ["/console/search?q=t1", "/console/tickets", "/console/tickets.csv"])
def test_nobody_sees_anything_without_signing_in(venue: Served, path: str) -> None:
    answer = Console(venue, None).get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, b"t1" in answer.content) == (303, False)
