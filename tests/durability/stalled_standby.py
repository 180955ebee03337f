"""A campaign: the synchronous standby stalls for minutes while callers go on.

`python -m tests.durability.stalled_standby --seconds 600` prints what it saw as JSON. The number of
connections must stay within what docs/operating/scale.md names.
"""

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from threading import Event, Thread
from time import monotonic
from typing import Any

import psycopg

from tests.durability.fault_scenarios import CHANGES, FREE_TOKENS, TOKENS, Day, a_day
from tests.durability.standby import replicated
from tests.postgres_database import MAINTENANCE

CONNECTIONS_MAX = 9
"""Per process: 5, and the 4 that a process may abandon while COMMIT waits."""

PAUSE_SECONDS = 0.5
CONNECTIONS = """
SELECT count(*), count(*) FILTER (WHERE wait_event = 'SyncRep')
FROM pg_stat_activity WHERE datname = %s AND application_name = 'seatlatch'
"""


def stall(seconds: float, callers: int = 8) -> dict[str, Any]:
    """Stall the standby of a service under load for this time; what was seen."""
    with replicated() as (primary, standby), a_day(primary, callers=callers) as day:
        most = [0, 0]
        with psycopg.connect(primary.url(MAINTENANCE), autocommit=True) as hand:
            standby.stop_receiving()
            began = monotonic()
            try:
                with fresh_tickets(day):
                    samples = watch(hand, day, began + seconds, most)
            finally:
                standby.go_on_receiving()
            stalled = monotonic() - began
            told = day.callers.responses_since(began)
            went_on = monotonic()
            day.callers.wait_for({CHANGES: 200}, 15)
            healed = monotonic() - went_on
            day.is_answered()
        return {
            "seconds": round(stalled, 1),
            "samples": samples,
            "most_connections": most[0],
            "most_waiting_commits": most[1],
            "answers": {f"{route} {status}": times for (route, status), times in told.items()},
            "acknowledged_again_after_seconds": round(healed, 1),
            "lost": len(day.lost()),
            "tickets": len(TOKENS),
        }


@contextmanager
def fresh_tickets(day: Day) -> Iterator[None]:
    """Lock one ticket after the other that no waiting COMMIT holds, so that further ones wait."""
    over = Event()

    def lock() -> None:
        for token in cycle(FREE_TOKENS):
            if over.is_set():
                return
            day.served.lock(token)

    thread = Thread(target=lock, name="fresh-tickets")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(30)


def watch(hand: psycopg.Connection[Any], day: Day, until: float, most: list[int]) -> int:
    """Count connections until then; how many times."""
    samples = 0
    while monotonic() < until:
        for _ in hand.execute("SELECT pg_sleep(%s)", (PAUSE_SECONDS,)):
            row = hand.execute(CONNECTIONS, (day.name,)).fetchone()
            assert row
            most[:] = [max(pair) for pair in zip(most, row, strict=True)]
            samples += 1
    return samples


def main() -> None:
    """Run the campaign and print its result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    result = stall(parser.parse_args().seconds)
    print(json.dumps(result, indent=1))  # noqa: T201
    assert result["most_connections"] <= CONNECTIONS_MAX


if __name__ == "__main__":
    main()
