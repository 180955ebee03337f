"""The bodies of the operator's calls about events. Members are written in the order of the fields.

Source: the contract's section on the second edition of operator HTTP.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from seatlatch.domain.outcome import Outcome
from seatlatch.operator_api.schemas import Field, RequiredField
from seatlatch.operator_api.ticket_rows import FAILURES
from seatlatch.presentation.schemas import Timestamp, TimestampText

PAGE_EVENTS = 100
PAGE_EVENTS_MAX = 500

FAILURE = FAILURES[Outcome.UNKNOWN_ORGANIZATION]
"""The only reason why an event is not stored."""


class EventBody(Struct, rename="camel"):
    """An event to put. Absent = the stored value stays; null removes a stored time.

    In the order of `domain.performance.Event`. Unknown members are ignored.
    """

    organization_id: RequiredField
    access_id: RequiredField
    item_name: Field | None = None
    season_code: Field | None = None
    item_code: Field | None = None
    starts_at: TimestampText | UnsetType | None = UNSET
    ends_at: TimestampText | UnsetType | None = UNSET
    facility_code: Field | None = None
    facility_name: Field | None = None


class PutEvent(Struct, rename="camel"):
    """An event that is stored. `outcome`: `added`, `updated` or `unchanged`."""

    organization_id: str
    access_id: str
    outcome: Outcome


class FailedEvent(Struct, rename="camel"):
    """An event that was not stored."""

    organization_id: str
    access_id: str
    app_error_code: Annotated[str, Meta(extra_json_schema={"enum": [FAILURE.app_error_code]})]
    developer_message: str
    type: Annotated[str, Meta(extra_json_schema={"enum": [FAILURE.type]})]


class EventsQuery(Struct, rename="camel", forbid_unknown_fields=True):
    """The query of a list of events. An empty `access_id` = tickets that have none."""

    organization_id: str | UnsetType = UNSET
    access_id: str | UnsetType = UNSET
    after: str | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=PAGE_EVENTS_MAX)] = PAGE_EVENTS


class EventCounts(Struct, rename="camel"):
    """The number of tickets in each state. A ticket has the first state that applies: voided, held,
    listed, free.
    """

    free: int
    listed: int
    held: int
    voided: int
    held_over_listing: int


class ShownEvent(Struct, rename="camel"):
    """An event with the counts of its tickets. If only tickets name it, the details are null."""

    organization_id: str
    access_id: str | None
    item_name: str | None
    season_code: str | None
    item_code: str | None
    starts_at: TimestampText | None
    ends_at: TimestampText | None
    facility_code: str | None
    facility_name: str | None
    total: int
    counts: EventCounts
    counted_at: Timestamp


class EventsPage(Struct):
    """Some events. `next`: the value of `after` for the next page; null = no more."""

    events: list[ShownEvent]
    next: str | None
