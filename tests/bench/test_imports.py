"""The benchmark of imports runs and checks its own work; how fast it is, no test asks."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_benchmark_runs() -> None:
    size = ("--lines", "2000", "--beside", "3000", "--listed", "80000")
    result = subprocess.run(
        [sys.executable, "-m", "bench.imports", "--no-results", *size],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert [file["lines"] for file in figures["files"]] == [2000]
    assert figures["beside"]["statuses"] == ["200"]
    assert figures["beside"]["unlocks_per_second"] > 0
