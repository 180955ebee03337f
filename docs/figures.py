"""The part of the pages that is made from the newest benchmark in bench/results/."""

import json
from pathlib import Path
from typing import Any

from docs.markdown import table

RESULTS = Path(__file__).parent.parent / "bench" / "results"

COLUMNS = {
    "tokens": "tokens",
    "ours_per_second": "ours/s",
    "loop_per_second": "loop/s",
    "ratio": "ratio",
    "flips_per_second": "flips/s",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "server_cpu_seconds_per_1000_requests": "CPU s/1000",
}
"""The members of a size in a result of `bench.changes`, with their column."""


def performance() -> str:
    """The newest figures, or that there are none."""
    results = [json.loads(file.read_text()) for file in RESULTS.glob("*.json")]
    if not results:
        return "Not measured yet."
    newest: dict[str, Any] = max(results, key=lambda result: str(result["when"]))
    figures = table(
        tuple(COLUMNS.values()),
        ([size[member] for member in COLUMNS] for size in newest["sizes"]),
    )
    return f"""\
Measured {newest["when"][:10]} on {newest["machine"]}: {newest["tickets"]:,} tickets, \
{newest["connections"]} connections, medians of {newest["rounds"]} rounds of \
{newest["seconds"]:g} s.

{figures}

The server gave its first answer {newest["start_seconds"]:.2f} s after its start, and held \
{newest["resident_mebibytes"]:.0f} MiB of memory at the end."""
