"""The bucket: its burst, its refill, and that applications don't share it."""

import pytest

from seatlatch.auth.rate_limit import Rate, RateLimit
from seatlatch.domain.refusal import RateExceeded
from tests.auth.test_credentials_cache import Clock
from tests.cases import all_cases


def taken(limit: RateLimit, application_id: str = "app") -> int:
    """How many requests are accepted now."""
    for count in range(10_000):
        try:
            limit.take(application_id)
        except RateExceeded as refusal:
            assert refusal.retry_after_seconds is not None
            assert refusal.retry_after_seconds >= 1
            return count
    raise AssertionError("no limit")


def test_a_burst_and_then_the_rate() -> None:
    clock = Clock()
    limit = RateLimit("changes", Rate(200, 400), clock)
    assert taken(limit) == 400
    clock.seconds += 0.1
    assert taken(limit) == 20
    clock.seconds += 3600
    assert taken(limit) == 400


def test_retry_after_is_long_enough() -> None:
    clock = Clock()
    limit = RateLimit("changes", Rate(0.25, 1), clock)
    limit.take("app")
    with pytest.raises(RateExceeded) as refusal:
        limit.take("app")
    assert refusal.value.retry_after_seconds == 4
    clock.seconds += 4
    limit.take("app")


def test_the_remaining_requests_are_returned_and_refill() -> None:
    clock = Clock()
    limit = RateLimit("changes", Rate(3, 7), clock)
    assert [limit.take("app") for _ in range(7)] == [6, 5, 4, 3, 2, 1, 0]
    with pytest.raises(RateExceeded, match="3 changes a second"):
        limit.take("app")
    clock.seconds += 1
    assert [limit.take("app") for _ in range(3)] == [2, 1, 0]
    clock.seconds += 0.5
    assert limit.take("app") == 0
    clock.seconds += 3600
    assert limit.take("app") == 6


def test_what_is_left_can_be_seen_without_taking_it() -> None:
    clock = Clock()
    limit = RateLimit("changes", Rate(3, 7), clock)
    for left in (6, 5, 4, 3, 2, 1, 0):
        assert limit.take("app") == limit.left("app") == limit.left("app") == left
    clock.seconds += 1
    assert (limit.left("app"), limit.left("other")) == (3, 7)
    assert RateLimit("changes", None, clock).left("app") is None


@all_cases("per_second", [1, 3, 7, 200, 1_000_000])
@all_cases("burst", [1, 2, 400, 1_000_000])
def test_no_rounding_error_counts_as_a_request(per_second: int, burst: int) -> None:
    limit = RateLimit("reads", Rate(per_second, burst), Clock())
    assert [limit.take("app") for _ in range(min(burst, 1000))] == [
        burst - 1 - count for count in range(min(burst, 1000))
    ]


def test_each_application_has_its_own_bucket() -> None:
    limit = RateLimit("changes", Rate(1, 5), Clock())
    assert taken(limit, "one") == 5
    assert taken(limit, "other") == 5


def test_without_a_limit_every_request_is_accepted() -> None:
    limit = RateLimit("changes", None, Clock())
    taken_at_once = 0
    for _ in range(10_000):
        assert limit.take("app") is None
        taken_at_once += 1
    assert taken_at_once == 10_000
