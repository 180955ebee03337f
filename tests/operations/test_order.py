"""Requests of one group for the same ticket are worked as they came: as if one after the other."""

import asyncio
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatlatch.change_queue import ChangeQueue, Group
from seatlatch.commit import Change, CommitEach
from seatlatch.domain.channel import Channel
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.ticket import TicketRecord
from seatlatch.group_commit import GroupCommit
from seatlatch.operations.change_tickets import TicketChange
from seatlatch.operations.put_tickets import PutTickets
from seatlatch.store.tickets import Hold, Mpreserve
from tests.databases import Database, Databases, Row
from tests.group_commit import BOUNDS, Gate, Groups, waiting
from tests.group_commit import run as run_on_listed
from tests.operations.changes import (
    changing_locks,
    changing_unlocks,
    holding,
    locking,
    overriding,
    releasing,
    unlocking,
    voiding,
)
from tests.operations.states import LISTING, MINE, NOW, THEIRS, WITHOUT_GRANT
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, OWNER, fill

pytestmark = pytest.mark.slow

TICKET = "t1"
OTHER_LISTING = LISTING._replace(external_listing_id="L2")
THIRD_LISTING = LISTING._replace(total_price=Decimal("1"))


def lock(channel: Channel = MINE, listing: Any = LISTING) -> TicketChange[Mpreserve]:
    return locking(channel, listing, TICKET)


def unlock(channel: Channel = MINE) -> TicketChange[Mpreserve]:
    return unlocking(channel, TICKET)


