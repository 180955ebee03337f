"""Power losses under load, on SQLite: a disk below it that loses what was not synced."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
from seatlatch.store.sqlite import checkpointer
from seatlatch.store.sqlite.store import SqliteStore
from tests.operations.changes import ASKER
from tests.serving import CHANNEL, ORGANIZATION, listed, make_inventory
from tests.sqlite_database import SqliteDatabase
from tests.store.sqlite.disks import Disk, disk

TICKETS = 3_000
CLIENTS = 16
BOUNDS = Bounds(group_tokens=200, waiting_requests=100, wait_seconds=60)


@contextmanager
def checkpoints(seed: int) -> Iterator[None]:
    """Every other time the power may fail in the middle of a checkpoint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpointer, "REMAINING_PAGES_MAX", 20)
        patch.setattr(checkpointer, "START_PAGES", 200 if seed % 2 else 48_000)
        yield


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
