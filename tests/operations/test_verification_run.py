"""A verification in portions finds what one in a single run finds."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.verification import TAMPERED_ROWS_MAX
from seatlatch.operations import verification_run
from seatlatch.operations.change_tickets import hold_tickets
from seatlatch.operations.prune_journal import prune_rows, rows_to_prune
from seatlatch.operations.verification_run import (
    RUN_SECONDS_MAX,
    Run,
    begin_run,
    continue_run,
    count_entries,
)
from seatlatch.operations.verify_journal import Anchor, take_anchor
from seatlatch.store.tickets import NewTicket
from tests.databases import Clock, Database
from tests.journals import chain_of, tampered
from tests.operations.changes import ASKER
from tests.serving import ORGANIZATION, OWNER, fill
from tests.stores import OpenStore, opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROWS = 7


@pytest.fixture
def clock(database: Database) -> Clock:
    return database.clock(NOW)


@pytest.fixture
def store(database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenStore]:
    """A journal of seven entries, and portions of two rows."""
    monkeypatch.setattr(verification_run, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(verification_run, "PORTION_SECONDS", 0)
    fill(database, [NewTicket("t", ORGANIZATION, OWNER)])
    with opened(database.store(clock)) as store:
        for number in range(ROWS):
            store.run(hold_tickets(CommitEach(store.store), ASKER, ["t"], f"reason {number}"))
        yield store


def portions(store: OpenStore, anchor: Anchor | None = None) -> list[Run]:
    """All portions of a run. Between two of them it is text, as a browser carries it."""
    runs = [store.run(begin_run(store.store, "ann", anchor))]
    while runs[-1].place is not None:
        carried = msgspec.json.decode(msgspec.json.encode(runs[-1]), type=Run)
        assert msgspec.json.encode(carried) == msgspec.json.encode(runs[-1])
        runs.append(store.run(continue_run(store.store, carried)))
    return runs


def test_an_intact_journal_is_verified_portion_by_portion(store: OpenStore) -> None:
    runs = portions(store)
    assert [run.entries for run in runs][:5] == [0, 2, 4, 6, 7]
    last = runs[-1]
    assert (last.entries, last.damaged_chains, list(last.tampered)) == (ROWS, 0, [])
    assert store.read(count_entries) == ROWS
    assert last.result[:3] == (NOW, "ann", ROWS)


@pytest.mark.parametrize("row", range(1, ROWS + 1))
def test_the_same_row_is_found_as_in_one_run(
    store: OpenStore, database: Database, row: int
) -> None:
    number = (chain_of(store) << 36) + row
    sql = "UPDATE journal SET entry = replace(entry, 'reason', 'Reason') WHERE entry_id = ?"
    database.execute(sql, number)
    last = portions(store)[-1]
    assert list(last.tampered) == tampered(store) != []
    assert (last.damaged_chains, last.entries) == (1, row - 1)


def test_rows_that_are_added_meanwhile_are_verified_too(store: OpenStore) -> None:
    run = store.run(continue_run(store.store, store.run(begin_run(store.store, "ann"))))
    store.run(hold_tickets(CommitEach(store.store), ASKER, ["t"], "one more"))
    while run.place is not None:
        run = store.run(continue_run(store.store, run))
    assert (run.entries, run.damaged_chains) == (ROWS + 1, 0)


def test_a_prune_meanwhile_is_no_damage(store: OpenStore, clock: Clock) -> None:
    run = store.run(continue_run(store.store, store.run(begin_run(store.store, "ann"))))
    clock.now = NOW + timedelta(seconds=1)
    chain = chain_of(store)
    rows = store.read(lambda snapshot: rows_to_prune(snapshot, chain, clock.now))
    assert rows is not None
    assert store.run(prune_rows(CommitEach(store.store), ASKER, rows)) == ROWS
    while run.place is not None:
        run = store.run(continue_run(store.store, run))
    assert (run.damaged_chains, list(run.tampered)) == (0, [])
    assert portions(store)[-1].entries == 1
    assert store.read(count_entries) == 1


def test_a_prune_without_an_entry_is_damage(store: OpenStore, database: Database) -> None:
    pruned = "UPDATE journal_chains SET pruned_number = number, pruned_hash = hash"
    database.execute(pruned)
    database.execute("DELETE FROM journal")
    last = portions(store)[-1]
    assert [(one.number, last.entries) for one in last.tampered] == [(ROWS, 0)]
    assert list(last.tampered) == tampered(store)


def test_an_anchor_is_carried_along(store: OpenStore, database: Database) -> None:
    anchor = store.read(take_anchor)
    last = portions(store, anchor)[-1]
    assert (last.damaged_chains, last.anchored_at) == (0, NOW)
    (head,) = anchor.heads
    other = anchor._replace(heads=[head._replace(row_hash=bytes(32))])
    assert portions(store, other)[-1].damaged_chains == 1
    with pytest.raises(InvalidRequest, match="another journal"):
        portions(store, anchor._replace(journal_key="another"))


def test_a_run_that_began_too_long_ago_is_not_continued(store: OpenStore, clock: Clock) -> None:
    run = store.run(begin_run(store.store, "ann"))
    clock.now = NOW + timedelta(seconds=RUN_SECONDS_MAX)
    run = store.run(continue_run(store.store, run))
    clock.now += timedelta(microseconds=1)
    with pytest.raises(InvalidRequest, match="too long ago"):
        store.run(continue_run(store.store, run))


def test_of_many_damaged_chains_the_first_are_kept(store: OpenStore) -> None:
    anchor = store.read(take_anchor)
    (head,) = anchor.heads
    absent = [head._replace(chain=chain) for chain in range(1_000, 1_000 + TAMPERED_ROWS_MAX + 5)]
    last = portions(store, anchor._replace(heads=absent))[-1]
    assert (last.damaged_chains, len(last.tampered)) == (105, TAMPERED_ROWS_MAX)
    assert [one.chain for one in last.tampered][:2] == [1_000, 1_001]
