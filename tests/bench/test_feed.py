"""The benchmarks of the feed and of credentials run and check their own work."""

import subprocess
import sys
from pathlib import Path

from tests.cases import all_cases

COMMANDS = {
    "feed": (
        *("--tickets", "2000", "--waiters", "4", "--channels", "2"),
        *("--rate", "50", "--rounds", "1", "--seconds", "1"),
    ),
    "credentials": ("--tokens", "50", "100", "--rounds", "2"),
}


@all_cases("name", COMMANDS)
def test_the_benchmark_runs(name: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", f"bench.{name}", "--no-results", *COMMANDS[name]],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "SQLite" in result.stdout
