"""When a request is sent again, and how long is waited."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatlatch.client import (
    ClientError,
    ConnectionFailed,
    Retries,
    ServerFailed,
    ServiceUnavailable,
    TooManyRequests,
    UnexpectedAnswer,
    Unprocessable,
)
from seatlatch.client.retries import retry_after_seconds

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def busy(wait: float | None) -> ServiceUnavailable:
    """A 503 with this Retry-After."""
    return ServiceUnavailable(503, "SERVICE_UNAVAILABLE", "MS-503", "Busy.", wait)


@given(
    chance=st.floats(0, 1),
    attempt=st.integers(1, 30),
    wait=st.none() | st.floats(0, 100),
    retries=st.builds(
        Retries,
        st.integers(1, 20),
        first_wait_seconds=st.floats(0, 5),
        wait_seconds_max=st.just(30),
    ),
)
def test_waits_are_bounded(
    chance: float, attempt: int, wait: float | None, retries: Retries
) -> None:
    waited = retries.wait_seconds(busy(wait), attempt, lambda: chance)
    if attempt >= retries.attempts or (wait or 0) > retries.wait_seconds_max:
        assert waited is None
        return
    assert waited is not None
    assert (wait or 0) <= waited <= retries.wait_seconds_max * 1.25


def test_waits_double_and_are_drawn_by_chance() -> None:
    retries = Retries(attempts=9, first_wait_seconds=0.25, wait_seconds_max=3)
    lost = ConnectionFailed("no")
    longest = [retries.wait_seconds(lost, attempt, lambda: 1.0) for attempt in range(1, 9)]
    assert longest == [0.25, 0.5, 1, 2, 3, 3, 3, 3]
    assert retries.wait_seconds(lost, 2, lambda: 0.5) == 0.25
    assert retries.wait_seconds(lost, 9, lambda: 1.0) is None


def test_retry_after_leads_with_some_on_top() -> None:
    waits = [Retries().wait_seconds(busy(4), 1, lambda chance=chance: chance) for chance in (0, 1)]  # type: ignore[misc]
    assert waits == [4, 5]


@pytest.mark.parametrize(
    "problem",
    [
        Unprocessable(422, "X", "Y", "Z"),
        ServerFailed(500, "X", "Y", "Z"),
        UnexpectedAnswer("what?"),
        ClientError("no"),
    ],
)
def test_what_would_not_help_is_not_done(problem: ClientError) -> None:
    assert Retries().wait_seconds(problem, 1, lambda: 0.5) is None


def test_too_many_requests_waits_as_asked() -> None:
    problem = TooManyRequests(429, "TOO_MANY_REQUESTS", "MS-429", "Slowly.", 1)
    assert Retries().wait_seconds(problem, 1, lambda: 0.0) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("120", 120),
        ("Wed, 25 Nov 2026 12:00:30 GMT", 30),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0),
        ("Wed, 25 Nov 2026 12:00:30 -0000", 30),
        ("soon", None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("9" * 400, 999_999_999),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds
