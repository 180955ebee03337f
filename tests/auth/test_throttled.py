"""Floods of wrong keys: refused from memory, while valid callers of the address are served."""

import asyncio
import gc
import re
import socket
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

import pytest

from seatlatch.auth.address_limits import FAILURES, address_limits
from seatlatch.auth.credentials_cache import MAX_AGE_SECONDS, CredentialsCache
from seatlatch.auth.keys import hash_secret
from seatlatch.auth.throttled import ThrottledAuthentication
from seatlatch.domain.application import Credentials
from seatlatch.domain.operator import Operator
from seatlatch.domain.refusal import NotAuthenticated, RateExceeded
from tests import web
from tests.auth.test_credentials_cache import Clock
from tests.cases import all_cases
from tests.databases import Database
from tests.serving import (
    LOCK,
    OPERATOR,
    OPERATOR_KEY,
    TOKEN,
    Served,
    fill,
    raw_request,
    serving,
    valid_headers,
)
from tests.stores import Around, OpenStore, opened

pytestmark = pytest.mark.only_on("sqlite")

RATE = "1000:1000"
FLOOD_REQUESTS = 10_000
PIPELINED_REQUESTS = 20
PROXY, CLIENT = "127.0.0.1", "198.51.100.9"
NONE: Mapping[str, None] = dict.fromkeys(("authorization", "pac_api_key", "pac_channel_code"))


class Reading(Around):
    """A store that counts how often credentials are read."""

    reads = 0

    async def credentials_version_and_time(self) -> tuple[int, datetime]:
        Reading.reads += 1
        return await super().credentials_version_and_time()

    async def read_credentials(self, known: Credentials | None = None) -> Credentials:
        Reading.reads += 1
        return await super().read_credentials(known)


def request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"{}") -> bytes:
    """A request as a proxy passes it on for the client."""
    sent = {**headers, "X-Forwarded-For": CLIENT, "Content-Length": str(len(body))}
    return raw_request(sent.items(), body, target=path, method=method)


WRONG_KEYS = {
    "channel": request("PUT", LOCK, valid_headers(pac_api_key="wrong")),
    "token": request("POST", TOKEN, valid_headers(**NONE, pac_application_id="unknown")),
    "operator": request("GET", "/operator/v1/tickets/a", {"Authorization": "Bearer wrong"}, b""),
}


