"""The campaigns by name: what each repeats, how often, and how many planted faults it must find.

Others read it without the campaigns themselves, which import all that the tests need.

See decision 201.
"""

from collections.abc import Sequence
from typing import NamedTuple

from campaigns.results import Line, found, reached

DONE_SHARE = 0.1
"""A campaign that has reached less than this share of its figure counts as not done."""


class Entry(NamedTuple):
    """A campaign. `wanted` counts `unit`; `planted` counts the faults in `control`.

    `command`: the module and its arguments. `is_longest`: not the sum of the sittings counts, but
    the longest one.
    """

    command: tuple[str, ...]
    title: str
    wanted: int
    unit: str
    planted: int
    control: str
    is_longest: bool = False


CATALOG: dict[str, Entry] = {
    "kill": Entry(
        ("campaigns.kill",),
        "The server is killed under load, on SQLite",
        *(1_000, "kill -9", 30, "acknowledged holds that were taken back by hand"),
    ),
    "postmaster": Entry(
        ("campaigns.postmaster",),
        "PostgreSQL is killed under load, with all its processes",
        *(200, "kill -9", 10, "servers whose commits do not wait for the disk"),
    ),
    "power": Entry(
        ("campaigns.power",),
        "The power fails under load, on SQLite",
        *(300, "power losses", 10, "stores that sync nothing"),
    ),
    "patroni": Entry(
        ("campaigns.patroni",),
        "PostgreSQL fails over under load, with Patroni",
        *(100, "faults", 3, "failovers with asynchronous replication"),
    ),
    "linear": Entry(
        ("campaigns.linear",),
        "Histories of a ticket, while servers and PostgreSQL are killed, are linearizable",
        *(10_000, "histories", 30, "histories with one wrong response"),
    ),
    "tamper": Entry(
        ("campaigns.tamper",),
        "Tampering with the journal is found where it begins",
        *(10_000, "tamperings", 100, "tamperings while no hash is compared"),
    ),
    "raw": Entry(
        ("campaigns.raw",),
        "Fuzzed bytes on a connection, then a valid request",
        *(100_000, "connections", 24, "responses that are missing, repeated or wrong"),
    ),
    "schemathesis": Entry(
        ("campaigns.schemathesis",),
        "Requests that schemathesis makes from the OpenAPI documents",
        *(200_000, "requests", 3, "documents that describe another server"),
    ),
    "feed": Entry(
        ("campaigns.feed",),
        "The feed skips and repeats nothing under 200 writers, on PostgreSQL",
        *(1_000_000, "events", 2, "readers whose cursor is the highest position"),
    ),
    "soak-sqlite": Entry(
        ("campaigns.soak", "sqlite"),
        "Memory and descriptors under a constant load, on SQLite",
        *(480, "minutes", 1, "servers that leak both"),
        is_longest=True,
    ),
    "soak-postgres": Entry(
        ("campaigns.soak", "postgres"),
        "Memory and descriptors under a constant load, on PostgreSQL with two workers",
        *(480, "minutes", 1, "servers that leak both"),
        is_longest=True,
    ),
}


def is_complete(entry: Entry, lines: Sequence[Line]) -> bool:
    """Whether a campaign has its figure, and its control too."""
    enough = reached(lines, is_longest=entry.is_longest) >= entry.wanted
    return enough and found(lines) >= entry.planted
