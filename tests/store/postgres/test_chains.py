"""The journal's chains on PostgreSQL: a writer has exclusive use of one, and never continues one
that another has continued.
"""

import asyncio
import random
from functools import partial

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.refusal import Unavailable
from seatlatch.operations.change_tickets import hold_tickets
from seatlatch.operations.read_events import first_place, read_feed
from seatlatch.store.postgres import journal_writer
from seatlatch.store.tickets import NewTicket
from seatlatch.wiring import engine_of
from tests.databases import Database
from tests.journals import disagreements, entries_of, tampered
from tests.operations.changes import ASKER
from tests.operations.states import MINE
from tests.serving import ORGANIZATION, OWNER, fill
from tests.stores import OpenStore, opened

pytestmark = pytest.mark.only_on("postgres")

TOKENS = [f"t{number}" for number in range(8)]
WRITERS = 12
ROUNDS = 25


@pytest.fixture
def venue(database: Database) -> Database:
    """An inventory with eight tickets."""
    fill(database, [NewTicket(token, ORGANIZATION, OWNER) for token in TOKENS])
    return database


@pytest.fixture
def no_chain_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a writer use a chain that another has just used."""
    sql = journal_writer.LOCK_IDLE_CHAIN
    changed = sql.replace(f"'{journal_writer.IDLE_SECONDS} seconds'", "'0 seconds'")
    assert changed != sql
    monkeypatch.setattr(journal_writer, "LOCK_IDLE_CHAIN", changed)


def hold(store: OpenStore, token: str) -> None:
    store.run(hold_tickets(CommitEach(store.store), ASKER, [token], f"R{random.random()}"))


def chains(database: Database) -> int:
    return len(database.table("journal_chains"))


def test_a_store_goes_on_with_its_chain(venue: Database) -> None:
    with opened(venue.store()) as store:
        for token in TOKENS:
            hold(store, token)
    assert chains(venue) == 1


def test_stores_have_chains_of_their_own(venue: Database) -> None:
    with opened(venue.store()) as one, opened(venue.store()) as other:
        for token in TOKENS:
            hold(one, token)
            hold(other, token)
    assert chains(venue) == 2
    assert disagreements(venue) == []


@pytest.mark.usefixtures("no_chain_rests")
def test_a_chain_that_another_has_taken_is_given_up(venue: Database) -> None:
    with opened(venue.store()) as one, opened(venue.store()) as other:
        for token in TOKENS:
            hold(one, token)
            hold(other, token)
        assert len(entries_of(one)) == 2 * len(TOKENS)
    assert disagreements(venue) == []


@pytest.mark.usefixtures("no_chain_rests")
def test_many_who_take_each_others_chains_lose_nothing(venue: Database) -> None:
    reported: list[tuple[str, int]] = []

    async def write(number: int) -> int:
        store = engine_of(venue.url, "none").open_store("inventory")
        commits = CommitEach(store)
        done = 0
        for turn in range(ROUNDS):
            token = TOKENS[(number + turn) % len(TOKENS)]
            try:
                await hold_tickets(commits, ASKER, [token], f"{number}/{turn}")
                done += 1
            except Unavailable:
                continue
        await store.close()
        return done

    async def read(writing: "asyncio.Future[list[int]]") -> None:
        store = engine_of(venue.url, "none").open_store("inventory")
        place = await store.read(lambda snapshot: first_place(snapshot, MINE))
        ended = False
        while True:
            page = partial(read_feed, channel=MINE, place=place, limit=5)
            found = await store.read(page)
            reported.extend((event.record.token, event.version) for event in found.events)
            place = found.place
            if ended and not found.events:
                break
            ended = writing.done()
        await store.close()

    async def both() -> list[int]:
        writing = asyncio.gather(*(write(number) for number in range(WRITERS)))
        await read(writing)
        return await writing

    done = asyncio.run(both())
    revisions = {token: row["revision"] for token, row in venue.rows().items()}
    assert sum(revisions.values()) - len(TOKENS) == sum(done) > WRITERS * ROUNDS / 2
    assert sorted(reported) == sorted(
        (token, version) for token, last in revisions.items() for version in range(2, last + 1)
    )
    assert disagreements(venue) == []


def test_control_a_chain_without_its_guard_is_torn(
    venue: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the check of the head, a row is lost, or the chain does not verify."""
    guard = "CASE WHEN number = $2::bigint THEN $3::bigint END"
    assert guard in journal_writer.CONTINUE_CHAIN
    unguarded = journal_writer.CONTINUE_CHAIN.replace(guard, "coalesce($3, $2::bigint)")
    monkeypatch.setattr(journal_writer, "CONTINUE_CHAIN", unguarded)
    torn = journal_writer.ADD_ROWS
    torn += "ON CONFLICT (entry_id) DO UPDATE SET entry = excluded.entry, hash = excluded.hash"
    monkeypatch.setattr(journal_writer, "ADD_ROWS", torn)
    idle = f"'{journal_writer.IDLE_SECONDS} seconds'"
    sql = journal_writer.LOCK_IDLE_CHAIN.replace(idle, "'0 seconds'")
    monkeypatch.setattr(journal_writer, "LOCK_IDLE_CHAIN", sql)
    with opened(venue.store()) as one, opened(venue.store()) as other:
        for token in TOKENS:
            hold(one, token)
            hold(other, token)
        assert tampered(one) or len(entries_of(one)) < 2 * len(TOKENS)
