"""Single connections that end, at chosen moments, and addresses that lead to nothing."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from time import monotonic

import psycopg
import pytest

from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import Snapshot
from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.store import LANES, READERS, PostgresStore
from tests.durability.callers import PROMISED_SECONDS
from tests.durability.fault_scenarios import (
    CHANGES,
    EVERYTHING,
    FREE_TOKENS,
    Day,
    WatchedServer,
    a_day,
)
from tests.durability.half_open import way_to
from tests.serving import UNLOCK, raw_request, valid_headers
from tests.waiting import until

ENDS = 20
END = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE application_name = 'seatlatch' AND datname = %s AND state = %s LIMIT 1
"""
KEEP = "UPDATE seatlatch.tickets SET owner_id = owner_id WHERE token = %s"
BLOCKED = """
SELECT pid FROM pg_stat_activity
WHERE application_name = 'seatlatch' AND datname = %s AND wait_event_type = 'Lock'
"""
ABANDONED_REQUESTS = 60


@pytest.mark.parametrize("state", ["idle", "active", "idle in transaction"])
def test_backends_are_terminated(server: WatchedServer, state: str) -> None:
    """One after the other, whichever is in that state when it is looked for."""
    with a_day(server) as day:
        began, ended = monotonic(), 0
        while ended < ENDS and monotonic() - began < PROMISED_SECONDS:
            ended += len(day.on_server(END, day.name, state))
        assert ended
        day.is_answered()


def test_a_backend_that_waits_is_terminated(server: WatchedServer) -> None:
    """In the midst of its statement; only who asked for that is refused."""
    with a_day(server) as day, ThreadPoolExecutor(1) as thread:
        with psycopg.connect(day.database.url) as other:
            other.execute(KEEP, (FREE_TOKENS[0],))
            asked = thread.submit(day.served.lock, FREE_TOKENS[0])
            blocked = until(lambda: day.on_server(BLOCKED, day.name), PROMISED_SECONDS)
            day.on_server("SELECT pg_terminate_backend(%s, 5000)", *blocked[0])
            answer = asked.result(timeout=PROMISED_SECONDS)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            other.rollback()
        assert day.served.lock(FREE_TOKENS[0]).status_code == 200
        day.is_answered()


def test_no_more_connections_than_are_to_be_held(server: WatchedServer) -> None:
    """Also after a freeze, in which many would have liked to make one."""
    with a_day(server, callers=8) as day:
        server.freeze()
        try:
            day.is_refused()
            day.is_refused()
        finally:
            server.thaw()
        day.is_answered()
        assert connections_of(day) <= LANES + READERS + 1, "no more than a server ever has"


def connections_of(day: Day) -> int:
    counted = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'seatlatch'"
    ((connections,),) = day.on_server(counted)
    assert isinstance(connections, int)
    return connections


def test_a_first_host_that_swallows_everything(server: WatchedServer) -> None:
    with way_to(server.port) as hole:
        hole.shut()
        address = f"postgresql://postgres@127.0.0.1:{hole.port},127.0.0.1:{server.port}/{{name}}"
        with a_day(server, address) as day:
            day.on_server(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE application_name = 'seatlatch'"
            )
            day.is_answered()


@pytest.mark.parametrize("host", ["nowhere.invalid", "127.0.0.1:1", "127.0.0.1:{silent}"])
def test_an_address_that_leads_to_nothing(host: str) -> None:
    """For a running server: whoever starts one is told so by a sentence."""

    async def ask() -> None:
        store = PostgresStore(Address.of(f"postgresql://user@{host}/inventory"))
        for _ in range(2):
            for asked in (
                store.credentials_version(),
                store.commit(lambda inside: inside.now()),
            ):
                with pytest.raises(Unavailable):
                    await asyncio.wait_for(asked, PROMISED_SECONDS)
        await store.close()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = host.format(silent=silent.getsockname()[1])
        asyncio.run(ask())


async def moment(inside: Snapshot) -> datetime:
    return await inside.now()


def test_callers_that_go_away_take_nothing_along(server: WatchedServer) -> None:
    """Each sends a request and closes; what they asked for is done or not, all others go on."""
    with a_day(server) as day:
        for number in range(ABANDONED_REQUESTS):
            token = FREE_TOKENS[number % len(FREE_TOKENS)]
            body = b'{"tokens":["%s"]}' % token.encode()
            headers = {**valid_headers(), "Content-Length": str(len(body))}
            with socket.create_connection(("127.0.0.1", day.served.port)) as caller:
                caller.sendall(raw_request(headers.items(), body, target=UNLOCK))
                server.freeze() if number == ABANDONED_REQUESTS // 2 else None
        day.is_refused(CHANGES)
        server.thaw()
        day.is_answered(*EVERYTHING)
        assert connections_of(day) <= LANES + READERS + 1, "no more than a server ever has"
