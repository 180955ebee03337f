"""Generates the tables of locks and unlocks from the results of `bench.changes` and `bench.growth`.

`BEFORE` has the dates of the results that newer ones are compared with.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.tables import BASELINE, COLUMNS, OURS, PEER, rows, settings, way_name
from docs.markdown import table

RESULTS = Path(__file__).parent.parent / "bench" / "results"
NOT_MEASURED = "Not measured yet."
ENGINES = ("postgres", "sqlite")
ENGINE_NAMES = {"postgres": "PostgreSQL", "sqlite": "SQLite"}
BEFORE = {"postgres": "2026-11-25-changes-postgres", "sqlite": "2026-11-25-changes-sqlite"}
"""The results of version 0.1."""

Result = Mapping[str, Any]


def newest(kind: str, member: str) -> Result | None:
    """The newest result of a kind, of those that have this member."""
    found = [json.loads(file.read_text()) for file in RESULTS.glob(f"*-{kind}.json")]
    return max(
        (result for result in found if member in result),
        key=lambda result: str(result["when"]),
        default=None,
    )


def newest_changes() -> dict[str, Result]:
    """The newest results of locks and unlocks, by engine."""
    found = {engine: newest(f"changes-{engine}", "peer") for engine in ENGINES}
    return {engine: result for engine, result in found.items() if result}


def overview() -> str:
    """The requests a second of each way, on each engine."""
    measured = newest_changes().values()
    lines = [_overview_row(result, size) for result in measured for size in result["sizes"]]
    return (
        table(
            ("database", "tokens", "seatlatch", "a small service", "the bare database"),
            lines,
        )
        if lines
        else NOT_MEASURED
    )


def _overview_row(result: Result, size: Result) -> tuple[str, ...]:
    rates = [f"{size['ways'][name]['per_second']:,}" for name in (OURS, PEER, BASELINE)]
    return (result["engine"], str(size["tokens"]), *rates)


def performance_postgres() -> str:
    """The newest figures of locks and unlocks on PostgreSQL, or `NOT_MEASURED`."""
    return _changes("postgres")


def performance_sqlite() -> str:
    """The newest figures of locks and unlocks on SQLite, or `NOT_MEASURED`."""
    return _changes("sqlite")


def _changes(engine: str) -> str:
    result = newest_changes().get(engine)
    if result is None:
        return NOT_MEASURED
    return f"""\
{_measured(result)}: {result["tickets"]:,} tickets, workers: {result["workers"]}, \
{result["connections"]} connections, medians of {result["rounds"]} rounds of \
{result["seconds"]:g} s. {settings(result["database"])}.

{table(COLUMNS, rows(result))}

{_ratios(result)}

The first response came {result["start_seconds"]:g} s after the start of the server. Its largest \
process had {result["resident_mebibytes"]} MiB of memory at the end."""


def _ratios(result: Result) -> str:
    """The ratios between the ways. Each is the median of the ratios in a round."""
    peer, baseline = way_name(PEER, result), way_name(BASELINE, result)
    columns = (
        "tokens",
        f"requests/s : {peer}",
        f"requests/s : {baseline}",
        f"processor time with 1 worker : {baseline}",
    )
    members = ("tokens", "per_second_to_peer", "per_second_to_baseline", "cpu_to_baseline")
    return table(columns, ([size[member] for member in members] for size in result["sizes"]))


def before_and_after() -> str:
    """The figures of version 0.1 next to the newest."""
    newest_by_engine = newest_changes()
    if not newest_by_engine:
        return NOT_MEASURED
    lines, machines = [], []
    for engine, after in newest_by_engine.items():
        before = json.loads((RESULTS / f"{BEFORE[engine]}.json").read_text())
        lines += list(_compared(before, after))
        machines += [f"{one['machine']} on {one['when'][:10]}" for one in (before, after)]
    before_machine, after_machine = machines[:2]
    columns = ("requests/s", "p99 ms", "half rate p99 ms", "CPU us")
    figures = table(
        ("database", "tokens", *(f"{name}, {when}" for name in columns for when in ("0.1", "now"))),
        lines,
    )
    return f"""\
