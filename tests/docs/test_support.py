"""What the pages say of the journal: their commands on an inventory where all of that happened."""

from pathlib import Path

from seatlatch.auth.keys import hash_secret
from seatlatch.domain.operator import Operator, Role
from seatlatch.store.tickets import NewTicket
from tests.docs.answers import same_answer
from tests.docs.pages import DOCS, Block, blocks
from tests.docs.running import require_curl, run_shell
from tests.docs.test_examples import SUPPORT, in_turn
from tests.operator_api.box_office import operator_headers
from tests.serving import Served, serving
from tests.sqlite_database import SqliteDatabase

REQUEST_ID = "5b0f2a86-3c1d-4f7e-8a95-0d6b7c2e4f10"
"""Of the request about which the marketplace rings up."""

ORGANIZATION, OPERATOR_KEY = "1001", "operator-key"
MARKET, OTHER_MARKET = "my-market", "other-market"
LISTED, FREE, HELD, VOIDED, ELSEWHERE, UNKNOWN = (
    *("98973476444", "54457347644", "35293252542428"),
    *("67889833903898", "11903478253", "56789983390560"),
)


def a_venue(path: Path) -> SqliteDatabase:
    """A box office, two marketplaces, and the tickets that the guide is about."""
    database = SqliteDatabase.made(path)
    with database.provisioning() as provisioning:
        provisioning.add_organization(ORGANIZATION, "City Arena")
        for channel in (MARKET, OTHER_MARKET):
            application, key = f"com.example.{channel}", hash_secret(channel.encode())
            provisioning.add_channel(channel, channel, [ORGANIZATION])
            provisioning.add_application(application, channel)
            provisioning.add_api_key(application, key)
            provisioning.add_access_token(application, key)
        provisioning.add_operator(Operator("ticketing", Role.BOX_OFFICE))
        provisioning.add_operator_key("ticketing", hash_secret(OPERATOR_KEY.encode()))
        provisioning.add_tickets(
            [
                NewTicket(LISTED, ORGANIZATION, "234567"),
                NewTicket(FREE, ORGANIZATION, "234567"),
                NewTicket(HELD, ORGANIZATION, "234568"),
                NewTicket(VOIDED, ORGANIZATION, "234568", voided=True),
                NewTicket(ELSEWHERE, ORGANIZATION, "234569"),
            ]
        )
    return database


def headers_of(channel: str) -> dict[str, str]:
    """What a marketplace sends."""
    return {
        "Authorization": f"Bearer {channel}",
        "PAC_Application_ID": f"com.example.{channel}",
        "PAC_API_Key": channel,
        "PAC_Channel_Code": channel,
    }


def happened(served: Served) -> None:
    """What the guide looks into."""
    market = headers_of(MARKET)
    box_office = operator_headers(authorization=f"Bearer {OPERATOR_KEY}")
    assert served.lock(LISTED, HELD, **market).status_code == 200
    assert served.lock(ELSEWHERE, **headers_of(OTHER_MARKET)).status_code == 200
    for path, body in (
        ("unlock", f'{{"tokens":["{HELD}"],"reason":"seller phoned"}}'),
        ("status", f'{{"tokens":["{HELD}"],"status":"LOCK","reason":"exchange"}}'),
    ):
        called = f"/operator/v1/tickets/{path}"
        assert served.send(called, "PUT", box_office, body.encode()).status_code == 200
    tokens = (LISTED, FREE, HELD, VOIDED, ELSEWHERE, UNKNOWN)
    assert served.unlock(*tokens, Request_ID=REQUEST_ID, **market).status_code == 207


def test_the_support_guide_leads_from_a_request_id_to_what_happened(tmp_path: Path) -> None:
    require_curl()
    database = a_venue(tmp_path / "seatlatch.db")
    with serving(database) as served:
        happened(served)

        def run(text: str) -> str:
            return run_shell(text, served.url, tmp_path, OPERATOR_KEY=OPERATOR_KEY, LOGNAME="ann")

        shown = 0
        for sent, printed, block in in_turn(SUPPORT, run):
            same_answer(block, printed, sent)
            shown += 1
    assert shown >= 5


def test_the_journal_is_verified_anchored_and_pruned_as_its_page_says(tmp_path: Path) -> None:
    database = a_venue(tmp_path / "seatlatch.db")
    with serving(database) as served:
        happened(served)
    page = [block for block in blocks(DOCS / "operating" / "journal.md") if block.language]
    (at,) = (n for n, block in enumerate(page) if block.language == "text")
    verify, shown = page[at - 1 : at + 1]
    rest = [block for block in page if block.text.startswith("seatlatch journal")]
    assert verify in rest
    for block in rest:
        run_shell(block.text, served.url, tmp_path)
    database.execute("UPDATE journal SET moment = moment + 1 WHERE entry_id & 7 = 3")
    found = run_shell(f"{verify.text.strip()} || echo exit code $?", served.url, tmp_path)
    same_answer(Block("text", shown.text + "exit code 1\n"), found, "")
