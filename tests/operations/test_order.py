"""Requests of one group for the same ticket are worked as they came: as if one after the other."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatlatch import commit
from seatlatch.commit import Change, CommitEach, GroupCommit, work_off
from seatlatch.domain.channel import Channel
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.ticket import TicketRecord
from seatlatch.operations.box_office import (
    HoldTickets,
    OverrideUnlock,
    ReleaseTickets,
    VoidTickets,
)
from seatlatch.operations.lock_tickets import LockTickets
from seatlatch.operations.put_tickets import PutTickets
from seatlatch.operations.unlock_tickets import UnlockTickets
from seatlatch.store.interface import Hold, Lock, NewTicket
from seatlatch.store.sqlite.store import SqliteStore
from tests.operations.states import LISTING, MINE, NOW, THEIRS, WITHOUT_GRANT, rows_of
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, OWNER, make_inventory
from tests.test_commit import Gate, Groups, waiting
from tests.test_commit import run as run_on_listed

TICKET = "t1"
OTHER_LISTING = LISTING._replace(external_listing_id="L2")
THIRD_LISTING = LISTING._replace(total_price=Decimal("1"))


def lock(channel: Channel = MINE, listing: Any = LISTING) -> LockTickets:
    return LockTickets({TICKET: Lock(channel, listing)})


def unlock(channel: Channel = MINE) -> UnlockTickets:
    return UnlockTickets({TICKET: channel})


def in_one_group(path: Path, changes: Sequence[Change[Any]]) -> list[Outcome]:
    """The outcome of each for the ticket, which is listed before, when they share a commit."""
    found: list[Outcome] = []

    async def test(commits: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        filler = UnlockTickets({"t0": MINE})
        tasks = await waiting(commits, [filler, *changes])
        gate.open.set()
        answers: list[list[TicketResult]] = await asyncio.gather(*tasks)
        assert groups.sizes == [(1, 1), (len(changes), len(changes))]
        found.extend(result.outcome for (result,) in answers[1:])

    run_on_listed(path, test)
    return found


def ticket_row(path: Path) -> dict[str, Any]:
    return rows_of(path / "inventory.db")[TICKET]


def test_unlock_lock_unlock_ends_unlocked(tmp_path: Path) -> None:
    found = in_one_group(tmp_path, [unlock(), lock(), unlock()])
    assert found == [Outcome.UNLOCKED, Outcome.LOCKED, Outcome.UNLOCKED]
    row = ticket_row(tmp_path)
    assert (row["mpreserve"], row["seller"], row["revision"]) == (0, None, 4)


def test_lock_unlock_lock_ends_locked(tmp_path: Path) -> None:
    found = in_one_group(tmp_path, [unlock(), lock(), unlock(), lock(listing=OTHER_LISTING)])
    assert found == [Outcome.UNLOCKED, Outcome.LOCKED, Outcome.UNLOCKED, Outcome.LOCKED]
    row = ticket_row(tmp_path)
    assert (row["mpreserve"], row["external_listing_id"], row["revision"]) == (1, "L2", 5)


def test_of_two_channels_the_first_to_come_has_the_ticket(tmp_path: Path) -> None:
    found = in_one_group(tmp_path, [unlock(), lock(THEIRS), lock(MINE), unlock(MINE)])
    assert found[1:] == [Outcome.LOCKED, Outcome.RESERVED_ELSEWHERE, Outcome.RESERVED_ELSEWHERE]
    assert ticket_row(tmp_path)["mpreserve_channel"] == THEIRS.code


def test_of_one_channels_listings_the_last_one_stands(tmp_path: Path) -> None:
    listings = [LISTING, OTHER_LISTING, THIRD_LISTING]
    found = in_one_group(tmp_path, [unlock(), *(lock(listing=one) for one in listings)])
    assert set(found[1:]) <= {Outcome.LOCKED, Outcome.ALREADY_LOCKED}
    row = ticket_row(tmp_path)
    assert (row["external_listing_id"], row["total_price"], row["revision"]) == ("L1", "1", 5)


def test_one_who_may_not_does_not_keep_the_next_from_it(tmp_path: Path) -> None:
    found = in_one_group(tmp_path, [unlock(), lock(WITHOUT_GRANT), lock(MINE)])
    assert found[1:] == [Outcome.UNKNOWN, Outcome.LOCKED]
    assert ticket_row(tmp_path)["mpreserve_channel"] == MINE.code


TOKENS = [TICKET, "t2", "t3"]
CHANNELS = st.sampled_from([MINE, THEIRS, WITHOUT_GRANT])
LISTINGS = st.sampled_from([LISTING, OTHER_LISTING, THIRD_LISTING])
ASKED = st.sampled_from([*TOKENS, "none"])
TICKETS = st.lists(ASKED, min_size=1, max_size=4, unique=True)


def plain(change: Any) -> st.SearchStrategy[Change[Any]]:
    return TICKETS.map(lambda tokens: change(dict.fromkeys(tokens)))


def record(token: str, organization: str, seat: str | None) -> PutTickets:
    return PutTickets([TicketRecord(token, organization, OWNER, seat=seat)])


CHANGES = st.one_of(
    st.dictionaries(ASKED, st.builds(Lock, CHANNELS, LISTINGS), min_size=1).map(LockTickets),
    st.dictionaries(ASKED, CHANNELS, min_size=1).map(UnlockTickets),
    st.dictionaries(
        ASKED,
        st.builds(Hold, st.sampled_from(["r", "s"]), st.sampled_from([None, 0, 600])),
        min_size=1,
    ).map(HoldTickets),
    plain(ReleaseTickets),
    plain(OverrideUnlock),
    plain(VoidTickets),
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

    def __init__(self, folder: Path) -> None:
        self.paths = [folder / "grouped.db", folder / "each.db"]
        for path in self.paths:
            make_inventory(path)
        self.stores = [SqliteStore(path, clock=lambda: NOW) for path in self.paths]

    def compare(self, changes: Sequence[Change[Any]]) -> bool:
        """Whether both ways have the same results and leave the same rows."""
        for path in self.paths:
            with closing(apsw.Connection(str(path))) as connection:
                connection.pragma("synchronous", "OFF")
                connection.execute("DELETE FROM tickets")
                connection.executemany(
                    "INSERT INTO tickets (token, organization_id, owner_id) VALUES (?, ?, ?)",
                    [NewTicket(token, ORGANIZATION, OWNER)[:3] for token in TOKENS],
                )
        return asyncio.run(self._work(changes)) and rows_of(self.paths[0]) == rows_of(self.paths[1])

    async def _work(self, changes: Sequence[Change[Any]]) -> bool:
        grouped, each = self.stores
        together = await grouped.commit(lambda inside: work_off(changes, inside))
        return together == [await CommitEach(each).submit(change) for change in changes]

    def close(self) -> None:
        """Let go of both."""
        for store in self.stores:
            store.close()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("order"))
    yield made
    made.close()


@settings(max_examples=150, deadline=None)
@given(changes=KINDS_IN_A_ROW)
def test_a_group_does_what_its_requests_do_one_by_one(
    pair: Pair, changes: list[Change[Any]]
) -> None:
    assert pair.compare(changes)


def one_turn(changes: Sequence[Change[Any]]) -> Iterator[list[int]]:
    """All at once, also those that want the same ticket."""
    yield list(range(len(changes)))


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
    monkeypatch.setattr(commit, "_turns", one_turn)
    assert not pair.compare(changes)
