"""Generates the tables of figures from the newest results in bench/results/.

`docs.performance` makes those of locks and unlocks.
"""

import json
from typing import Any

from docs.markdown import table
from docs.performance import ENGINES, NOT_MEASURED, RESULTS

JOURNAL_COLUMNS = {
    "tokens": "tokens",
    "with_per_second": "with/s",
    "without_per_second": "without/s",
    "ratio": "ratio",
    "with_p99_ms": "with p99 ms",
    "without_p99_ms": "without p99 ms",
    "with_us": "with CPU us",
    "without_us": "without CPU us",
}
"""The members of a size in a result of `bench.journal`, with their columns."""


def shapes() -> str:
    """The figures of each way to make a group durable on PostgreSQL."""
    newest = _newest("shapes", "postgres")
    if newest is None:
        return NOT_MEASURED
    figures = table(
        ("tokens in a group", "way", "groups/s", "own us", "server us"),
        (
            (
                way["tokens"],
                way["way"],
                f"{way['groups_per_second']:,}",
                f"{way['own_microseconds']:,}",
                f"{way['server_microseconds']:,}",
            )
            for way in newest["ways"]
        ),
    )
    return f"""\
Measured {newest["when"][:10]} on {newest["machine"]}, {newest["tickets"]:,} tickets, one \
connection, {newest["seconds"]:g} s each:

{figures}"""


def imports() -> str:
    """The newest figures of imports, or `NOT_MEASURED`."""
    newest = _newest("import", "sqlite")
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
Measured {newest["when"][:10]} on {newest["machine"]}, with all columns, tokens and barcodes in \
random order; into an empty inventory, then the same file again, then another file of this length:

{figures}

While a server processed unlocks of one token over 8 connections, {beside["lines"]:,} lines \
were imported at {beside["tickets_per_second"]:,} tickets a second. During the import the server \
processed {beside["unlocks_per_second"]:,} unlocks a second, each with \
{" or ".join(beside["statuses"])}: half within {beside["p50_ms"]:g} ms, 99 of 100 within \
{beside["p99_ms"]:g} ms, the slowest after {beside["longest_ms"]:g} ms. Without the import it was \
{beside["alone_unlocks_per_second"]:,} a second, 99 of 100 within {beside["alone_p99_ms"]:g} ms."""


def journal_cost() -> str:
    """The cost of the journal, on each engine."""
    measured = [found for engine in ENGINES if (found := _newest("journal", engine))]
    if not measured:
        return NOT_MEASURED
    figures = table(
        ("engine", *JOURNAL_COLUMNS.values()),
        (
            (found["engine"], *(size.get(member, "") for member in JOURNAL_COLUMNS))
            for found in measured
            for size in found["sizes"]
        ),
    )
    newest = measured[0]
    return f"""\
Measured {newest["when"][:10]} on {newest["machine"]}: {newest["tickets"]:,} tickets, \
{newest["connections"]} connections, medians of {newest["rounds"]} rounds of \
{newest["seconds"]:g} s; the two servers alternate.

{figures}"""


def journal_reading() -> str:
    """The times of a trace and a history, on each engine."""
    measured = [found for engine in ENGINES if (found := _newest("traces", engine))]
    if not measured:
        return NOT_MEASURED
    figures = table(
        ("engine", "rows", "question", "median ms", "p99 ms", "longest ms"),
        (
            (found["engine"], f"{found['rows']:,}", question, *found[question].values())
            for found in measured
            for question in ("trace", "history")
        ),
    )
    newest = measured[0]
    return f"""\
Measured {newest["when"][:10]} on {newest["machine"]}, {newest["questions"]} of each, one after \
the other, over HTTP:

{figures}"""


def searches() -> str:
    """The times of searches for tickets, on each engine."""
    measured = [found for engine in ENGINES if (found := _newest("find", engine))]
    if not measured:
        return NOT_MEASURED
    sizes = [(found["engine"], size) for found in measured for size in found["sizes"]]
    columns = [f"{engine}, {size['tickets']:,}" for engine, size in sizes]
    names = list(sizes[0][1]["searches"])
    figures = table(
        ("filters", *columns),
        ((name, *(_median_and_p99(size["searches"][name]) for _, size in sizes)) for name in names),
    )
    newest = measured[0]
    return f"""\
Measured {newest["when"][:10]} on {newest["machine"]}, {newest["questions"]} of each, one after \
the other, over HTTP; pages of at most 100 tickets; median and p99 in ms:

{figures}"""


def _median_and_p99(row: dict[str, float]) -> str:
    return f"{row['median_ms']:g}, {row['p99_ms']:g}"


def client_cost() -> str:
    """The cost of the Python client over httpx alone, and its speed with many tickets."""
    newest = _newest("client", "sqlite")
    if newest is None:
        return NOT_MEASURED
    costs = table(
        ("client", "tokens", "httpx ms", "client ms", "more ms", "ratio"),
        (size.values() for size in newest["sizes"]),
    )
    many = table(
        ("client", "requests at once", "seconds", "tickets/s"),
        (
            (row["kind"], row["concurrency"], row["seconds"], f"{row['tickets_per_second']:,}")
            for row in newest["many"]
        ),
    )
    whole = newest["all"]
    return f"""\
Measured {newest["when"][:10]} on {newest["machine"]}, client and service on the same machine: \
medians of {newest["rounds"]} rounds of {newest["calls"]} calls, one after the other; httpx and \
the client alternate.

{costs}

10,000 tickets in one call:

{many}

{whole["tickets"]:,} tickets from a generator in one call, the whole result kept: \
{whole["seconds"]:g} s, {whole["tickets_per_second"]:,} tickets/s, {whole["mebibytes_more"]:,} MiB \
more in the client."""


def _newest(kind: str, engine: str) -> dict[str, Any] | None:
    results = [json.loads(file.read_text()) for file in RESULTS.glob(f"*-{kind}-{engine}.json")]
    return max(results, key=lambda result: str(result["when"]), default=None)
