"""The campaigns by name: what each repeats, how often, and how many planted faults it must find.

Others read it without the campaigns themselves, which import all that the tests need.
"""

from typing import NamedTuple

DONE_SHARE = 0.1
"""A campaign that has reached less than this share of its figure counts as not done."""


class Entry(NamedTuple):
    """A campaign. `wanted` counts `unit`; `planted` counts the faults of its control.

    `is_longest`: not the sum of its sittings counts, but the longest one.
    """

    title: str
    wanted: int
    unit: str
    planted: int
    control: str
    is_longest: bool = False


CATALOG: dict[str, Entry] = {
    "kill": Entry(
        "The server is killed under load, on SQLite",
        1_000,
        "kill -9",
        30,
        "acknowledgements of changes that were never made",
    ),
    "postmaster": Entry(
        "PostgreSQL is killed under load, with all its processes",
        200,
        "kill -9",
        10,
        "kills of a PostgreSQL whose commits do not wait for the disk",
    ),
    "power": Entry(
        "The power fails under load, on SQLite",
        300,
        "power losses",
        10,
        "power losses without the syncs",
    ),
    "linear": Entry(
        "Histories of a ticket under faults are linearizable",
        10_000,
        "histories",
        30,
        "histories with one wrong response",
    ),
    "tamper": Entry(
        "Tampering with the journal is found",
        10_000,
        "tamperings",
        100,
        "tamperings while no hash is compared",
    ),
    "raw": Entry(
        "Fuzzed bytes on a connection, then a valid request",
        100_000,
        "connections",
        24,
        "responses that are missing, doubled or wrong",
    ),
    "schemathesis": Entry(
        "Requests that schemathesis makes from the OpenAPI documents",
        200_000,
        "requests",
        9,
        "documents that describe another server",
    ),
    "feed": Entry(
        "The feed under 200 writers neither skips nor repeats an event",
        1_000_000,
        "events",
        5,
        "runs with the highest position as the cursor",
    ),
    "soak-sqlite": Entry(
        "A constant load, on SQLite",
        480,
        "minutes",
        1,
        "servers that leak memory and descriptors",
        is_longest=True,
    ),
    "soak-postgres": Entry(
        "A constant load, on PostgreSQL with two workers",
        480,
        "minutes",
        1,
        "servers that leak memory and descriptors",
        is_longest=True,
    ),
}
