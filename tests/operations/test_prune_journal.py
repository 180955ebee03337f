"""Pruning: what is left can be verified, and what was removed otherwise is found."""

from datetime import datetime

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.journal.rows import entry_id_of
from seatlatch.operations.change_tickets import release_tickets
from seatlatch.operations.prune_journal import prune_rows, rows_to_prune
from seatlatch.operations.verify_journal import Anchor, take_anchor
from tests.databases import Database
from tests.journals import chain_of, entries_of, tampered
from tests.operations.changes import ASKER
from tests.operations.states import MOMENT
from tests.stores import OpenStore


def prune(store: OpenStore, before: datetime) -> int:
    """Prune one portion; how many rows."""
    chain = chain_of(store)
    rows = store.read(lambda snapshot: rows_to_prune(snapshot, chain, before))
    return store.run(prune_rows(CommitEach(store.store), ASKER, rows)) if rows else 0


def test_pruned_rows_leave_the_rest_verifiable(held: tuple[Database, OpenStore]) -> None:
    database, store = held
    anchors: list[Anchor] = [store.read(take_anchor)]
    third = entries_of(store)[2].timestamp
    assert prune(store, third) == 2
    assert [entry.act.verb for entry in entries_of(store)] == ["hold", "prune"]
    assert tampered(store, anchors[0]) == []
    assert prune(store, third + MOMENT) == 1
    assert [entry.act.reason for entry in entries_of(store)][-1] == f"{chain_of(store)}:3"
    assert tampered(store, anchors[0]) == []
    store.run(release_tickets(CommitEach(store.store), ASKER, ["t"]))
    anchors.append(store.read(take_anchor))
    assert [tampered(store, anchor) for anchor in anchors] == [[], []]
    assert prune(store, third) == 0
    assert len(database.table("journal")) == 3


def test_two_prunes_at_once_do_not_undo_each_other(held: tuple[Database, OpenStore]) -> None:
    _, store = held
    commits = CommitEach(store.store)
    chain = chain_of(store)
    moments = [entry.timestamp for entry in entries_of(store)]
    late = store.read(lambda snapshot: rows_to_prune(snapshot, chain, moments[1]))
    early = store.read(lambda snapshot: rows_to_prune(snapshot, chain, moments[2]))
    assert late is not None
    assert early is not None
    assert store.run(prune_rows(commits, ASKER, early)) == 2
    assert store.run(prune_rows(commits, ASKER, late)) == 0
    assert tampered(store) == []


def test_a_removal_that_is_dressed_as_a_prune_is_caught(held: tuple[Database, OpenStore]) -> None:
    database, store = held
    database.execute("UPDATE journal_chains SET pruned_number = number, pruned_hash = hash")
    database.execute("DELETE FROM journal")
    (fault,) = tampered(store)
    assert (fault.number, "no prune was written down" in fault.what) == (3, True)


def test_a_row_that_is_put_where_others_were_pruned_is_caught(
    held: tuple[Database, OpenStore],
) -> None:
    database, store = held
    third = entries_of(store)[2].timestamp
    assert prune(store, third) == 2
    first, second = (entry_id_of(chain_of(store), number) for number in (1, 3))
    columns = "moment, request_id, entry, hash"
    if database.engine == "postgres":
        columns += ", position"
    database.execute(
        f"INSERT INTO journal (entry_id, {columns})"
        f" SELECT {first}, {columns} FROM journal WHERE entry_id = {second}"
    )
    (fault,) = tampered(store)
    assert (fault.number, "added" in fault.what) == (1, True)


def test_what_was_tampered_with_is_not_pruned(held: tuple[Database, OpenStore]) -> None:
    database, store = held
    third = entries_of(store)[2].timestamp
    database.execute("UPDATE journal SET entry = replace(entry, 'one', 'two')")
    with pytest.raises(InvalidRequest, match="tampered with"):
        prune(store, third)
