"""Makes messages of events, as the document shows them, and signs them. Pure.

A message tells of one request at tickets of one organization.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import uuid4

import msgspec
from standardwebhooks import Webhook as Signer

from seatlatch import __version__
from seatlatch.domain.event import CHANGES, SeatEvent
from seatlatch.store.webhooks import NewMessage

SEATS_MAX = 100
BODY_BYTES_MAX = 20_000
ENVELOPE_BYTES = 400
"""What stands around the seats, generously: an organization's id has 100 characters at most."""

_encode = msgspec.json.Encoder().encode


def new_message_id() -> str:
    """A message's id, the same at all its attempts."""
    return f"msg_{uuid4().hex}"


def messages_of(
    events: Sequence[SeatEvent], new_id: Callable[[], str] = new_message_id
) -> Iterator[NewMessage]:
    """The messages that tell of events, in their order. In each a ticket stands once."""
    for _, of_a_request in groupby(events, lambda event: event.entry_id):
        ordered = sorted(of_a_request, key=lambda event: event.record.organization_id)
        for _, of_an_organization in groupby(ordered, lambda event: event.record.organization_id):
            for some in _in_portions(list(of_an_organization)):
                tokens = [event.record.token for event in some]
                yield NewMessage(new_id(), tokens, _encode(_body(some)).decode())


def _in_portions(events: Sequence[SeatEvent]) -> Iterator[Sequence[SeatEvent]]:
    portion: list[SeatEvent] = []
    portion_bytes = ENVELOPE_BYTES
    for event in events:
        seat_bytes = len(_encode(_seat(event))) + 1
        if portion and (len(portion) == SEATS_MAX or portion_bytes + seat_bytes > BODY_BYTES_MAX):
            yield portion
            portion, portion_bytes = [], ENVELOPE_BYTES
        portion.append(event)
        portion_bytes += seat_bytes
    yield portion


def _body(events: Sequence[SeatEvent]) -> dict[str, Any]:
    first = events[0]
    return {
        "data": {"seats": [_seat(event) for event in events]},
        "metadata": {"messageEntity": "seats"},
        "pacOrganizationId": first.record.organization_id,
        "requestId": first.request_id,
        "timestamp": first.moment,
    }


def _seat(event: SeatEvent) -> dict[str, Any]:
    """A seat. The inventory knows no season and no item."""
    record = event.record
    seat: dict[str, Any] = {
        "accessId": record.access_id,
        "season": None,
        "item": None,
        "section": record.section,
        "row": record.row,
        "seat": record.seat,
        "status": event.status,
        "token": record.token,
        "version": event.version,
        "mpreserve": event.mpreserve,
        "change": CHANGES[event.outcome],
    }
    if event.hold_expires_at is not None:
        seat["holdExpiresAt"] = event.hold_expires_at
    return seat


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
