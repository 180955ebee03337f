"""Power losses under load, on SQLite: `python -m campaigns.power`."""

import sys
import tempfile
from pathlib import Path

import apsw
import pytest

from campaigns import sitting
from campaigns.sitting import Campaign, Round
from seatlatch.store.sqlite import opening
from tests.durability.power_losses import checkpoints, load_and_lose_power, missing

LOSSES = 10


def run(seed: int) -> Round:
    """Lose the power several times, each time with an inventory of its own."""
    failures, losses = [], 0
    for number in range(seed * LOSSES, (seed + 1) * LOSSES):
        lost, lost_writes = lose_power(number)
        losses += lost_writes > 0
        failures += [f"power loss {number}: {sorted(lost)[:5]} were lost"] if lost else []
    if losses < LOSSES / 2:
        failures.append(f"only {losses} of {LOSSES} power losses lost a write")
    return Round(LOSSES, failures)


def control(seed: int) -> Round:
    """Lose the power with a store that syncs nothing. A loss must be found."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "SYNCHRONOUS", "OFF")
        try:
            lost, _ = lose_power(seed)
        except apsw.CorruptError:
            return Round(1)
    return Round(1) if lost else Round(0, ["no loss was found"])


def lose_power(seed: int) -> tuple[set[str], int]:
    """The acknowledged changes that were lost, and the number of writes that were."""
    with tempfile.TemporaryDirectory() as folder, checkpoints(seed):
        path = Path(folder) / "inventory.db"
        acknowledged, lost_writes = load_and_lose_power(path, seed)
        if not acknowledged:
            raise RuntimeError("there was no load")
        return missing(path, acknowledged), lost_writes


if __name__ == "__main__":
    sys.exit(sitting.run(Campaign("power", run, control)))
