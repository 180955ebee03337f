"""Heads of the journal's chains that somebody has moved: they are found, and repaired if they stop
changes.
"""

import asyncio

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.journal import Verb
from seatlatch.domain.refusal import JournalDamaged
from seatlatch.operations.change_tickets import hold_tickets, release_tickets
from seatlatch.operations.journal_heads import Repaired, find_head_faults, repair_heads
from tests.databases import Database
from tests.journals import chain_of, entries_of, tampered
from tests.operations.changes import ASKER
from tests.stores import OpenStore

REPAIRS = 20

ROWS = 3
"""Of the fixture."""

STOPS_CHANGES = {
    "UPDATE journal_chains SET number = number - 1": ROWS - 1,
    "UPDATE journal_chains SET number = 0": 0,
    "UPDATE journal_chains SET number = -5": -5,
    "UPDATE journal_chains SET number = 9223372036854775807": 2**63 - 1,
    "DELETE FROM journal_chains": None,
}


def repair(store: OpenStore) -> list[Repaired]:
    return store.run(repair_heads(CommitEach(store.store), ASKER))


def release(store: OpenStore) -> None:
    store.run(release_tickets(CommitEach(store.store), ASKER, ["t"]))


def faults(store: OpenStore) -> list[str]:
    return [str(fault) for fault in store.read(find_head_faults)]


def test_a_journal_that_is_well_is_left_alone(held: tuple[Database, OpenStore]) -> None:
    _, store = held
    assert faults(store) == []
    assert repair(store) == []
    assert len(entries_of(store)) == ROWS


@pytest.mark.parametrize("damage", STOPS_CHANGES)
def test_a_repair_moves_the_head_to_the_last_row_and_says_so(
    held: tuple[Database, OpenStore], damage: str
) -> None:
    database, store = held
    chain = chain_of(store)
    database.execute(damage)
    assert len(faults(store)) == 1
    assert tampered(store)
    if database.engine == "sqlite":
        with pytest.raises(JournalDamaged):
            release(store)
    before = STOPS_CHANGES[damage]
    assert repair(store) == [Repaired(chain, before, ROWS)]
    assert faults(store) == []
    release(store)
    assert tampered(store) == []
    verbs = [entry.act.verb for entry in entries_of(store)]
    assert sorted(verbs) == sorted([Verb.HOLD] * ROWS + [Verb.REPAIR, Verb.RELEASE])
    (repaired,) = [one for one in entries_of(store) if one.act.verb is Verb.REPAIR]
    assert repaired.act.reason == f"heads moved: {chain}:{before}>{ROWS}"
    assert repair(store) == []


def test_rows_that_were_cut_off_are_reported_and_stay_so(
    held: tuple[Database, OpenStore],
) -> None:
    """A head that is ahead stops no change. It is the evidence, so a repair leaves it."""
    database, store = held
    database.execute("DELETE FROM journal WHERE entry_id = (SELECT max(entry_id) FROM journal)")
    assert len(faults(store)) == 1
    assert repair(store) == []
    release(store)
    assert tampered(store)


@pytest.mark.only_on("postgres")
def test_on_postgresql_changes_go_on_in_another_chain(held: tuple[Database, OpenStore]) -> None:
    database, store = held
    database.execute("UPDATE journal_chains SET number = 1, used_at = now() - interval '1 hour'")
    for _ in range(2):
        release(store)
        assert len(faults(store)) == 1
    assert len(database.table("journal_chains")) == 2
    database.execute("DELETE FROM journal_chains")
    release(store)
    assert len(entries_of(store)) == 1


@pytest.mark.only_on("postgres")
def test_a_repair_beside_writers_finds_nothing_to_repair(
    held: tuple[Database, OpenStore],
) -> None:
    """On SQLite one waits for the other."""
    database, store = held
    writer = database.store()

    async def repair_while_written() -> list[list[Repaired]]:
        goes_on = True

        async def write(token: str) -> None:
            number = 0
            while goes_on:
                number += 1
                await hold_tickets(CommitEach(writer), ASKER, [token], f"reason {number}")

        writing = [asyncio.create_task(write(token)) for token in ("t", "another")]
        found = [await repair_heads(CommitEach(store.store), ASKER) for _ in range(REPAIRS)]
        goes_on = False
        await asyncio.gather(*writing)
        await writer.close()
        return found

    assert store.run(repair_while_written()) == [[]] * REPAIRS
    assert tampered(store) == []
    assert all(entry.act.verb is not Verb.REPAIR for entry in entries_of(store))
