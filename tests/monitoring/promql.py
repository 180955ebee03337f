"""The metrics and labels that a PromQL expression names, and promtool, which parses it."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.requirements import missing

NO_PROMTOOL = (
    "This needs promtool; install it with: apt-get install --no-install-recommends prometheus"
)
SELECTOR = re.compile(r"\b((?:seatlatch|node|pg)_\w+|(?:up|ALERTS)(?=\{))(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')
GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
FROM_PROMETHEUS = frozenset({"job", "instance", "le"})
"""Labels that a target has, or a bucket; every metric of ours may be asked for the first two."""


class Selector(NamedTuple):
    """A metric, and the values that are asked for of its labels."""

    metric: str
    labels: Mapping[str, frozenset[str]]


def selectors(expression: str) -> Iterator[Selector]:
    """The metrics of an expression."""
    for metric, matchers in SELECTOR.findall(expression):
        yield Selector(
            metric,
            {label: frozenset(values.split("|")) for label, values in MATCHER.findall(matchers)},
        )


def grouped(expression: str) -> set[str]:
    """The labels by which an expression groups."""
    found = (
        label.strip() for labels in GROUPING.findall(expression) for label in labels.split(",")
    )
    return {label for label in found if label}


def promtool(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run it to its end. Skips the test where it is not installed."""
    program = shutil.which("promtool")
    if program is None:
        missing(NO_PROMTOOL)
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
