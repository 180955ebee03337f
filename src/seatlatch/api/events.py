"""The feed's bodies: an event as a channel is told of it, and a page with its cursor.

Members are written in the order of the fields.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from seatlatch.api.schemas import Moment
from seatlatch.domain.event import CHANGES, Change, SeatEvent
from seatlatch.domain.ticket import SeatStatus

PAGE_EVENTS = 100
PAGE_EVENTS_MAX = 1_000
WAIT_SECONDS_MAX = 8
"""Less than an orderly stop takes, so that whoever waits then is answered."""

LATEST = "latest"


class FeedQuery(Struct, rename="camel", forbid_unknown_fields=True):
    """What a reader asks for. `after` absent = from the oldest event, `latest` = from now on.

    `wait`: seconds to wait for an event if there is none.
    """

    after: str | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=PAGE_EVENTS_MAX)] = PAGE_EVENTS
    wait: Annotated[int, Meta(ge=0, le=WAIT_SECONDS_MAX)] = 0


class ToldEvent(Struct, rename="camel", omit_defaults=True):
    """One change of one ticket. Token and version name it; the higher version is the newer one.

    `by`: whether the channel itself did it, or the box office. `mpreserve`: whether it is set by
    this channel. `hold_expires_at` is there if the hold ends by itself.
    """

    change: Change
    token: str
    version: int
    timestamp: Moment
    by: Literal["channel", "box_office"]
    request_id: str
    status: SeatStatus
    mpreserve: bool
    organization_id: str
    access_id: str | None
    section: str | None
    row: str | None
    seat: str | None
    hold_expires_at: Moment | UnsetType = UNSET


class Feed(Struct):
    """Some events. `next`: what to send as `after`; it is always there. `more`: whether there are
    further ones already.
    """

    events: list[ToldEvent]
    next: str
    more: bool


def told_event(event: SeatEvent) -> ToldEvent:
    """An event as a channel is told of it that may be."""
    record = event.record
    return ToldEvent(
        change=CHANGES[event.outcome],
        token=record.token,
        version=event.version,
        timestamp=event.moment,
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
    )
