"""Every state that a ticket can be in, and what of a whole row a verb writes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any, NamedTuple

from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import SeatStatus, Ticket
from tests.databases import Database, Row
from tests.serving import (
    CHANNEL,
    FOREIGN_ORGANIZATION,
    ORGANIZATION,
    OTHER_CHANNEL,
    OWNER,
    fill,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))
THEIRS = Channel(OTHER_CHANNEL, frozenset({ORGANIZATION, FOREIGN_ORGANIZATION}))
WITHOUT_GRANT = Channel("third-channel", frozenset())
LISTING = Listing("BROKER", "L1", Decimal("12.50"), Decimal("12.50"), '{"lastName":"Doe"}')
REASON = "moving"

ADD = """
INSERT INTO tickets (token, organization_id, owner_id, voided, seat_status, mpreserve,
  mpreserve_channel, listing_source, external_listing_id, total_price, individual_price, seller,
  hold_reason, hold_expires_at, access_id, section, "row", seat, barcode)
VALUES
"""
ONE = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'E', 'S', 'R', '9', 'B')"
NO_LISTING: Row = {
    "mpreserve": False,
    "mpreserve_channel": None,
    "listing_source": None,
    "external_listing_id": None,
    "total_price": None,
    "individual_price": None,
    "seller": None,
}
NO_HOLD: Row = {"seat_status": "UNLOCK", "hold_reason": None, "hold_expires_at": None}


class State(NamedTuple):
    """What the rules look at. `listing` and `hold_reason` are there if their flag is."""

    organization_id: str
    voided: bool
    seat_status: SeatStatus
    hold_expires_at: datetime | None
    mpreserve_channel: str | None

    @property
    def token(self) -> str:
        """Names the ticket that is in this state."""
        return "/".join(map(str, self))

    @property
    def ticket(self) -> Ticket:
        """As the rules see it."""
        return Ticket(
            self.token,
            self.organization_id,
            OWNER,
            self.voided,
            self.seat_status,
            self.mpreserve_channel,
            self.hold_expires_at,
        )


SEATS: list[tuple[SeatStatus, datetime | None]] = [
    ("UNLOCK", None),
    *(("LOCK", end) for end in (None, NOW - MOMENT, NOW, NOW + MOMENT)),
]
EVERY_STATE = [
    State(organization_id, voided, seat_status, hold_expires_at, channel)
    for organization_id, voided, (seat_status, hold_expires_at), channel in product(
        (ORGANIZATION, FOREIGN_ORGANIZATION),
        (False, True),
        SEATS,
        (None, CHANNEL, OTHER_CHANNEL),
    )
]


def make_every_state(database: Database) -> None:
    """An inventory with a ticket in every state."""
    fill(database)
    values = [value for state in EVERY_STATE for value in _values(state)]
    database.execute(ADD + ", ".join([ONE] * len(EVERY_STATE)), *values)


def _values(state: State) -> tuple[Any, ...]:
    listed, held = state.mpreserve_channel is not None, state.seat_status == "LOCK"
    return (
        state.token,
        state.organization_id,
        OWNER,
        state.voided,
        state.seat_status,
        listed,
        state.mpreserve_channel,
        *(listing_values(LISTING) if listed else [None] * 5),
        REASON if held else None,
        state.hold_expires_at,
    )


def listing_values(listing: Listing) -> list[str | None]:
    """A listing as it stands in a row."""
    source, external_listing_id, total_price, individual_price, seller = listing
    prices = [
        None if price is None else format(price, "f") for price in (total_price, individual_price)
    ]
    return [source, external_listing_id, *prices, seller]


def listing_columns(listing: Listing, channel: str) -> Row:
    """What a lock writes of its own."""
    values = [True, channel, *listing_values(listing)]
    return dict(zip(NO_LISTING, values, strict=True))
