"""Somebody else's transaction keeps a ticket: that is the trouble of those alone who want it."""

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import monotonic

import httpx
import psycopg
import pytest

from seatlatch.store.postgres import store
from tests.durability.callers import LIVE, PROMISED_SECONDS, READY
from tests.durability.fault_scenarios import CHANGES, FREE_TOKENS, Day, WatchedServer, a_day
from tests.serving import VERIFY

Responses = dict[tuple[str, int], int]
"""How many responses there were, by route and status."""

TROUBLE_SECONDS = 6
CONTROL_SECONDS = 60
"""How long the control may ask: on a busy machine a group rarely holds enough kept tickets."""

KEEP = "UPDATE seatlatch.tickets SET owner_id = owner_id WHERE token = ANY (%s)"


@contextmanager
def kept(day: Day, *tokens: str) -> Iterator[None]:
    """An open transaction of somebody else has these tickets."""
    with psycopg.connect(day.database.url) as other:
        other.execute(KEEP, (list(tokens),))
        yield
        other.rollback()


def ask_on(day: Day, token: str, other: str, ended: Callable[[], bool]) -> list[httpx.Response]:
    """Ask for two tickets, one of which is kept, again and again."""
    answers = []
    while not ended():
        began = monotonic()
        answers.append(day.served.lock(token, other))
        assert monotonic() - began < PROMISED_SECONDS
    return answers


def ask_for_kept_tickets(
    day: Day, tickets: int, ended: Callable[[float, Responses], bool]
) -> Responses:
    """Others ask for kept tickets until `ended`, which gets the seconds since the first request
    and the responses to the day's callers since then. Returns the latter.
    """
    tokens = FREE_TOKENS[:tickets]
    began = monotonic()

    def over() -> bool:
        return ended(monotonic() - began, day.callers.responses_since(began))

    with kept(day, *tokens), ThreadPoolExecutor(2 * tickets) as threads:
        asking = [
            threads.submit(ask_on, day, token, other, over)
            for token, other in zip(tokens * 2, FREE_TOKENS[tickets:], strict=False)
        ]
        refused = [answer for asked in asking for answer in asked.result()]
        told = day.callers.responses_since(began)
    assert len(refused) > 2 * tickets
    assert {(answer.status_code, answer.headers.get("retry-after")) for answer in refused} == {
        (503, "1")
    }
    return told


@pytest.mark.parametrize("tickets", [1, 12])
def test_only_who_wants_it_is_refused(server: WatchedServer, tickets: int) -> None:
    with a_day(server, callers=8) as day:
        responses = ask_for_kept_tickets(day, tickets, lambda seconds, _: seconds > TROUBLE_SECONDS)
        assert {(route, status) for route, status in responses} == {
            (CHANGES, 200),
            (VERIFY, 200),
            (READY, 200),
            (LIVE, 200),
        }, responses
        assert day.served.lock(*FREE_TOKENS).status_code == 200


def test_control_each_alone_takes_too_long(
    server: WatchedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a group is not parted by the tickets in use."""

    async def unknown(_store: store.PostgresStore, _tokens: Collection[str]) -> Collection[str]:
        return ()

    monkeypatch.setattr(store.PostgresStore, "tokens_in_use", unknown)
    with a_day(server, callers=8) as day:
        responses = ask_for_kept_tickets(
            day,
            12,
            lambda seconds, sent: (CHANGES, 503) in sent or seconds > CONTROL_SECONDS,
        )
    assert (CHANGES, 503) in responses
