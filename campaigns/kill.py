"""kill -9 of the server under load, on SQLite: `python -m campaigns.kill`."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from campaigns import sitting
from campaigns.sitting import Campaign, Round
from tests.durability.killed_inventory import KilledInventory

CYCLES = 25
PLANTED_FAULTS = 10


@contextmanager
def inventory(seed: int) -> Iterator[KilledInventory]:
    """An inventory on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        yield KilledInventory(Path(folder) / "inventory.db", seed)


def run(seed: int) -> Round:
    """Kill the server of one inventory several times."""
    with inventory(seed) as killed:
        for _ in range(CYCLES):
            killed.kill_under_load()
            killed.check_tickets()
        killed.check_journal()
    return Round(CYCLES)


def control(seed: int) -> Round:
    """Take an acknowledged hold back by hand after each kill. The check must name its ticket."""
    unseen = []
    with inventory(seed) as killed:
        for _ in range(PLANTED_FAULTS):
            killed.kill_under_load()
            token = killed.take_back()
            try:
                killed.check_tickets()
            except AssertionError as seen:
                if token in str(seen):
                    continue
            unseen.append(f"{killed.where}: the loss of {token} was not seen")
    return Round(PLANTED_FAULTS - len(unseen), unseen)


if __name__ == "__main__":
    sys.exit(sitting.run(Campaign("kill", run, control)))
