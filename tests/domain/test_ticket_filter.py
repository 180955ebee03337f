"""The state of a ticket, and filters that no ticket can match."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.ticket import Ticket
from seatlatch.domain.ticket_filter import (
    PARAMETERS,
    TicketFilter,
    TicketState,
    require_possible,
    state_of,
)
from tests.cases import all_cases

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SOON, BEFORE = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)
FREE = Ticket("t", "1001", "owner", False, "UNLOCK", None)

STATES: dict[str, tuple[dict[str, Any], TicketState]] = {
    "free": ({}, TicketState.FREE),
    "listed": ({"mpreserve_channel": "c"}, TicketState.LISTED),
    "held": ({"seat_status": "LOCK"}, TicketState.HELD),
    "held for a while": ({"seat_status": "LOCK", "hold_expires_at": SOON}, TicketState.HELD),
    "no longer held": ({"seat_status": "LOCK", "hold_expires_at": NOW}, TicketState.FREE),
    "listed and held": ({"seat_status": "LOCK", "mpreserve_channel": "c"}, TicketState.HELD),
    "listed, no longer held": (
        {"seat_status": "LOCK", "hold_expires_at": BEFORE, "mpreserve_channel": "c"},
        TicketState.LISTED,
    ),
    "void": ({"voided": True}, TicketState.VOIDED),
    "void and held": ({"voided": True, "seat_status": "LOCK"}, TicketState.VOIDED),
}


@all_cases(("changes", "state"), STATES.values(), ids=STATES)
def test_a_ticket_has_the_first_state_that_applies(
    changes: dict[str, Any], state: TicketState
) -> None:
    assert state_of(FREE._replace(**changes), NOW) is state


LISTED: dict[str, dict[str, Any]] = {
    "state=listed": {"state": TicketState.LISTED},
    "mpreserve=true": {"mpreserve": True},
    "channelCode": {"channel_code": "c"},
    "externalListingId": {"external_listing_id": "L1"},
}
NOT_LISTED: dict[str, dict[str, Any]] = {
    "state=free": {"state": TicketState.FREE},
    "state=voided": {"state": TicketState.VOIDED},
    "mpreserve=false": {"mpreserve": False},
}


@all_cases("names", [(a, b) for a, b in product(LISTED, NOT_LISTED) if a[:5] != b[:5]])
def test_what_only_a_listed_ticket_has_contradicts_one_that_is_not_listed(
    names: tuple[str, str],
) -> None:
    one, other = names
    with pytest.raises(InvalidRequest) as refused:
        require_possible(TicketFilter(**LISTED[one], **NOT_LISTED[other]))
    assert one in refused.value.message
    assert other in refused.value.message


@all_cases("given", [{}, *LISTED.values(), *NOT_LISTED.values()])
@all_cases("state", [TicketState.HELD, None])
def test_a_ticket_that_is_held_may_be_listed_or_not(
    given: dict[str, Any], state: TicketState | None
) -> None:
    require_possible(TicketFilter(**{"state": state, **given}))


@all_cases("field", set(PARAMETERS) - {"access_id", "state", "mpreserve"})
def test_an_empty_value_is_refused_by_its_name(field: str) -> None:
    filters: dict[str, Any] = {field: ""}
    with pytest.raises(InvalidRequest, match=f"`{PARAMETERS[field]}`"):
        require_possible(TicketFilter(**filters))


def test_an_empty_access_id_is_for_tickets_without_one() -> None:
    require_possible(TicketFilter(access_id=""))


def test_every_filter_has_a_name_in_requests() -> None:
    assert list(PARAMETERS) == list(TicketFilter._fields)
