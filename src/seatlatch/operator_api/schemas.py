"""The bodies of the operator's calls as types. Members are written in the order of the fields.

Source: the contract's section on operator HTTP.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from seatlatch.domain.label import (
    LABEL_CHARACTERS_MAX,
    NOT_BLANK,
    TRIMMED,
    TRIMMED_OR_EMPTY,
    label_problem,
)
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.record import FIELD_CHARACTERS_MAX
from seatlatch.domain.ticket import HOLD_SECONDS_MAX, SeatStatus
from seatlatch.domain.ticket_filter import TicketState

PAGE_TOKENS_MAX = 1_000
PAGE_TOKENS = 100
TOKENS_MAX = 1_000
"""Entries in one request that names tickets by their tokens, repeats included."""

Tokens = Annotated[list[str], Meta(min_length=1, extra_json_schema={"maxItems": TOKENS_MAX})]

Reason = Annotated[
    str, Meta(extra_json_schema={"maxLength": LABEL_CHARACTERS_MAX, "pattern": NOT_BLANK})
]
"""The rules that `check_reason` checks."""

Field = Annotated[
    str, Meta(extra_json_schema={"maxLength": FIELD_CHARACTERS_MAX, "pattern": TRIMMED_OR_EMPTY})
]
RequiredField = Annotated[
    str, Meta(extra_json_schema={"maxLength": FIELD_CHARACTERS_MAX, "pattern": TRIMMED})
]
"""The rules that `domain.record.record_problem` checks."""


class RecordBody(Struct, rename="camel"):
    """The record of one ticket. null or absent = not known to the ticketing system.

    In the order of `domain.ticket.TicketRecord`. Unknown members are ignored.
    """

    token: RequiredField
    organization_id: RequiredField
    owner_id: RequiredField
    access_id: Field | None = None
    section: Field | None = None
    row: Field | None = None
    seat: Field | None = None
    barcode: Field | None = None


Filter = Annotated[str, Meta(extra_json_schema={"minLength": 1})]
"""`domain.ticket_filter.require_possible` checks it."""


class Filters(Struct, rename="camel", forbid_unknown_fields=True):
    """The filters of tickets. An empty `access_id` = tickets that have none.

    An unknown filter is refused: a typo must not silently widen the search.
    """

    organization_id: Filter | UnsetType = UNSET
    access_id: str | UnsetType = UNSET
    section: Filter | UnsetType = UNSET
    row: Filter | UnsetType = UNSET
    seat: Filter | UnsetType = UNSET
    owner_id: Filter | UnsetType = UNSET
    barcode: Filter | UnsetType = UNSET
    external_listing_id: Filter | UnsetType = UNSET
    channel_code: Filter | UnsetType = UNSET
    state: TicketState | UnsetType = UNSET


class FilterBody(Filters):
    """The filters of a bulk change: the same as those of a search."""

    mpreserve: bool | UnsetType = UNSET


class TicketsRequest(Struct, rename="camel", kw_only=True):
    """The tickets of a request: either by their `tokens`, or all that match a `filter`.

    A request with a `filter` is sent twice: first with `dry_run`, and then with the `confirmation`
    from the response.
    """

    tokens: Tokens | UnsetType = UNSET
    filter: FilterBody | UnsetType = UNSET
    dry_run: bool = False
    confirmation: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Raise `ValueError` for members that exclude or require each other."""
        if (self.tokens is UNSET) == (self.filter is UNSET):
            raise ValueError("Give either `tokens` or `filter`")
        is_confirmed = self.confirmation is not UNSET
        if self.tokens is not UNSET:
            if self.dry_run or is_confirmed:
                raise ValueError("`dryRun` and `confirmation` are only for a `filter`")
        elif self.dry_run and is_confirmed:
            raise ValueError("A dry run has no `confirmation`")
        elif not self.dry_run and not is_confirmed:
            raise ValueError(
                "A `filter` needs the `confirmation` of a dry run: send the request with"
                ' `"dryRun": true` first'
            )


class StatusRequest(TicketsRequest):
    """Hold seats (`LOCK`, with a reason) or release them (`UNLOCK`).

    `over_listing`: hold tickets also if a marketplace has listed them; they stay listed.
    """

    status: SeatStatus
    reason: Reason | None = None
    expires_in_seconds: Annotated[int, Meta(ge=1, le=HOLD_SECONDS_MAX)] | None = None
    over_listing: bool = False

    def __post_init__(self) -> None:
        """Raise `ValueError` for members that exclude each other, and a missing reason."""
        super().__post_init__()
        check_reason(self.reason)
        if self.status == "LOCK" and self.reason is None:
            raise ValueError("Status LOCK requires a `reason`")
        if self.status == "UNLOCK" and self.expires_in_seconds is not None:
            raise ValueError("A release has no `expiresInSeconds`")
        if self.status == "UNLOCK" and self.over_listing:
            raise ValueError("A release has no `overListing`")


class VoidRequest(TicketsRequest):
    """Make tickets void. The reason, if one is given, is logged."""

    reason: Reason | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` for a reason that cannot be stored."""
        super().__post_init__()
        check_reason(self.reason)


class OverrideRequest(TicketsRequest):
    """Clear mpreserve, whichever channel set it. The reason is logged."""

    reason: Reason

    def __post_init__(self) -> None:
        """Raise `ValueError` for a reason that cannot be stored."""
        super().__post_init__()
        check_reason(self.reason)


def check_reason(reason: str | None) -> None:
    """Raise `ValueError` if the reason cannot be stored."""
    problem = None if reason is None else label_problem(reason)
    if problem is not None:
        raise ValueError(f"The `reason` {problem}")


class FindQuery(Filters):
    """The query of a search for tickets."""

    mpreserve: Literal["true", "false"] | UnsetType = UNSET
    after: str | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=PAGE_TOKENS_MAX)] = PAGE_TOKENS


class DryRun(Struct):
    """How many tickets match a filter, and the confirmation to send for just these."""

    count: int
    confirmation: str


class PutTicket(Struct, rename="camel"):
    """A ticket whose record is stored. `outcome`: `added`, `updated` or `unchanged`."""

    token: str
    owner_id: str | None
    outcome: Outcome


class TicketWithStatus(Struct, rename="camel"):
    """A ticket whose seat has the requested status now."""

    token: str
    owner_id: str | None
    status: SeatStatus
