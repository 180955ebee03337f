"""When a message is sent again, for every number of attempts, chance and Retry-After."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from hypothesis import given
from hypothesis import strategies as st

from seatlatch.webhooks.schedule import (
    DELAYS_SECONDS,
    GIVEN_UP_AFTER_SECONDS,
    JITTER,
    RETRY_AFTER_SECONDS_MAX,
    next_attempt,
    retry_after_seconds,
)
from tests.cases import all_cases

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
attempts = st.integers(1, 100)
chances = st.floats(0, 1)


@given(attempts, chances, st.none() | st.text(max_size=20), st.integers(0, 4 * 86_400))
def test_the_next_attempt_is_later_and_within_three_days(
    attempts: int, chance: float, retry_after: str | None, age_seconds: int
) -> None:
    first = NOW - timedelta(seconds=age_seconds)
    due_at = next_attempt(attempts, first, NOW, chance, retry_after)
    end = first + timedelta(seconds=GIVEN_UP_AFTER_SECONDS)
    if due_at is None:
        longest = max(max(DELAYS_SECONDS) * (1 + JITTER), RETRY_AFTER_SECONDS_MAX)
        assert NOW + timedelta(seconds=longest) > end
    else:
        assert NOW < due_at <= end


@given(attempts, chances)
def test_a_delay_is_of_the_table_within_its_jitter(attempts: int, chance: float) -> None:
    due_at = next_attempt(attempts, NOW, NOW, chance)
    assert due_at
    delay = DELAYS_SECONDS[min(attempts, len(DELAYS_SECONDS)) - 1]
    seconds = (due_at - NOW).total_seconds()
    assert delay * (1 - JITTER) - 1e-3 <= seconds <= delay * (1 + JITTER) + 1e-3


@given(attempts, chances, st.integers(0, 10**12))
def test_retry_after_is_heeded_up_to_its_bound(attempts: int, chance: float, asked: int) -> None:
    plain = next_attempt(attempts, NOW, NOW, chance)
    due_at = next_attempt(attempts, NOW, NOW, chance, str(asked))
    bounded = NOW + timedelta(seconds=min(asked, RETRY_AFTER_SECONDS_MAX))
    assert plain and due_at == max(plain, bounded)


@given(chances)
def test_it_is_tried_for_nearly_three_days(chance: float) -> None:
    now, tried = NOW, 1
    while due_at := next_attempt(tried, NOW, now, chance):
        now, tried = due_at, tried + 1
    days = (now - NOW) / timedelta(days=1)
    assert 2.5 < days <= 3
    assert 13 < tried < 22


@all_cases(
    ("header", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("120", 120),
        (" 7 ", 7),
        ("-5", 0),
        ("soon", 0),
        ("٣", 0),
        ("9" * 400, 999_999_999),
        (format_datetime(NOW + timedelta(hours=1), usegmt=True), 3_600),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), 0),
        ("Mon, 23 Nov 2026 13:00:00 -0000", 0),
        ("Mon, 99 Nov 2026 99:00:00 GMT", 0),
    ],
)
def test_retry_after_as_seconds_or_a_date(header: str | None, seconds: float) -> None:
    assert retry_after_seconds(header, NOW) == seconds
