"""Search by a text that a person typed or pasted: a seat, token, barcode, owner, event, listing or
Request-ID.

See decision 178.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from seatlatch.domain.performance import EventKey
from seatlatch.domain.search_text import cleaned, seat_readings
from seatlatch.domain.ticket import WholeTicket
from seatlatch.domain.ticket_filter import TicketFilter
from seatlatch.operations.find_tickets import find_tickets
from seatlatch.operations.journal_scope import Scope
from seatlatch.operations.listing_tokens import listing_tokens
from seatlatch.operations.read_journal import trace_request
from seatlatch.store.interface import Snapshot, Store

UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

MATCH_TICKETS = 10
"""The most tickets of one match. The find page has all of them."""

TOKENS_AT_ONCE = 100
"""The tickets of an earlier listing that are read before other requests run."""


class MatchKind(StrEnum):
    """The kind of thing that a text names."""

    TOKEN = "token"  # noqa: S105 - no secret
    BARCODE = "barcode"
    SEAT = "seat"
    LISTING = "listing"
    EARLIER_LISTING = "earlier_listing"
    OWNER = "owner"
    EVENT = "event"


class Match(NamedTuple):
    """The tickets that a text names in one way, or the first of them; `has_more` without any = they
    are still to be found.

    `wanted`: the filters that find all of them; None = these are all that can be found.
    """

    kind: MatchKind
    tickets: Sequence[WholeTicket]
    has_more: bool = False
    wanted: TicketFilter | None = None


class SearchResults(NamedTuple):
    """The matches of a text. `request_id`: it is the Request-ID of requests in the journal.

    `now`: the timestamp for which the states of the tickets are to be decided. `event`: the event
    that the text names, if only one organization has it.
    """

    matches: Sequence[Match]
    request_id: str | None
    now: datetime
    event: EventKey | None = None

    @property
    def only_token(self) -> str | None:
        """The token of the one thing that the text names, if that is a ticket."""
        tokens = {whole.ticket.token for match in self.matches for whole in match.tickets}
        is_one = len(tokens) == 1 and not any(match.has_more for match in self.matches)
        return tokens.pop() if is_one and self.request_id is None else None

    @property
    def only_event(self) -> EventKey | None:
        """The one thing that the text names, if that is an event."""
        is_one = all(match.kind is MatchKind.EVENT for match in self.matches)
        return self.event if is_one and self.request_id is None else None

    @property
    def is_empty(self) -> bool:
        """Whether the text names nothing."""
        return not self.matches and self.request_id is None


async def search(
    store: Store, text: str, organizations: frozenset[str] | None = None
) -> SearchResults:
    """The things that a text names. Raises `Unavailable`.

    `organizations`: those that the caller may see; None = all. A text that matches nothing is also
    searched for in capitals.
    """
    text = cleaned(text)
    found = await _search(store, text, organizations)
    if found.is_empty and text.upper() != text:
        return await _search(store, text.upper(), organizations)
    return found


async def _search(store: Store, text: str, organizations: frozenset[str] | None) -> SearchResults:
    now, tickets = await store.read(partial(_by_token, tokens=[text]))
    if not text:
        return SearchResults([], None, now)
    visible = _visible(tickets, organizations)
    matches = [Match(MatchKind.TOKEN, visible)] if visible else []
    for kind, wanted in _readings(text):
        found = await find_tickets(store, wanted, organizations, None, MATCH_TICKETS)
        if found.tickets or found.next:  # of a large listing the first tickets may be far behind
            matches.append(Match(kind, found.tickets, found.next is not None, wanted))
    if not any(match.kind is MatchKind.LISTING for match in matches):
        matches += await _earlier_listing(store, text, organizations)
    request_id = await _request_id(store, text, organizations)
    is_event = any(match.kind is MatchKind.EVENT for match in matches)
    event = await _event(store, text, organizations) if is_event else None
    return SearchResults(matches, request_id, now, event)


def _readings(text: str) -> Sequence[tuple[MatchKind, TicketFilter]]:
    return [
        (MatchKind.BARCODE, TicketFilter(barcode=text)),
        *((MatchKind.SEAT, wanted) for wanted in seat_readings(text)),
        (MatchKind.LISTING, TicketFilter(external_listing_id=text)),
        (MatchKind.OWNER, TicketFilter(owner_id=text)),
        (MatchKind.EVENT, TicketFilter(access_id=text)),
    ]


async def _earlier_listing(
    store: Store, text: str, organizations: frozenset[str] | None
) -> Sequence[Match]:
    """The tickets that once had a listing, if it has ended."""
    tokens = await listing_tokens(store, text) or []
    visible: list[WholeTicket] = []
    for first in range(0, len(tokens), TOKENS_AT_ONCE):
        some = tokens[first : first + TOKENS_AT_ONCE]
        _, tickets = await store.read(partial(_by_token, tokens=some))
        visible += _visible(tickets, organizations)
        if len(visible) > MATCH_TICKETS:
            break
    if not visible:
        return []
    has_more = len(visible) > MATCH_TICKETS
    return [Match(MatchKind.EARLIER_LISTING, visible[:MATCH_TICKETS], has_more)]


async def _request_id(store: Store, text: str, organizations: frozenset[str] | None) -> str | None:
    if not UUID.fullmatch(text):
        return None
    found = await trace_request(store, text, limit=1, scope=Scope(organizations))
    return text.lower() if found.entries else None


async def _event(store: Store, text: str, organizations: frozenset[str] | None) -> EventKey | None:
    found = await store.read(
        lambda snapshot: snapshot.events.organizations(text, "", organizations, 2)
    )
    return EventKey(found[0], text) if len(found) == 1 else None


async def _by_token(
    snapshot: Snapshot, tokens: Sequence[str]
) -> tuple[datetime, Sequence[WholeTicket]]:
    found = await snapshot.tickets.read_whole(tokens)
    return await snapshot.now(), [found[token] for token in tokens if token in found]


def _visible(
    tickets: Sequence[WholeTicket], organizations: frozenset[str] | None
) -> Sequence[WholeTicket]:
    if organizations is None:
        return tickets
    return [whole for whole in tickets if whole.ticket.organization_id in organizations]
