"""The feed under 200 writers, on PostgreSQL: `python -m campaigns.feed`."""

import asyncio
import sys

from campaigns import sitting
from campaigns.sitting import Campaign, Round
from tests.durability.feed_writers import (
    WRITERS,
    Read,
    expected,
    feed_database,
    pages_by_cursor,
    pages_by_position,
    read_while_written,
    versions_in,
    wrong_in,
)

EVENTS = 20_000
CONTROL_EVENTS = 2_000


def read_events(read: Read, events: int, seed: int) -> Round:
    """Read while this many events are written, on a server of its own."""
    with feed_database() as database:
        before = versions_in(database)
        at_most, seen = asyncio.run(read_while_written(database.url, read, events, seed))
        after = versions_in(database)
    wrong = wrong_in(seen, before, after)
    if at_most <= WRITERS // 2:
        wrong.append(f"only {at_most} transactions were open at once")
    return Round(len(expected(before, after)), wrong)


def run(seed: int) -> Round:
    """Read with the feed's own cursor."""
    return read_events(pages_by_cursor, EVENTS, seed)


def control(seed: int) -> Round:
    """Read with the highest position as the cursor. The skipped events must be found."""
    wrong = read_events(pages_by_position, CONTROL_EVENTS, seed).failures
    if any("never" in one for one in wrong):
        return Round(1)
    return Round(0, ["no skipped event was found"])


if __name__ == "__main__":
    sys.exit(sitting.run(Campaign("feed", run, control)))
