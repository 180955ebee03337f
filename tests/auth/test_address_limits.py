"""Buckets by client address: bounded in memory, and fair."""

import pytest

from seatlatch.auth.address_limits import RecentBuckets, address_limits
from seatlatch.auth.rate_limit import Rate, RateLimit
from seatlatch.domain.refusal import RateExceeded
from tests.auth.test_credentials_cache import Clock

APPLICATION = "com.example"


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
        limits.count_failure("203.0.113.7")
    with pytest.raises(RateExceeded) as refused:
        limits.count_failure("203.0.113.7")
    assert refused.value.retry_after_seconds == 1
    clock.seconds += 1
    limits.count_failure("203.0.113.7")


def test_addresses_of_one_ipv6_network_share_a_bucket() -> None:
    limits = address_limits(Clock())
    for number in range(100):
        limits.count_token_call(f"2001:db8::{number:x}", APPLICATION)
    with pytest.raises(RateExceeded):
        limits.count_token_call("2001:db8::ffff", APPLICATION)
    limits.count_token_call("2001:db8:0:1::1", APPLICATION)


def test_token_calls_of_another_application_have_another_bucket() -> None:
    limits = address_limits(Clock())
    for _ in range(100):
        limits.count_token_call("203.0.113.7", APPLICATION)
    with pytest.raises(RateExceeded):
        limits.count_token_call("203.0.113.7", APPLICATION)
    limits.count_token_call("203.0.113.7", "com.another")


def test_an_address_is_throttled_while_its_failures_are_used_up() -> None:
    clock = Clock()
    results: list[str] = []
    limits = address_limits(clock, failed=results.append)
    for _ in range(60):
        assert not limits.is_throttled("203.0.113.7")
        limits.count_failure("203.0.113.7")
    assert limits.is_throttled("203.0.113.7")
    assert not limits.is_throttled("203.0.113.8")
    with pytest.raises(RateExceeded):
        limits.count_failure("203.0.113.7")
    assert results == ["refused"] * 60 + ["throttled"]
    clock.seconds += 1
    assert not limits.is_throttled("203.0.113.7")
    assert not address_limits(clock, is_on=False).is_throttled("203.0.113.7")
