"""A reset while others call: complete, in one step, and without an error for them."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import count
from queue import SimpleQueue
from typing import Any

import httpx
import pytest

from seatlatch.sandbox import data
from seatlatch.store.interface import Transaction
from seatlatch.store.postgres.store import LOCK_SECONDS
from tests.databases import Database, Databases, Row
from tests.journals import disagreements
from tests.operator_api.box_office import operate
from tests.sandbox.sandboxes import Sandbox, sandbox_on
from tests.serving import valid_headers
from tests.webhooks.receivers import Received, receiver_in_thread, take

KEPT = (
    "organizations",
    "channels",
    "grants",
    "applications",
    "api_keys",
    "access_tokens",
    "authorization_codes",
    "token_families",
    "operators",
    "journal",
    "webhook_messages",
)
BOX_OFFICE = {"authorization": f"Bearer {data.OPERATOR_KEY}"}
RESETS = 6
ANSWERS_BETWEEN = 100


KEY_TIMESTAMPS = ("created_at", "last_used_at")


def lasting(row: Row) -> Row:
    """A row without the timestamps of a key, which say when it was made and used."""
    return {name: value for name, value in row.items() if name not in KEY_TIMESTAMPS}


def state(database: Database) -> dict[str, Any]:
    """All data, without what differs between two fresh starts."""
    tables = {name: sorted(map(repr, map(lasting, database.table(name)))) for name in KEPT}
    return {**tables, "tickets": database.rows()}


def exchanged(sandbox: Sandbox, **members: str) -> httpx.Response:
    return sandbox.token(members, pac_application_id=data.APPLICATION)


def by_code(sandbox: Sandbox) -> httpx.Response:
    code = data.AUTHORIZATION_CODE
    return exchanged(sandbox, grantType="authorization_code", code=code)


def events(sandbox: Sandbox, **asked: Any) -> httpx.Response:
    headers = valid_headers(
        authorization=f"Bearer {data.ACCESS_TOKEN}",
        pac_application_id=data.APPLICATION,
        pac_api_key=data.API_KEY,
        pac_channel_code=data.CHANNEL,
        content_type=None,
    )
    return sandbox.client.get("/v1/events", params=asked, headers=headers)


def test_all_is_as_at_a_fresh_start(databases: Databases) -> None:
    with sandbox_on(databases.new("sandbox"), rate_limit="off") as sandbox:
        fresh = state(sandbox.database)
        assert sandbox.unlock("98973476444", "201010101").status_code == 200
        assert sandbox.lock("201080101").status_code == 200
        assert by_code(sandbox).status_code == 200
        for path, body in (
            ("/status", {"tokens": ["201080102"], "status": "LOCK", "reason": "broken"}),
            ("/void", {"tokens": ["201010103"]}),
        ):
            assert operate(sandbox, "PUT", path, body, **BOX_OFFICE).status_code == 200
        assert state(sandbox.database) != fresh
        assert sandbox.reset().status_code == 200
        assert state(sandbox.database) == fresh
        assert disagreements(sandbox.database) == []
        assert sandbox.unlock("98973476444", "201010101").status_code == 200
        assert disagreements(sandbox.database) == []


def test_what_was_let_in_since_is_let_in_no_more(sandbox: Sandbox) -> None:
    pair = by_code(sandbox).json()
    with_token = {"authorization": f"Bearer {pair['accessToken']}"}
    assert sandbox.unlock("98973476444", **with_token).status_code == 200
    assert by_code(sandbox).status_code == 400, "it is spent"
    sandbox.reset()
    assert sandbox.unlock("98973476444", **with_token).status_code == 401
    refreshed = exchanged(sandbox, grantType="refresh_token", refreshToken=pair["refreshToken"])
    assert refreshed.status_code == 400
    assert sandbox.unlock("98973476444").status_code == 200
    assert by_code(sandbox).status_code == 200


def test_the_buckets_are_full_again(databases: Databases) -> None:
    with sandbox_on(databases.new("sandbox"), rate_limit="1:2") as sandbox:
        for _ in range(2):
            statuses = [sandbox.unlock("98973476444").status_code for _ in range(3)]
            assert statuses == [200, 200, 429]
            assert sandbox.reset().status_code == 200


def test_the_turns_begin_again(sandbox: Sandbox) -> None:
    for _ in range(2):
        assert sandbox.unlock("sandbox-503-once").status_code == 503
        sandbox.reset()


def test_cursors_of_before_are_refused(sandbox: Sandbox) -> None:
    cursors = [events(sandbox).json()["next"]]
    for _ in range(2):
        sandbox.unlock("98973476444")
        sandbox.lock("98973476444")
        cursors.append(events(sandbox).json()["next"])
    sandbox.reset()
    for _ in range(4):
        assert {events(sandbox, after=cursor).status_code for cursor in cursors} == {422}
        sandbox.unlock("98973476444")
        sandbox.lock("98973476444")
    reported = events(sandbox).json()["events"]
    assert [event["version"] for event in reported] == list(range(2, 10))


def test_a_webhook_that_was_asked_for_is_there_again(databases: Databases) -> None:
    came: SimpleQueue[Received] = SimpleQueue()

    async def respond(received: Received) -> bytes:
        came.put(received)
        return await take(received)

    with (
        receiver_in_thread(respond) as receiver,
        sandbox_on(databases.new("sandbox"), webhook=receiver.url) as sandbox,
    ):
        for _ in range(2):
            sandbox.behave(duplicated=1)
            answer = sandbox.unlock("98973476444")
            first, second = came.get(timeout=10), came.get(timeout=10)
            assert first.message_id == second.message_id
            assert first == second, "to the letter"
            assert answer.headers["Request-ID"] in first.body.decode()
            sandbox.reset()
        assert len({message.message_id for message in receiver.received}) == 2
        assert len(sandbox.database.table("webhooks")) == 1


def test_a_database_that_is_away_is_no_bug(databases: Databases) -> None:
    with sandbox_on(databases.new("sandbox")) as sandbox:
        with sandbox.database.away():
            assert sandbox.reset().status_code == 503
        assert sandbox.reset().status_code == 200
        assert sandbox.unlock("98973476444").status_code == 200


class Callers:
    """Call again and again, each in a thread of its own."""

    def __init__(self) -> None:
        self.answers: list[httpx.Response] = []
        self._news = threading.Condition()
        self._is_over = False

    def until(self, answers: int) -> None:
        """Wait until there are this many."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.answers) >= answers, timeout=30)

    def _go_on(self, call: Callable[[], httpx.Response]) -> None:
        while not self._is_over:
            answer = call()
            with self._news:
                self.answers.append(answer)
                self._news.notify_all()

    @contextmanager
    def calling(self, *calls: Callable[[], httpx.Response]) -> Iterator[None]:
        """All calls during that time."""
        with ThreadPoolExecutor(len(calls)) as threads:
            running = [threads.submit(self._go_on, call) for call in calls]
            try:
                yield
            finally:
                self._is_over = True
        for ended in running:
            ended.result()


