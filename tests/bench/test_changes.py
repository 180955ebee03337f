"""The benchmark runs and checks its own work; how fast it is, no test asks."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.load import Load
from bench.measuring import require_all_flipped
from bench.serving import NO_PEER, PEER_PYTHON
from tests.requirements import missing


def test_the_benchmark_runs() -> None:
    if not PEER_PYTHON.exists():
        missing(NO_PEER)
    size = ("--tickets", "3000", "--rounds", "1", "--seconds", "0.2", "--sizes", "1", "10")
    result = subprocess.run(
        [sys.executable, "-m", "bench.changes", "--no-results", *size],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "3,000 tickets" in result.stdout
    assert "start to first response" in result.stdout


@pytest.mark.parametrize(
    ("statuses", "flipped"), [({b"200": 9, b"503": 1}, 100), ({b"200": 10}, 99)]
)
def test_a_figure_counts_only_if_every_request_did_its_work(
    statuses: dict[bytes, int], flipped: int
) -> None:
    with pytest.raises(SystemExit):
        require_all_flipped(Load(10, 1.0, [1.0] * 10, statuses), flipped, 10)
