"""The pages of people: keys that work and end, roles, and revocations that end sessions."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from seatlatch.domain.operator import Role
from tests.cases import all_cases
from tests.console.access_pages import Fields, did, opened, refused, secrets, words
from tests.console.console_client import SIGN_IN, Console
from tests.console.people import ADMIN, BOX_OFFICE, READ, SUPPORT
from tests.databases import ON_SQLITE
from tests.operator_api.administrators import administer, audited, done
from tests.serving import ORGANIZATION, Served
from tests.waiting import until

PEOPLE = "/console/people"
NEW = f"{PEOPLE}/anna"
SAME: Fields = {"role": "read", "scope": "all"}


@pytest.fixture
def console(served: Served) -> Console:
    """An administrator."""
    return Console(served, ADMIN)


def shown(served: Served, name: str) -> dict[str, object]:
    """An operator as the operators' interface shows it."""
    found: list[dict[str, object]] = done(served, "GET", "/operators")["operators"]
    return next(one for one in found if one["name"] == name)


def is_ended(answer: httpx.Response) -> bool:
    """Whether a response asks to sign in."""
    return answer.status_code == 401


def is_served(served: Served, key: str) -> bool:
    """Whether the operators' interface takes a key."""
    return administer(served, "GET", "/tickets", key=key).status_code == 200


def test_a_person_is_added_and_signs_in(served: Served, console: Console) -> None:
    fields: Fields = {"role": "support", "scope": "some", "organizationIds": [ORGANIZATION]}
    (key,) = secrets(console, PEOPLE, name="anna", **fields)
    anna = Console(served, key)
    assert "anna support" in words(opened(anna, "/console"))
    assert shown(served, "anna")["organizations"] == [ORGANIZATION]
    assert anna.get(PEOPLE).status_code == 403
    page = words(opened(console, PEOPLE))
    assert "anna support 1001 1 none has an end" in page
    until(lambda: "anna support 1001 1 none has an end never" not in words(opened(console, PEOPLE)))
    entry = next(one for one in audited(served) if one["action"] == "operator.add")
    assert (entry["actor"], entry["target"]) == (ADMIN, "anna")
    assert entry["details"] == {"role": "support", "organizations": ["1001"], "expiresAt": None}


def test_a_key_has_a_last_day(served: Served, console: Console) -> None:
    day = (datetime.now(UTC) + timedelta(days=3)).date()
    secrets(console, PEOPLE, name="anna", lastDay=day.isoformat(), **SAME)
    secrets(console, f"{NEW}/rotate-key", overlap="2592000", lastDay="9999-12-31")
    keys = shown(served, "anna")["keys"]
    assert isinstance(keys, list)
    ends = {key["expiresAt"] for key in keys}
    assert ends == {f"{day}T23:59:59Z", "9999-12-31T23:59:59Z"}
    assert f"{day} 23:59:59 UTC" in words(opened(console, NEW))


def test_keys_are_rotated_with_and_without_an_overlap(served: Served, console: Console) -> None:
    (first,) = secrets(console, PEOPLE, name="anna", **SAME)
    (second,) = secrets(console, f"{NEW}/rotate-key", overlap="3600")
    assert is_served(served, first)
    assert is_served(served, second)
    (third,) = secrets(console, f"{NEW}/rotate-key", overlap="0")
    assert not is_served(served, first)
    assert not is_served(served, second)
    assert is_served(served, third)


def test_secrets_are_on_one_page_only(served: Served, console: Console) -> None:
    found = [
        *secrets(console, PEOPLE, name="anna", **SAME),
        *secrets(console, f"{NEW}/rotate-key"),
    ]
    assert len(set(found)) == 2
    later = "".join(opened(console, page) for page in (PEOPLE, NEW, "/console/audit", "/console"))
    later += administer(served, "GET", "/audit").text
    assert "anna" in later
    assert [one for one in found if one in later] == []


def test_a_role_and_organizations_are_changed_and_count_at_once(
    served: Served, console: Console
) -> None:
    support = Console(served, SUPPORT)
    assert support.get(PEOPLE).status_code == 403
    one = f"{PEOPLE}/{SUPPORT}"
    assert did(console, f"{one}/change", role="admin", scope="all") == f"{one}?done=changed"
    assert support.get(PEOPLE).status_code == 200
    did(console, f"{one}/change", role="admin", scope="some", organizationIds=[ORGANIZATION])
    assert support.get(PEOPLE).status_code == 403
    page = opened(console, one)
    assert f'name="organizationIds" value="{ORGANIZATION}" checked' in page
    assert 'value="some" checked' in page
    assert 'value="admin" selected' in page
    did(console, f"{one}/change", role="read", scope="all")
    assert shown(served, SUPPORT)["organizations"] is None


def test_a_revocation_ends_keys_and_sessions_at_once(served: Served, console: Console) -> None:
    support = Console(served, SUPPORT)
    assert support.get("/console").status_code == 200
    assert is_served(served, SUPPORT)
    assert did(console, f"{PEOPLE}/{SUPPORT}/revoke", confirmed=SUPPORT) == f"{PEOPLE}?done=revoked"
    assert is_ended(support.get("/console"))
    assert not is_served(served, SUPPORT)
    assert support.sign_in(SUPPORT).status_code == 401
    assert SUPPORT not in opened(console, PEOPLE)
    assert console.get(f"{PEOPLE}/{SUPPORT}").status_code == 404


