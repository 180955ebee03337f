"""Codes and refresh tokens: each works once, and a second use ends its whole family."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.commit import CommitEach, apply_group
from seatlatch.operations.exchange_tokens import (
    ExchangeTokens,
    GrantType,
    Lifetimes,
    TokenPair,
    exchange_tokens,
)
from seatlatch.store.tokens import Code
from tests.databases import Database, Row
from tests.operations.states import MOMENT, NOW
from tests.serving import (
    ACCESS_TOKEN,
    APPLICATION,
    OTHER_ACCESS_TOKEN,
    OTHER_APPLICATION,
    fill,
)
from tests.stores import OpenStore

CODE = GrantType.AUTHORIZATION_CODE
REFRESH = GrantType.REFRESH_TOKEN
LIFETIMES = Lifetimes(access_token_seconds=3_600, refresh_token_seconds=86_400)
ACCESS = timedelta(seconds=LIFETIMES.access_token_seconds)
FAMILY = timedelta(seconds=LIFETIMES.refresh_token_seconds)
CODE_ENDS = NOW + timedelta(seconds=600)
TABLES = ("access_tokens", "token_families", "authorization_codes")


class Bench:
    """A store whose clock the test sets, with codes c0 to c9 that end at `CODE_ENDS`."""

    def __init__(self, database: Database) -> None:
        fill(database)
        with database.provisioning() as provisioning:
            for number in range(10):
                code_hash = hash_secret(f"c{number}".encode())
                provisioning.add_code(code_hash, Code(APPLICATION, CODE_ENDS))
        self.database = database
        self.clock = database.clock(NOW)
        self.store = OpenStore(database.store(self.clock))

    @property
    def now(self) -> datetime:
        """What the clock shows."""
        return self.clock.now

    def at(self, moment: datetime) -> "Bench":
        """Set the clock."""
        self.clock.now = moment
        return self

    def ask(
        self, grant_type: GrantType, secret: str, application_id: str = APPLICATION
    ) -> TokenPair | None:
        """One exchange, in a commit of its own."""
        store = self.store.store
        asked = (application_id, grant_type, secret)
        return self.store.run(exchange_tokens(store, CommitEach(store), LIFETIMES, *asked))

    def group(self, grant_type: GrantType, secrets: Sequence[str]) -> list[TokenPair | None]:
        """Exchanges that share a commit."""
        changes = [ExchangeTokens(LIFETIMES, APPLICATION, grant_type, each) for each in secrets]
        return self.store.commit(lambda inside: apply_group(changes, inside))

    def begin(self, code: str = "c0") -> TokenPair:
        """Exchange a code that is good."""
        pair = self.ask(CODE, code)
        assert pair is not None
        return pair

    def is_good(self, access_token: str) -> bool:
        """Whether a running server would let the token in now."""
        credentials = self.store.read_credentials()
        token = credentials.access_tokens.get(hash_secret(access_token.encode()))
        if token is None:
            return False
        assert token.application_id == APPLICATION
        return token.expires_at is None or self.now < token.expires_at

    def kept(self) -> dict[str, list[Row]]:
        """All rows of the tables of tokens."""
        rows = {table: self.database.table(table) for table in TABLES}
        return {table: sorted(rows[table], key=str) for table in TABLES}


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    bench = Bench(database)
    yield bench
    bench.store.close()


def test_a_code_gives_a_pair_that_ends_when_it_says(bench: Bench) -> None:
    pair = bench.begin()
    assert pair.expires_at == NOW + ACCESS
    assert len({pair.access_token, pair.refresh_token, "c0"}) == 3
    assert bench.is_good(pair.access_token)
    assert bench.at(NOW + ACCESS - MOMENT).is_good(pair.access_token)
    assert not bench.at(NOW + ACCESS).is_good(pair.access_token)


def test_each_refresh_replaces_both_tokens(bench: Bench) -> None:
    pairs = [bench.begin()]
    for turn in range(1, 5):
        renewed = bench.at(NOW + turn * FAMILY / 2).ask(REFRESH, pairs[-1].refresh_token)
        assert renewed is not None
        assert renewed.expires_at == bench.now + ACCESS
        assert bench.is_good(renewed.access_token)
        assert not any(bench.is_good(pair.access_token) for pair in pairs)
        pairs.append(renewed)
    secrets = [secret for pair in pairs for secret in (pair.access_token, pair.refresh_token)]
    assert len(set(secrets)) == 10
    assert {len(pair.refresh_token) for pair in pairs} == {2 * 43 + 1}, "it does not grow"


def test_a_code_used_twice_ends_what_came_of_it(bench: Bench) -> None:
    first, other = bench.begin("c0"), bench.begin("c1")
    renewed = bench.ask(REFRESH, first.refresh_token)
    assert renewed is not None
    assert bench.ask(CODE, "c0") is None
    assert not bench.is_good(renewed.access_token)
    assert bench.ask(REFRESH, renewed.refresh_token) is None
    assert bench.ask(CODE, "c0") is None
    assert bench.is_good(other.access_token), "another family is not harmed"
    assert bench.ask(REFRESH, other.refresh_token)


def test_a_code_used_after_its_end_ends_what_came_of_it_too(bench: Bench) -> None:
    first = bench.begin()
    assert bench.at(CODE_ENDS).ask(CODE, "c0") is None
    assert not bench.is_good(first.access_token)


@pytest.mark.parametrize("latest", [True, False])
def test_a_refresh_token_used_twice_ends_its_family(bench: Bench, latest: bool) -> None:
    first, other = bench.begin("c0"), bench.begin("c1")
    second = bench.ask(REFRESH, first.refresh_token)
    assert second is not None
    third = bench.ask(REFRESH, second.refresh_token)
    assert third is not None
    spent = second if latest else first
    assert bench.ask(REFRESH, spent.refresh_token) is None
    assert not bench.is_good(third.access_token)
    assert bench.ask(REFRESH, third.refresh_token) is None
    assert bench.is_good(other.access_token)


def test_at_the_moment_of_its_end_a_code_or_token_is_over(bench: Bench) -> None:
    assert bench.at(CODE_ENDS).ask(CODE, "c1") is None
    pair = bench.at(CODE_ENDS - MOMENT).begin("c1")
    assert bench.at(bench.now + FAMILY).ask(REFRESH, pair.refresh_token) is None
    assert bench.at(bench.now - MOMENT).ask(REFRESH, pair.refresh_token)


def test_another_applications_secret_is_wrong_and_ends_nothing(bench: Bench) -> None:
    assert bench.ask(CODE, "c0", OTHER_APPLICATION) is None
    assert bench.ask(CODE, "c0", "com.example.none") is None
    pair = bench.begin("c0")
    before = bench.kept()
    assert bench.ask(CODE, "c0", OTHER_APPLICATION) is None
    assert bench.ask(REFRESH, pair.refresh_token, OTHER_APPLICATION) is None
    assert bench.ask(REFRESH, pair.refresh_token, "") is None
    assert bench.kept() == before
    assert bench.ask(REFRESH, pair.refresh_token)


NO_SECRETS = (
    *("", ".", "..", "a", "a.b", "c0.", ".c0", "C0", "c0 ", "c0\0", "\0", "\N{TICKET}"),
    *("x" * 1_000_000, "." * 100_000, "' OR 1=1 --", ACCESS_TOKEN),
)


@pytest.mark.parametrize("grant_type", GrantType)
def test_what_is_no_secret_is_wrong_and_ends_nothing(bench: Bench, grant_type: GrantType) -> None:
    before = bench.kept()
    heeded = [
        ascii(secret[:12])
        for secret in NO_SECRETS
        if bench.ask(grant_type, secret) or bench.kept() != before
    ]
    assert heeded == []
    assert bench.ask(CODE, "c0")


def test_a_secret_is_good_for_its_own_grant_alone(bench: Bench) -> None:
    pair = bench.begin("c0")
    before = bench.kept()
    assert bench.ask(REFRESH, "c1") is None
    assert bench.ask(CODE, pair.refresh_token) is None
    assert bench.ask(CODE, pair.access_token) is None
    assert bench.ask(REFRESH, pair.access_token) is None
    assert bench.kept() == before


def test_no_secret_is_kept(bench: Bench) -> None:
    pairs = [bench.begin()]
    for _ in range(3):
        renewed = bench.ask(REFRESH, pairs[-1].refresh_token)
        assert renewed is not None
        pairs.append(renewed)
    kept = b"".join(bench.database.kept().values())
    for pair in pairs:
        for secret in (pair.access_token, *pair.refresh_token.split(".")):
            assert secret.encode() not in kept
    its_hash = hash_secret(pairs[-1].access_token.encode())
    assert its_hash in kept or its_hash.hex().encode() in kept, "the control: its hash is"


def test_what_has_ended_is_cleared_away(bench: Bench) -> None:
    """1,000 rotations of one family, and others that are given up, leave nothing behind."""
    pair = bench.begin("c0")
    for turn in range(1, 1_000):
        bench.at(NOW + turn * FAMILY / 3)
        if turn < 9:
            with bench.database.provisioning() as provisioning:
                code = Code(APPLICATION, bench.now + timedelta(seconds=60))
                provisioning.add_code(hash_secret(f"late-{turn}".encode()), code)
            bench.begin(f"late-{turn}")
        renewed = bench.ask(REFRESH, pair.refresh_token)
        assert renewed is not None
        pair = renewed
    rows = bench.kept()
    assert [len(rows[table]) for table in TABLES] == [1 + 2, 1, 0]
    assert bench.is_good(ACCESS_TOKEN), "the operator's own, which has no end, is left"
    others = bench.store.read_credentials().access_tokens
    assert hash_secret(OTHER_ACCESS_TOKEN.encode()) in others, "and what another application has"


def test_of_32_exchanges_in_one_group_the_first_wins_and_the_family_is_dead(bench: Bench) -> None:
    pair = bench.begin()
    answers = bench.group(REFRESH, [pair.refresh_token] * 32)
    assert_one_won_and_all_is_over(bench, answers, answers[0])
    answers = bench.group(CODE, ["c1"] * 32)
    assert_one_won_and_all_is_over(bench, answers, answers[0])


def test_of_32_exchanges_one_by_one_too(bench: Bench) -> None:
    pair = bench.begin()
    answers = [bench.ask(REFRESH, pair.refresh_token) for _ in range(32)]
    assert_one_won_and_all_is_over(bench, answers, answers[0])


def assert_one_won_and_all_is_over(
    bench: Bench, answers: Sequence[TokenPair | None], winner: TokenPair | None
) -> None:
    assert winner is not None
    assert [answer for answer in answers if answer] == [winner]
    assert not bench.is_good(winner.access_token)
    assert bench.ask(REFRESH, winner.refresh_token) is None
    assert bench.kept()["token_families"] == []