ALLOWED = {
    ("/v1/tickets/lock", 200),
    ("/v1/tickets/unlock", 200),
    ("/v1/tickets/verify", 200),
    ("/v1/auth/token", 200),
    ("/v1/auth/token", 400),  # the code is spent
    ("/v1/events", 200),
    ("/v1/events", 422),  # the cursor is of another journal
}


def test_under_load(databases: Databases) -> None:
    with (
        receiver_in_thread(take) as receiver,
        sandbox_on(databases.new("sandbox"), receiver.url, rate_limit="off") as sandbox,
    ):
        fresh = state(sandbox.database)
        cursor = events(sandbox).json()["next"]
        seats = [[data.venue_token(101, "A", 1 + 4 * n + m) for m in range(4)] for n in range(4)]
        numbers = count()

        def change(tokens: list[str]) -> httpx.Response:
            verb = sandbox.lock if next(numbers) % 2 else sandbox.unlock
            return verb(*tokens)

        callers = Callers()
        with callers.calling(
            *(partial(change, tokens) for tokens in (*seats, seats[0])),
            partial(sandbox.verify, *seats[0]),
            partial(by_code, sandbox),
            partial(events, sandbox, after=cursor),
            partial(events, sandbox, after="latest", wait=1),
        ):
            for reset in range(RESETS):
                callers.until((reset + 1) * ANSWERS_BETWEEN)
                assert sandbox.reset().status_code == 200
        assert disagreements(sandbox.database) == []
        statuses = Counter((call.request.url.path, call.status_code) for call in callers.answers)
        assert statuses.keys() == ALLOWED, statuses
        sandbox.reset()
        assert state(sandbox.database) == fresh


@pytest.mark.only_on("postgres")
def test_who_calls_meanwhile_waits(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its locks make no call fail, however long it takes."""
    fill, begun, go_on = data.fill, threading.Event(), threading.Event()

    async def fill_slowly(transaction: Transaction) -> None:
        await fill(transaction)
        begun.set()
        assert await asyncio.to_thread(go_on.wait, 10)

    with sandbox_on(databases.new("sandbox")) as sandbox, ThreadPoolExecutor(2) as threads:
        monkeypatch.setattr(data, "fill", fill_slowly)
        resetting = threads.submit(sandbox.reset)
        assert begun.wait(10)
        unlocking = threads.submit(sandbox.unlock, "98973476444")
        with pytest.raises(TimeoutError):
            unlocking.result(timeout=3 * LOCK_SECONDS)
        go_on.set()
        assert resetting.result().status_code == 200
        assert unlocking.result().status_code == 200


def test_several_at_once(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(4) as threads:
        resets = list(threads.map(lambda _: sandbox.reset(), range(8)))
    assert {reset.status_code for reset in resets} == {200}


@pytest.mark.parametrize("body", [b"", b"{}", b"[1"])
def test_it_needs_no_body(sandbox: Sandbox, body: bytes) -> None:
    json = {"Content-Type": "application/json"}
    assert sandbox.client.post("/sandbox/reset", content=body, headers=json).status_code == 200
