"""Facts about channels: requests that failed, counted now and then for everybody."""

from collections.abc import Iterator

import pytest

from seatlatch.auth.rate_limit import Rate, RateLimit
from seatlatch.console import channel_facts
from seatlatch.console.channel_facts import KEPT_SECONDS, ChannelFacts, Failures, RateUse
from seatlatch.logs import make_log
from seatlatch.operations.locked_counts import LockedCounter
from tests.databases import Database
from tests.operations.test_list_events import CountingStore, Monotonic, reads
from tests.serving import CHANNEL, OTHER_CHANNEL, Served
from tests.stores import OpenStore, opened


@pytest.fixture
def store(inventory: Database) -> Iterator[OpenStore]:
    with opened(CountingStore(inventory.store())) as store:
        yield store


def facts_of(store: OpenStore, clock: Monotonic, *limits: RateLimit) -> ChannelFacts:
    log = make_log("json", "error")
    return ChannelFacts(store.store, limits, LockedCounter(store.store, clock, log), clock)


def test_a_channel_without_requests(store: OpenStore) -> None:
    found = store.run(facts_of(store, Monotonic()).failures(CHANNEL))
    assert found == Failures(0, 0, [], True)
    assert found.percent == 0


def test_failed_requests_are_counted_by_status(served: Served, store: OpenStore) -> None:
    for tokens in (["listed-1"], ["listed-1"], ["listed-2", "none"], ["none"], []):
        served.unlock(*tokens)
    facts = facts_of(store, Monotonic())
    found = store.run(facts.failures(CHANNEL))
    assert found == Failures(5, 2, [(200, 2), (207, 1), (422, 2)], True)
    assert found.percent == 40
    assert store.run(facts.failures(OTHER_CHANNEL)).requests == 0


def test_only_the_latest_requests_are_counted(
    served: Served, store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_facts, "REQUESTS_MAX", 2)
    for token in ("none", "listed-1", "listed-1"):
        served.unlock(token)
    found = store.run(facts_of(store, Monotonic()).failures(CHANNEL))
    assert found == Failures(2, 0, [(200, 2)], False)


def test_counts_are_cached_for_some_seconds(served: Served, store: OpenStore) -> None:
    clock = Monotonic()
    facts = facts_of(store, clock)
    first = store.run(facts.failures(CHANNEL))
    served.unlock("listed-1")
    before = reads(store)
    clock.now += KEPT_SECONDS - 0.1
    assert store.run(facts.failures(CHANNEL)) is first
    assert reads(store) == before
    clock.now += 0.1
    assert store.run(facts.failures(CHANNEL)).requests == 1


def test_the_use_of_a_rate_limit(store: OpenStore) -> None:
    clock = Monotonic()
    limit = RateLimit("changes", Rate(2, 5), clock)
    facts = facts_of(store, clock, limit, RateLimit("reads", None, clock))
    for _ in range(3):
        limit.take("app")
    assert facts.rate_uses("app") == [RateUse("changes", 3, 5, 2)]
    clock.now += 1
    assert facts.rate_uses("app") == [RateUse("changes", 1, 5, 2)]
    assert facts.rate_uses("other") == [RateUse("changes", 0, 5, 2)]
