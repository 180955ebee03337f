"""The actions on applications: keys and codes that work, and are shown once."""

import pytest

from tests.cases import all_cases
from tests.console.access_pages import Fields, did, opened, refused, secrets, words
from tests.console.console_client import Console
from tests.console.people import ADMIN
from tests.operator_api.administrators import administer, audited
from tests.serving import APPLICATION, CHANNEL, Served

CHANNEL_PAGE = f"/console/channels/{CHANNEL}"
ADD = f"{CHANNEL_PAGE}/applications"
NEW = "/console/applications/com.new"
ONE = f"/console/applications/{APPLICATION}"


@pytest.fixture
def console(served: Served) -> Console:
    """An administrator."""
    return Console(served, ADMIN)


def test_keys_and_codes_work(served: Served, console: Console) -> None:
    api_key, code = secrets(console, ADD, applicationId="com.new")
    tokens = served.token(
        {"grantType": "authorization_code", "code": code}, pac_application_id="com.new"
    ).json()
    caller = {
        "pac_application_id": "com.new",
        "authorization": f"Bearer {tokens['accessToken']}",
    }

    def status(key: str) -> int:
        return served.unlock("listed-1", pac_api_key=key, **caller).status_code

    assert status(api_key) == 200
    (second,) = secrets(console, f"{NEW}/rotate-key", overlap="3600")
    assert (status(api_key), status(second)) == (200, 200)
    (third,) = secrets(console, f"{NEW}/rotate-key", overlap="0")
    assert [status(key) for key in (api_key, second, third)] == [401, 401, 200]
    (again,) = secrets(console, f"{NEW}/authorize")
    assert again != code
    assert did(console, f"{NEW}/revoke", confirmed="com.new") == f"{CHANNEL_PAGE}?done=revoked"
    assert status(third) == 401
    assert [entry["action"] for entry in audited(served)][:5] == [
        "application.revoke",
        "application.authorize",
        "application.rotate_key",
        "application.rotate_key",
        "application.add",
    ]


def test_secrets_are_on_one_page_only(served: Served, console: Console) -> None:
    found = [
        *secrets(console, ADD, applicationId="com.new"),
        *secrets(console, f"{NEW}/rotate-key"),
        *secrets(console, f"{NEW}/authorize"),
    ]
    assert len(set(found)) == 4
    pages = [CHANNEL_PAGE, "/console/channels", "/console/audit", "/console"]
    later = "".join(opened(console, page) for page in pages)
    later += (
        administer(served, "GET", "/audit").text + administer(served, "GET", "/applications").text
    )
    assert [one for one in found if one in later] == []
    assert "com.new" in later


REFUSED: list[tuple[str, Fields, int, str]] = [
    (ADD, {"applicationId": APPLICATION}, 409, "is there already"),
    (ADD, {"applicationId": "a b"}, 422, "visible ASCII"),
    (ADD, {}, 422, "applicationId"),
    ("/console/channels/none/applications", {"applicationId": "a"}, 404, "no channel none"),
    (f"{ONE}/rotate-key", {"overlap": "-1"}, 422, ">= 0"),
    (f"{ONE}/rotate-key", {"overlap": "99999999999"}, 422, "<="),
    (f"{ONE}/rotate-key", {"overlap": "soon"}, 422, "wrong shape"),
    (f"{ONE}/revoke", {}, 422, f"type {APPLICATION} exactly"),
    (f"{ONE}/revoke", {"confirmed": "com.other"}, 422, f"type {APPLICATION} exactly"),
    ("/console/applications/none/rotate-key", {}, 404, "no application none"),
    ("/console/applications/none/authorize", {}, 404, "no application none"),
    ("/console/applications/none/revoke", {"confirmed": "none"}, 404, "no application none"),
    ("/console/applications/%ff/authorize", {}, 404, "no such application"),
]


@all_cases(("path", "fields", "status", "says"), REFUSED)
def test_refusals(served: Served, path: str, fields: Fields, status: int, says: str) -> None:
    console = Console(served, ADMIN)
    found = refused(console, path, **fields)
    assert found[0] == status
    assert says in found[1]
    assert {entry["action"] for entry in audited(served)} == {"sign_in"}


def test_the_page_says_how_to_do_the_same_elsewhere(console: Console) -> None:
    page = words(opened(console, CHANNEL_PAGE))
    assert f"seatlatch app rotate-key {APPLICATION} --overlap 86400" in page
    assert (
        f'curl -X POST "$URL"/operator/v1/applications/{APPLICATION}/rotate-key'
        " \\ -H \"Authorization: Bearer $OPERATOR_KEY\" \\ -H 'Content-Type: application/json'"
        " \\ --data-raw '{\"overlapSeconds\":86400}'"
    ) in page
    assert f"seatlatch app revoke {APPLICATION}" in page
