"""Tampering with the journal by lot, a thousand times: every one is caught, and where it began.

`python -m campaigns.tamper` does it many more times.
"""

import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.journal.chain import hash_of
from seatlatch.journal.rows import Head, entry_id_of
from seatlatch.operations import verify_journal
from seatlatch.operations.change_tickets import hold_tickets, release_tickets
from seatlatch.operations.verify_journal import take_anchor
from seatlatch.store.interface import Result, Snapshot, Store
from seatlatch.store.tickets import NewTicket
from tests.databases import Database, Databases
from tests.journals import chain_of, disagreements, entries_of, tampered
from tests.operations.changes import ASKER
from tests.operations.journal_tamperings import REQUESTS, Copy, unseen, write_journal
from tests.serving import ORGANIZATION, OWNER, fill
from tests.stores import Around, OpenStore, opened

pytestmark = pytest.mark.slow

TAMPERINGS = 500
"""On each engine."""


@pytest.fixture(scope="module")
def written(databases: Databases) -> Iterator[Database]:
    """An inventory whose journal was written."""
    database = databases.new()
    write_journal(database)
    yield database
    databases.drop(database)


def test_what_was_not_tampered_with_is_well(written: Database) -> None:
    assert disagreements(written) == []
    with opened(written.store()) as store:
        anchor = store.read(take_anchor)
        assert tampered(store, anchor) == []
        assert len(entries_of(store)) == REQUESTS


def test_every_tampering_is_caught_where_it_begins(written: Database) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    copy = Copy(written)
    with opened(written.store()) as store:
        for number in range(TAMPERINGS):
            wrong = unseen(written, store, copy, chance)
            assert wrong is None, f"seed {seed}, tampering {number}: {wrong}"
        assert tampered(store) == []


def test_control_a_verify_that_compares_no_hash_is_noticed(
    written: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_journal, "is_intact", lambda _before, _row: True)
    chance, copy = random.Random(1), Copy(written)
    with opened(written.store()) as store:
        assert any(unseen(written, store, copy, chance) for _ in range(20))


def test_a_journal_made_anew_agrees_with_itself_but_not_with_the_anchor(
    databases: Databases,
) -> None:
    """Whoever knows how hashes are made can make all of them anew. Not in the anchor."""
    database = databases.new()
    fill(database, [NewTicket("t", ORGANIZATION, OWNER)])
    with opened(database.store()) as store:
        for reason in ("one", "two", "three", "four"):
            store.run(hold_tickets(CommitEach(store.store), ASKER, ["t"], reason))
        anchor = store.read(take_anchor)
        store.run(release_tickets(CommitEach(store.store), ASKER, ["t"]))
        make_anew(database, store.store, store.run)
        assert tampered(store) == []
        (fault,) = tampered(store, anchor)
        assert "rebuilt" in fault.what
        later = store.read(take_anchor)
        assert tampered(store, later) == []
        other = later._replace(journal_key="another")
        with pytest.raises(InvalidRequest, match="another journal"):
            tampered(store, other)
    databases.drop(database)


def make_anew(database: Database, store: Store, run: Callable[..., Any]) -> None:
    """Change a reason, and all that follows from it."""
    (chain,) = run(store.read(lambda snapshot: snapshot.journal.read_chains()))
    rows = run(store.read(lambda s: s.journal.read_rows(Head(chain.head.chain, 0, bytes(32)), 100)))
    before = bytes(32)
    for row in rows:
        told = row._replace(entry=row.entry.replace('"two"', '"2"'))
        before = hash_of(before, told)
        database.execute(
            "UPDATE journal SET entry = ?, hash = ? WHERE entry_id = ?",
            *(told.entry, before, row.entry_id),
        )
    database.execute("UPDATE journal_chains SET hash = ?", before)


UNREADABLE = {
    "sqlite": [
        "request_id = x'00'",
        "moment = 9223372036854775807",
        "entry = CAST(x'ff' AS TEXT)",
        "entry = '{}'",
    ],
    "postgres": ["position = -1", "moment = 'infinity'", "moment = '0044-03-15 BC'", "entry = ''"],
}


@pytest.mark.parametrize("nth", range(4))
def test_what_can_not_be_read_is_named_too(held: tuple[Database, OpenStore], nth: int) -> None:
    database, store = held
    second = entry_id_of(chain_of(store), 2)
    what = UNREADABLE[database.engine][nth]
    database.execute(f"UPDATE journal SET {what} WHERE entry_id = ?", second)
    (fault,) = tampered(store)
    assert (fault.number, "edited" in fault.what) == (2, True)


def test_verify_does_not_cry_wolf_beside_who_begins_a_chain(
    held: tuple[Database, OpenStore],
) -> None:
    database, store = held
    with opened(BeginsAChain(database.store(), database)) as beside:
        assert tampered(beside) == []
    assert tampered(store) == []


BEGINNERS = 12


class BeginsAChain(Around):
    """Before whatever is read somebody new has changed something."""

    def __init__(self, inside: Store, database: Database) -> None:
        super().__init__(inside)
        self._database = database
        self._times = 0

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        self._times += 1
        if self._times <= BEGINNERS:
            other = self._database.store()
            await hold_tickets(CommitEach(other), ASKER, ["t"], f"beside {self._times}")
            await other.close()
        return await super().read(work)