0.1 was measured on {before_machine}; now is {after_machine}. CPU is the processor time of service \
and database together for a request.

{figures}"""


def cost() -> str:
    """The cost of a request before and now, measured in turn on one machine."""
    results = [result for engine in ENGINES if (result := newest(f"before-{engine}", "sizes"))]
    if not results:
        return NOT_MEASURED
    lines = [
        (
            ENGINE_NAMES[result["engine"]],
            size["tokens"],
            *(f"{tree['per_second']:,}" for tree in size["trees"]),
            *(f"{tree['service_us']:,.0f}" for tree in size["trees"]),
            *(f"{tree['database_us']:,.0f}" for tree in size["trees"]),
        )
        for result in results
        for size in result["sizes"]
    ]
    columns = ("requests/s", "service CPU us", "database CPU us")
    figures = table(
        (
            "database",
            "tokens",
            *(f"{name}, {when}" for name in columns for when in ("before", "now")),
        ),
        lines,
    )
    newer = results[0]
    return f"""\
{_measured(newer)}: one worker, {newer["tickets"]:,} tickets, {newer["connections"]} connections, \
medians of {newer["rounds"]} rounds of {newer["seconds"]:g} s; the two versions alternate.

{figures}"""


def _compared(before: Result, after: Result) -> Iterator[tuple[object, ...]]:
    for old, size in zip(before["sizes"], after["sizes"], strict=True):
        new = size["ways"][OURS]
        seconds = (
            old["server_cpu_seconds_per_1000_requests"]
            + old["database_cpu_seconds_per_1000_requests"]
        )
        yield (
            after["engine"],
            size["tokens"],
            *(f"{one['per_second']:,}" for one in ({"per_second": old["ours_per_second"]}, new)),
            *(f"{one['p99_ms']:.1f}" for one in (old, new)),
            *(f"{one['half_rate_p99_ms']:.1f}" for one in (old, new)),
            f"{seconds * 1000:,.0f}",
            f"{new['service_us'] + new['database_us']:,.0f}",
        )


def growth() -> str:
    """The speed on PostgreSQL by the size of the inventory, its memory, and the order of tokens."""
    result = newest("growth-postgres", "database")
    if result is None:
        return NOT_MEASURED
    cells: Mapping[str, Callable[[Result], object]] = {
        "tickets": lambda row: f"{row['tickets']:,}",
        "table and indexes MiB": lambda row: f"{row['mebibytes']:,}",
        "shared_buffers MiB": lambda row: f"{row['shared_buffers_mebibytes']:,}",
        "tokens of a request": lambda row: row["order"],
        "requests/s": lambda row: f"{row['per_second']:,}",
        "of the first": lambda row: f"{row['of_the_first']:.0%}",
        "right after a checkpoint": lambda row: f"{row['after_checkpoint_per_second']:,}",
        "HOT updates": lambda row: f"{row['hot_updates']:.0%}",
        "p50 ms": lambda row: row["p50_ms"],
        "p99 ms": lambda row: row["p99_ms"],
        "service CPU us": lambda row: f"{row['service_us']:,.0f}",
        "database CPU us": lambda row: f"{row['database_us']:,.0f}",
    }
    figures = table(
        tuple(cells), ([cell(row) for cell in cells.values()] for row in result["sizes"])
    )
    return f"""\
{_measured(result)}: requests of {result["tokens"]} tokens, unlocks and locks half and half, \
{result["connections"]} connections, {result["workers"]} workers, medians of \
{result["rounds"]} rounds of {result["seconds"]:g} s. {settings(result["database"])}.

{figures}"""


def _measured(result: Result) -> str:
    return f"Measured {result['when'][:10]} on {result['machine']}"
