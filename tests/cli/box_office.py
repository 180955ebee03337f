"""An inventory for the box office's commands, and reading tickets from it."""

import json
from decimal import Decimal
from typing import Any

from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.operations.change_tickets import lock_tickets
from seatlatch.store.tickets import NewTicket
from tests.cli.commands import run_here
from tests.databases import Database
from tests.operations.changes import ASKER
from tests.serving import CHANNEL, ORGANIZATION, OWNER, add_tickets

SELLER = '{"lastName":"Doe","firstName":"J\N{LATIN SMALL LETTER O WITH DIAERESIS}","age":1.10}'
LISTING = Listing("BROKER", "L-1", Decimal("250.00"), Decimal("125.10"), SELLER)


def add_two(inventory: Database) -> Database:
    """A ticket for every case, and also `plain`, and `seat` with all details."""
    plain = NewTicket("plain", ORGANIZATION, OWNER)
    seat = NewTicket("seat", ORGANIZATION, OWNER, "event", "101", "C", "7", barcode="B7")
    add_tickets(inventory, [plain, seat])
    return inventory


def lock(database: Database, token: str) -> None:
    """List a ticket at a marketplace."""
    channel = Channel(CHANNEL, frozenset({ORGANIZATION}))
    database.change(lambda commits: lock_tickets(commits, ASKER, channel, {token: LISTING}))


def shown(database: Database, token: str) -> Any:
    """A ticket in the form of the command."""
    result = run_here(database, "tickets", "show", "--json", "--", token)
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout, parse_float=Decimal)
