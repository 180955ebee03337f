"""Fuzzed bytes on connections, each followed by a valid request: `python -m campaigns.raw`."""

import sys

from campaigns.sitting import Campaign, Round, main
from tests.http import fuzz_connections
from tests.http.faulty_responses import WRONG, is_seen

CONNECTIONS = 2_000


def run(seed: int) -> Round:
    """Open connections to one server."""
    report = fuzz_connections.run(seed, 0, CONNECTIONS)
    return Round(report.connections, report.violations)


def control(_seed: int) -> Round:
    """Have the judge see faulty responses."""
    unseen = [f"{name} was not found" for name, fault in WRONG.items() if not is_seen(*fault)]
    return Round(len(WRONG) - len(unseen), unseen)


if __name__ == "__main__":
    sys.exit(main(Campaign("raw", run, control)))
