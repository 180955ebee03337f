"""Client addresses: stored beside the journal, read with its entries, and erased when old."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.commit import Change, CommitEach
from seatlatch.domain.audit import Action
from seatlatch.domain.refusal import Unavailable
from seatlatch.journal.rows import Head
from seatlatch.logs import make_log
from seatlatch.operations import erase_addresses as module
from seatlatch.operations.administration import Administration, RecordedChange
from seatlatch.operations.erase_addresses import AddressEraser, erase_addresses
from seatlatch.operations.prune_journal import prune_rows, rows_to_prune
from seatlatch.operations.read_journal import client_addresses
from seatlatch.store.interface import Result, Snapshot, Store
from tests.cases import all_cases
from tests.databases import ON_SQLITE, Clock, Database
from tests.journals import chain_of, entries_of, tampered
from tests.operations.changes import ACTOR, ASKER
from tests.operations.requests import entry, write, write_at
from tests.stores import Around, OpenStore, opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FIRST, SECOND = "198.51.100.9", "2001:db8::7"


@pytest.fixture
def clock(database: Database) -> Clock:
    return database.clock(NOW)


@pytest.fixture
def store(database: Database, clock: Clock) -> Iterator[OpenStore]:
    with opened(database.store(clock)) as store:
        yield store


def addresses(store: OpenStore) -> list[str | None]:
    """The address of each entry, in order."""
    entries = entries_of(store)
    found: Mapping[int, str] = store.run(client_addresses(store.store, entries))
    return [found.get(one.entry_id) for one in entries]


def erase(store: OpenStore, days: int = 30) -> None:
    store.run(erase_addresses(store.store, CommitEach(store.store), days))


def rows(database: Database) -> int:
    return len(database.table("client_addresses"))


def test_each_entry_has_its_address(store: OpenStore, database: Database) -> None:
    write(store, entry(0, address=FIRST), entry(1), entry(2, address=SECOND))
    write(store, entry(3))
    write(store, entry(4, address=FIRST))
    assert addresses(store) == [FIRST, None, SECOND, None, FIRST]
    assert rows(database) == 2


def test_an_address_that_is_repeated_is_stored_once(store: OpenStore, database: Database) -> None:
    addressed = [None, FIRST, None, FIRST, SECOND, FIRST, SECOND]
    write(store, *(entry(nth, address=address) for nth, address in enumerate(addressed)))
    assert addresses(store) == addressed
    (row,) = database.table("client_addresses")
    assert row["addresses"].count(FIRST) == row["addresses"].count(SECOND) == 1
    write(store, *(entry(nth, address=FIRST) for nth in range(7, 107)))
    assert addresses(store)[7:] == [FIRST] * 100


def test_no_address_is_in_the_journal(store: OpenStore, database: Database) -> None:
    write(store, entry(0, address=FIRST))
    (row,) = database.table("journal")
    assert not any(FIRST in str(value) for value in row.values())
    assert tampered(store) == []
    database.execute("DELETE FROM client_addresses")
    assert tampered(store) == []
    assert [one.damaged for one in entries_of(store)] == [False]


def test_old_addresses_are_erased_and_others_kept(
    store: OpenStore, database: Database, clock: Clock
) -> None:
    for number, age in enumerate((31, 30, 29, 0)):
        write_at(store, clock, NOW - age * DAY, entry(number, address=FIRST))
    erase(store)
    assert addresses(store) == [None, FIRST, FIRST, FIRST]
    assert rows(database) == 3
    erase(store, 0)
    assert addresses(store) == [None, None, None, FIRST]
    assert tampered(store) == []


def test_every_chain_is_searched(store: OpenStore, database: Database, clock: Clock) -> None:
    with opened(database.store(clock)) as other:
        for number, (writer, age) in enumerate([(store, 40), (other, 40), (store, 1), (other, 1)]):
            write_at(writer, clock, NOW - age * DAY, entry(number, address=FIRST))
    clock.now = NOW
    erase(store)
    assert rows(database) == 2


@pytest.mark.parametrize("at_once", [1, 2, 3, 7])
def test_many_are_erased_in_portions(
    store: OpenStore,
    database: Database,
    clock: Clock,
    at_once: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("seatlatch.store.sql.client_addresses.ERASED_AT_ONCE_ROWS", at_once)
    for number in range(6):
        write_at(store, clock, NOW - (40 - number) * DAY, entry(number, address=FIRST))
    clock.now = NOW
    write(store, entry(6, address=FIRST))
    erase(store)
    assert addresses(store) == [None] * 6 + [FIRST]


def test_what_a_wrong_clock_recorded_does_not_keep_the_rest(
    store: OpenStore, database: Database, clock: Clock
) -> None:
    write_at(store, clock, NOW + 900 * DAY, entry(0, address=FIRST))
    write_at(store, clock, NOW - 40 * DAY, entry(1, address=FIRST))
    write_at(store, clock, NOW, entry(2, address=FIRST))
    erase(store)
    assert addresses(store) == [None, None, FIRST]


def test_two_who_erase_at_once_do_no_harm(
    store: OpenStore, database: Database, clock: Clock
) -> None:
    for number in range(20):
        write_at(store, clock, NOW - 40 * DAY, entry(number, address=FIRST))
    clock.now = NOW

    async def both() -> None:
        other = database.store(clock)
        await asyncio.gather(
            *(erase_addresses(one, CommitEach(one), 30) for one in (store.store, other))
        )
        await other.close()

    store.run(both())
    assert rows(database) == 0


def test_pruning_removes_the_addresses(store: OpenStore, database: Database, clock: Clock) -> None:
    write_at(store, clock, NOW - 2 * DAY, *(entry(n, address=FIRST) for n in range(3)))
    write_at(store, clock, NOW, entry(3, address=SECOND))
    chain = chain_of(store)
    old = store.read(lambda snapshot: rows_to_prune(snapshot, chain, NOW - DAY))
    assert old is not None
    assert store.run(prune_rows(CommitEach(store.store), ASKER, old)) == 3
    assert rows(database) == 1
    assert addresses(store) == [SECOND, None]


def test_what_a_repair_left_behind_is_of_no_other_entry(
    store: OpenStore, database: Database, clock: Clock
) -> None:
    write(store, entry(0))
    write(store, entry(1, address=FIRST), entry(2, address=FIRST))
    chain = chain_of(store)
    (first, *_) = store.read(lambda s: s.journal.read_rows(Head(chain, 0, bytes(32)), 9))
    database.execute("DELETE FROM journal WHERE entry_id > ?", first.entry_id)
    database.execute("UPDATE journal_chains SET number = 1, hash = ?", first.row_hash)
    with opened(database.store(clock)) as later:
        clock.now = NOW + timedelta(seconds=9)
        write(later, entry(3))
        assert addresses(later) == [None, None]
        write(later, entry(4, address=SECOND))
        assert addresses(later) == [None, None, SECOND]


@ON_SQLITE
@all_cases("text", ["", "{", "[1]", "[0]", "[-1]", '{"a":1}', "null", "[]"])
def test_an_edited_row_has_no_address(store: OpenStore, database: Database, text: str) -> None:
    write(store, entry(0, address=FIRST))
    database.execute("UPDATE client_addresses SET addresses = ?", text)
    assert addresses(store)[-1] is None


class FailsOnce(Around):
    """A store whose first read fails."""

    failed = False

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        if not self.failed:
            self.failed = True
            raise Unavailable("The database is away.")
        return await super().read(work)


class Noting(CommitEach):
    """A committer that notes when a change is durable."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.done = asyncio.Event()

    async def submit(self, change: Change[Result]) -> Result:
        result = await super().submit(change)
        self.done.set()
        return result


@ON_SQLITE
def test_an_eraser_continues_after_trouble(
    store: OpenStore, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "INTERVAL_SECONDS", 0.0)
    write_at(store, clock, NOW - 40 * DAY, entry(0, address=FIRST))
    clock.now = NOW

    async def run() -> None:
        committer, inside = Noting(store.store), FailsOnce(store.store)
        eraser = AddressEraser(inside, committer, make_log("json", "error"), 30)
        eraser.start()
        async with asyncio.timeout(10):
            await committer.done.wait()
        await eraser.close()
        assert inside.failed

    store.run(run())
    assert rows(database) == 0


async def record(administration: Administration) -> None:
    await administration.record(Action.SIGN_IN, ACTOR.name)


def test_old_addresses_of_the_audit_are_erased_too(
    store: OpenStore, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AUDIT_ENTRIES_AT_ONCE", 2)
    for age in (33, 32, 31, 30, 0):
        clock.now = NOW - age * DAY
        store.run(CommitEach(store.store).submit(RecordedChange(ACTOR, record)))
    clock.now = NOW

    def kept() -> int:
        return sum(row["client_address"] is not None for row in database.table("audit"))

    erase(store)
    assert kept() == 2
    erase(store, 0)
    assert kept() == 1  # it is not older than now
