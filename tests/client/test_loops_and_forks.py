"""A client opens connections of its own in each event loop and after a fork."""

import asyncio
import gc
import os
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from seatlatch.client import AsyncClient, Client, ClientNotUsable, TokenFile
from seatlatch.client._sync.ways import Owner
from tests.client.client_kinds import HURRIED, KEYS, Kind, Making
from tests.client.scripted import Asked, Scripted, answer, answering
from tests.client.test_batches import succeeding
from tests.client.test_no_leaks import connections

KNOWN = {**KEYS, "access_token": "a", "retries": HURRIED}


async def unlocked(client: AsyncClient, token: str) -> None:
    """Unlock one ticket."""
    result = await client.tickets.unlock([token])
    assert [row.token for row in result.success] == [token]


def test_one_client_over_several_event_loops() -> None:
    with answering(succeeding) as server:
        client = AsyncClient(server.url, **KNOWN)
        for number in range(6):
            asyncio.run(unlocked(client, str(number)))
        asyncio.run(client.aclose())
        gc.collect()  # a connection that was left open would warn, and warnings are errors
    assert len(server.asked) == 6


def test_an_event_loop_that_is_closed_without_its_generators() -> None:
    with answering(succeeding) as server:
        client = AsyncClient(server.url, **KNOWN)
        for number in range(3):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(unlocked(client, str(number)))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()


def test_two_event_loops_at_once() -> None:
    with answering(succeeding) as server:
        client = AsyncClient(server.url, **KNOWN)

        async def several() -> None:
            for number in range(20):
                await unlocked(client, str(number))

        threads = [threading.Thread(target=asyncio.run, args=(several(),)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(server.asked) == 60


def test_a_refresh_in_another_event_loop_is_not_waited_for() -> None:
    began, go_on = threading.Event(), threading.Event()

    def script(asked: Asked) -> bytes:
        if "/auth/token " not in asked.head:
            return succeeding(asked)
        if not began.is_set():
            began.set()
            assert go_on.wait(10)
        return answer(200, '{"accessToken": "b", "refreshToken": "c", "expiration": ""}')

    options = {**KNOWN, "access_token": None, "authorization_code": "code"}
    with answering(script) as server, asyncio.Runner() as first:
        client = AsyncClient(server.url, **options)
        loop = first.get_loop()
        task = loop.create_task(unlocked(client, "a"))
        assert loop.run_until_complete(loop.run_in_executor(None, began.wait, 10))
        asyncio.run(unlocked(client, "b"))
        go_on.set()
        loop.run_until_complete(task)


def test_an_httpx_client_of_another_event_loop_is_refused() -> None:
    with answering(succeeding) as server:
        http = httpx.AsyncClient()
        client = AsyncClient(server.url, http=http, **KNOWN)

        async def once() -> None:
            await unlocked(client, "a")
            await http.aclose()

        asyncio.run(once())
        with pytest.raises(ClientNotUsable, match="passed as http is closed"):
            asyncio.run(unlocked(client, "b"))

        http = httpx.AsyncClient()
        client = AsyncClient(server.url, http=http, **KNOWN)
        with asyncio.Runner() as first, asyncio.Runner() as second:
            first.run(unlocked(client, "a"))
            for _ in range(2):
                with pytest.raises(ClientNotUsable, match="in another event loop"):
                    second.run(unlocked(client, "b"))
            first.run(unlocked(client, "c"))
            first.run(http.aclose())
    assert len(server.asked) == 3


def test_a_closed_client_is_a_client_error(make: Making) -> None:
    client = make("http://127.0.0.1:1")
    close = getattr(client, "close", None) or client.aclose
    close()
    close()
    with pytest.raises(ClientNotUsable, match=r"^The client is closed\. Make a new one\."):
        client.tickets.unlock(["a"])


def in_child(work: Callable[[], None]) -> int:
    """Do this in a fork of this process; its exit code."""
    process_id = os.fork()
    if process_id == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1])


