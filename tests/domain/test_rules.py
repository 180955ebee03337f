"""The rules of unlocking: precedence, and that only the right state is unlocked."""

from hypothesis import given
from hypothesis import strategies as st

from seatlatch.domain.channel import Channel
from seatlatch.domain.outcome import LOCKS, SUCCESSES, Outcome
from seatlatch.domain.rules import judge_unlock
from seatlatch.domain.ticket import SeatStatus, Ticket

CHANNEL = Channel("mine", frozenset({"1001"}))
STATUSES: tuple[SeatStatus, ...] = ("LOCK", "UNLOCK")

tickets = st.builds(
    Ticket,
    token=st.just("t"),
    organization_id=st.sampled_from(["1001", "2002"]),
    owner_id=st.just("o"),
    voided=st.booleans(),
    seat_status=st.sampled_from(STATUSES),
    mpreserve_channel=st.sampled_from([None, "mine", "theirs"]),
)


def test_a_token_without_a_ticket_is_unknown() -> None:
    assert judge_unlock(None, CHANNEL) is Outcome.UNKNOWN


@given(tickets)
def test_the_first_case_that_applies_wins(ticket: Ticket) -> None:
    applies = {
        Outcome.UNKNOWN: ticket.organization_id == "2002",
        Outcome.VOIDED: ticket.voided,
        Outcome.SEAT_LOCKED: ticket.seat_status == "LOCK",
        Outcome.RESERVED_ELSEWHERE: ticket.mpreserve_channel == "theirs",
        Outcome.UNLOCKED: ticket.mpreserve_channel == "mine",
        Outcome.ALREADY_UNLOCKED: not ticket.mpreserve,
    }
    assert judge_unlock(ticket, CHANNEL) is next(outcome for outcome in Outcome if applies[outcome])


@given(tickets)
def test_a_channel_without_grants_sees_nothing(ticket: Ticket) -> None:
    assert judge_unlock(ticket, Channel("mine", frozenset())) is Outcome.UNKNOWN


def test_every_outcome_is_a_success_a_lock_or_an_invalid_token() -> None:
    invalid = {Outcome.UNKNOWN, Outcome.VOIDED}
    assert SUCCESSES | LOCKS | invalid == set(Outcome)
    assert len(SUCCESSES) + len(LOCKS) + len(invalid) == len(Outcome)
