"""An event with seats in every state, as the tests of the map, the table and the changes use it."""

from urllib.parse import quote

from seatlatch.store.tickets import NewTicket
from tests.serving import (
    CHANNEL,
    FOREIGN_ORGANIZATION,
    ORGANIZATION,
    OTHER_CHANNEL,
    OWNER,
    Served,
    add_tickets,
)

ACCESS_ID = "MAP/1 <b>"
"""An access id that has to be percent-encoded and escaped."""

EVENT = f"/console/events/{ORGANIZATION}/{quote(ACCESS_ID, safe='')}"
LISTED_TOKEN = "<script>alert(1)</script>"


def seat(token: str, section: str, row: str, name: str) -> NewTicket:
    """A seat of the event."""
    return NewTicket(token, ORGANIZATION, OWNER, ACCESS_ID, section, row, name)


def listed(token: str, name: str, channel: str = CHANNEL) -> NewTicket:
    """A seat in section 101, row A, that a channel has listed."""
    return seat(token, "101", "A", name)._replace(mpreserve_channel=channel)


SEATS = [
    listed(LISTED_TOKEN, "1"),
    listed("theirs", "2", OTHER_CHANNEL),
    seat("map-free", "101", "A", "3"),
    seat("map-held", "101", "B", "1")._replace(seat_status="LOCK"),
    seat("map-void", "101", "B", "2")._replace(voided=True),
    listed("both", "10")._replace(seat_status="LOCK"),
    *(seat(f"map-{n}", "9", "AA", str(n)) for n in range(1, 21)),
    NewTicket("map-foreign", FOREIGN_ORGANIZATION, OWNER, ACCESS_ID, "101", "A", "4"),
    NewTicket("map-without", ORGANIZATION, OWNER, None, "101", "A", "5"),
]
"""The seats of the event, one of another organization's, and a ticket without an event."""


def add_seats(served: Served) -> None:
    """Add the seats."""
    add_tickets(served.database, SEATS)
