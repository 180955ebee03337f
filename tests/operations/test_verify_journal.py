"""Tampering with the journal by lot, a thousand times: every one is caught, and where it began."""

import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.journal.chain import hash_of
from seatlatch.journal.rows import Head, entry_id_of, place_of
from seatlatch.operations.change_tickets import (
    hold_tickets,
    lock_tickets,
    release_tickets,
    unlock_tickets,
)
from seatlatch.operations.verify_journal import take_anchor
from seatlatch.store.interface import Result, Snapshot, Store
from seatlatch.store.tickets import NewTicket
from tests.databases import Database, Databases
from tests.journals import chain_of, disagreements, entries_of, tampered
from tests.operations.changes import ASKER
from tests.operations.states import LISTING, MINE
from tests.serving import ORGANIZATION, OWNER, fill
from tests.stores import Around, OpenStore, opened

pytestmark = pytest.mark.slow

TOKENS = [f"t{number}" for number in range(20)]
REQUESTS = 60
TAMPERINGS = 500
"""On each engine."""


@pytest.fixture(scope="module")
def written(databases: Databases) -> Iterator[Database]:
    """An inventory whose tickets were changed by requests of all kinds; two chains if it can."""
    database = databases.new()
    fill(database, [NewTicket(token, ORGANIZATION, OWNER) for token in TOKENS])
    chance = random.Random(1)
    with opened(database.store()) as store, opened(database.store()) as other:
        for number in range(REQUESTS):
            commits = CommitEach((store if number % 3 else other).store)
            tokens = chance.sample([*TOKENS, "unknown"], 3)
            store.run(_verb(chance, commits, tokens))
    yield database
    databases.drop(database)


def _verb(chance: random.Random, commits: CommitEach, tokens: list[str]) -> Any:
    """One request, by lot."""
    which = chance.randrange(4)
    if which == 0:
        return lock_tickets(commits, ASKER, MINE, dict.fromkeys(tokens, LISTING))
    if which == 1:
        return unlock_tickets(commits, ASKER, MINE, tokens)
    if which == 2:
        return hold_tickets(commits, ASKER, tokens, "moving")
    return release_tickets(commits, ASKER, tokens)


def test_what_was_not_tampered_with_is_well(written: Database) -> None:
    assert disagreements(written) == []
    with opened(written.store()) as store:
        anchor = store.read(take_anchor)
        assert tampered(store, anchor) == []
        assert len(entries_of(store)) == REQUESTS


class Tampering:
    """Somebody with the database's password and no idea of hashes."""

    def __init__(self, database: Database, chance: random.Random) -> None:
        self._database = database
        self._chance = chance
        rows = database.execute("SELECT entry_id FROM journal ORDER BY entry_id")
        self._ids = [int(entry_id) for (entry_id,) in rows]

    def tamper(self) -> int | None:
        """Do one of it; the entry where it begins, None = at a chain's head."""
        return self._chance.choice(
            [self.edit, self.remove, self.swap, self.cut_off, self.set_back]
        )()

    def edit(self) -> int:
        """One bit of one column of one row."""
        entry_id = self._chance.choice(self._ids)
        column = self._chance.choice(EDITS[self._database.engine])
        self._database.execute(f"UPDATE journal SET {column} WHERE entry_id = ?", entry_id)
        return entry_id

    def remove(self) -> int:
        """A row, or a few that follow each other."""
        at = self._chance.randrange(len(self._ids))
        gone = self._ids[at : at + self._chance.randint(1, 3)]
        for entry_id in gone:
            self._database.execute("DELETE FROM journal WHERE entry_id = ?", entry_id)
        return gone[0]

    def swap(self) -> int:
        """Two rows take each other's places."""
        one, other = sorted(self._chance.sample(self._ids, 2))
        for was, becomes in ((one, 5), (other, one), (5, other)):
            self._database.execute(
                "UPDATE journal SET entry_id = ? WHERE entry_id = ?", becomes, was
            )
        return one

    def cut_off(self) -> int:
        """The end of a chain."""
        entry_id = self._chance.choice(self._ids)
        chain, _ = place_of(entry_id)
        end = entry_id_of(chain + 1, 0)
        self._database.execute(
            "DELETE FROM journal WHERE entry_id >= ? AND entry_id < ?", entry_id, end
        )
        return entry_id

    def set_back(self) -> None:
        """The head of a chain, as if it had ended before."""
        chain, number = place_of(self._chance.choice(self._ids))
        self._database.execute(
            "UPDATE journal_chains SET number = ? WHERE chain = ?", number - 1, chain
        )


EDITS = {
    "sqlite": [
        "moment = moment + 1",
        "request_id = randomblob(16)",
        "entry = replace(entry, 'outcomes', 'outcomez')",
        "entry = replace(entry, ':', ': ')",
        "listing = 'other'",
        "hash = randomblob(32)",
    ],
    "postgres": [
        "moment = moment + interval '1 microsecond'",
        "position = position + 1",
        "request_id = gen_random_uuid()",
        "entry = replace(entry, 'outcomes', 'outcomez')",
        "entry = replace(entry, ':', ': ')",
        "listing = 'other'",
        "hash = sha256(hash)",
    ],
}


class Copy:
    """The journal's tables as they were, to be put back."""

    def __init__(self, database: Database) -> None:
        self._database = database
        for table in ("journal", "journal_chains"):
            database.execute(f"CREATE TABLE copy_of_{table} AS SELECT * FROM {table}")

    def put_back(self) -> None:
        """Undo whatever was done."""
        overriding = "OVERRIDING SYSTEM VALUE " if self._database.engine == "postgres" else ""
        for table in ("journal", "journal_chains"):
            self._database.execute(f"DELETE FROM {table}")
            self._database.execute(f"INSERT INTO {table} {overriding}SELECT * FROM copy_of_{table}")


def test_every_tampering_is_caught_where_it_begins(written: Database) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    copy = Copy(written)
    with opened(written.store()) as store:
        for number in range(TAMPERINGS):
            entry_id = Tampering(written, chance).tamper()
            found = tampered(store)
            assert found, f"seed {seed}, tampering {number} at {entry_id}"
            if entry_id is not None:
                places = [(chain, number) for chain, number, _ in found]
                assert place_of(entry_id) in places, f"seed {seed}, tampering {number}: {found}"
            copy.put_back()
        assert tampered(store) == []


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
