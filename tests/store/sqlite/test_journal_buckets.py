"""A Request-ID is found wherever its entry is: in a full bucket, a pruned one or the last one."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from seatlatch.domain.journal import EntryPlace
from seatlatch.journal.rows import Head, entry_id_of, place_of
from seatlatch.store.interface import Transaction
from seatlatch.store.journal import Found
from seatlatch.store.sqlite import schema
from seatlatch.store.sqlite.journal import BUCKET_BITS, CHAIN
from seatlatch.store.sqlite.opening import make_or_migrate
from seatlatch.store.sqlite.schema import MIGRATIONS
from seatlatch.store.sqlite.store import SqliteStore
from tests.operations.requests import asker, entry, write
from tests.stores import OpenStore, opened

ENTRIES = 3_000
AT_ONCE = 700
BEFORE_BUCKETS = 17
"""The number of the last migration before the one that adds the buckets."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal.db"
    make_or_migrate(path, "inventory")
    return path


@pytest.fixture
def store(path: Path) -> Iterator[OpenStore]:
    """A journal whose entries have the Request-IDs 1, 2 and so on."""
    with opened(SqliteStore(path)) as store:
        fill(store)
        yield store


def fill(store: OpenStore) -> None:
    for first in range(1, ENTRIES + 1, AT_ONCE):
        write(store, *map(entry, range(first, min(first + AT_ONCE, ENTRIES + 1))))


def numbers_of(store: OpenStore, number: int) -> list[int]:
    """The numbers of the entries with a Request-ID, the latest first."""
    found: list[int] = []
    before: EntryPlace | None = None
    while True:
        page = read(store, asker(number).request_id, before)
        found += [place_of(one.entry_id)[1] for one in page.entries]
        before = page.before
        if before is None:
            return found


def read(store: OpenStore, request_id: str, before: EntryPlace | None) -> Found:
    return store.read(lambda seen: seen.journal.find_requests(request_id, 10, None, before))


def buckets(path: Path) -> list[tuple[int, int]]:
    """The full buckets of the chain, with the number of Request-IDs in each."""
    with closing(apsw.Connection(str(path))) as connection:
        first = entry_id_of(CHAIN, 0) >> BUCKET_BITS
        sql = "SELECT bucket, length(request_ids) / 4 FROM journal_buckets ORDER BY bucket"
        return [(bucket - first, ids) for bucket, ids in connection.execute(sql)]


def test_buckets_fill_as_the_journal_grows(store: OpenStore, path: Path) -> None:
    assert buckets(path) == [(0, 1023), (1, 1024)]
    for number in (1, 1023, 1024, 2047, 2048, ENTRIES):
        assert numbers_of(store, number) == [number]
    assert numbers_of(store, ENTRIES + 1) == []


def test_a_request_id_that_comes_again_is_found_in_each_bucket(store: OpenStore) -> None:
    write(store, entry(5), entry(1500))
    assert numbers_of(store, 5) == [ENTRIES + 1, 5]
    assert numbers_of(store, 1500) == [ENTRIES + 2, 1500]


@pytest.mark.parametrize("bound", ["BUCKETS_AT_ONCE", "BUCKETS_READ_AT_ONCE"])
def test_a_search_in_several_calls_finds_all(
    store: OpenStore, bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"seatlatch.store.sqlite.journal.{bound}", 1)
    write(store, entry(5))
    assert numbers_of(store, 5) == [ENTRIES + 1, 5]


def test_a_bucket_that_was_pruned_in_part_is_searched(store: OpenStore, path: Path) -> None:
    async def prune(inside: Transaction) -> None:
        journal = inside.journal
        before = Head(CHAIN, 0, bytes(32))
        (*_, last) = await journal.read_rows(before, 1100)
        assert await journal.prune_chain(before, last) == 1100

    store.commit(prune)
    assert buckets(path) == []
    assert numbers_of(store, 1100) == []
    assert numbers_of(store, 1101) == [1101]


def test_an_entry_that_was_edited_by_hand_is_found(store: OpenStore, path: Path) -> None:
    with closing(apsw.Connection(str(path))) as connection:
        request_id = bytes.fromhex(asker(7_000).request_id.replace("-", ""))
        sql = "UPDATE journal SET request_id = ? WHERE entry_id = ?"
        connection.execute(sql, (request_id, entry_id_of(CHAIN, 30)))
    assert numbers_of(store, 7_000) == [30]
    assert numbers_of(store, 30) == []


def test_a_rolled_back_transaction_fills_nothing(path: Path) -> None:
    with opened(SqliteStore(path)) as store:

        async def fail(inside: Transaction) -> None:
            journal = inside.journal
            await journal.reserve_entries(ENTRIES)
            await journal.record([entry(number) for number in range(1, ENTRIES + 1)])
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            store.commit(fail)
        assert buckets(path) == []


def test_a_migration_fills_the_buckets_of_a_journal(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "old.db"
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", MIGRATIONS[:BEFORE_BUCKETS])
        make_or_migrate(old, "inventory")
    with opened(SqliteStore(path)) as store:
        fill(store)
    with closing(apsw.Connection(str(old))) as connection:
        connection.execute("ATTACH ? AS made", (str(path),))
        connection.execute("INSERT INTO journal SELECT * FROM made.journal")
        connection.execute("DELETE FROM journal_chains")
        connection.execute("INSERT INTO journal_chains SELECT * FROM made.journal_chains")
    make_or_migrate(old, "inventory")
    assert buckets(old) == buckets(path)
    with opened(SqliteStore(old)) as store:
        for number in (1, 1024, 2047, 2048, ENTRIES):
            assert numbers_of(store, number) == [number]
