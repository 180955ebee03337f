"""Search by a typed text: each kind of thing, what is the only match, and what is not seen."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.operations import find_tickets, listing_tokens
from seatlatch.operations import search as module
from seatlatch.operations.change_tickets import hold_tickets, lock_tickets, unlock_tickets
from seatlatch.operations.search import MatchKind, SearchResults, search
from seatlatch.store.tickets import NewTicket
from tests.cases import all_cases
from tests.databases import Databases
from tests.operations.changes import ASKER
from tests.operations.ticket_facts import examine_at_once
from tests.serving import CHANNEL, FOREIGN_ORGANIZATION, ORGANIZATION, fill
from tests.stores import OpenStore, opened

OURS = frozenset({ORGANIZATION})
THEIRS = frozenset({FOREIGN_ORGANIZATION})
REQUEST = str(uuid4())
SEATS = [
    NewTicket("t1", ORGANIZATION, "anna", "GAME-1", "101", "B", "3", barcode="B-1"),
    NewTicket("t2", ORGANIZATION, "anna", "GAME-2", "101", "B", "3", barcode="B-2"),
    NewTicket("t3", ORGANIZATION, "ben", "GAME-2", "Club Level", "B", "4", barcode="B-2"),
    NewTicket("<script>alert(1)</script>", ORGANIZATION, "carl"),
    NewTicket("a/b c", ORGANIZATION, "carl"),
    NewTicket("theirs", FOREIGN_ORGANIZATION, "anna", "GAME-9", "900", "Z", "1", barcode="B-9"),
]
CROWD = [NewTicket(f"crowd-{n:02}", ORGANIZATION, "crowd", section="500") for n in range(12)]


@pytest.fixture(scope="module")
def store(databases: Databases) -> Iterator[OpenStore]:
    database = databases.new()
    fill(database, [*SEATS, *CROWD])
    channel = Channel(CHANNEL, frozenset({ORGANIZATION}))
    with opened(database.store()) as store:
        committer = CommitEach(store.store)
        for listing, token in (("L-77", "t1"), ("ended", "t2"), ("ended", "t3")):
            listings = {token: Listing(external_listing_id=listing)}
            store.run(lock_tickets(committer, ASKER, channel, listings))
        store.run(unlock_tickets(committer, ASKER, channel, ["t2", "t3"]))
        asker = ASKER._replace(request_id=REQUEST)
        store.run(hold_tickets(committer, asker, ["t3"], "broken"))
        yield store


def found(store: OpenStore, text: str, scope: frozenset[str] | None = None) -> SearchResults:
    return store.run(search(store.store, text, scope))


def kinds(results: SearchResults) -> dict[MatchKind, list[str]]:
    """The tokens by kind of match."""
    tokens: dict[MatchKind, list[str]] = {}
    for match in results.matches:
        tokens.setdefault(match.kind, []).extend(one.ticket.token for one in match.tickets)
    return tokens


ONE_TICKET = {
    "a token": ("t1", MatchKind.TOKEN, "t1"),
    "a token that is markup": (
        "<script>alert(1)</script>",
        MatchKind.TOKEN,
        "<script>alert(1)</script>",
    ),
    "a token with a slash and a space": ("a/b c", MatchKind.TOKEN, "a/b c"),
    "a copied token": (" t1\r\n", MatchKind.TOKEN, "t1"),
    "a barcode": ("B-1", MatchKind.BARCODE, "t1"),
    "a seat of an event": ("GAME-1 101 B 3", MatchKind.SEAT, "t1"),
    "the same in small letters": ("game-1 101 b 3", MatchKind.SEAT, "t1"),
    "a section of two words": ("Club Level B 4", MatchKind.SEAT, "t3"),
    "a listing": ("L-77", MatchKind.LISTING, "t1"),
    "an owner": ("ben", MatchKind.OWNER, "t3"),
    "an event": ("GAME-1", MatchKind.EVENT, "t1"),
}


@all_cases(("text", "kind", "token"), ONE_TICKET.values(), ids=ONE_TICKET)
def test_one_ticket(store: OpenStore, text: str, kind: MatchKind, token: str) -> None:
    results = found(store, text)
    assert kinds(results) == {kind: [token]}
    assert results.only_token == token


def test_a_seat_without_its_event_may_be_several(store: OpenStore) -> None:
    results = found(store, "101 B 3")
    assert kinds(results) == {MatchKind.SEAT: ["t1", "t2"]}
    assert results.only_token is None
    (match,) = results.matches
    assert match.wanted is not None
    assert (match.wanted.section, match.wanted.row, match.wanted.seat) == ("101", "B", "3")


def test_a_barcode_of_two_tickets(store: OpenStore) -> None:
    assert kinds(found(store, "B-2")) == {MatchKind.BARCODE: ["t2", "t3"]}


def test_an_ended_listing(store: OpenStore) -> None:
    results = found(store, "ended")
    assert kinds(results) == {MatchKind.EARLIER_LISTING: ["t2", "t3"]}
    assert results.matches[0].wanted is None


def test_a_request_id_in_any_case(store: OpenStore) -> None:
    for text in (REQUEST, REQUEST.upper()):
        results = found(store, text)
        assert (results.request_id, results.matches) == (REQUEST, [])
    assert found(store, str(uuid4())).is_empty


def test_a_match_has_the_first_tickets(store: OpenStore) -> None:
    (match,) = found(store, "crowd").matches
    assert (len(match.tickets), match.has_more) == (module.MATCH_TICKETS, True)


def test_one_shown_ticket_of_many_is_not_the_only_one(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MATCH_TICKETS", 1)
    assert found(store, "crowd").only_token is None
    assert found(store, "ended").only_token is None


def test_a_listing_with_too_many_tickets_is_searched_for_on_its_page(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_tokens, "LISTING_TOKENS_MAX", 0)
    monkeypatch.setattr(find_tickets, "EXAMINED_TICKETS_MAX", 1)
    examine_at_once(monkeypatch, 1)
    (match,) = [one for one in found(store, "L-77").matches if one.kind is MatchKind.LISTING]
    assert (match.tickets, match.has_more) == ([], True)
    assert found(store, "L-77").only_token is None


@all_cases("text", ["", " ", "nothing", "1 2 3", "%", "'", "\\", "*", "\0", "9" * 10_000, "🎟 🎟 🎟"])
def test_what_is_not_there(store: OpenStore, text: str) -> None:
    assert found(store, text).is_empty


@all_cases("text", ["t1", "B-1", "GAME-1 101 B 3", "L-77", "ended", "ben", "GAME-1", REQUEST])
def test_other_organizations_are_as_if_they_did_not_exist(store: OpenStore, text: str) -> None:
    assert found(store, text, THEIRS).is_empty
    assert not found(store, text, OURS).is_empty


def test_an_owner_of_two_organizations(store: OpenStore) -> None:
    assert kinds(found(store, "anna")) == {MatchKind.OWNER: ["t1", "t2", "theirs"]}
    assert kinds(found(store, "anna", OURS)) == {MatchKind.OWNER: ["t1", "t2"]}
    assert found(store, "anna", THEIRS).only_token == "theirs"
