"""The parts of the pages that are made from the newest benchmarks in bench/results/."""

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


NOT_MEASURED = "Not measured yet."


def performance() -> str:
    """The newest figures of locks and unlocks, or that there are none."""
    newest = _newest("changes")
    if newest is None:
        return NOT_MEASURED
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


def imports() -> str:
    """The newest figures of imports, or that there are none."""
    newest = _newest("import")
    if newest is None:
        return NOT_MEASURED
    beside = newest["beside"]
    figures = table(
        ("lines", "seconds", "tickets/s", "MiB at most", "again, seconds", "as many more, seconds"),
        (
            (
                f"{file['lines']:,}",
                file["seconds"],
                f"{file['tickets_per_second']:,}",
                file["peak_mebibytes"],
                file["again_seconds"],
                file["more_seconds"],
            )
            for file in newest["files"]
        ),
    )
    return f"""\
Measured {newest["when"][:10]} on {newest["machine"]}, every column filled, tokens and barcodes in \
no order; into an inventory that was empty, then the same file again, then another file as long:

{figures}

Beside a server that answers unlocks of one token over 8 connections all the time, \
{beside["lines"]:,} lines went in at {beside["tickets_per_second"]:,} tickets a second. The server \
answered {beside["unlocks_per_second"]:,} unlocks a second meanwhile, each with \
{" or ".join(beside["statuses"])}: half within {beside["p50_ms"]:g} ms, 99 of 100 within \
{beside["p99_ms"]:g} ms, the slowest after {beside["longest_ms"]:g} ms. Without the import it was \
{beside["alone_unlocks_per_second"]:,} a second, 99 of 100 within {beside["alone_p99_ms"]:g} ms."""


def _newest(kind: str) -> dict[str, Any] | None:
    results = [json.loads(file.read_text()) for file in RESULTS.glob(f"*-{kind}-sqlite.json")]
    return max(results, key=lambda result: str(result["when"]), default=None)
