"""A Citus cluster: what only it can show. SEATLATCH_TEST_CITUS_URL names it, see CONTRIBUTING."""

import os

import pytest

from seatlatch.commit import CommitEach
from seatlatch.operations.change_tickets import hold_tickets, lock_tickets, unlock_tickets
from seatlatch.store.migrations import Migration
from seatlatch.store.postgres import schema
from seatlatch.store.tickets import NewTicket
from seatlatch.wiring import engine_of
from tests.citus_database import ENVIRONMENT_URL
from tests.operations.changes import ASKER
from tests.operations.states import LISTING, MINE
from tests.postgres_database import PostgresDatabase
from tests.serving import ORGANIZATION, OWNER, fill
from tests.stores import opened

pytestmark = pytest.mark.skipif(
    ENVIRONMENT_URL not in os.environ, reason=f"{ENVIRONMENT_URL} names no Citus cluster"
)

TOKENS = [f"ticket-{number}" for number in range(200)]
EXPAND = """
ALTER TABLE seatlatch.tickets ADD COLUMN remark text;
CREATE INDEX tickets_by_remark ON seatlatch.tickets (remark);
"""
PREPARED = "SELECT count(*) FROM pg_dist_transaction"


@pytest.fixture
def venue(database: PostgresDatabase) -> PostgresDatabase:
    """An inventory whose tickets are on all nodes."""
    fill(database, [NewTicket(token, ORGANIZATION, OWNER) for token in TOKENS])
    return database


def test_tickets_are_distributed_once(venue: PostgresDatabase) -> None:
    engine = engine_of(venue.url)
    assert engine.is_distributed()
    assert not engine.distribute()
    assert len(venue.rows()) == len(TOKENS)


def test_a_later_migration_reaches_all_nodes(
    venue: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = Migration(schema.LATEST_SCHEMA + 1, "expand", EXPAND, "0.1.0")
    monkeypatch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, later])
    monkeypatch.setattr(schema, "LATEST_SCHEMA", later.number)
    assert engine_of(venue.url).make_or_migrate("inventory") == [str(later)]
    venue.execute("UPDATE tickets SET remark = 'seen'")
    assert {row["remark"] for row in venue.table("tickets")} == {"seen"}


def test_a_change_of_one_ticket_is_committed_in_two_phases(venue: PostgresDatabase) -> None:
    """The ticket is on a worker and its entry in the journal on the coordinator."""
    with opened(venue.store()) as store:
        commits = CommitEach(store.store)
        for token in TOKENS[:20]:  # what is done is forgotten from time to time
            store.run(lock_tickets(commits, ASKER, MINE, {token: LISTING}))
            store.run(hold_tickets(commits, ASKER, [token], "moving", 60))
            ((prepared,),) = venue.execute(PREPARED)
            if prepared:
                return
    raise AssertionError("no change was prepared on a worker")


def test_many_tickets_of_all_nodes_change_together(venue: PostgresDatabase) -> None:
    with opened(venue.store()) as store:
        commits = CommitEach(store.store)
        store.run(lock_tickets(commits, ASKER, MINE, dict.fromkeys(TOKENS, LISTING)))
        assert all(venue.mpreserve_of().values())
        store.run(unlock_tickets(commits, ASKER, MINE, TOKENS))
        assert not any(venue.mpreserve_of().values())
