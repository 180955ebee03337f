"""Trouble on the way to a token: nothing that was had is lost, and nothing is spent twice."""

import asyncio
import fcntl
import signal
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from seatlatch.client import (
    AsyncClient,
    Client,
    ServiceUnavailable,
    TokenFile,
    TokenPair,
    TokenStoreFailed,
    UnexpectedAnswer,
)
from tests.client.client_kinds import HURRIED, KEYS, Making
from tests.client.scripted import Asked, answer, answering
from tests.client.test_batches import BUSY
from tests.client.test_tokens import GOOD, STALE, exchanges, giving_tokens, tokens, unlocked


class Store:
    """Keeps a pair in memory, unless told to fail."""

    def __init__(self, pair: TokenPair | None = None) -> None:
        self.pair = pair
        self.failures = 0

    def take(self) -> TokenPair | None:
        return self.pair

    def keep(self, pair: TokenPair) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError(28, "No space left on device")
        self.pair = pair

    def release(self) -> None:
        """Nobody was kept out."""


def test_who_is_cancelled_twice_spends_no_token_twice() -> None:
    began, go_on = threading.Event(), threading.Event()

    def script(asked: Asked) -> bytes:
        if "/auth/token " not in asked.head:
            return GOOD
        began.set()
        assert go_on.wait(10)
        return tokens(1)

    async def run(url: str) -> None:
        async with AsyncClient(url, refresh_token="R", **KEYS) as client:
            call = asyncio.create_task(client.tickets.unlock(["listed-1"]))
            await asyncio.to_thread(began.wait, 10)
            for _ in range(3):
                call.cancel()
                await asyncio.sleep(0)
            assert not call.done()
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await call
            await client.tickets.unlock(["listed-1"])

    with answering(script) as server:
        asyncio.run(run(server.url))
    assert len(exchanges(server.asked)) == 1


def test_ctrl_c_during_a_refresh_loses_no_pair(tmp_path: Path) -> None:
    def script(asked: Asked) -> bytes:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return tokens(1)

    store = TokenFile(tmp_path / "tokens.json")
    with (
        answering(script) as server,
        Client(server.url, refresh_token="R", token_store=store, **KEYS) as client,
        pytest.raises(KeyboardInterrupt),
    ):
        unlocked(client)
    kept = store.take()
    assert kept is not None
    assert (kept.access_token, kept.refresh_token) == ("access-1", "refresh-1")


def test_a_pair_that_could_not_be_kept_is_used_and_kept_later(make: Making) -> None:
    store = Store(TokenPair("old", "refresh-0"))
    store.failures = 2
    with answering(giving_tokens()) as server:
        client = make(server.url, token_store=store, access_token=None)
        with pytest.raises(TokenStoreFailed, match="No space left") as raised:
            unlocked(client)
        assert raised.value.unanswered == ["listed-1"]
        assert unlocked(client) == ["listed-1"]
        assert store.pair is not None
        assert store.pair.access_token == "old"
        assert unlocked(client) == ["listed-1"]
        assert store.pair.access_token == "access-1"
    assert len(exchanges(server.asked)) == 1


def test_a_refresh_that_fails_fails_once_for_all_who_wait() -> None:
    refused = threading.Semaphore(0)

    def script(asked: Asked) -> bytes:
        if "/auth/token " not in asked.head:
            refused.release()
            return STALE
        if asked.number < 20 + 1:
            for _ in range(20):
                assert refused.acquire(timeout=10)
        return BUSY

    async def run(url: str) -> list[BaseException | object]:
        async with AsyncClient(
            url, access_token="old", refresh_token="R", retries=HURRIED, **KEYS
        ) as client:
            calls = [client.tickets.unlock([str(number)]) for number in range(20)]
            return await asyncio.gather(*calls, return_exceptions=True)

    with answering(script) as server:
        ended = asyncio.run(run(server.url))
    assert len(exchanges(server.asked)) == HURRIED.attempts
    for number, problem in enumerate(ended):
        assert isinstance(problem, ServiceUnavailable)
        assert problem.unanswered == [str(number)]


def test_an_early_renewal_that_fails_leaves_the_token_in_use(make: Making) -> None:
    broken = answer(500, '{"error": {"type": "INTERNAL_ERROR"}}')

    def script(asked: Asked) -> bytes:
        if "/auth/token " not in asked.head:
            return GOOD
        return tokens(1, timedelta(seconds=-1)) if asked.number == 0 else broken

    with answering(script) as server:
        client = make(server.url, authorization_code="code")
        assert [unlocked(client) for _ in range(4)] == [["listed-1"]] * 4
    assert len(exchanges(server.asked)) == 2


def test_a_given_access_token_is_tried_when_the_stores_pair_is_dead(make: Making) -> None:
    def script(asked: Asked) -> bytes:
        if "/auth/token " in asked.head:
            return answer(400, '{"error": "The code is wrong, spent or expired."}')
        return GOOD if asked.header("authorization") == "Bearer fresh" else STALE

    with answering(script) as server:
        store = Store(TokenPair("dead", "dead-refresh"))
        client = make(server.url, access_token="fresh", token_store=store)
        assert unlocked(client) == unlocked(client) == ["listed-1"]


def test_who_holds_the_lock_for_too_long_is_told_of(make: Making, tmp_path: Path) -> None:
    store = TokenFile(tmp_path / "tokens.json", wait_seconds=0.1)
    with (tmp_path / "tokens.json.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(TokenStoreFailed, match=r"another process holds .*tokens\.json\.lock"):
            unlocked(make("http://127.0.0.1:1", token_store=store))


@pytest.mark.parametrize("ends", ["never", "", "0001-01-01T00:00:00+23:00", "2023-02-18"])
def test_a_pair_whose_end_is_not_understood_is_used(make: Making, ends: str) -> None:
    pair = answer(
        200, f'{{"accessToken": "access", "refreshToken": "refresh", "expiration": "{ends}"}}'
    )
    with answering([pair, GOOD]) as server:
        assert unlocked(make(server.url, authorization_code="code")) == ["listed-1"]


@pytest.mark.parametrize(
    "body",
    [
        '{"accessToken": "sécret", "refreshToken": "secret", "expiration": ""}',
        '{"accessToken": "sec\\nret", "refreshToken": "secret", "expiration": ""}',
        '{"accessToken": "secret", "refreshToken": 7}',
        '{"accessToken": "secret"',
    ],
)
def test_tokens_that_can_not_be_used_are_told_without_them(make: Making, body: str) -> None:
    with answering([answer(200, body)]) as server, pytest.raises(UnexpectedAnswer) as raised:
        unlocked(make(server.url, authorization_code="code"))
    assert "ret" not in str(raised.value) + raised.value.excerpt
    assert raised.value.request_id is not None


def test_a_refusal_is_told_again_and_not_as_another(make: Making) -> None:
    refused = answer(400, '{"error": "The code is wrong, spent or expired."}')
    with answering([refused]) as server:
        client = make(server.url, authorization_code="code")
        for _ in range(2):
            with pytest.raises(Exception, match=r"spent or expired\. Look at .* new auth"):
                unlocked(client)
    assert len(server.asked) == 1
