"""Attempts: which request that the sandbox has received belongs to which entry of the journal."""

from datetime import UTC, datetime, timedelta

from seatlatch.console.attempts import Attempt, own_attempts, shown_attempts
from seatlatch.domain.journal import Act, Asker, DamagedEntry, Entry, FoundEntry, Verb
from seatlatch.domain.outcome import Outcome
from seatlatch.operations.read_journal import TracedRequests
from seatlatch.presentation.inspection import InspectedBody, InspectedRequest, InspectedResponse

ID = "0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BODY = InspectedBody("{}")


def entry(second: int, verb: Verb = Verb.UNLOCK, outcome: Outcome = Outcome.UNLOCKED) -> Entry:
    """An entry of the journal, about one ticket."""
    act = Act(verb, Asker(ID, "com.example", "channel"))
    timestamp = NOW + timedelta(seconds=second)
    return Entry(second + 1, second + 1, timestamp, act, {outcome: ["token"]}, [], None)


def received(
    second: int,
    status: int | None = 200,
    verb: Verb = Verb.UNLOCK,
    *,
    is_recorded: bool = True,
) -> InspectedRequest:
    """A request that was received; None = it got no response."""
    response = None if status is None else InspectedResponse(status, [], BODY)
    return InspectedRequest(
        second,
        NOW + timedelta(seconds=second, milliseconds=-5),
        ID,
        "PUT",
        "/v1/tickets/unlock",
        "com.example",
        "channel",
        verb,
        [],
        BODY,
        response,
        None,
        1,
        is_recorded,
    )


def matched(
    entries: list[FoundEntry], kept: list[InspectedRequest]
) -> list[tuple[str | None, int | None]]:
    """The entry and the number of what was received of each attempt."""
    attempts = shown_attempts(TracedRequests(entries, None), {}, kept)
    return [(entry_id(one), one.received.number if one.received else None) for one in attempts]


def entry_id(attempt: Attempt) -> str | None:
    return attempt.trace.entry_id if attempt.trace else None


def test_each_entry_has_its_request() -> None:
    assert matched([entry(1), entry(5)], [received(1), received(5)]) == [("2", 1), ("6", 5)]


def test_what_the_journal_does_not_have_is_between_them() -> None:
    kept = [received(1), received(3, 503, is_recorded=False), received(5)]
    assert matched([entry(1), entry(5)], kept) == [("2", 1), (None, 3), ("6", 5)]


def test_the_sandbox_may_have_forgotten_the_first_ones() -> None:
    assert matched([entry(1), entry(5)], [received(5)]) == [("2", None), ("6", 5)]


def test_a_lost_response_belongs_to_its_entry() -> None:
    assert matched([entry(1)], [received(1, None)]) == [("2", 1)]


def test_another_verb_or_status_does_not_belong_to_it() -> None:
    for other in (received(1, verb=Verb.LOCK), received(1, 422)):
        assert matched([entry(1)], [other]) == [(None, 1), ("2", None)]
    assert matched([DamagedEntry(1, 1)], [received(1)]) == [("1", None), (None, 1)]


def test_failures_come_first() -> None:
    some = entry(1)
    outcomes = {Outcome.UNLOCKED: ["a"], Outcome.VOIDED: ["b"], Outcome.UNKNOWN: ["c", "d"]}
    (attempt,) = shown_attempts(TracedRequests([some._replace(outcomes=outcomes)], None), {})
    assert [group.outcome for group in attempt.groups] == ["voided", "unknown", "unlocked"]
    assert [group.is_failure for group in attempt.groups] == [True, True, False]
    assert [group.has_pages for group in attempt.groups] == [True, False, True]
    assert (attempt.kind, attempt.result) == ("warn", "1 done, 3 failed")


def test_a_channel_s_tickets_are_grouped_by_what_it_may_know() -> None:
    outcomes = {
        Outcome.UNKNOWN: ["a"],
        Outcome.SEAT_LOCKED: ["b"],
        Outcome.VOIDED: ["c"],
        Outcome.RESERVED_ELSEWHERE: ["d"],
    }
    (attempt,) = own_attempts([entry(1)._replace(outcomes=outcomes)])
    groups = {group.outcome: [one.token for one in group.tickets] for group in attempt.groups}
    assert groups == {"INVALID_TOKEN": ["a", "c"], "SEAT_RECORD_LOCKED": ["b", "d"]}
    assert attempt.trace is not None
    assert attempt.trace.entry_id == ""
