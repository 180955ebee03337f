"""A lock or unlock changes a row within its page and no index."""

import asyncio
import random

import pytest

from seatlatch.assembly import BOUNDS
from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.group_commit import GroupCommit
from seatlatch.metrics import Metrics
from seatlatch.operations.change_tickets import lock_tickets, unlock_tickets
from seatlatch.store.tickets import NewTicket
from seatlatch.wiring import engine_of
from tests.operations.changes import ASKER
from tests.postgres_database import PostgresDatabase
from tests.serving import CHANNEL, ORGANIZATION, OWNER, fill

pytestmark = pytest.mark.undistributed

TICKETS = 2_000
CALLERS = 8
ROUNDS = 60
BATCH = 10
HOT_PARTS = 0.99
UPDATES = """
SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables
WHERE schemaname = 'seatlatch' AND relname = 'tickets'
"""
GONE = """
SELECT count(*) = 0 FROM pg_stat_activity
WHERE application_name = 'seatlatch' AND datname = current_database()
"""
MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))


def hot_parts(database: PostgresDatabase) -> float:
    """The share of updates that stayed in their page."""
    tokens = [f"t{number:04}" for number in range(TICKETS)]
    fill(database, [NewTicket(token, ORGANIZATION, OWNER) for token in tokens])
    asyncio.run(load(database, tokens))
    while database.execute(GONE) != [(True,)]:  # a session reports its statistics when it ends
        pass
    ((updates, hot),) = database.execute(UPDATES)
    assert updates > CALLERS * ROUNDS * BATCH
    return float(hot / updates)


async def load(database: PostgresDatabase, tokens: list[str]) -> None:
    store = engine_of(database.url, "none").open_store("inventory")
    commits = GroupCommit(store, Metrics(), BOUNDS)
    commits.start()
    await asyncio.gather(*(call(commits, tokens[n::CALLERS], n) for n in range(CALLERS)))
    await commits.close()
    await store.close()


async def call(commits: GroupCommit, tokens: list[str], number: int) -> None:
    """A listing with all details, and its end, as from a marketplace."""
    chance = random.Random(number)
    for turn in range(ROUNDS):
        batch = chance.sample(tokens, BATCH)
        seller = f'{{"lastName":"N{turn}","firstName":"F","email":"{"e" * 40}@example.com"}}'
        listing = Listing("BROKER", f"L{turn}", None, None, seller)
        await lock_tickets(commits, ASKER, MINE, dict.fromkeys(batch, listing))
        await unlock_tickets(commits, ASKER, MINE, batch)


def test_changes_stay_in_their_page(database: PostgresDatabase) -> None:
    assert hot_parts(database) >= HOT_PARTS


def test_control_with_an_index_they_do_not(database: PostgresDatabase) -> None:
    database.execute("CREATE INDEX by_mpreserve ON tickets (mpreserve)")
    assert hot_parts(database) < HOT_PARTS
