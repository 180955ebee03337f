"""A server with everything that the console shows, in the words of an attacker."""

import json
from typing import Any

from seatlatch.store.tickets import NewTicket
from tests.console.people import add_people
from tests.databases import Database
from tests.operator_api.administrators import administer
from tests.operator_api.webhook_calls import ABSENT_MESSAGE, accepted, add
from tests.serving import (
    ADMIN_KEY,
    APPLICATION,
    CHANNEL,
    LOCK,
    OPERATOR,
    ORGANIZATION,
    Served,
    add_tickets,
    valid_headers,
)

EVIL = "x-evil"
"""The element that each of the texts would add to a page which does not escape it."""

TEXT = f"\"'><{EVIL}>{{{{7*7}}}}&lt;%2F"
COMPUTED = "49&lt;"
"""What a template would make of such a text if it were part of one."""

REQUEST = "5f1c8a52-3c1e-4a55-9d0b-7f6f4c1f0a11"

REAL = {
    "token": TEXT + "T1",
    "organizationId": ORGANIZATION,
    "organization": ORGANIZATION,
    "accessId": TEXT + "E1",
    "section": TEXT + "S1",
    "row": TEXT + "R1",
    "seat": TEXT + "1",
    "ownerId": TEXT + "O1",
    "externalListingId": TEXT + "L1",
    "barcode": TEXT + "B1",
    "requestId": REQUEST,
    "channelCode": CHANNEL,
    "applicationId": APPLICATION,
    "operatorName": OPERATOR,
    "reason": TEXT + "moving",
}
"""The values of the things that the world has, by the name of a field or part of a path. The ids of
the webhook and its message are made by the service; see `fill_world`.
"""

ABSENT = {
    **{name: value[:-1] + "9" for name, value in REAL.items()},
    "webhookId": f"wh_{'0' * 32}",
    "messageId": ABSENT_MESSAGE,
    "organizationId": "9009",
    "organization": "9009",
    "requestId": REQUEST[:-1] + "9",
    "reason": REAL["reason"],
}
"""Their counterparts, which do not exist, of the same length."""


def fill_world(served: Served) -> dict[str, str]:
    """Add it all: a listed ticket, a held one, an event, a webhook with a message, and people.

    Returns `REAL` with all ids.
    """
    database = served.database
    add_people(database)
    add_details(database)
    lock(served)
    hold = {"tokens": [REAL["token"] + "-held"], "status": "LOCK", "reason": REAL["reason"]}
    did(served, "PUT", "/tickets/status", hold)
    event = {"organizationId": ORGANIZATION, "accessId": REAL["accessId"]}
    details = dict.fromkeys(("itemName", "seasonCode", "itemCode", "facilityName"), TEXT)
    did(served, "PUT", "/events", [{**event, **details}])
    webhook = add(served, url=f"https://8.8.8.8/{TEXT}")
    path = f"/webhooks/{webhook['webhookId']}"
    message = accepted(served, f"{path}/test", key=ADMIN_KEY)
    return {**REAL, "webhookId": webhook["webhookId"], "messageId": message["messageId"]}


def add_details(database: Database) -> None:
    """A ticket with all details, one to hold, and an organization and a channel with odd names."""
    ticket = NewTicket(
        REAL["token"],
        ORGANIZATION,
        REAL["ownerId"],
        access_id=REAL["accessId"],
        section=REAL["section"],
        row=REAL["row"],
        seat=REAL["seat"],
        barcode=REAL["barcode"],
    )
    held = ticket._replace(token=ticket.token + "-held", seat="2", barcode=None)
    add_tickets(database, [ticket, held])
    with database.provisioning() as provisioning:
        provisioning.add_organization("3003", TEXT)
        provisioning.add_channel("odd", TEXT, ["3003"])


def lock(served: Served) -> None:
    """The channel lists the ticket."""
    listing = {"externalListingId": REAL["externalListingId"], "tokens": [{"token": REAL["token"]}]}
    body = json.dumps({"source": "MY_ACCOUNT", "listing": listing}).encode()
    answer = served.send(LOCK, "PUT", valid_headers(request_id=REQUEST), body)
    assert answer.status_code == 200, answer.text


def did(served: Served, method: str, path: str, body: Any = b"") -> None:
    """Call a route of the operators as an administrator."""
    answer = administer(served, method, path, body)
    assert answer.status_code in (200, 202), answer.text
