"""Requests that schemathesis makes from the documents: `python -m campaigns.schemathesis`.

Rounds with an odd seed are on SQLite, the others on PostgreSQL.
"""

import sys
from functools import partial

from campaigns import sitting
from campaigns.sitting import Campaign, Round
from tests.openapi.campaign import attacked
from tests.openapi.wrong_documents import WRONG, wrong_document

EXAMPLES = 50
CONTROL_EXAMPLES, CONTROL_SEED = 3, 1
"""As in the tests. Not every seed makes the request that shows one of these faults."""


def run(seed: int) -> Round:
    """Attack with each document, on a database of its own."""
    found = attacked("sqlite" if seed % 2 else "postgres", seed, EXAMPLES).values()
    return Round(
        sum(one.requests for one in found), [text for one in found for text in one.findings]
    )


def control(_seed: int) -> Round:
    """Attack with documents that are wrong. Each fault must be found."""
    unseen = []
    for change, check in WRONG:
        documents = {"/": partial(wrong_document, change)}
        (found,) = attacked("sqlite", CONTROL_SEED, CONTROL_EXAMPLES, documents).values()
        if not any(f"{check}: " in finding for finding in found.findings):
            unseen.append(f"{change.__name__} was not found")
    return Round(len(WRONG) - len(unseen), unseen)


if __name__ == "__main__":
    sys.exit(sitting.run(Campaign("schemathesis", run, control)))
