"""Buckets by client address: bounded in memory, and fair."""

import pytest

from seatlatch.auth.address_limits import RecentBuckets, address_limits
from seatlatch.auth.rate_limit import Rate, RateLimit
from seatlatch.domain.refusal import NotAuthenticated, RateExceeded
from tests.auth.test_credentials_cache import Clock

WRONG = NotAuthenticated("wrong", token_sent=True)


def test_memory_is_bounded_and_recent_addresses_keep_their_buckets() -> None:
    buckets = RecentBuckets(3)
    limit = RateLimit("calls", Rate(1, 2), Clock(), buckets)
    for address in ("a", "b", "a", "c", "d"):
        limit.take(address)
    assert len(buckets) == 3
    with pytest.raises(RateExceeded):
        limit.take("a")
    limit.take("b")
    limit.take("b")


def test_a_bucket_refills() -> None:
    clock = Clock()
    limits = address_limits(clock)
    for _ in range(60):
        limits.count_failure("203.0.113.7", WRONG)
    with pytest.raises(RateExceeded) as refused:
        limits.count_failure("203.0.113.7", WRONG)
    assert refused.value.retry_after_seconds == 1
    clock.seconds += 1
    limits.count_failure("203.0.113.7", WRONG)


def test_addresses_of_one_ipv6_network_share_a_bucket() -> None:
    limits = address_limits(Clock())
    for number in range(100):
        limits.count_token_call(f"2001:db8::{number:x}")
    with pytest.raises(RateExceeded):
        limits.count_token_call("2001:db8::ffff")
    limits.count_token_call("2001:db8:0:1::1")


def test_the_database_is_asked_until_the_failures_are_used_up() -> None:
    clock = Clock()
    limits = address_limits(clock)
    for _ in range(60):
        assert limits.may_ask_database("203.0.113.7")
        limits.count_failure("203.0.113.7", WRONG)
    assert not limits.may_ask_database("203.0.113.7")
    assert limits.may_ask_database("203.0.113.8")
    clock.seconds += 1
    assert limits.may_ask_database("203.0.113.7")
    assert address_limits(clock, is_on=False).may_ask_database("203.0.113.7")
