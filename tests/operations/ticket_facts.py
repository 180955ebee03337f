"""Random tickets, filters that they match, and which ones match, worked out value by value."""

import random
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.ticket_filter import TicketFilter, TicketState, require_possible
from seatlatch.operations.find_tickets import FoundTickets, find_tickets
from seatlatch.store.finding import Place
from seatlatch.store.postgres.executor import PostgresExecutor
from seatlatch.store.sqlite.executor import SqliteExecutor
from seatlatch.store.tickets import NewTicket
from tests.databases import Database
from tests.serving import CHANNEL, FOREIGN_ORGANIZATION, ORGANIZATION, OTHER_CHANNEL, fill
from tests.store.test_store import NOW
from tests.stores import OpenStore

ADD_LISTING = "INSERT INTO earlier_listings (external_listing_id, token) VALUES (?, ?)"
PAGE_TICKETS = 1_000
PAGES_MAX = 1_000


def examine_at_once(patch: pytest.MonkeyPatch, tickets: int) -> None:
    """Let one statement examine only this many tickets, on each engine."""
    for executor in (SqliteExecutor, PostgresExecutor):
        patch.setattr(executor, "examined_tickets_at_once", tickets)


class Facts(NamedTuple):
    """What a test knows about a ticket. `hold_seconds`: until the hold ends, from `NOW` on."""

    ticket: NewTicket
    external_listing_id: str | None = None
    hold_seconds: int | None = None

    def state(self) -> str:
        """The state at `NOW`, worked out apart from the domain's rule."""
        ticket = self.ticket
        if ticket.voided:
            return "voided"
        if ticket.seat_status == "LOCK" and (self.hold_seconds is None or self.hold_seconds > 0):
            return "held"
        return "listed" if ticket.mpreserve_channel else "free"


VALUES: dict[str, tuple[str | None, ...]] = {
    "organization_id": (ORGANIZATION, FOREIGN_ORGANIZATION),
    "access_id": (None, "E1", "E2", "é"),
    "section": (None, "101", "102", "Ä"),
    "row": (None, "1", "2", "10"),
    "seat": (None, "1", "2"),
    "owner_id": ("anna", "ben", "\N{TICKET}"),
    "barcode": (None, "B1", "B2", "B3"),
    "external_listing_id": ("L1", "L2"),
    "channel_code": (CHANNEL, OTHER_CHANNEL),
}


def random_facts(chance: random.Random, number: int) -> Facts:
    """A ticket with random details in a random state."""
    details: dict[str, Any] = {
        field: chance.choice(VALUES[field])
        for field in VALUES
        if field not in ("external_listing_id", "channel_code")
    }
    voided, held = chance.random() < 0.1, chance.random() < 0.3
    channel = chance.choice((None, CHANNEL, OTHER_CHANNEL))
    ticket = NewTicket(
        f"{chance.randrange(10**6):06}-{number}",
        **details,
        voided=voided,
        seat_status="LOCK" if held else "UNLOCK",
        mpreserve_channel=None if voided else channel,
    )
    has_listing = ticket.mpreserve_channel is not None and chance.random() < 0.8
    listing_id = chance.choice(VALUES["external_listing_id"]) if has_listing else None
    seconds = chance.choice((None, -5, 0, 5)) if held and not voided else None
    return Facts(ticket, listing_id, seconds)


def store_facts(database: Database, every: list[Facts]) -> None:
    """Add the tickets with their listings and holds."""
    fill(database, [facts.ticket for facts in every])
    for facts in every:
        if facts.external_listing_id is not None:
            listing = (facts.external_listing_id, facts.ticket.token)
            database.execute("UPDATE tickets SET external_listing_id = ? WHERE token = ?", *listing)
            database.execute(ADD_LISTING, *listing)
        if facts.hold_seconds is not None:
            end = NOW + timedelta(seconds=facts.hold_seconds)
            database.execute(
                "UPDATE tickets SET hold_expires_at = ? WHERE token = ?", end, facts.ticket.token
            )


def matches(facts: Facts, wanted: TicketFilter) -> bool:
    """Whether a ticket matches, compared value by value."""
    ticket = facts.ticket
    has = {
        **{field: getattr(ticket, field) for field in VALUES if hasattr(ticket, field)},
        "access_id": ticket.access_id or "",
        "external_listing_id": facts.external_listing_id,
        "channel_code": ticket.mpreserve_channel,
        "state": facts.state(),
        "mpreserve": ticket.mpreserve_channel is not None,
    }
    return all(value is None or value == has[field] for field, value in wanted._asdict().items())


def random_filters(chance: random.Random, number: int) -> dict[str, Any]:
    """Some filters that a ticket can match together."""
    fields = [*VALUES, "state", "mpreserve"]
    found: dict[str, Any] = {}
    for field in chance.sample(fields, 1 + number % 4):
        if field == "state":
            found[field] = chance.choice(list(TicketState))
        elif field == "mpreserve":
            found[field] = chance.random() < 0.5
        else:
            found[field] = chance.choice(VALUES[field]) or ("" if field == "access_id" else "1")
    return found


def is_possible(filters: dict[str, Any]) -> bool:
    try:
        require_possible(TicketFilter(**filters))
    except InvalidRequest:
        return False
    return True


def find(
    store: OpenStore,
    organizations: frozenset[str] | None = None,
    after: Place | None = None,
    limit: int = PAGE_TICKETS,
    **filters: Any,
) -> FoundTickets:
    """One page."""
    return store.run(
        find_tickets(store.store, TicketFilter(**filters), organizations, after, limit)
    )


def tokens(found: FoundTickets) -> list[str]:
    return [whole.record.token for whole in found.tickets]


def all_pages(
    store: OpenStore, organizations: frozenset[str] | None, limit: int, **filters: Any
) -> list[FoundTickets]:
    """All pages."""
    pages = [find(store, organizations, None, limit, **filters)]
    while (place := pages[-1].next) is not None:
        assert len(pages) < PAGES_MAX
        pages.append(find(store, organizations, place, limit, **filters))
    return pages
