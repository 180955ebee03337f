"""Histories of tickets under faults, checked for linearizability: `python -m campaigns.linear`.

Rounds with an odd seed are on SQLite, the others on PostgreSQL with two servers.
"""

import sys
import tempfile
from pathlib import Path

from campaigns import sitting
from campaigns.sitting import Campaign, Round
from tests.durability.histories import Histories
from tests.durability.linearizability import is_linearizable, planted
from tests.durability.troubled_servers import recorded

TICKETS = 200
FAULTS = 4
PLANTED_FAULTS = 30


def histories_of(seed: int) -> Histories:
    """The histories of a round."""
    with tempfile.TemporaryDirectory() as folder:
        return recorded(Path(folder), "sqlite" if seed % 2 else "postgres", TICKETS, seed, FAULTS)


def run(seed: int) -> Round:
    """Record histories and judge them."""
    histories = histories_of(seed).of
    failures = [
        f"{token} has no order: {history}"
        for token, history in histories.items()
        if not is_linearizable(history)
    ]
    return Round(len(histories), failures)


def control(seed: int) -> Round:
    """Plant a wrong response in each history. The judge must find it."""
    wrong = [
        made
        for number, history in enumerate(histories_of(seed).of.values())
        if is_linearizable(history) and (made := planted(history, number))
    ][:PLANTED_FAULTS]
    unseen = [f"it was not found in {history}" for history in wrong if is_linearizable(history)]
    return Round(len(wrong) - len(unseen), unseen)


if __name__ == "__main__":
    sys.exit(sitting.run(Campaign("linear", run, control)))
