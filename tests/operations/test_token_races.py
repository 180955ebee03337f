"""Several servers on one database are asked for the same exchange at once: one of them wins."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from seatlatch.commit import CommitEach
from seatlatch.operations.exchange_tokens import GrantType, TokenPair, exchange_tokens
from seatlatch.store.sql import tokens
from tests.databases import Database
from tests.operations.test_exchange_tokens import CODE, LIFETIMES, REFRESH, Bench
from tests.serving import APPLICATION
from tests.stores import opened

ROUNDS = 10
SERVERS = 4


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    bench = Bench(database)
    yield bench
    bench.store.close()


def race(bench: Bench, grant_type: GrantType, secret: str) -> list[TokenPair]:
    """The pairs that the servers give, each with a store and a thread of its own."""
    together = Barrier(SERVERS)

    def serve(_number: int) -> TokenPair | None:
        with opened(bench.database.store(bench.clock)) as server:
            store = server.store
            server.read_credentials()  # so that on no engine a connection is still to be made
            together.wait()
            asked = (LIFETIMES, APPLICATION, grant_type, secret)
            return server.run(exchange_tokens(store, CommitEach(store), *asked))

    with ThreadPoolExecutor(SERVERS) as servers:
        return [pair for pair in servers.map(serve, range(SERVERS)) if pair]


def test_a_code_is_exchanged_by_one(bench: Bench) -> None:
    for number in range(ROUNDS):
        (pair,) = race(bench, CODE, f"c{number}")
        assert not bench.is_good(pair.access_token), "the second use ended it"
        assert bench.kept()["token_families"] == []


def test_a_refresh_token_is_exchanged_by_one(bench: Bench) -> None:
    for number in range(ROUNDS):
        spent = bench.begin(f"c{number}")
        (pair,) = race(bench, REFRESH, spent.refresh_token)
        assert not bench.is_good(pair.access_token), "the second use ended it"
        assert bench.ask(REFRESH, pair.refresh_token) is None
        assert bench.kept()["token_families"] == []


@pytest.mark.parametrize(
    ("constant", "condition", "grant_type"),
    [
        ("ROTATE", "AND refresh_hash = :spent_hash", REFRESH),
        ("SPEND_CODE", "AND family_hash IS NULL", CODE),
    ],
)
def test_control_without_its_condition_several_win(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    constant: str,
    condition: str,
    grant_type: GrantType,
) -> None:
    sql = getattr(tokens, constant)
    assert condition in sql
    monkeypatch.setattr(tokens, constant, sql.replace(condition, ""))
    if grant_type is CODE:  # the code is looked at before, too
        found = tokens.SqlTokens.find_code_sql.replace(", family_hash", ", NULL")
        assert found != tokens.SqlTokens.find_code_sql
        monkeypatch.setattr(tokens.SqlTokens, "find_code_sql", found)
    secret = "c1" if grant_type is CODE else bench.begin("c0").refresh_token
    assert len(race(bench, grant_type, secret)) == SERVERS
