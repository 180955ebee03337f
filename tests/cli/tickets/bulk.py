"""Commands on many tickets, as tests give them."""

from typing import Any

from tests.databases import Database
from tests.serving import CHANNEL, add_tickets, listed

UNLOCK = ("tickets", "unlock", "--reason", "closed")
OF_CHANNEL = ("--channel", CHANNEL, "--yes")
MANY = [f"m{number:04}" for number in range(1_100)]


def outcomes(document: Any) -> dict[str, str]:
    """The outcome of each ticket."""
    return {one["token"]: one["outcome"] for one in document["success"] + document["failure"]}


def add_many(database: Database) -> None:
    """More listed tickets than one page of a search has."""
    add_tickets(database, map(listed, MANY))
