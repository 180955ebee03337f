"""The rules: their precedence, and which states each request changes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product

from seatlatch.domain.channel import Channel
from seatlatch.domain.outcome import INVALID, LOCKS, OUTDATED, SUCCESSES, Outcome
from seatlatch.domain.rules import (
    judge_hold,
    judge_lock,
    judge_override,
    judge_put,
    judge_release,
    judge_unlock,
    judge_verify,
    judge_void,
)
from seatlatch.domain.ticket import SeatStatus, Ticket, TicketRecord
from tests.cases import all_cases

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CHANNEL = Channel("mine", frozenset({"1001"}))
SECOND = timedelta(seconds=1)
STATUSES: tuple[SeatStatus, ...] = ("LOCK", "UNLOCK")

EVERY_TICKET = [
    Ticket("t", organization, "o", voided, status, channel, expires_at)
    for organization, voided, status, channel, expires_at in product(
        ("1001", "2002"),
        (False, True),
        STATUSES,
        (None, "mine", "theirs"),
        (None, NOW - SECOND, NOW, NOW + SECOND),
    )
    if status == "LOCK" or expires_at is None
]


def held(ticket: Ticket) -> bool:
    expires_at = ticket.hold_expires_at
    return ticket.seat_status == "LOCK" and (expires_at is None or expires_at > NOW)


def for_a_channel(ticket: Ticket) -> dict[Outcome, bool]:
    return {
        Outcome.UNKNOWN: ticket.organization_id == "2002",
        Outcome.VOIDED: ticket.voided,
        Outcome.SEAT_LOCKED: held(ticket),
        Outcome.RESERVED_ELSEWHERE: ticket.mpreserve_channel == "theirs",
    }


def first_of(cases: dict[Outcome, bool]) -> Outcome:
    return next(outcome for outcome, applies in cases.items() if applies)


@all_cases("ticket", EVERY_TICKET, ids=str)
def test_the_first_case_that_applies_wins(ticket: Ticket) -> None:
    mine = ticket.mpreserve_channel == "mine"
    cases = for_a_channel(ticket)
    assert judge_unlock(ticket, CHANNEL, NOW) is first_of(
        {**cases, Outcome.UNLOCKED: mine, Outcome.ALREADY_UNLOCKED: True}
    )
    assert judge_lock(ticket, CHANNEL, NOW) is first_of(
        {**cases, Outcome.ALREADY_LOCKED: mine, Outcome.LOCKED: True}
    )
    assert judge_verify(ticket, CHANNEL, NOW) is first_of({**cases, Outcome.VERIFIED: True})


@all_cases("ticket", EVERY_TICKET, ids=str)
def test_the_box_office_sees_every_organization(ticket: Ticket) -> None:
    voided, is_held, listed = ticket.voided, held(ticket), ticket.mpreserve
    assert judge_hold(ticket, NOW) is first_of(
        {
            Outcome.VOIDED: voided,
            Outcome.ALREADY_HELD: is_held,
            Outcome.RESERVED: listed,
            Outcome.HELD: True,
        }
    )
    assert judge_hold(ticket, NOW, over_listing=True) is first_of(
        {Outcome.VOIDED: voided, Outcome.ALREADY_HELD: is_held, Outcome.HELD: True}
    )
    held_once = ticket.seat_status == "LOCK"
    assert judge_release(ticket) is first_of(
        {Outcome.VOIDED: voided, Outcome.RELEASED: held_once, Outcome.ALREADY_RELEASED: True}
    )
    assert judge_void(ticket) is first_of({Outcome.ALREADY_VOID: voided, Outcome.MADE_VOID: True})
    assert judge_override(ticket, NOW) is first_of(
        {
            Outcome.VOIDED: voided,
            Outcome.SEAT_LOCKED: is_held,
            Outcome.UNLOCKED: listed,
            Outcome.ALREADY_UNLOCKED: True,
        }
    )


@all_cases("ticket", EVERY_TICKET, ids=str)
@all_cases("judge", [judge_unlock, judge_lock, judge_verify])
def test_a_channel_without_grants_sees_nothing(
    judge: Callable[[Ticket | None, Channel, datetime], Outcome], ticket: Ticket
) -> None:
    assert judge(ticket, Channel("mine", frozenset()), NOW) is Outcome.UNKNOWN
    assert judge(None, CHANNEL, NOW) is Outcome.UNKNOWN


def test_a_token_without_a_ticket_is_unknown_to_the_box_office_too() -> None:
    assert judge_hold(None, NOW) is Outcome.UNKNOWN
    assert judge_release(None) is Outcome.UNKNOWN
    assert judge_void(None) is Outcome.UNKNOWN
    assert judge_override(None, NOW) is Outcome.UNKNOWN


def test_a_ticket_stays_with_its_organization() -> None:
    record = TicketRecord("t", "1001", "o")
    mine = Ticket("t", "1001", "o", False, "UNLOCK", None)
    assert judge_put(None, record, False) is Outcome.UNKNOWN_ORGANIZATION
    assert judge_put(None, record, True) is Outcome.ADDED
    assert judge_put(mine, record, True) is Outcome.UPDATED
    assert judge_put(mine._replace(organization_id="2"), record, True) is Outcome.OTHER_ORGANIZATION


def test_every_outcome_is_of_one_kind() -> None:
    kinds = (SUCCESSES, LOCKS, INVALID, OUTDATED)
    assert set(Outcome) == frozenset().union(*kinds)
    assert sum(map(len, kinds)) == len(Outcome)