def test_a_revocation_elsewhere_ends_a_session_within_a_second(served: Served) -> None:
    support = Console(served, SUPPORT)
    done(served, "DELETE", f"/operators/{SUPPORT}")
    until(lambda: is_ended(support.get("/console")), seconds=1)


def test_a_person_who_revokes_herself_is_signed_out(served: Served, console: Console) -> None:
    page = words(opened(console, f"{PEOPLE}/{ADMIN}"))
    assert "This is you." in page
    assert "You are signed out." in page
    assert "This is you." not in words(opened(console, f"{PEOPLE}/{READ}"))
    assert did(console, f"{PEOPLE}/{ADMIN}/revoke", confirmed=ADMIN) == SIGN_IN
    assert is_ended(console.get(PEOPLE))
    assert is_ended(console.post(PEOPLE, name="anna", **SAME))
    assert "anna" not in {one["name"] for one in done(served, "GET", "/operators")["operators"]}


def test_a_person_who_ends_her_own_key_sees_the_new_one(served: Served, console: Console) -> None:
    (key,) = secrets(console, f"{PEOPLE}/{ADMIN}/rotate-key", overlap="0")
    assert is_ended(console.get(PEOPLE))
    assert Console(served, key).get(PEOPLE).status_code == 200


def test_a_person_who_gives_up_her_own_role_is_led_home(served: Served, console: Console) -> None:
    assert did(console, f"{PEOPLE}/{ADMIN}/change", role="read", scope="all") == "/console"
    assert console.get("/console").status_code == 200
    assert console.get(PEOPLE).status_code == 403
    before = shown(served, ADMIN)
    assert console.post(f"{PEOPLE}/{ADMIN}/change", role="admin", scope="all").status_code == 403
    assert shown(served, ADMIN) == before


@all_cases("role", [role for role in Role if role is not Role.ADMIN])
@all_cases("scope", ["all", "inside"])
def test_nobody_lifts_himself(served: Served, role: Role, scope: str) -> None:
    name = f"{role}-{scope}"
    person, before = Console(served, name), shown(served, name)
    for verb, fields in {
        "change": {"role": "admin", "scope": "all"},
        "rotate-key": {},
        "revoke": {"confirmed": name},
    }.items():
        assert person.post(f"{PEOPLE}/{name}/{verb}", **fields).status_code == 403
    assert person.post(PEOPLE, name="anna", role="admin", scope="all").status_code == 403
    assert shown(served, name) == {**before, "keys": shown(served, name)["keys"]}


REFUSED: list[tuple[str, Fields, int, str]] = [
    (PEOPLE, {"name": BOX_OFFICE, **SAME}, 409, "is there already"),
    (PEOPLE, {"name": "a b", **SAME}, 422, "visible ASCII"),
    (PEOPLE, {"name": "anna", "scope": "all"}, 422, "role"),
    (PEOPLE, {"name": "anna", "role": "owner", "scope": "all"}, 422, "wrong shape"),
    (PEOPLE, {"name": "anna", "role": "read"}, 422, "scope"),
    (PEOPLE, {"name": "anna", "role": "read", "scope": "some"}, 422, "at least one organization"),
    (
        PEOPLE,
        {"name": "anna", "role": "read", "scope": "some", "organizationIds": "9"},
        404,
        "There is no organization 9.",
    ),
    (PEOPLE, {"name": "anna", "lastDay": "2020-01-01", **SAME}, 422, "in the past"),
    (PEOPLE, {"name": "anna", "lastDay": "tomorrow", **SAME}, 422, "wrong shape"),
    (f"{PEOPLE}/none/change", SAME, 404, "There is no operator none."),
    (f"{PEOPLE}/none/rotate-key", {}, 404, "There is no operator none."),
    (f"{PEOPLE}/none/revoke", {"confirmed": "none"}, 404, "There is no operator none."),
    (f"{PEOPLE}/{READ}/revoke", {}, 422, f"type {READ} exactly"),
    (f"{PEOPLE}/{READ}/revoke", {"confirmed": ADMIN}, 422, f"type {READ} exactly"),
    (f"{PEOPLE}/{READ}/rotate-key", {"overlap": "2592001"}, 422, "<="),
    (f"{PEOPLE}/{READ}/change", {"role": "read", "scope": "some"}, 422, "at least one"),
]


@all_cases(("path", "fields", "status", "says"), REFUSED)
def test_refusals(served: Served, path: str, fields: Fields, status: int, says: str) -> None:
    console = Console(served, ADMIN)
    found = refused(console, path, **fields)
    assert found[0] == status
    assert says in found[1]
    assert {entry["action"] for entry in audited(served)} == {"sign_in"}


@ON_SQLITE
def test_odd_names_are_escaped_and_reachable(served: Served, console: Console) -> None:
    name = "<b>&\"'/%2F"
    (_,) = secrets(console, PEOPLE, name=name, **SAME)
    path = f"{PEOPLE}/%3Cb%3E%26%22%27%2F%252F"
    for page in (opened(console, PEOPLE), opened(console, path)):
        assert name in words(page)
        assert "<b>" not in page
    assert did(console, f"{path}/revoke", confirmed=name)
    assert console.get(path).status_code == 404
