"""The table of generated clients that the summary of the tests shows, for the log of CI."""

from collections.abc import Iterable, Iterator
from typing import Any, TypedDict

PROPERTY = "generated client"
"""The name of the property of a test's report that has a row."""


class ClientRow(TypedDict):
    """The result for the client of one generator; `read`: the statuses that it has read."""

    generator: str
    generated: str
    compiled: str
    read: list[int]


def rows_of(reports: Iterable[Any]) -> list[ClientRow]:
    """The rows that tests recorded."""
    return [
        row
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, row in report.user_properties
        if name == PROPERTY
    ]


def lines_of(rows: Iterable[ClientRow]) -> Iterator[str]:
    """The table."""
    yield f"{'generator':18}{'generated':11}{'compiled':24}statuses read"
    for row in rows:
        statuses = " ".join(map(str, row["read"])) or "-"
        yield f"{row['generator']:18}{row['generated']:11}{row['compiled']:24}{statuses}"
