"""The example data of a new sandbox. Its credentials are fixed and public: never production.

See decision 23.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from seatlatch.auth.keys import hash_secret
from seatlatch.domain.operator import Operator, Role
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.performance import Event
from seatlatch.openapi.examples import example as examples
from seatlatch.sandbox.faults import PREFIX, TOKENS
from seatlatch.store.events import ChangedEvent
from seatlatch.store.interface import Transaction
from seatlatch.store.tickets import NewTicket
from seatlatch.store.tokens import Code

ORGANIZATION = "1001"
CHANNEL = examples.HEADERS["PAC-Channel-Code"]
APPLICATION = examples.HEADERS["PAC-Application-ID"]
API_KEY = examples.HEADERS["PAC-API-Key"]
ACCESS_TOKEN = examples.ACCESS_TOKEN
AUTHORIZATION_CODE = examples.AUTHORIZATION_CODE
OPERATOR = "sandbox-operator"
OPERATOR_KEY = examples.OPERATOR_KEY
WEBHOOK_SECRET = "whsec_c2FuZGJveC13ZWJob29rLXNlY3JldC0zMi1ieXRlcyE="  # noqa: S105 - public by intent
NEVER = datetime(9999, 1, 1, tzinfo=UTC)

FOREIGN_ORGANIZATION = "2002"
"""Its tickets are in the venue, but the channel has no grant for it."""

OTHER_CHANNEL = "another-marketplace"
"""Has listed some of the venue's seats."""

SHOWN = "98973476444"
"""The first ticket of the document's examples."""

GRANTS = (ORGANIZATION,)
OTHER_GRANTS = (ORGANIZATION, FOREIGN_ORGANIZATION)

OWNER = "234567"
EVENT = "SANDBOX-2026"
KNOWN_EVENT = Event(
    *(ORGANIZATION, EVENT, "Sandbox match", "2026", "MATCH-1"),
    *("2026-12-31T19:30:00-05:00", None, "SANDBOX", "Sandbox arena"),
)
"""The venue's event, as far as it is known."""

SECTIONS = range(101, 111)
ROWS = "ABCDEFGHIJ"
SEATS = range(1, 21)
FRONT_ROWS = "ABCDE"


def document_tickets() -> Iterator[NewTicket]:
    """The tickets of the document's examples. Source: contract, section 2."""
    yield NewTicket(SHOWN, ORGANIZATION, OWNER, mpreserve_channel=CHANNEL)
    yield NewTicket("54457347644", ORGANIZATION, OWNER, mpreserve_channel=CHANNEL)
    yield NewTicket("67889833903898", ORGANIZATION, OWNER, voided=True)
    yield NewTicket("35293252542428", ORGANIZATION, OWNER, seat_status="LOCK")


FAILING = {
    f"{PREFIX}{outcome.replace('_', '-')}": outcome
    for outcome in (
        Outcome.UNKNOWN,
        Outcome.VOIDED,
        Outcome.SEAT_LOCKED,
        Outcome.RESERVED_ELSEWHERE,
    )
}
"""The outcome of each token that always fails, whatever the channel does."""


def tickets_by_name() -> Iterator[NewTicket]:
    """Tickets whose token names their outcome or fault; those that can succeed are listed."""
    for token, outcome in FAILING.items():
        ticket = NewTicket(token, ORGANIZATION, OWNER)
        if outcome is Outcome.VOIDED:
            yield ticket._replace(voided=True)
        elif outcome is Outcome.SEAT_LOCKED:
            yield ticket._replace(seat_status="LOCK")
        elif outcome is Outcome.RESERVED_ELSEWHERE:
            yield ticket._replace(mpreserve_channel=OTHER_CHANNEL)
    for token in TOKENS:
        yield NewTicket(token, ORGANIZATION, OWNER, mpreserve_channel=CHANNEL)


def venue_token(section: int, row: str, seat: int) -> str:
    """The token of a seat in the venue: 201010120 is section 101, row A (01), seat 20."""
    return f"20{section}{ROWS.index(row) + 1:02}{seat:02}"


def venue_tickets() -> Iterator[NewTicket]:
    """2,000 seats for one event; which section has which outcome is in docs/start/sandbox.md."""
    for section in SECTIONS:
        for row in ROWS:
            for seat in SEATS:
                yield _venue_ticket(section, row, seat)


def _venue_ticket(section: int, row: str, seat: int) -> NewTicket:
    front = row in FRONT_ROWS
    ticket = NewTicket(
        token=venue_token(section, row, seat),
        organization_id=ORGANIZATION,
        owner_id=f"3{section}{ROWS.index(row)}{(seat - 1) // 4}",
        access_id=EVENT,
        section=str(section),
        row=row,
        seat=str(seat),
        barcode=f"B{venue_token(section, row, seat)}",
    )
    if section <= 107:
        return ticket._replace(mpreserve_channel=CHANNEL)
    if section == 108:
        return ticket
    if section == 109:
        if front:
            return ticket._replace(seat_status="LOCK", mpreserve_channel=CHANNEL)
        return ticket._replace(mpreserve_channel=OTHER_CHANNEL)
    if front:
        return ticket._replace(voided=True)
    return ticket._replace(organization_id=FOREIGN_ORGANIZATION)


async def fill(transaction: Transaction) -> None:
    """Replace all data by the example data. The database must be one of a sandbox."""
    await transaction.clear()
    access = transaction.access
    await access.add_organization(ORGANIZATION, "Sandbox box office")
    await access.add_organization(FOREIGN_ORGANIZATION, "A box office without a grant")
    await access.add_channel(CHANNEL, "My marketplace", GRANTS)
    await access.add_channel(OTHER_CHANNEL, "Another marketplace", OTHER_GRANTS)
    await access.add_application(APPLICATION, CHANNEL)
    await access.add_api_key(APPLICATION, hash_secret(API_KEY.encode()))
    await access.add_access_token(APPLICATION, hash_secret(ACCESS_TOKEN.encode()))
    code = Code(APPLICATION, NEVER)
    await access.add_code(hash_secret(AUTHORIZATION_CODE.encode()), code)
    await access.add_operator(Operator(OPERATOR, Role.ADMIN))
    await access.add_operator_key(OPERATOR, hash_secret(OPERATOR_KEY.encode()))
    await transaction.tickets.add(document_tickets())
    await transaction.tickets.add(tickets_by_name())
    await transaction.tickets.add(venue_tickets())
    change_number = await transaction.events.lock() + 1
    await transaction.events.write([ChangedEvent(KNOWN_EVENT, change_number, examples.REQUEST_ID)])


def curl_command(url: str, request_id: str) -> str:
    """A curl command that unlocks the document's first two tickets."""
    headers = {
        "User-Agent": "MyApplication/1.0",
        "Authorization": f"Bearer {ACCESS_TOKEN}",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "PAC-Application-ID": APPLICATION,
        "PAC-API-Key": API_KEY,
        "PAC-Channel-Code": CHANNEL,
        "Request-ID": request_id,
    }
    lines = [f"curl -X PUT {url}/v1/tickets/unlock"]
    lines += [f"  -H '{name}: {value}'" for name, value in headers.items()]
    lines += ["""  -d '{"tokens":["98973476444","54457347644"]}'"""]
    return " \\\n".join(lines)
