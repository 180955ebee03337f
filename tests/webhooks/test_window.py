"""Which messages may be sent now: those of each ticket in their order."""

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seatlatch.store.webhooks import Pending
from seatlatch.webhooks.window import Window

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FAILURES_MAX = 3

tickets = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3, unique=True)


def pending(number: int, tokens: list[str], due_at: datetime = NOW) -> Pending:
    return Pending(number, f"msg_{number}", tokens, 0, None, due_at)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a machine may be busy
@given(st.lists(tickets, max_size=30), st.data())
def test_each_tickets_messages_go_out_in_order_and_all_go(
    tickets_of: list[list[str]], data: st.DataObject
) -> None:
    """Messages fail or succeed at random; between two steps the database may be read again.

    No message fails more than three times, so that no example goes on for long.
    """
    window, now = Window(), NOW
    waiting = {number: pending(number, tokens) for number, tokens in enumerate(tickets_of)}
    window.refresh(list(waiting.values()))
    in_flight: dict[int, Pending] = {}
    delivered: list[int] = []
    while waiting:
        for one in window.ready(now, data.draw(st.integers(1, 4))):
            assert one.number not in in_flight
            earlier = [n for n in waiting if n < one.number]
            assert all(set(tickets_of[n]).isdisjoint(one.tokens) for n in earlier)
            window.started(one)
            in_flight[one.number] = one
        if in_flight:
            one = in_flight.pop(data.draw(st.sampled_from(sorted(in_flight))))
            if one.attempts == FAILURES_MAX or data.draw(st.booleans()):
                del waiting[one.number]
                window.ended(one)
                delivered.append(one.number)
            else:
                waiting[one.number] = one._replace(due_at=now + SECOND, attempts=one.attempts + 1)
                window.postponed(waiting[one.number])
        else:
            due_at = window.next_due_at()
            assert due_at and due_at > now
            now = due_at
        if data.draw(st.booleans()):
            window.begin_refresh()
            window.refresh(list(waiting.values()))
    assert sorted(delivered) == list(range(len(tickets_of)))
    assert len(window) == window.in_flight == 0


def test_what_ended_while_the_database_was_read_does_not_come_back() -> None:
    window = Window()
    one, other = pending(1, ["a"]), pending(2, ["b"])
    window.refresh([one, other])
    window.started(one)
    window.begin_refresh()
    window.ended(one)
    window.refresh([one, other])  # a read from before it ended
    assert window.ready(NOW, 9) == [other]
    window.begin_refresh()
    window.refresh([one, other])  # replayed by a command
    assert window.ready(NOW, 9) == [one, other]


def test_one_that_waits_for_an_earlier_one_is_not_due() -> None:
    window = Window()
    window.refresh([pending(1, ["a"], NOW + SECOND), pending(2, ["a", "b"]), pending(3, ["b"])])
    assert window.ready(NOW, 9) == []
    assert window.next_due_at() == NOW + SECOND
