"""Previews of changes: the outcome of each ticket, as the change itself would have it."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.ticket import TicketRecord
from seatlatch.domain.ticket_filter import TicketState
from seatlatch.operations import preview_changes
from seatlatch.operations.change_tickets import hold_tickets, override_unlock, release_tickets
from seatlatch.operations.preview_changes import PreviewedTicket, preview_change
from seatlatch.operations.ticket_verbs import HOLD, OVERRIDE, RELEASE, TicketVerb
from seatlatch.store.tickets import Hold, NewTicket
from tests.databases import Database
from tests.operations.changes import ASKER
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, OWNER, fill, listed
from tests.stores import OpenStore, opened

TICKETS = [
    NewTicket("free", ORGANIZATION, OWNER, section="101"),
    listed("listed"),
    NewTicket("held", ORGANIZATION, OWNER, seat_status="LOCK"),
    listed("both")._replace(seat_status="LOCK"),
    NewTicket("void", ORGANIZATION, OWNER, voided=True),
    NewTicket("foreign", FOREIGN_ORGANIZATION, OWNER),
]
TOKENS = ["free", "listed", "held", "both", "void", "foreign", "none", "free"]
Change = Callable[..., Awaitable[list[TicketResult]]]
ALL = ["free", "listed", "held", "both", "void", "foreign", "none"]


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    fill(database, TICKETS)
    with opened(database.store()) as store:
        yield store


def test_a_ticket_is_shown_with_its_state_and_version(store: OpenStore) -> None:
    found = store.run(preview_change(store.store, OVERRIDE, None, TOKENS, None))
    assert [one.token for one in found] == ALL
    assert found[0] == PreviewedTicket(
        "free",
        Outcome.ALREADY_UNLOCKED,
        TicketRecord("free", ORGANIZATION, OWNER, None, "101"),
        TicketState.FREE,
        1,
    )
    assert [one.state for one in found[1:5]] == [
        TicketState.LISTED,
        TicketState.HELD,
        TicketState.HELD,
        TicketState.VOIDED,
    ]


def test_tickets_of_other_organizations_look_like_none(store: OpenStore) -> None:
    organizations = frozenset({ORGANIZATION})
    found = store.run(preview_change(store.store, OVERRIDE, None, TOKENS, organizations))
    assert found[5:] == [
        PreviewedTicket("foreign", Outcome.UNKNOWN),
        PreviewedTicket("none", Outcome.UNKNOWN),
    ]


def test_a_preview_is_what_the_change_then_does(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview_changes, "PORTION_TICKETS", 3)
    committer = CommitEach(store.store)

    async def previewed_and_done(
        verb: TicketVerb[Any], wish: object, change: Change
    ) -> tuple[list[Outcome], list[Outcome]]:
        preview = await preview_change(store.store, verb, wish, ALL, None)
        results = await change(committer, ASKER, ALL, "r")
        return [one.outcome for one in preview], [one.outcome for one in results]

    verbs: list[tuple[TicketVerb[Any], object, Change]] = [
        (RELEASE, None, release_tickets),
        (HOLD, Hold("r", None), hold_tickets),
        (OVERRIDE, None, override_unlock),
    ]
    for verb, wish, change in verbs:
        preview, done = store.run(previewed_and_done(verb, wish, change))
        assert preview == done, verb.name
