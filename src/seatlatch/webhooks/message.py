"""Makes messages of events, in the form of the original system's, and signs them. Pure.

A message has the changes by one request to tickets of one organization.

See decision 73.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Annotated, Literal, TypeVar
from uuid import uuid4

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from standardwebhooks import Webhook as Signer

from seatlatch import __version__
from seatlatch.domain.event import CHANGES, Change, SeatEvent
from seatlatch.domain.ticket import SeatStatus
from seatlatch.store.webhooks import NewMessage

SEATS_MAX = 100
"""The most seats of a message, and the most events of a message about events."""

BODY_BYTES_MAX = 20_000
ENVELOPE_BYTES = 400
"""An upper limit for everything but the seats: an organization's id has at most 100 characters."""

Timestamp = Annotated[datetime, Meta(tz=True)]


class MessageSeat(Struct, rename="camel"):
    """A seat after the change. `season` and `item` are null if they are not known.

    `hold_expires_at` is present if the hold ends by itself.
    """

    access_id: str | None
    season: str | None
    item: str | None
    section: str | None
    row: str | None
    seat: str | None
    status: SeatStatus
    token: str
    version: int
    mpreserve: bool
    change: Change
    hold_expires_at: Timestamp | UnsetType = UNSET


class Seats(Struct):
    """The seats that one request changed, each once."""

    seats: Annotated[list[MessageSeat], Meta(min_length=1, max_length=SEATS_MAX)]


class Metadata(Struct, rename="camel"):
    """The kind of the message's content."""

    message_entity: Literal["seats"] = "seats"


class SeatsMessage(Struct, rename="camel"):
    """The changes by one request to tickets of one organization. Further members may be added."""

    data: Seats
    metadata: Metadata
    pac_organization_id: str
    request_id: str
    timestamp: Timestamp


Entry = TypeVar("Entry")
"""An entry of a message's content, before it gets its form."""

encode = msgspec.json.Encoder().encode


def new_message_id() -> str:
    """A new id for a message. It is the same in all attempts."""
    return f"msg_{uuid4().hex}"


def messages_of(
    events: Sequence[SeatEvent], new_id: Callable[[], str] = new_message_id
) -> Iterator[NewMessage]:
    """The messages with these events, in their order. Each message has a ticket once."""
    for entry_id, of_a_request in groupby(events, lambda event: event.entry_id):
        ordered = sorted(of_a_request, key=lambda event: event.record.organization_id)
        for _, of_an_organization in groupby(ordered, lambda event: event.record.organization_id):
            for some in in_portions(list(of_an_organization), _seat):
                tokens = [event.record.token for event in some]
                body = encode(_body(some)).decode()
                yield NewMessage(new_id(), tokens, body, entry_id=entry_id)


def in_portions(
    entries: Sequence[Entry], formed: Callable[[Entry], Struct]
) -> Iterator[Sequence[Entry]]:
    """The entries of each message, within the limits. `formed`: the form of an entry in it."""
    portion: list[Entry] = []
    portion_bytes = ENVELOPE_BYTES
    for entry in entries:
        entry_bytes = len(encode(formed(entry))) + 1
        if portion and (len(portion) == SEATS_MAX or portion_bytes + entry_bytes > BODY_BYTES_MAX):
            yield portion
            portion, portion_bytes = [], ENVELOPE_BYTES
        portion.append(entry)
        portion_bytes += entry_bytes
    yield portion


def _body(events: Sequence[SeatEvent]) -> SeatsMessage:
    first = events[0]
    return SeatsMessage(
        data=Seats([_seat(event) for event in events]),
        metadata=Metadata(),
        pac_organization_id=first.record.organization_id,
        request_id=first.request_id,
        timestamp=first.timestamp,
    )


def _seat(event: SeatEvent) -> MessageSeat:
    record = event.record
    return MessageSeat(
        access_id=record.access_id,
        season=event.season,
        item=event.item,
        section=record.section,
        row=record.row,
        seat=record.seat,
        status=event.status,
        token=record.token,
        version=event.version,
        mpreserve=event.mpreserve,
        change=CHANGES[event.outcome],
        hold_expires_at=event.hold_expires_at or UNSET,
    )


def signed(secrets: Sequence[str], message_id: str, body: str, now: datetime) -> Mapping[str, str]:
    """The headers of an attempt, with a signature by each secret.

    Source: the specification of Standard Webhooks.
    """
    signatures = [Signer(secret).sign(message_id, now, body) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": f"seatlatch/{__version__}",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
