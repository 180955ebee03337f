"""Several servers on one database are asked for the same exchange at once: one of them wins."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from seatlatch.commit import CommitEach
from seatlatch.operations.exchange_tokens import GrantType, TokenPair, exchange_tokens
from seatlatch.store.sqlite import authorizations, snapshot
from seatlatch.store.sqlite.store import SqliteStore
from tests.operations.states import NOW
from tests.operations.test_exchange_tokens import CODE, LIFETIMES, REFRESH, Bench
from tests.serving import APPLICATION

ROUNDS = 10
SERVERS = 4


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "inventory.db")
    yield bench
    bench.store.close()


def race(path: Path, grant_type: GrantType, secret: str) -> list[TokenPair]:
    """The pairs that the servers give, each with a store and a thread of its own."""
    together = Barrier(SERVERS)

    def serve(_number: int) -> TokenPair | None:
        with closing(SqliteStore(path, clock=lambda: NOW)) as store:
            together.wait()
            commits = CommitEach(store)
            asked = exchange_tokens(store, commits, LIFETIMES, APPLICATION, grant_type, secret)
            return asyncio.run(asked)

    with ThreadPoolExecutor(SERVERS) as servers:
        return [pair for pair in servers.map(serve, range(SERVERS)) if pair]


def test_a_code_is_exchanged_by_one(bench: Bench) -> None:
    for number in range(ROUNDS):
        (pair,) = race(bench.path, CODE, f"c{number}")
        assert not bench.is_good(pair.access_token), "the second use ended it"
        assert bench.kept()["token_families"] == []


def test_a_refresh_token_is_exchanged_by_one(bench: Bench) -> None:
    for number in range(ROUNDS):
        spent = bench.begin(f"c{number}")
        (pair,) = race(bench.path, REFRESH, spent.refresh_token)
        assert not bench.is_good(pair.access_token), "the second use ended it"
        assert bench.ask(REFRESH, pair.refresh_token) is None
        assert bench.kept()["token_families"] == []


@pytest.mark.parametrize(
    ("constant", "condition", "grant_type"),
    [("ROTATE", "AND refresh_hash = ?2", REFRESH), ("SPEND_CODE", "AND family_hash IS NULL", CODE)],
)
def test_control_without_its_condition_several_win(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    constant: str,
    condition: str,
    grant_type: GrantType,
) -> None:
    sql = getattr(authorizations, constant)
    assert condition in sql
    monkeypatch.setattr(authorizations, constant, sql.replace(condition, ""))
    if grant_type is CODE:  # the code is looked at before, too
        found = snapshot.FIND_CODE.replace("family_hash FROM", "NULL FROM")
        monkeypatch.setattr(snapshot, "FIND_CODE", found)
    secret = "c1" if grant_type is CODE else bench.begin("c0").refresh_token
    assert len(race(bench.path, grant_type, secret)) == SERVERS
