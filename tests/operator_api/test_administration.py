"""Organizations, channels, applications and operators over HTTP: what works, and who is refused.

The rules themselves are tested in tests/operations/test_change_access.py.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from seatlatch.operations.operators import KEYS_MAX
from tests.cases import all_cases
from tests.databases import Database
from tests.operator_api.administrators import administer, audited, done, refusal
from tests.serving import ADMINISTRATOR, APPLICATION, CHANNEL, OPERATOR, Served, add_tickets, listed


def test_organizations(served: Served) -> None:
    arena = {"organizationId": "3003", "name": "Café \N{ADMISSION TICKETS}"}
    before = done(served, "GET", "/organizations")["organizations"]
    assert done(served, "POST", "/organizations", arena) == arena
    assert done(served, "GET", "/organizations") == {
        "organizations": [*before, arena],
        "next": None,
    }
    assert done(served, "DELETE", "/organizations/3003") is None
    assert done(served, "GET", "/organizations")["organizations"] == before


def test_channels_and_their_grants(served: Served) -> None:
    channel = {"channelCode": "new", "name": "New", "organizations": ["1001"]}
    both = {**channel, "organizations": ["1001", "2002"]}
    assert done(served, "POST", "/channels", channel) == channel
    for _ in range(2):
        assert done(served, "PUT", "/channels/new/organizations/2002") == both
    assert both in done(served, "GET", "/channels")["channels"]
    for _ in range(2):
        assert done(served, "DELETE", "/channels/new/organizations/2002") == channel
    assert done(served, "DELETE", "/channels/new") is None
    codes = [one["channelCode"] for one in done(served, "GET", "/channels")["channels"]]
    assert "new" not in codes


def test_applications_with_keys_and_codes_that_work(served: Served) -> None:
    added = done(
        served, "POST", "/applications", {"applicationId": "com.new", "channelCode": CHANNEL}
    )
    assert list(added) == ["applicationId", "channelCode", "apiKey", "authorizationCode"]
    tokens = served.token(
        {"grantType": "authorization_code", "code": added["authorizationCode"]},
        pac_application_id="com.new",
    ).json()
    credentials = {
        "pac_application_id": "com.new",
        "authorization": f"Bearer {tokens['accessToken']}",
    }
    assert served.unlock("listed-1", pac_api_key=added["apiKey"], **credentials).status_code == 200
    rotated = done(served, "POST", "/applications/com.new/rotate-key", {"overlapSeconds": 0})
    assert served.unlock("listed-1", pac_api_key=added["apiKey"], **credentials).status_code == 401
    assert (
        served.unlock("listed-1", pac_api_key=rotated["apiKey"], **credentials).status_code == 200
    )
    code = done(served, "POST", "/applications/com.new/authorize")
    assert list(code) == ["applicationId", "authorizationCode", "expiresAt"]
    assert code["authorizationCode"] != added["authorizationCode"]
    (shown,) = (
        one
        for one in done(served, "GET", "/applications")["applications"]
        if one["applicationId"] == "com.new"
    )
    assert shown["apiKeys"] == [{"expiresAt": None}]
    assert done(served, "DELETE", "/applications/com.new") is None
    assert (
        served.unlock("listed-1", pac_api_key=rotated["apiKey"], **credentials).status_code == 401
    )


def test_operators_with_keys_that_work(served: Served) -> None:
    body = {"name": "anna", "role": "support", "organizations": ["1001"]}
    added = done(served, "POST", "/operators", body)
    assert list(added) == ["name", "operatorKey", "role", "organizations", "expiresAt"]

    def status(key: str, token: str) -> int:
        return administer(served, "GET", f"/tickets/{token}", key=key).status_code

    assert status(added["operatorKey"], "listed-1") == 200
    rotated = done(served, "POST", "/operators/anna/rotate-key", {"overlapSeconds": 0})
    assert status(added["operatorKey"], "listed-1") == 401
    assert status(rotated["operatorKey"], "listed-1") == 200
    changed = done(served, "PATCH", "/operators/anna", {"role": "read"})
    assert changed == {"name": "anna", "role": "read", "organizations": ["1001"]}
    changed = done(served, "PATCH", "/operators/anna", {"organizations": None})
    assert changed == {"name": "anna", "role": "read", "organizations": None}
    (shown,) = (
        one for one in done(served, "GET", "/operators")["operators"] if one["name"] == "anna"
    )
    assert [list(key) for key in shown["keys"]] == [
        ["keyId", "createdAt", "expiresAt", "lastUsedAt"]
    ]
    assert done(served, "DELETE", "/operators/anna") is None
    assert status(rotated["operatorKey"], "listed-1") == 401


def test_a_key_ends_when_it_was_said_to(served: Served) -> None:
    end = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    added = done(served, "POST", "/operators", {"name": "anna", "expiresAt": end})
    assert datetime.fromisoformat(added["expiresAt"]) == datetime.fromisoformat(end)
    assert (added["role"], added["organizations"]) == ("box_office", None)
    rotated = done(served, "POST", "/operators/anna/rotate-key", {"expiresAt": end})
    assert rotated["expiresAt"] == rotated["oldKeysEnd"] == added["expiresAt"]


def test_secrets_are_in_no_cache_and_no_list(served: Served) -> None:
    application = {"applicationId": "com.new", "channelCode": CHANNEL}
    secrets = []
    for path, body in (
        ("/applications", application),
        ("/applications/com.new/rotate-key", {}),
        ("/applications/com.new/authorize", b""),
        ("/operators", {"name": "anna"}),
        ("/operators/anna/rotate-key", {}),
    ):
        answer = administer(served, "POST", path, body)
        assert answer.headers["Cache-Control"] == "no-store", path
        secrets += [value for value in answer.json().values() if len(str(value)) == 43]
    assert len(secrets) == 6
    shown = "".join(
        administer(served, "GET", path).text
        for path in ("/applications", "/operators", "/channels", "/audit")
    )
    assert [secret for secret in secrets if secret in shown] == []


@pytest.mark.only_on("sqlite")
def test_lists_have_pages(served: Served) -> None:
    names = ["a", "b", "c"]
    for name in names:
        done(served, "POST", "/operators", {"name": f"zz-{name}"})
    known = sorted([OPERATOR, ADMINISTRATOR, *(f"zz-{name}" for name in names)])
    found: list[str] = []
    query = "?limit=2"
    while query:
        page = done(served, "GET", f"/operators{query}")
        found += [one["name"] for one in page["operators"]]
        query = f"?limit=2&after={page['next']}" if page["next"] else ""
        if len(found) == 2:
            done(served, "DELETE", f"/operators/{found[1]}")  # where the next page begins
    assert found == known


NEW_CHANNEL = {"channelCode": "new", "name": "New", "organizations": ["1001"]}

REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", "/organizations", {"organizationId": "1001", "name": "A"}, 409, "is there already"),
    ("POST", "/organizations", {"organizationId": "a b", "name": "A"}, 422, "visible ASCII"),
    ("POST", "/organizations", {"organizationId": "3003", "name": " "}, 422, "The name must not"),
    ("POST", "/organizations", {"organizationId": "3003"}, 422, "missing required field `name`"),
    ("POST", "/organizations", b"", 400, "The body is empty"),
    ("DELETE", "/organizations/9", b"", 404, "There is no organization 9."),
    ("DELETE", "/organizations/%20", b"", 422, "visible ASCII"),
    ("DELETE", "/organizations/%ff", b"", 404, "There is no such organization."),
    ("DELETE", "/organizations/1001", b"", 409, "Remove that grant first."),
    ("POST", "/channels", {**NEW_CHANNEL, "channelCode": CHANNEL}, 409, "is there already"),
    ("POST", "/channels", {**NEW_CHANNEL, "organizations": ["9"]}, 404, "no organization 9."),
    ("POST", "/channels", {**NEW_CHANNEL, "organizations": []}, 422, "length >= 1"),
    ("POST", "/channels", {**NEW_CHANNEL, "organizations": ["1"] * 1_001}, 422, "length <= 1000"),
    ("DELETE", "/channels/none", b"", 404, "There is no channel none."),
    ("DELETE", f"/channels/{CHANNEL}", b"", 409, f"{APPLICATION} acts for"),
    ("PUT", "/channels/none/organizations/1001", b"", 404, "There is no channel none."),
    ("PUT", f"/channels/{CHANNEL}/organizations/9", b"", 404, "There is no organization 9."),
    ("PUT", f"/channels/{CHANNEL}/organizations/%ff", b"", 404, "no such organization"),
    ("DELETE", f"/channels/{CHANNEL}/organizations/9", b"", 404, "There is no organization 9."),
    (
        *("POST", "/applications", {"applicationId": APPLICATION, "channelCode": CHANNEL}),
        *(409, "is there already"),
    ),
    (
        *("POST", "/applications", {"applicationId": "com.new", "channelCode": "none"}),
        *(404, "There is no channel none."),
    ),
    ("DELETE", "/applications/none", b"", 404, "There is no application none."),
    ("POST", "/applications/none/rotate-key", {}, 404, "There is no application none."),
    ("POST", f"/applications/{APPLICATION}/rotate-key", {"overlapSeconds": -1}, 422, ">= 0"),
    ("POST", f"/applications/{APPLICATION}/rotate-key", b"", 400, "The body is empty"),
    ("POST", "/applications/none/authorize", b"", 404, "There is no application none."),
    ("POST", "/operators", {"name": OPERATOR}, 409, "is there already"),
    ("POST", "/operators", {"name": "anna", "role": "owner"}, 422, "Not one of the allowed"),
    ("POST", "/operators", {"name": "anna", "organizations": []}, 422, "length >= 1"),
    ("POST", "/operators", {"name": "anna", "organizations": ["9"]}, 404, "no organization 9."),
    ("POST", "/operators", {"name": "anna", "expiresAt": "2020-01-01T00:00:00Z"}, 422, "past"),
    ("POST", "/operators", {"name": "anna", "expiresAt": "tomorrow"}, 422, "with an offset"),
    ("POST", "/operators", {"name": "a", "expiresAt": "0001-01-01T00:00:00+23:59"}, 422, "offset"),
    ("PATCH", "/operators/none", {"role": "read"}, 404, "There is no operator none."),
    ("PATCH", f"/operators/{OPERATOR}", {"organizations": []}, 422, "length >= 1"),
    ("PATCH", f"/operators/{OPERATOR}", {"role": None}, 422, "Expected `str`"),
    ("DELETE", "/operators/none", b"", 404, "There is no operator none."),
    ("POST", "/operators/none/rotate-key", {}, 404, "There is no operator none."),
    ("GET", "/operators?after=wrong", b"", 422, "not the `next` of an earlier page"),
    ("GET", "/operators?after=MTIz", b"", 422, "not the `next` of an earlier page"),
    ("GET", "/operators?limit=0", b"", 422, ">= 1"),
    ("GET", "/operators?name=anna", b"", 422, "unknown field `name`"),
]
TYPES = {400: "BAD_REQUEST", 404: "NOT_FOUND", 409: "CONFLICT", 422: "UNPROCESSABLE_ENTITY"}


@all_cases(("method", "path", "body", "status", "words"), REFUSED)
def test_refusals(
    shared: Served, method: str, path: str, body: Any, status: int, words: str
) -> None:
    found = refusal(shared, method, path, body)
    assert found[:2] == (status, TYPES[status])
    assert words in found[2]
    assert "seatlatch" not in found[2]
    assert audited(shared) == []


def test_a_channel_with_listed_tickets_stays(served: Served, inventory: Database) -> None:
    done(served, "POST", "/channels", NEW_CHANNEL)
    add_tickets(inventory, [listed("theirs", "new")])
    found = refusal(served, "DELETE", "/channels/new")
    assert found[:2] == (409, "CONFLICT")
    assert "on the ticket 'theirs'" in found[2]


@pytest.mark.only_on("sqlite")
def test_an_operator_has_a_limited_number_of_keys(served: Served) -> None:
    for _ in range(KEYS_MAX - 1):
        done(served, "POST", f"/operators/{OPERATOR}/rotate-key", {})
    status, _, message = refusal(served, "POST", f"/operators/{OPERATOR}/rotate-key", {})
    assert (status, f"has {KEYS_MAX} keys" in message) == (409, True)
    done(served, "POST", f"/operators/{OPERATOR}/rotate-key", {"overlapSeconds": 0})


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("name", ["a/b", "a%b", "..", "~!$&'()*+,;=:@", "organizations"])
def test_identifiers_in_paths_are_percent_encoded(served: Served, name: str) -> None:
    done(served, "POST", "/organizations", {"organizationId": name, "name": "Arena"})
    encoded = quote(name, safe="").replace(".", "%2E")
    granted = done(served, "PUT", f"/channels/{CHANNEL}/organizations/{encoded}")
    assert name in granted["organizations"]
    done(served, "DELETE", f"/channels/{CHANNEL}/organizations/{encoded}")
    done(served, "DELETE", f"/organizations/{encoded}")


def test_a_change_has_its_author_in_the_audit(served: Served) -> None:
    done(served, "POST", "/organizations", {"organizationId": "3003", "name": "Arena"})
    (entry,) = audited(served)
    assert entry["actor"] == ADMINISTRATOR
    assert entry["clientAddress"] == "127.0.0.1"
    assert (entry["action"], entry["target"]) == ("organization.add", "3003")
    assert entry["details"] == {"name": "Arena"}


@pytest.mark.only_on("postgres")
def test_an_import_that_has_the_lock_is_503_and_may_be_retried(
    served: Served, inventory: Database
) -> None:
    with inventory.writing():
        answer = administer(
            served, "POST", "/organizations", {"organizationId": "3003", "name": "Arena"}
        )
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "an import is running" in answer.json()["error"]["developerMessage"]
    assert done(served, "POST", "/organizations", {"organizationId": "3003", "name": "Arena"})
