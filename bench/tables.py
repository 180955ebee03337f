"""The rows of the table of `bench.changes`, for the terminal and for the pages."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

OURS, ONE_WORKER, PEER, BASELINE = "seatlatch", "seatlatch, 1 worker", "peer", "baseline"
"""The ways to make the changes, as members of a result."""

COLUMNS = (
    *("tokens", "way", "requests/s", "p50 ms", "p99 ms", "half rate p99 ms"),
    *("service CPU us", "database CPU us", "both"),
)


def rows(figures: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    """The rows, one for each way in each size."""
    for size in figures["sizes"]:
        for name in (OURS, ONE_WORKER, PEER, BASELINE):
            if name in size["ways"]:
                way = size["ways"][name]
                yield (
                    str(size["tokens"]),
                    way_name(name, figures),
                    f"{way['per_second']:,}",
                    f"{way['p50_ms']:.1f}",
                    f"{way['p99_ms']:.1f}",
                    f"{way['half_rate_p99_ms']:.1f}" if name == OURS else "",
                    f"{way['service_us']:,.0f}",
                    f"{way['database_us']:,.0f}" if way["database_us"] else "",
                    f"{way['service_us'] + way['database_us']:,.0f}",
                )


def way_name(name: str, figures: Mapping[str, Any]) -> str:
    """The name of a way for people."""
    return str(figures[name]) if name in (PEER, BASELINE) else name


def settings(database: Mapping[str, str]) -> str:
    """The version and settings of a database in one line."""
    version, *others = database.items()
    return ", ".join([" ".join(version), *(f"{name} = {value}" for name, value in others)])
