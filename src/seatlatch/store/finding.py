"""Searches for tickets: which index serves one, and how far it has come.

See decisions 142 and 143.
"""

from collections.abc import Sequence
from typing import NamedTuple, Self

from seatlatch.domain.ticket import TicketRecord, WholeTicket
from seatlatch.domain.ticket_filter import TicketFilter

ORGANIZATION = "organization_id"


class TicketIndex(NamedTuple):
    """An index of tickets: its columns, of which the token is the last. An absent value is in it as
    an empty text.

    `required`: a ticket without a value in this column is not in the index.
    """

    columns: tuple[str, ...]
    required: str | None = None

    @property
    def is_by_organization(self) -> bool:
        """Whether its first column is the organization."""
        return self.columns[0] == ORGANIZATION


BY_TOKEN = TicketIndex(("token",))
BY_BARCODE = TicketIndex(("barcode", "access_id", "token"), "barcode")
BY_EVENT = TicketIndex((ORGANIZATION, "access_id", "token"))
BY_OWNER = TicketIndex((ORGANIZATION, "owner_id", "access_id", "token"))
BY_SECTION = TicketIndex((ORGANIZATION, "section", "access_id", "row", "seat", "token"), "section")
BY_ROW = TicketIndex((ORGANIZATION, "row", "section", "seat", "token"), "row")
BY_SEAT = TicketIndex((ORGANIZATION, "seat", "row", "token"), "seat")

SELECTIVE = ((BY_BARCODE, 1), (BY_SECTION, 5), (BY_ROW, 4), (BY_OWNER, 2))
PREFERENCES = (
    *SELECTIVE,
    (BY_SECTION, 3),
    (BY_ROW, 3),
    (BY_SEAT, 3),
    (BY_EVENT, 2),
    (BY_SECTION, 2),
    (BY_ROW, 2),
    (BY_SEAT, 2),
    (BY_EVENT, 1),
)
"""The indexes in the order in which a search prefers them: the first of whose first columns, that
many, the search has the values. In general it leaves the fewest tickets to examine; those in
`SELECTIVE` leave few.
"""


class Place(NamedTuple):
    """How far a search has come: after which tickets of an organization, by the values of the index
    that follow those which the search has.

    `keys` may be only the first of these values: then all tickets with them were examined. Empty =
    none was. `organization_id` empty = the index is not by organization.
    """

    organization_id: str
    keys: tuple[str, ...] = ()


class FoundPart(NamedTuple):
    """The tickets that one part of a search has found.

    `examined`: how many tickets it has examined, and for each range of an index as many as finding
    it costs. `next`: where the search continues; None = it is complete.
    """

    tickets: Sequence[WholeTicket]
    examined: int
    next: Place | None


class Search(NamedTuple):
    """A search: its filters, the organizations whose tickets it may find, and its index.

    `organizations` in their order; None = all. `by`: the index. `known`: of how many of its first
    columns the search has the values.
    """

    wanted: TicketFilter
    organizations: tuple[str, ...] | None
    by: TicketIndex
    known: int

    @classmethod
    def of(cls, wanted: TicketFilter, organizations: frozenset[str] | None) -> Self:
        """The search among the tickets of these organizations; None = of all."""
        ids = None if organizations is None else tuple(sorted(organizations))
        given = {field for field, value in wanted._asdict().items() if value is not None}
        given.add(ORGANIZATION)
        for index, columns in PREFERENCES:
            if given.issuperset(index.columns[:columns]):
                break
        known = next(n for n, column in enumerate(index.columns) if column not in given)
        if known == 1 and index is BY_EVENT and ids is None:
            return cls(
                wanted, ids, BY_TOKEN, 0
            )  # all tickets, in the order in which they are stored
        return cls(wanted, ids, index, known)

    @property
    def rest(self) -> tuple[str, ...]:
        """The filters that the index does not cover."""
        covered = {ORGANIZATION, *self.by.columns[: self.known]}
        return tuple(
            field
            for field, value in self.wanted._asdict().items()
            if value is not None and field not in covered
        )

    @property
    def is_for_a_listing(self) -> bool:
        """Whether a listing leaves fewer tickets to examine than the index."""
        is_selective = any(
            self.by == index and self.known >= columns for index, columns in SELECTIVE
        )
        return self.wanted.external_listing_id is not None and not is_selective

    @property
    def filters(self) -> TicketFilter:
        """The filters without the organization, which `organizations` has."""
        return self.wanted._replace(organization_id=None)

    def known_values(self, organization_id: str) -> tuple[str, ...]:
        """The values of the first columns of the index, for one organization."""
        values = self.wanted._replace(organization_id=organization_id)._asdict()
        return tuple(values[column] for column in self.by.columns[: self.known])

    def place_after(self, record: TicketRecord) -> Place:
        """The place after a ticket."""
        values = record._asdict()
        keys = tuple(values[column] or "" for column in self.by.columns[self.known :])
        return Place(record.organization_id if self.by.is_by_organization else "", keys)

    def follows(self, record: TicketRecord, place: Place | None) -> bool:
        """Whether a ticket follows a place; None = the beginning."""
        found = self.place_after(record)
        if place is None or found.organization_id != place.organization_id:
            return place is None or found.organization_id > place.organization_id
        return not place.keys or found.keys[: len(place.keys)] > place.keys

    def has(self, place: Place) -> bool:
        """Whether this may be a place of this search."""
        is_by_organization = bool(place.organization_id)
        columns = len(self.by.columns) - self.known
        return is_by_organization == self.by.is_by_organization and len(place.keys) <= columns
