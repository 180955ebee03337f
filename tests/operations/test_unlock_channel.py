"""All tickets of a channel are unlocked in parts: each once, and none of others."""

from collections.abc import Iterator
from functools import partial

import pytest

from seatlatch.commit import Change, CommitEach
from seatlatch.domain.outcome import Outcome
from seatlatch.operations import unlock_channel
from seatlatch.operations.change_tickets import override_unlock
from seatlatch.operations.unlock_channel import UnlockedPart, unlock_part
from seatlatch.store.finding import Place
from seatlatch.store.interface import Result
from tests.databases import Database
from tests.operations.changes import ASKER
from tests.operations.test_list_events import Monotonic
from tests.serving import CHANNEL, OTHER_CHANNEL, add_tickets, fill, listed
from tests.stores import OpenStore, opened

MOVE = "UPDATE tickets SET mpreserve_channel = ?, revision = revision + 1 WHERE token = 'm0'"
MINE = [f"m{number}" for number in range(7)]


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    fill(database, [*map(listed, MINE), listed("theirs", OTHER_CHANNEL)])
    with opened(database.store()) as store:
        yield store


class Hasty(Monotonic):
    """A clock by which the time of a part is over after one portion."""

    def __call__(self) -> float:
        self.now += unlock_channel.PART_SECONDS
        return self.now


def part(store: OpenStore, clock: Monotonic, after: Place | None = None) -> UnlockedPart:
    unlock = partial(override_unlock, CommitEach(store.store), ASKER, reason="contract ended")
    return store.run(unlock_part(store.store, unlock, CHANNEL, after, clock))


def outcomes(found: UnlockedPart) -> dict[str, Outcome]:
    return {one.token: one.outcome for one in found.results}


def test_one_part_suffices_for_a_few(store: OpenStore, database: Database) -> None:
    found = part(store, Monotonic())
    assert outcomes(found) == dict.fromkeys(MINE, Outcome.UNLOCKED)
    assert found.next is None
    assert database.mpreserve_of() == {**dict.fromkeys(MINE, False), "theirs": True}
    assert part(store, Monotonic()) == UnlockedPart([], None)


def test_parts_continue_where_the_last_one_ended(
    store: OpenStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unlock_channel, "PORTION_TICKETS", 3)
    place, parts = None, []
    while True:
        found = part(store, Hasty(), place)
        parts.append([one.token for one in found.results])
        if (place := found.next) is None:
            break
    assert parts == [MINE[:3], MINE[3:6], MINE[6:]]
    assert database.mpreserve_of() == {**dict.fromkeys(MINE, False), "theirs": True}


def test_a_seat_that_the_box_office_holds_stays_locked(
    store: OpenStore, database: Database
) -> None:
    add_tickets(database, [listed("held")._replace(seat_status="LOCK")])
    found = outcomes(part(store, Monotonic()))
    assert found.pop("held") is Outcome.SEAT_LOCKED
    assert set(found.values()) == {Outcome.UNLOCKED}
    assert database.mpreserve_of()["held"]


def test_a_ticket_that_another_channel_gets_meanwhile_stays_with_it(
    store: OpenStore, database: Database
) -> None:
    class Meanwhile(CommitEach):
        async def submit(self, change: Change[Result]) -> Result:
            database.execute(MOVE, OTHER_CHANNEL)
            return await super().submit(change)

    unlock = partial(override_unlock, Meanwhile(store.store), ASKER, reason="contract ended")
    found = store.run(unlock_part(store.store, unlock, CHANNEL, None, Monotonic()))
    assert outcomes(found) == {
        **dict.fromkeys(MINE, Outcome.UNLOCKED),
        "m0": Outcome.CHANGED,
    }
    assert database.mpreserve_of()["m0"]
