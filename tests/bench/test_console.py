"""The benchmarks of the console run and check their own work; how fast it is, no test asks."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.console_watchers import interval
from tests.cases import all_cases

ROOT = Path(__file__).parents[2]
COMMANDS = {
    "console_map": ("--seats", "2000", "--rounds", "1", "--changes", "2"),
    "console_watchers": (
        *("--seats", "12000", "--pairs", "1", "--seconds", "2", "--sizes", "1"),
        *("--consoles", "3", "--people", "2", "--no-waiting"),
    ),
}


@all_cases("name", COMMANDS)
def test_the_benchmark_runs(name: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", f"bench.{name}", "--no-results", *COMMANDS[name]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "2,000 seats" in result.stdout  # or 12,000


@pytest.mark.parametrize(
    ("count", "expected"), [(1, (0, 0)), (5, (0, 4)), (20, (5, 14)), (100, (40, 59))]
)
def test_the_interval_of_a_median(count: int, expected: tuple[float, float]) -> None:
    assert interval([float(n) for n in reversed(range(count))]) == expected
