"""Power losses under load: what was acknowledged is there afterwards.

The controls take the guard away: with a weaker `synchronous` the same test must see losses.
`python -m campaigns.power` runs many more.
"""

from contextlib import suppress
from pathlib import Path

import apsw
import pytest

from seatlatch.store.sqlite import opening
from tests.durability.power_losses import checkpoints, load_and_lose_power, missing

LOSSES = 20


def test_nothing_acknowledged_is_lost_at_a_power_loss(tmp_path: Path) -> None:
    losses = 0
    for seed in range(LOSSES):
        path = tmp_path / f"inventory-{seed}.db"
        with checkpoints(seed):
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
