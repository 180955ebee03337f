"""Searches for tests of query plans: one for every index, and every place where one continues."""

from collections.abc import Iterator
from typing import NamedTuple

from seatlatch.domain.ticket_filter import TicketFilter, TicketState
from seatlatch.store import finding
from seatlatch.store.finding import Place, Search, TicketIndex
from seatlatch.store.sql.ticket_ranges import Range

SEARCHES: dict[str, tuple[TicketFilter, TicketIndex]] = {
    "nothing but a state": (TicketFilter(state=TicketState.HELD), finding.BY_TOKEN),
    "a channel": (TicketFilter(channel_code="c"), finding.BY_TOKEN),
    "an organization": (TicketFilter(organization_id="1001"), finding.BY_EVENT),
    "an event": (TicketFilter(access_id="E"), finding.BY_EVENT),
    "an event and mpreserve": (TicketFilter(access_id="E", mpreserve=True), finding.BY_EVENT),
    "an event, row and owner": (
        TicketFilter(access_id="E", row="1", owner_id="o"),
        finding.BY_OWNER,
    ),
    "a section": (TicketFilter(section="S"), finding.BY_SECTION),
    "an event and section": (TicketFilter(access_id="E", section="S"), finding.BY_SECTION),
    "an event and seat": (
        TicketFilter(access_id="E", section="S", row="1", seat="2"),
        finding.BY_SECTION,
    ),
    "a row": (TicketFilter(row="1"), finding.BY_ROW),
    "a section and row": (TicketFilter(section="S", row="1"), finding.BY_ROW),
    "a section, row and seat": (TicketFilter(section="S", row="1", seat="2"), finding.BY_ROW),
    "a seat number": (TicketFilter(seat="2"), finding.BY_SEAT),
    "a row and seat number": (TicketFilter(row="1", seat="2"), finding.BY_SEAT),
    "an owner": (TicketFilter(owner_id="o"), finding.BY_OWNER),
    "an owner and event": (TicketFilter(owner_id="o", access_id="E"), finding.BY_OWNER),
    "a barcode": (TicketFilter(barcode="B"), finding.BY_BARCODE),
    "a barcode and event": (TicketFilter(barcode="B", access_id="E"), finding.BY_BARCODE),
}
"""What is searched for, and by which index it is found."""

INDEX_NAMES = {
    finding.BY_TOKEN: "tickets_pkey",
    finding.BY_EVENT: "tickets_by_event",
    finding.BY_SECTION: "tickets_by_section",
    finding.BY_ROW: "tickets_by_row",
    finding.BY_SEAT: "tickets_by_seat",
    finding.BY_OWNER: "tickets_by_owner",
    finding.BY_BARCODE: "tickets_by_barcode",
}
"""As PostgreSQL has them."""


class Searched(NamedTuple):
    """A range of a search. `keys`: how many columns of the place it has."""

    name: str
    search: Search
    keys: int
    range: Range


def every_range(*, seeks_rows: bool) -> Iterator[Searched]:
    """Every range of every search."""
    for name, (wanted, _) in SEARCHES.items():
        scope = None if wanted.organization_id is None else frozenset({wanted.organization_id})
        search = Search.of(wanted, scope)
        for keys in range(len(search.by.columns) - search.known + 1):
            organization_id = "1001" if search.by.is_by_organization else ""
            place = Place(organization_id, ("0",) * keys)
            yield Searched(name, search, keys, Range(search, place, seeks_rows=seeks_rows))