def at_once(database: Database, changes: Sequence[Change[Any]]) -> list[Outcome]:
    """The outcome of each for the ticket, which is listed before, when they wait together."""
    found: list[Outcome] = []

    async def test(commits: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        filler = unlocking(MINE, "t0")
        tasks = await waiting(commits, [filler, *changes])
        gate.open.set()
        answers: list[list[TicketResult]] = await asyncio.gather(*tasks)
        assert groups.sizes == [(1, 1)] * (1 + len(changes)), "no group wants a ticket twice"
        found.extend(result.outcome for (result,) in answers[1:])

    run_on_listed(database, test)
    return found


def ticket_row(database: Database) -> Row:
    return database.rows()[TICKET]


def test_unlock_lock_unlock_ends_unlocked(database: Database) -> None:
    found = at_once(database, [unlock(), lock(), unlock()])
    assert found == [Outcome.UNLOCKED, Outcome.LOCKED, Outcome.UNLOCKED]
    row = ticket_row(database)
    assert (row["mpreserve"], row["seller"], row["revision"]) == (False, None, 4)


def test_lock_unlock_lock_ends_locked(database: Database) -> None:
    found = at_once(database, [unlock(), lock(), unlock(), lock(listing=OTHER_LISTING)])
    assert found == [Outcome.UNLOCKED, Outcome.LOCKED, Outcome.UNLOCKED, Outcome.LOCKED]
    row = ticket_row(database)
    assert (row["mpreserve"], row["external_listing_id"], row["revision"]) == (True, "L2", 5)


def test_of_two_channels_the_first_to_come_has_the_ticket(database: Database) -> None:
    found = at_once(database, [unlock(), lock(THEIRS), lock(MINE), unlock(MINE)])
    assert found[1:] == [Outcome.LOCKED, Outcome.RESERVED_ELSEWHERE, Outcome.RESERVED_ELSEWHERE]
    assert ticket_row(database)["mpreserve_channel"] == THEIRS.code


def test_of_one_channels_listings_the_last_one_stands(database: Database) -> None:
    listings = [LISTING, OTHER_LISTING, THIRD_LISTING]
    found = at_once(database, [unlock(), *(lock(listing=one) for one in listings)])
    assert set(found[1:]) <= {Outcome.LOCKED, Outcome.ALREADY_LOCKED}
    row = ticket_row(database)
    assert (row["external_listing_id"], row["total_price"], row["revision"]) == ("L1", "1", 5)


def test_one_who_may_not_does_not_keep_the_next_from_it(database: Database) -> None:
    found = at_once(database, [unlock(), lock(WITHOUT_GRANT), lock(MINE)])
    assert found[1:] == [Outcome.UNKNOWN, Outcome.LOCKED]
    assert ticket_row(database)["mpreserve_channel"] == MINE.code


TOKENS = [TICKET, "t2", "t3"]
ADD_THREE = f"""
INSERT INTO tickets (token, organization_id, owner_id)
VALUES {", ".join([f"(?, '{ORGANIZATION}', '{OWNER}')"] * 3)}
"""
CHANNELS = st.sampled_from([MINE, THEIRS, WITHOUT_GRANT])
LISTINGS = st.sampled_from([LISTING, OTHER_LISTING, THIRD_LISTING])
ASKED = st.sampled_from([*TOKENS, "none"])
TICKETS = st.lists(ASKED, min_size=1, max_size=4, unique=True)


def plain(change: Any) -> st.SearchStrategy[Change[Any]]:
    return TICKETS.map(lambda tokens: change(dict.fromkeys(tokens)))


def wanting(wishes: st.SearchStrategy[Mpreserve], change: Any) -> st.SearchStrategy[Change[Any]]:
    return st.dictionaries(ASKED, wishes, min_size=1).map(change)


def record(token: str, organization: str, seat: str | None) -> PutTickets:
    return PutTickets([TicketRecord(token, organization, OWNER, seat=seat)])


CHANGES = st.one_of(
    wanting(st.builds(Mpreserve, CHANNELS, LISTINGS), changing_locks),
    wanting(st.builds(Mpreserve, CHANNELS, st.none()), changing_unlocks),
    st.dictionaries(
        ASKED,
        st.builds(Hold, st.sampled_from(["r", "s"]), st.sampled_from([None, 0, 600])),
        min_size=1,
    ).map(holding),
    plain(releasing),
    plain(overriding),
    plain(voiding),
    st.builds(
        record,
        st.sampled_from([*TOKENS, "new"]),
        st.sampled_from([ORGANIZATION, FOREIGN_ORGANIZATION, "unknown"]),
        st.sampled_from([None, "9"]),
    ),
)
KINDS_IN_A_ROW = st.lists(CHANGES, min_size=1, max_size=12)


class Pair:
    """Two databases with the same tickets: one for groups, one for the same one by one."""

    def __init__(self, databases: Databases) -> None:
        self.databases = [databases.new(), databases.new()]
        for database in self.databases:
            fill(database)
        self._runner = asyncio.Runner()
        self._grouped, self._each = (database.store(NOW) for database in self.databases)

    def compare(self, changes: Sequence[Change[Any]]) -> bool:
        """Whether both ways have the same results and leave the same rows."""
        for database in self.databases:
            database.execute("DELETE FROM tickets")
            database.execute(ADD_THREE, *TOKENS)
        same_results = self._runner.run(self._work(changes))
        grouped, each = (database.rows() for database in self.databases)
        return same_results and grouped == each

    async def _work(self, changes: Sequence[Change[Any]]) -> bool:
        each = CommitEach(self._each)
        one_by_one = [await each.submit(change) for change in changes]
        commits = GroupCommit(self._grouped, Groups(), BOUNDS)
        commits.start()
        together = await asyncio.gather(*map(commits.submit, changes))
        await commits.close()
        return together == one_by_one

    def close(self) -> None:
        """Let go of both."""
        for store in (self._grouped, self._each):
            self._runner.run(store.close())
        self._runner.close()


@pytest.fixture(scope="module")
def pair(databases: Databases) -> Iterator[Pair]:
    made = Pair(databases)
    yield made
    made.close()


@settings(max_examples=150, deadline=None)
@given(changes=KINDS_IN_A_ROW)
def test_a_group_does_what_its_requests_do_one_by_one(
    pair: Pair, changes: list[Change[Any]]
) -> None:
    assert pair.compare(changes)


def take_all(queue: ChangeQueue, *_limits: object) -> Group:
    """A group of all changes that wait, also of several changes of one ticket."""
    return queue.take_all()


@pytest.mark.parametrize(
    "changes",
    [
        [lock(), unlock(), lock()],
        [lock(MINE), lock(THEIRS)],
        [lock(), lock(listing=OTHER_LISTING)],
    ],
    ids=["of two kinds", "of two channels", "of two listings"],
)
def test_control_an_order_that_is_not_kept_is_caught(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, changes: list[Change[Any]]
) -> None:
    assert pair.compare(changes)
    monkeypatch.setattr(ChangeQueue, "take_group", take_all)
    assert not pair.compare(changes)
