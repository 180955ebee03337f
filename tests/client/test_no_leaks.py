"""Cancelled, timed out, closed: nothing of it is left behind, and the next call goes on."""

import asyncio
import gc
import signal
import threading
from collections.abc import Awaitable, Callable

import httpx
import pytest

from seatlatch.client import AsyncClient, Client, ConnectionFailed, Retries
from tests.client.client_kinds import HURRIED, KEYS, MANY, Making
from tests.client.scripted import Asked, answer, answering
from tests.client.test_batches import succeeding
from tests.serving import ACCESS_TOKEN, Served

GOOD = answer(200, '{"success": [{"token": "a"}]}')


def connections(client: httpx.AsyncClient) -> list[str]:
    """What httpx still has open, in its own words."""
    pool = client._transport._pool  # type: ignore[attr-defined]
    return [connection.info() for connection in pool.connections]


async def on_own_connections(
    url: str, work: Callable[[AsyncClient], Awaitable[None]], **options: object
) -> list[str]:
    """Work with a client over httpx of ours; what is open afterwards."""
    async with httpx.AsyncClient(timeout=5) as http:
        keys: dict[str, object] = {**KEYS, "access_token": ACCESS_TOKEN, **options}
        async with AsyncClient(url, http=http, **keys) as client:  # type: ignore[arg-type]
            await work(client)
        assert not http.is_closed
        return connections(http)


def test_a_cancelled_call_leaves_no_connection() -> None:
    came, go_on = threading.Event(), threading.Event()

    def script(asked: Asked) -> bytes:
        if asked.number < 4:
            came.set()
            assert go_on.wait(10)
        return succeeding(asked)

    async def work(client: AsyncClient) -> None:
        call = asyncio.create_task(client.tickets.unlock(MANY))
        await asyncio.to_thread(came.wait, 10)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        go_on.set()
        assert len((await client.tickets.unlock(MANY)).success) == len(MANY)

    with answering(script) as server:
        left = asyncio.run(on_own_connections(server.url, work))
    assert all("IDLE" in info for info in left)
    assert len(left) <= 5


def test_a_timeout_leaves_no_connection() -> None:
    go_on = threading.Event()

    def script(asked: Asked) -> bytes:
        assert go_on.wait(10)
        return GOOD

    async def work(client: AsyncClient) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await client.tickets.unlock(["a"])
        go_on.set()

    with answering(script) as server:
        assert asyncio.run(on_own_connections(server.url, work)) == []


def test_waiting_for_another_attempt_can_be_cancelled() -> None:
    async def work(client: AsyncClient) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.tickets.unlock(["a"])

    busy = answer(503, "", "Retry-After: 30")
    with answering([busy]) as server:
        asyncio.run(on_own_connections(server.url, work, retries=Retries()))
    assert len(server.asked) == 1


def test_connections_that_the_server_has_closed_are_no_matter(make: Making) -> None:
    closing = answer(200, '{"success": [{"token": "a"}]}')

    def script(asked: Asked) -> bytes:
        return closing.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)

    with answering(script) as server:
        client = make(server.url, retries=HURRIED)
        for _ in range(20):
            assert len(client.tickets.unlock(["a"]).success) == 1


def test_a_server_that_was_started_anew_is_no_matter(service: Served, make: Making) -> None:
    client = make(service.url, retries=HURRIED)
    client.tickets.unlock(["listed-1"])
    with answering([None, GOOD]) as server:  # as a kept connection that is reset when used again
        other = make(server.url, retries=HURRIED)
        assert len(other.tickets.unlock(["a"]).success) == 1


def test_ctrl_c_does_not_wait_for_the_rest() -> None:
    go_on = threading.Event()

    def script(asked: Asked) -> bytes:
        if asked.number == 1:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        if asked.number > 0:
            assert go_on.wait(10)
        return succeeding(asked)

    with (
        answering(script) as server,
        Client(server.url, access_token="a", concurrency=2, **KEYS) as client,
    ):
        with pytest.raises(KeyboardInterrupt):
            client.tickets.unlock(MANY)
        go_on.set()
        for thread in threading.enumerate():
            if thread.name.startswith("client-lane") and thread.ident is not None:
                thread.join(10)
        assert len(server.asked) <= 1 + 2


def test_a_closed_client_says_so(make: Making) -> None:
    client = make("http://127.0.0.1:1")
    close = getattr(client, "close", None) or client.aclose
    close()
    with pytest.raises(RuntimeError, match="closed"):
        client.tickets.unlock(["a"])


def test_nothing_is_left_open_when_a_client_was_closed(recwarn: pytest.WarningsRecorder) -> None:
    with answering([GOOD]) as server:
        with Client(server.url, access_token="a", **KEYS) as client:
            client.tickets.unlock(["a"])
        del client
        gc.collect()
    assert not recwarn.list


def test_a_failed_connection_is_told_with_its_cause(make: Making) -> None:
    with pytest.raises(ConnectionFailed) as raised:
        make("http://127.0.0.1:1", retries=HURRIED).tickets.unlock(["a"])
    assert isinstance(raised.value.__cause__, httpx.ConnectError)