class Ports:
    """Which connection each request came on, by the token that it asked for."""

    def __init__(self, server: Scripted) -> None:
        self._server = server

    def of(self, token: str) -> set[int]:
        """The connections of the requests for this token."""
        return {asked.port for asked in self._server.asked if f'"{token}"' in asked.body.decode()}


def test_parent_and_child_have_connections_of_their_own(kind: Kind) -> None:
    with answering(succeeding) as server:
        if kind == "sync":
            client = Client(server.url, **KNOWN)

            def unlock(token: str) -> None:
                result = client.tickets.unlock([token])
                assert [row.token for row in result.success] == [token]

        else:
            runner = asyncio.Runner()
            async_client = AsyncClient(server.url, **KNOWN)

            def unlock(token: str) -> None:
                if os.getpid() == parent:
                    runner.run(unlocked(async_client, token))
                else:
                    asyncio.run(unlocked(async_client, token))

        parent = os.getpid()
        unlock("before")
        assert in_child(lambda: unlock("child")) == 0
        unlock("after")
        ports = Ports(server)
        assert ports.of("before") == ports.of("after")
        assert not ports.of("child") & ports.of("before")
        if kind == "sync":
            client.close()
        else:
            runner.run(async_client.aclose())
            runner.close()


def test_a_fork_that_is_not_noticed_shares_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the process's id the test above would see one connection for both."""
    owner = Owner(os.getpid())
    monkeypatch.setattr("seatlatch.client._sync.connections.current_owner", lambda: owner)
    with answering(succeeding) as server, Client(server.url, **KNOWN) as client:
        client.tickets.unlock(["before"])

        def work() -> None:
            client.tickets.unlock(["child"])

        assert in_child(work) == 0
        ports = Ports(server)
        assert ports.of("child") == ports.of("before")


def test_a_fork_while_others_use_the_client() -> None:
    """The child must not wait for a lock or a future of a thread that it does not have."""
    began, go_on = threading.Event(), threading.Event()

    def script(asked: Asked) -> bytes:
        if "/auth/token " in asked.head:
            if not began.is_set():
                began.set()
                assert go_on.wait(10)
            return answer(200, '{"accessToken": "b", "refreshToken": "c", "expiration": ""}')
        return succeeding(asked)

    options = {**KNOWN, "access_token": None, "authorization_code": "code"}
    with answering(script) as server, Client(server.url, **options) as client:
        thread = threading.Thread(target=client.tickets.unlock, args=(["parent"],))
        thread.start()
        assert began.wait(10)

        def work() -> None:
            client.tickets.unlock(["child"])

        assert in_child(work) == 0
        go_on.set()
        thread.join()


def test_an_httpx_client_from_before_a_fork_is_refused() -> None:
    with answering(succeeding) as server, httpx.Client() as http:
        client = Client(server.url, http=http, **KNOWN)
        client.tickets.unlock(["before"])

        def work() -> None:
            with pytest.raises(ClientNotUsable, match="before this process was forked"):
                client.tickets.unlock(["child"])

        assert in_child(work) == 0
        client.tickets.unlock(["after"])
        assert len(server.asked) == 2


def test_a_fork_does_not_keep_the_lock_of_a_token_file(tmp_path: Path) -> None:
    store = TokenFile(tmp_path / "tokens.json", wait_seconds=5)
    store.take()
    ends, child = os.pipe(), 0
    child = os.fork()
    if child == 0:
        os.read(ends[0], 1)
        os._exit(0)
    try:
        store.release()
        other = TokenFile(tmp_path / "tokens.json", wait_seconds=0.1)
        other.take()
        other.release()
    finally:
        os.write(ends[1], b"x")
        os.waitpid(child, 0)
        os.close(ends[0])
        os.close(ends[1])


def test_connections_are_closed_with_their_event_loop() -> None:
    seen: list[httpx.AsyncClient] = []

    async def once(client: AsyncClient) -> None:
        await unlocked(client, "a")
        seen.append(await client._connections.http())
        assert len(connections(seen[0])) == 1

    with answering(succeeding) as server:
        asyncio.run(once(AsyncClient(server.url, **KNOWN)))
    assert seen[0].is_closed
    assert connections(seen[0]) == []
