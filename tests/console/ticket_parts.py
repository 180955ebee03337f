"""A ticket's page as the tests read it: its text, its parts, and tickets to show."""

import re
from datetime import UTC, datetime
from html import unescape
from urllib.parse import quote

from seatlatch.store.tickets import NewTicket
from tests.console.console_client import Console
from tests.console.people import READ, add_people
from tests.databases import Clock, Database
from tests.serving import LOCK, ORGANIZATION, OWNER, Served, fill

NOW = datetime(2026, 11, 23, 14, 3, tzinfo=UTC)
TICKETS = [
    NewTicket("t", ORGANIZATION, OWNER, "GAME-1", "101", "B", "3", barcode="B-1"),
    NewTicket("bare", ORGANIZATION, OWNER),
]
LISTING = (
    b'{"source":"BROKER","listing":{"externalListingId":"L-77","totalPrice":200.50,'
    b'"tokens":[{"token":"t","individualPrice":100.2500}]},'
    b'"seller":{"lastName":"Do\xc3\xab","firstName":"Jane"}}'
)
TAG = re.compile(r"<[^>]+>")


def clock_of_tickets(database: Database) -> Clock:
    """Add the tickets, and people; returns a clock that stands at `NOW`."""
    fill(database, TICKETS)
    add_people(database)
    return database.clock(NOW)


def words(html: str) -> str:
    """The text of a page or a part of one, with one blank between words."""
    return " ".join(unescape(TAG.sub("", html.replace("</dt>", " "))).split())


def page(served: Served, token: str = "t", key: str = READ, part: str = "") -> str:  # noqa: S107
    """The HTML of a ticket's page, or of a part of it."""
    answer = Console(served, key).get(f"/console/tickets/{quote(token, safe='')}{part}")
    assert answer.status_code == 200, answer.text
    return answer.text


def lock(served: Served, **changes: str) -> None:
    """List the ticket `t`."""
    assert served.call("PUT", LOCK, LISTING, **changes).status_code == 200


def live(console: Console, html: str) -> str | None:
    """The live parts, as the script of a page asks for them; None = nothing has changed."""
    path = re.search(r'id="ticket-state" hx-get="([^"]*)"', html)
    assert path is not None
    answer = console.get(unescape(path[1]))
    assert answer.status_code in (200, 204), answer.text
    return answer.text if answer.status_code == 200 else None
