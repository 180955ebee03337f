"""Runs a campaign in sittings: each goes on where the last one ended, in whatever way that was.

See decision 200.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from traceback import format_exception
from typing import Any, NamedTuple

from campaigns.catalog import CATALOG
from campaigns.keeper import program
from campaigns.results import (
    FOLDER,
    alone,
    append_result,
    file_of,
    found,
    next_seed,
    reached,
    read_results,
)

FAILED_ROUNDS_MAX = 10
"""After this many rounds with failures a sitting ends."""

FAILURES_MAX = 5
"""A line has at most this many failures, each of at most `FAILURE_CHARACTERS_MAX`."""

FAILURE_CHARACTERS_MAX = 2_000


class Round(NamedTuple):
    """A portion of a campaign: the number of its units, and what was wrong.

    Of a control, `units` is the number of planted faults found, and each other one is a failure.
    `more`: further members of its line in the results.
    """

    units: int
    failures: Sequence[str] = ()
    more: Mapping[str, Any] = {}


class Campaign(NamedTuple):
    """A campaign. Each function runs a round by its seed."""

    name: str
    run: Callable[[int], Round]
    control: Callable[[int], Round]


def run(campaign: Campaign) -> int:
    """Run the program of a campaign under a keeper; returns the exit code."""
    return program(partial(main, campaign))


def main(campaign: Campaign, arguments: Sequence[str] | None = None) -> int:
    """Run the command line of a campaign; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog=f"python -m campaigns.{campaign.name}",
        description="Goes on with the campaign until it is complete.",
    )
    parser.add_argument("--seed", type=int, help="run only the round of this seed, unrecorded")
    parser.add_argument("--control", action="store_true", help="only the control")
    parser.add_argument("--wanted", type=int, default=CATALOG[campaign.name].wanted)
    parser.add_argument("--results", type=Path, default=FOLDER)
    asked = parser.parse_args(arguments)
    if asked.seed is not None:
        done = _round(campaign, asked.seed, control=asked.control)
        say(f"{campaign.name}: seed {asked.seed}, count {done.units}")
        for failure in done.failures:
            say(failure)
        return 1 if done.failures else 0
    file = file_of(campaign.name, asked.results)
    with alone(file):
        return 0 if _sit(campaign, file, 0 if asked.control else asked.wanted) else 1


def _sit(campaign: Campaign, file: Path, wanted: int) -> bool:
    """Run what is missing; whether all went well."""
    planted, failed = CATALOG[campaign.name].planted, 0
    while failed < FAILED_ROUNDS_MAX:
        lines = read_results(file)
        control = found(lines) < planted
        if not control and reached(lines) >= wanted:
            break
        seed, began = next_seed(lines, control=control), monotonic()
        done = _round(campaign, seed, control=control)
        append_result(
            file,
            seed=seed,
            count=done.units,
            failures=[one[:FAILURE_CHARACTERS_MAX] for one in done.failures[:FAILURES_MAX]],
            control=control,
            more={"seconds": round(monotonic() - began, 1), **done.more},
        )
        failed += bool(done.failures)
        say(_progress(campaign.name, file, wanted))
        for failure in done.failures[:FAILURES_MAX]:
            say(f"{campaign.name}: seed {seed}: {failure}")
    return failed == 0


def _round(campaign: Campaign, seed: int, *, control: bool) -> Round:
    """A round. An error in it is a failure."""
    try:
        return campaign.control(seed) if control else campaign.run(seed)
    except Exception as error:
        return Round(0, ["".join(format_exception(error))[-FAILURE_CHARACTERS_MAX:]])


def _progress(name: str, file: Path, wanted: int) -> str:
    lines, entry = read_results(file), CATALOG[name]
    failures = sum(bool(line["failures"]) for line in lines)
    return (
        f"{name}: {reached(lines):,} of {wanted:,} {entry.unit},"
        f" control {found(lines)} of {entry.planted}, rounds with failures: {failures}"
    )


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
