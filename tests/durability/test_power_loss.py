"""Power losses under load: what was acknowledged is there afterwards.

The controls take the guard away: with a weaker `synchronous` the same test must see losses.
"""

import asyncio
import random
from contextlib import suppress
from itertools import islice
from pathlib import Path

import apsw
import pytest

from seatlatch.domain.channel import Channel
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.refusal import Unavailable
from seatlatch.group_commit import Bounds, GroupCommit
from seatlatch.metrics import Metrics
from seatlatch.operations.change_tickets import unlock_tickets
from seatlatch.store.sqlite import checkpointer, opening
from seatlatch.store.sqlite.store import SqliteStore
from tests.operations.changes import ASKER
from tests.serving import CHANNEL, ORGANIZATION, listed, make_inventory
from tests.sqlite_database import SqliteDatabase
from tests.store.sqlite.disks import Disk, disk

LOSSES = 20
TICKETS = 3_000
CLIENTS = 16
BOUNDS = Bounds(group_tokens=200, waiting_requests=100, wait_seconds=60)


def test_nothing_acknowledged_is_lost_at_a_power_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpointer, "REMAINING_PAGES_MAX", 20)
    losses = 0
    for seed in range(LOSSES):
        # Every other time the power may fail in the middle of a checkpoint.
        monkeypatch.setattr(checkpointer, "START_PAGES", 200 if seed % 2 else 48_000)
        path = tmp_path / f"inventory-{seed}.db"
        acknowledged, lost_writes = load_and_lose_power(path, seed)
        assert len(acknowledged) > 50, f"seed {seed}: the test needs a load"
        assert missing(path, acknowledged) == set(), f"seed {seed}"
        losses += lost_writes > 0
    assert losses > LOSSES / 2, "the test needs losses"


@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL"])
def test_control_a_weaker_synchronous_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synchronous: str
) -> None:
    monkeypatch.setattr(opening, "SYNCHRONOUS", synchronous)
    lost = set()
    for seed in range(5):
        path = tmp_path / f"inventory-{seed}.db"
        acknowledged, _ = load_and_lose_power(path, seed)
        with suppress(apsw.CorruptError):
            lost |= missing(path, acknowledged)
    assert lost, "without its guard the store must lose what it acknowledged"


def load_and_lose_power(path: Path, seed: int) -> tuple[set[str], int]:
    """Unlock under load until the power fails; what was acknowledged, and how much was lost."""
    chance = random.Random(seed)
    make_inventory(path, (listed(f"ticket-{number}") for number in range(TICKETS)))
    with disk() as failing:
        acknowledged = asyncio.run(unlock_until_power_loss(path, failing, chance))
        lost = failing.lose_power(chance)
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    return acknowledged, lost


async def unlock_until_power_loss(path: Path, failing: Disk, chance: random.Random) -> set[str]:
    store = SqliteStore(path, vfs=failing.disk_name)
    commits = GroupCommit(store, Metrics(), BOUNDS)
    commits.start()
    acknowledged: set[str] = set()
    failing.writes_left = chance.randint(400, 4000)
    tokens = iter(chance.sample([f"ticket-{number}" for number in range(TICKETS)], TICKETS))

    async def client() -> None:
        while failing.refuse is None:
            batch = list(islice(tokens, chance.choice((1, 2, 10))))
            if not batch:
                return
            with suppress(Unavailable):
                channel = Channel(CHANNEL, frozenset({ORGANIZATION}))
                results = await unlock_tickets(commits, ASKER, channel, batch)
                assert {result.outcome for result in results} == {Outcome.UNLOCKED}
                acknowledged.update(batch)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    await commits.close()
    with suppress(apsw.Error):
        await store.close()
    return acknowledged


def missing(path: Path, acknowledged: set[str]) -> set[str]:
    """The acknowledged unlocks that the database does not know; it must also be sound."""
    connection = apsw.Connection(str(path))
    assert connection.pragma("integrity_check") == "ok"
    connection.close()
    mpreserve = SqliteDatabase(path).mpreserve_of()
    return {token for token in acknowledged if mpreserve[token]}
