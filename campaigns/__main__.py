"""Runs the campaigns that are not complete, one after the other: `make campaign`.

`python -m campaigns NAME ...` runs some of them. A campaign that was killed goes on where it was.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from campaigns.catalog import CATALOG, is_complete
from campaigns.keeper import run_kept
from campaigns.results import FOLDER, file_of, read_results
from campaigns.sitting import say


def run(name: str, results: Path) -> int:
    """Run a campaign to its end; its exit code."""
    module, *arguments = CATALOG[name].command
    return run_kept(module, [*arguments, "--results", str(results.absolute())])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m campaigns", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--results", type=Path, default=FOLDER)
    asked = parser.parse_args(arguments)
    unknown = set(asked.names) - CATALOG.keys()
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(CATALOG)}")
    failed = False
    for name in asked.names or CATALOG:
        if is_complete(CATALOG[name], read_results(file_of(name, asked.results))):
            say(f"{name}: complete")
        else:
            failed |= run(name, asked.results) != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
