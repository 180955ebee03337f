"""The guide that finds a customer's seat: its commands on an inventory with such a seat."""

from pathlib import Path

from seatlatch.auth.keys import hash_secret
from seatlatch.domain.operator import Operator, Role
from seatlatch.store.tickets import NewTicket
from tests.docs.answers import same_answer
from tests.docs.running import require_curl, run_shell
from tests.docs.test_examples import FIND_A_SEAT, in_turn
from tests.docs.test_support import (
    MARKET,
    OPERATOR_KEY,
    ORGANIZATION,
    REQUEST_ID,
    headers_of,
)
from tests.operator_api.box_office import operator_headers
from tests.serving import LOCK, Served, serving
from tests.sqlite_database import SqliteDatabase

OWNER = "234567"
SEATS = [
    NewTicket("98973476444", ORGANIZATION, OWNER, "GAME-1", "101", "A", "1"),
    NewTicket("54457347644", ORGANIZATION, OWNER, "GAME-1", "101", "A", "2"),
    NewTicket("35293252542428", ORGANIZATION, OWNER, "GAME-2", "101", "A", "1"),
    NewTicket("67889833903898", ORGANIZATION, "234568", "GAME-1", "102", "A", "1"),
]


def a_venue(path: Path) -> SqliteDatabase:
    """A box office with a marketplace, and the seats of the guide."""
    database = SqliteDatabase.made(path)
    with database.provisioning() as provisioning:
        application, key = f"com.example.{MARKET}", hash_secret(MARKET.encode())
        provisioning.add_organization(ORGANIZATION, "City Arena")
        provisioning.add_channel(MARKET, MARKET, [ORGANIZATION])
        provisioning.add_application(application, MARKET)
        provisioning.add_api_key(application, key)
        provisioning.add_access_token(application, key)
        provisioning.add_operator(Operator("ticketing", Role.BOX_OFFICE))
        provisioning.add_operator_key("ticketing", hash_secret(OPERATOR_KEY.encode()))
        provisioning.add_tickets(SEATS)
    return database


def lock(served: Served, *tokens: str) -> None:
    """List tickets at the marketplace."""
    named = ",".join(f'{{"token":"{token}"}}' for token in tokens)
    listing = f'{{"externalListingId":"L-5521","tokens":[{named}]}}'
    body = f'{{"source":"MY_ACCOUNT","listing":{listing}}}'
    assert served.call("PUT", LOCK, body.encode(), **headers_of(MARKET)).status_code == 200


def happened(served: Served) -> None:
    """The changes that the guide finds: a seat was unlocked and listed again, another is held."""
    lock(served, "98973476444")
    unlocked = served.unlock("98973476444", Request_ID=REQUEST_ID, **headers_of(MARKET))
    assert unlocked.status_code == 200
    lock(served, "98973476444", "54457347644")
    body = b'{"tokens":["35293252542428"],"status":"LOCK","reason":"exchange"}'
    headers = operator_headers(authorization=f"Bearer {OPERATOR_KEY}")
    held = served.send("/operator/v1/tickets/status", "PUT", headers, body)
    assert held.status_code == 200


def test_the_guide_finds_the_seat_in_one_command_each(tmp_path: Path) -> None:
    require_curl()
    database = a_venue(tmp_path / "seatlatch.db")
    with serving(database) as served:
        happened(served)

        def run(text: str) -> str:
            return run_shell(text, served.url, tmp_path, OPERATOR_KEY=OPERATOR_KEY)

        shown = 0
        for sent, printed, block in in_turn(FIND_A_SEAT, run):
            same_answer(block, printed, sent)
            shown += 1
    assert shown >= 7
