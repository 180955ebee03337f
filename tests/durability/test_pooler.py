"""The service and the commands by way of pgbouncer in transaction mode."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.store.tokens import Code
from tests.cli.commands import run
from tests.durability.callers import Callers, states_of
from tests.durability.fault_scenarios import (
    EVERYTHING,
    FREE_TOKENS,
    HEALED_SECONDS,
    TOKENS,
    ServersDatabase,
    WatchedServer,
    an_inventory,
)
from tests.durability.mixed_load import STATUS
from tests.durability.pooler import is_shared, pooler
from tests.durability.processes import ServerProcess
from tests.postgres_database import PostgresMaker
from tests.serving import (
    APPLICATION,
    LOCK,
    OPERATOR_KEY,
    TOKEN,
    VERIFY,
    valid_headers,
)
from tests.web import TLS

PROCESSES = 2
CALLERS = 16
ANSWERS = 400
EXCHANGES = 12


@pytest.fixture
def address(server: WatchedServer) -> Iterator[str]:
    with pooler(server) as address:
        yield address


@pytest.fixture
def database(server: WatchedServer) -> Iterator[ServersDatabase]:
    with an_inventory(server) as database:
        yield database


@pytest.fixture
def ports(database: ServersDatabase, address: str, tmp_path: Path) -> Iterator[list[int]]:
    """Of several servers, which refuse nobody and log no bug."""
    url = address.format(name=database.database)
    assert is_shared(url)
    errors = tmp_path / "errors"
    servers = [
        ServerProcess(url, errors, SEATLATCH_DATABASE_POOLER="transaction")
        for _ in range(PROCESSES)
    ]
    try:
        yield [server.begun() for server in servers]
        assert [server.stop() for server in servers] == [0] * PROCESSES
    finally:
        for server in servers:
            server.kill()
    assert "status=5" not in errors.read_text()


def test_locks_and_unlocks_of_many(ports: list[int], database: ServersDatabase) -> None:
    """Nobody is refused, though all share two connections."""
    with Callers(ports, TOKENS, CALLERS) as callers:
        callers.wait_for(dict.fromkeys(EVERYTHING, 200), HEALED_SECONDS, times=3)
        callers.wait_for({EVERYTHING[0]: 200}, 2 * HEALED_SECONDS, times=ANSWERS)
    callers.check(states_of(database.rows()))
    assert {answer.status for answer in callers.answers} == {200}


def call(port: int, method: str, path: str, body: Any, headers: dict[str, str]) -> httpx.Response:
    headers = {**headers, "Content-Type": "application/json"}
    url = f"http://127.0.0.1:{port}{path}"
    with httpx.Client(trust_env=False, verify=TLS) as client:
        return client.request(method, url, content=json.dumps(body), headers=headers)


def test_holds_and_verifies(ports: list[int]) -> None:
    operator = {"Authorization": f"Bearer {OPERATOR_KEY}"}

    def hold_and_look(number: int) -> tuple[int, ...]:
        port, token = ports[number % PROCESSES], FREE_TOKENS[number]
        body = {"tokens": [token], "status": "LOCK", "reason": "R", "expiresInSeconds": 600}
        listing = {"source": "MY_ACCOUNT", "listing": {"tokens": [{"token": token}]}}
        verify = {"tickets": {"tokens": [token]}}
        return (
            call(port, "PUT", STATUS, body, operator).status_code,
            len(call(port, "PUT", LOCK, listing, valid_headers()).json()["failure"]),
            call(port, "POST", VERIFY, verify, valid_headers()).status_code,
        )

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(hold_and_look, range(len(FREE_TOKENS)))) == {(200, 1, 409)}


def test_exchanges_of_tokens(ports: list[int], database: ServersDatabase) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    with database.provisioning() as provisioning:
        for number in range(EXCHANGES):
            provisioning.add_code(hash_secret(f"code-{number}".encode()), Code(APPLICATION, later))
    headers = {
        name: value
        for name, value in valid_headers().items()
        if name not in ("Authorization", "PAC-API-Key", "PAC-Channel-Code")
    }

    def exchange(number: int) -> int:
        port = ports[number % PROCESSES]
        first = {"grantType": "authorization_code", "code": f"code-{number}"}
        pair = call(port, "POST", TOKEN, first, headers).json()
        second = {"grantType": "refresh_token", "refreshToken": pair["refreshToken"]}
        pair = call(ports[(number + 1) % PROCESSES], "POST", TOKEN, second, headers).json()
        verify = {"tickets": {"tokens": [TOKENS[0]]}}
        mine = valid_headers(authorization=f"Bearer {pair['accessToken']}")
        return call(port, "POST", VERIFY, verify, mine).status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(exchange, range(EXCHANGES))) == {200}


def test_commands(server: WatchedServer, address: str, tmp_path: Path) -> None:
    maker = PostgresMaker(server.url)
    blank = maker.blank("inventory")
    url = address.format(name=blank.database)
    file = tmp_path / "season.csv"
    file.write_text("token,owner_id\nt1,o\nt2,o\n")
    importing = ("tickets", "import", str(file), "--org", "1001")
    for command in (
        ("migrate",),
        ("migrate", "--check"),
        ("org", "add", "1001", "--name", "Ours"),
        ("channel", "add", "market", "--name", "Market", "--org", "1001"),
        ("app", "add", "com.example.app", "--channel", "market"),
        ("app", "authorize", "com.example.app"),
        ("org", "list"),
    ):
        done = run(*command, SEATLATCH_DATABASE_URL=url)
        assert (done.returncode, done.stderr) == (0, ""), done
    refused = run(*importing, SEATLATCH_DATABASE_URL=url)
    assert (refused.returncode, refused.stdout) == (1, ""), refused
    assert refused.stderr.count("\n") == 1 and "through a pooler" in refused.stderr, refused
    assert blank.rows() == {}
    imported = run(*importing, SEATLATCH_DATABASE_URL=blank.url)
    assert imported.returncode == 0, imported
    for command in (
        ("tickets", "hold", "t1", "--reason", "r"),
        ("tickets", "release", "t1"),
        ("tickets", "show", "t1"),
    ):
        done = run(*command, SEATLATCH_DATABASE_URL=url)
        assert (done.returncode, done.stderr) == (0, ""), done
    blank.drop()
    maker.close()