def flood(served: Served, wrong: bytes, requests: int) -> Counter[int]:
    """The statuses of many requests of one client, several in flight."""
    statuses: Counter[int] = Counter()
    with socket.create_connection((PROXY, served.port), timeout=30) as connection:
        for _ in range(requests // PIPELINED_REQUESTS):
            connection.sendall(wrong * PIPELINED_REQUESTS)
            received = b""
            while len(found := re.findall(rb"HTTP/1\.1 (\d+) ", received)) < PIPELINED_REQUESTS or (
                not received.endswith(b"}")
            ):
                received += connection.recv(65536)
            statuses.update(map(int, found))
    return statuses


@all_cases("wrong", WRONG_KEYS.values(), ids=WRONG_KEYS)
def test_a_flood_of_wrong_keys_is_refused_from_memory(
    inventory: Database, monkeypatch: pytest.MonkeyPatch, wrong: bytes
) -> None:
    monkeypatch.setattr("seatlatch.assembly.monotonic", lambda: 100.0)
    with serving(inventory, around=Reading, rate_limit=RATE, trusted_proxies=PROXY) as served:
        assert flood(served, wrong, FAILURES.burst) == {401: FAILURES.burst}
        Reading.reads = 0
        assert flood(served, wrong, FLOOD_REQUESTS) == {429: FLOOD_REQUESTS}
        assert Reading.reads == 0
        assert_valid_callers_are_served(served)
        text = web.get(f"{served.url}/metrics").text
    assert f'failed_authentications_total{{result="refused"}} {FAILURES.burst:.1f}' in text
    assert f'failed_authentications_total{{result="throttled"}} {FLOOD_REQUESTS:.1f}' in text


def assert_valid_callers_are_served(served: Served) -> None:
    """Valid credentials of the same client get no 429, on each interface."""
    forwarded = {"X-Forwarded-For": CLIENT}
    unlock = served.send(LOCK, "PUT", {**valid_headers(), **forwarded}, b"{}")
    token = served.send(TOKEN, "POST", {**valid_headers(**NONE), **forwarded}, b"{}")
    operator = {"Authorization": f"Bearer {OPERATOR_KEY}", **forwarded}
    shown = served.send("/operator/v1/tickets/listed-1", "GET", operator)
    assert [unlock.status_code, token.status_code, shown.status_code] == [422, 400, 200]


class Parts:
    """An authentication on an open store, with a clock that the test moves."""

    def __init__(self, store: OpenStore) -> None:
        self.clock = Clock()
        self.cache = CredentialsCache(store.store, self.clock)
        self.authentication = ThrottledAuthentication(self.cache, address_limits(self.clock))
        self._store = store

    async def ask(self, key: str) -> Operator:
        """The operator of a key, as a client of one address presents it."""

        def find(credentials: Credentials) -> Operator:
            found = credentials.operators.get(hash_secret(key.encode()))
            if found is None:
                raise NotAuthenticated("wrong", token_sent=True)
            return found.operator

        return await self.authentication.authenticated(CLIENT, find)

    def find(self, key: str) -> Operator:
        """The same from outside of the event loop."""
        return self._store.run(self.ask(key))

    def use_up(self) -> None:
        """Fail until the address is throttled."""
        for _ in range(FAILURES.burst):
            with pytest.raises(NotAuthenticated):
                self.find("wrong")
        with pytest.raises(RateExceeded):
            self.find("wrong")


@pytest.fixture
def parts(database: Database) -> Iterator[Parts]:
    fill(database)
    with opened(Reading(database.store())) as store:
        yield Parts(store)


def test_a_new_key_of_a_throttled_address_is_served_soon(parts: Parts, database: Database) -> None:
    parts.use_up()
    with database.provisioning() as provisioning:
        provisioning.add_operator_key(OPERATOR, hash_secret(b"new"))
    Reading.reads = 0
    with pytest.raises(RateExceeded):
        parts.find("new")
    assert Reading.reads == 0
    parts.clock.seconds += MAX_AGE_SECONDS + 0.001

    async def ask_often() -> list[BaseException | Operator]:
        """While the first one's query runs, the others are refused."""
        return await asyncio.gather(*(parts.ask("new") for _ in range(9)), return_exceptions=True)

    refusals = parts._store.run(ask_often())
    assert {type(refusal) for refusal in refusals} == {RateExceeded}
    assert Reading.reads == 2  # the version, and what has changed
    assert parts.find("new").name == OPERATOR


def test_a_revoked_key_of_a_throttled_address_ends(parts: Parts, database: Database) -> None:
    parts.use_up()
    assert parts.find(OPERATOR_KEY).name == OPERATOR
    with database.provisioning() as provisioning:
        provisioning.remove_operator(OPERATOR)
    parts.clock.seconds += MAX_AGE_SECONDS + 0.001
    with pytest.raises(RateExceeded):
        parts.find(OPERATOR_KEY)


def test_a_new_process_reads_credentials_before_it_throttles(parts: Parts) -> None:
    for _ in range(FAILURES.burst):
        parts.authentication._limits.count_failure(CLIENT)
    assert parts.find(OPERATOR_KEY).name == OPERATOR


def test_a_failed_read_in_the_background_is_nobodys_error(
    parts: Parts, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    parts.use_up()
    parts.clock.seconds += MAX_AGE_SECONDS + 0.001
    with database.away():
        with pytest.raises(RateExceeded):
            parts.find("wrong")
        parts._store.run(asyncio.sleep(0))
    gc.collect()
    assert caplog.records == []
    assert parts.find(OPERATOR_KEY).name == OPERATOR
