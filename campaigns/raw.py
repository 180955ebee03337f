"""Fuzzed bytes on connections, each followed by a valid request: `python -m campaigns.raw`."""

import sys

from campaigns import sitting
from campaigns.sitting import Campaign, Round
from tests.http import fuzz_connections
from tests.http.faulty_responses import WRONG, is_seen

CONNECTIONS = 2_000
AT_ONCE = 25
"""Few, so that a busy machine is not taken for a server that hangs."""


def run(seed: int) -> Round:
    """Open connections to one server."""
    report = fuzz_connections.run(seed, 0, CONNECTIONS, AT_ONCE)
    return Round(report.connections, report.violations)


def control(_seed: int) -> Round:
    """Have the judge see faulty responses."""
    unseen = [f"{name} was not found" for name, fault in WRONG.items() if not is_seen(*fault)]
    return Round(len(WRONG) - len(unseen), unseen)


if __name__ == "__main__":
    sys.exit(sitting.run(Campaign("raw", run, control)))
