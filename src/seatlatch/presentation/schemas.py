"""Parts of response bodies that the channel and operator interfaces share.

Members are written in the order of the fields.
Source: the contract's sections on per-token outcomes and HTTP status.
"""

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from seatlatch.domain.ticket import SeatStatus
from seatlatch.http.problems import ErrorBody

Row = TypeVar("Row")
"""The entry of a ticket that succeeded."""

Timestamp = Annotated[datetime, Meta(tz=True)]

TimestampText = Annotated[str, Meta(min_length=1, extra_json_schema={"format": "date-time"})]
"""A timestamp of a caller: RFC 3339 with an offset. The operation that gets it checks it."""


class SucceededTicket(Struct, rename="camel"):
    """A ticket that is now in the requested state, whether or not it was before."""

    token: str
    owner_id: str | None


class FailedTicket(Struct, rename="camel", omit_defaults=True):
    """A ticket that was not changed or shown. `owner_id` is absent if the token is unknown.

    `barcode` is present if the request named barcodes; `token` is then null if no ticket was found.
    """

    token: str | None
    status: SeatStatus | None
    app_error_code: str
    developer_message: str
    type: str
    owner_id: str | UnsetType = UNSET
    barcode: str | UnsetType = UNSET


class TicketResults(Struct, Generic[Row], rename="camel", omit_defaults=True):
    """The body of a response about a list of tickets: `error` if no ticket succeeded, else
    `success`; `failure` if any failed.
    """

    error: ErrorBody | UnsetType = UNSET
    success: list[Row] | UnsetType = UNSET
    failure: list[FailedTicket] | UnsetType = UNSET
