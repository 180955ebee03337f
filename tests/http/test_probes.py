"""The contract's routes beside the API: they need no headers and contain no tenant's data."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from seatlatch.readiness import UNCONFIRMED_SECONDS_MAX
from seatlatch.store.interface import Result, Store, Transaction
from tests.databases import Database
from tests.http.wire import Wire, message_of
from tests.serving import (
    APPLICATION,
    CHANNEL,
    LOCK,
    OWNER,
    TOKEN,
    UNLOCK,
    VERIFY,
    Served,
    fill,
    listed,
    serving,
)
from tests.stores import Around
from tests.waiting import until

READY_SECONDS = 5

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def bare(served: Served, path: str) -> httpx.Response:
    """A GET without headers."""
    return served.send(path, "GET", {})


def samples(served: Served) -> Samples:
    """Every sample of /metrics by name and labels."""
    families = text_string_to_metric_families(bare(served, "/metrics").text)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float:
    """One sample, 0 if it is absent."""
    return found.get((name, frozenset(labels.items())), 0.0)


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_probe_is_200(shared: Served, path: str) -> None:
    assert bare(shared, path).status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_probe_needs_no_headers_at_all(shared: Served, path: str) -> None:
    with Wire(shared.port) as wire:
        wire.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert wire.answer().status == 200


def test_ready_is_503_while_the_database_is_gone_and_alive_is_200(served: Served) -> None:
    with served.database.away():
        message_of(bare(served, "/readyz"), 503, "SERVICE_UNAVAILABLE")
        assert bare(served, "/livez").status_code == 200
        assert bare(served, "/metrics").status_code == 200
        assert value(samples(served), "seatlatch_unready_processes") == 1
    become_ready(served)
    assert value(samples(served), "seatlatch_unready_processes") == 0


def become_ready(served: Served) -> None:
    """Wait for a test write, which the service makes each second."""
    until(lambda: bare(served, "/readyz").status_code == 200, READY_SECONDS)


@pytest.mark.only_on("sqlite")
def test_ready_is_503_while_no_change_can_be_made(served: Served) -> None:
    """Let reading continue, so that only the failed change shows the problem."""
    with served.database.writing():
        assert bare(served, "/readyz").status_code == 200
        assert served.unlock("listed-1").status_code == 503
        message_of(bare(served, "/readyz"), 503, "SERVICE_UNAVAILABLE")
        assert served.verify("listed-1").status_code == 200
    become_ready(served)
    assert served.unlock("listed-1").status_code == 200


def test_ready_is_503_if_changes_wait_and_none_is_confirmed(database: Database) -> None:
    """The waiting caller gets a response after 3 seconds; the COMMIT has not ended."""
    fill(database, [listed("listed-1")])
    goes_on = threading.Event()
    with serving(database, around=lambda store: Hanging(store, goes_on)) as served:
        try:
            began = monotonic()
            assert served.unlock("listed-1").status_code == 503
            while bare(served, "/readyz").status_code == 200:
                assert monotonic() - began < 2 * UNCONFIRMED_SECONDS_MAX
            assert monotonic() - began > UNCONFIRMED_SECONDS_MAX
        finally:
            goes_on.set()
        become_ready(served)


class Hanging(Around):
    """A store that confirms nothing until `goes_on` is set."""

    def __init__(self, inside: Store, goes_on: threading.Event) -> None:
        super().__init__(inside)
        self._goes_on = goes_on

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        result = await super().commit(work)
        await asyncio.to_thread(self._goes_on.wait)
        return result


def use_the_key(served: Served) -> None:
    """Use the API key for the first time, which is noted in the background by a commit.

    The row is visible before the commit is counted, so this waits for the count.
    """
    assert served.call("GET", "/v1/requests", b"").status_code == 200
    until(lambda: value(samples(served), "seatlatch_commit_seconds_count") >= 1)


def test_metrics_count_requests_tokens_and_groups(served: Served) -> None:
    use_the_key(served)
    before = samples(served)
    served.unlock("listed-1", "not-listed", "unknown", "voided", "locked", "listed-elsewhere")
    served.unlock("listed-2")
    served.put(b"no json")
    served.send("/nowhere", "GET", {})
    after = samples(served)

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    for status in ("200", "207", "400"):
        assert grown("seatlatch_requests_total", route=UNLOCK, status=status) == 1
    assert grown("seatlatch_requests_total", route="unknown", status="404") == 1
    assert grown("seatlatch_requests_total", route="/metrics", status="200") == 1
    assert grown("seatlatch_request_seconds_count", route=UNLOCK) == 3
    assert 0 < grown("seatlatch_request_seconds_sum", route=UNLOCK) < 10
    assert grown("seatlatch_tokens_total", outcome="unlocked") == 2
    for outcome in ("already_unlocked", "unknown", "voided", "seat_locked", "reserved_elsewhere"):
        assert grown("seatlatch_tokens_total", outcome=outcome) == 1
    assert grown("seatlatch_group_requests_count") == grown("seatlatch_commit_seconds_count") == 3
    assert grown("seatlatch_group_requests_sum") == 3, "what is refused is written down, too"
    assert grown("seatlatch_group_tokens_sum") == 7
    assert 0 < grown("seatlatch_commit_seconds_sum") < 10


def test_metrics_count_the_other_calls_too(served: Served) -> None:
    use_the_key(served)
    before = samples(served)
    served.lock("listed-1", "not-listed", "unknown")
    served.verify("listed-1", "locked")
    served.verify_barcodes("x", "no-ticket")
    served.token({"grantType": "authorization_code", "code": "wrong"})
    found = samples(served)
    for route, status in (
        (LOCK, "207"),
        (VERIFY, "207"),
        (VERIFY, "422"),
        (TOKEN, "400"),
    ):
        assert value(found, "seatlatch_requests_total", route=route, status=status) == 1
    outcomes = {"locked": 2, "unknown": 2, "verified": 1, "seat_locked": 1}
    for outcome, tokens in outcomes.items():
        assert value(found, "seatlatch_tokens_total", outcome=outcome) == tokens
    groups = "seatlatch_group_requests_sum"
    assert value(found, groups) - value(before, groups) == 1, "the lock, but not the wrong code"


def test_metrics_tell_who_waits_and_what_is_running(shared: Served) -> None:
    found = samples(shared)
    assert value(found, "seatlatch_waiting_requests") == 0
    assert ("seatlatch_waiting_requests", frozenset()) in found
    ((labels, one),) = [
        (dict(labels), count)
        for (name, labels), count in found.items()
        if name == "seatlatch_build_info"
    ]
    assert one == 1
    assert set(labels) == {"version", "python"}


def test_metrics_tell_how_much_the_journal_holds(served: Served) -> None:
    before = value(samples(served), "seatlatch_journal_entries")
    served.unlock("listed-1")
    served.put(b"no json")
    served.verify("listed-1")
    assert value(samples(served), "seatlatch_journal_entries") - before == 2


def test_metrics_carry_no_tenants_data(served: Served) -> None:
    served.unlock("listed-1", "unknown-token")
    served.send("/v1/tickets/unlock/listed-1?token=listed-1", "GET", {})
    text = bare(served, "/metrics").text
    private = [APPLICATION, CHANNEL, OWNER, "listed-1", "unknown-token", '"1001"']
    assert [word for word in private if word in text] == []


def test_a_test_write_that_fails_like_a_bug_is_repeated(served: Served) -> None:
    """Migrate to a schema that this version does not know."""
    served.database.execute("ALTER TABLE database_use RENAME TO renamed")
    with served.database.away():
        assert bare(served, "/readyz").status_code == 503
    assert served.verify("listed-1").status_code == 200
    assert bare(served, "/readyz").status_code == 503
    served.database.execute("ALTER TABLE renamed RENAME TO database_use")
    become_ready(served)
