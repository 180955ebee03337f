"""The feed: its query, an event as a channel reads it, and a page with its cursor.

Members are written in the order of the fields.

See decision 89.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from seatlatch.domain.event import CHANGES, Change, SeatEvent
from seatlatch.domain.ticket import SeatStatus
from seatlatch.presentation.schemas import Timestamp

PAGE_EVENTS = 100
PAGE_EVENTS_MAX = 1_000
WAIT_SECONDS_MAX = 8
"""Less than the time of an orderly stop, so that waiting requests get a response."""

LATEST = "latest"


class FeedQuery(Struct, rename="camel", forbid_unknown_fields=True):
    """The query of the feed. `after` absent = from the oldest event, `latest` = from now on.

    `wait`: seconds to wait for an event if there is none.
    """

    after: str | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=PAGE_EVENTS_MAX)] = PAGE_EVENTS
    wait: Annotated[int, Meta(ge=0, le=WAIT_SECONDS_MAX)] = 0


class FeedEvent(Struct, rename="camel", omit_defaults=True):
    """One change of one ticket. Token and version identify it; the higher version is newer.

    `by`: whether this channel or the box office made it. `mpreserve`: whether it is set by this
    channel. `hold_expires_at` is present if the hold ends by itself; `season` and `item`, if they
    are known.
    """

    change: Change
    token: str
    version: int
    timestamp: Timestamp
    by: Literal["channel", "box_office"]
    request_id: str
    status: SeatStatus
    mpreserve: bool
    organization_id: str
    access_id: str | None
    section: str | None
    row: str | None
    seat: str | None
    hold_expires_at: Timestamp | UnsetType = UNSET
    season: str | UnsetType = UNSET
    item: str | UnsetType = UNSET


class Feed(Struct):
    """A page of events. `next`: the value of `after` for the next page, always present. `more`:
    whether more events are available already.
    """

    events: list[FeedEvent]
    next: str
    more: bool


def feed_event(event: SeatEvent) -> FeedEvent:
    """The event in the form for a channel, which must have a grant for the ticket."""
    record = event.record
    return FeedEvent(
        change=CHANGES[event.outcome],
        token=record.token,
        version=event.version,
        timestamp=event.timestamp,
        by="box_office" if event.by_channel is None else "channel",
        request_id=event.request_id,
        status=event.status,
        mpreserve=event.mpreserve,
        organization_id=record.organization_id,
        access_id=record.access_id,
        section=record.section,
        row=record.row,
        seat=record.seat,
        hold_expires_at=event.hold_expires_at or UNSET,
        season=event.season or UNSET,
        item=event.item or UNSET,
    )
