"""Attacks a sandbox by both OpenAPI documents with any number of requests, and counts the findings.

`python -m tests.openapi.campaign --engine sqlite --requests 20000`. Exits with 1 if anything was
found.
"""

import argparse
import sys
from time import monotonic

from seatlatch.logs import make_log
from seatlatch.openapi.document import DOCUMENTS
from seatlatch.sandbox.data import fill
from tests.campaigns import fresh_database
from tests.databases import ENGINES, EngineName
from tests.openapi.attacker import Found, attack
from tests.serving import serving

EXAMPLES = 250
"""The number of random requests for each call in a round."""


def round_of(engine: EngineName, seed: int) -> list[tuple[str, Found]]:
    """One attack with each document, each on its own database."""
    quiet = make_log("json", "critical")
    with fresh_database(engine, "sandbox") as database:
        with database.provisioning() as provisioning:
            provisioning.do(fill)
        with serving(database, log=quiet) as served:
            return [
                (path, attack(served.url, make(), examples=EXAMPLES, seed=seed))
                for path, make in DOCUMENTS.items()
            ]


def main() -> int:
    """Attack until enough requests were made; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", choices=ENGINES, required=True)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    total, began, seed = Found(), monotonic(), asked.seed
    while total.requests < asked.requests:
        for path, found in round_of(asked.engine, seed):
            total.requests += found.requests
            total.excused += found.excused
            total.checks += found.checks
            total.statuses += found.statuses
            total.findings += found.findings
            say(f"seed {seed} {path}: {found.requests} requests, {len(found.findings)} findings")
            for finding in found.findings:
                say(finding)
        seed += 1
    say(f"{asked.engine}: {total.requests} requests in {monotonic() - began:.0f} seconds,")
    say(f"{len(total.findings)} findings; excused: {dict(total.excused)}")
    say(f"checks: {dict(total.checks)}")
    say(f"statuses: {dict(sorted(total.statuses.items()))}")
    return 1 if total.findings else 0


def say(text: str) -> None:
    """Print it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
