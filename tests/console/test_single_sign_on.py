"""Single sign-on: a trusted proxy names the operator in a header, and nobody else can."""

from collections.abc import Iterator

import httpx
import pytest

from seatlatch.domain.operator import Operator, Role
from tests.cases import all_cases
from tests.console.console_client import COOKIE, SIGN_IN, Console
from tests.console.people import ADMIN, READ, SUPPORT
from tests.databases import ON_SQLITE, Database
from tests.operator_api.administrators import audited
from tests.serving import Served, serving

HEADER = "X-Remote-User"
SIGN_OUT = "/console/sign-out"


@pytest.fixture
def behind(inventory: Database) -> Iterator[Served]:
    """A server behind a trusted proxy, which names the operator."""
    with serving(
        inventory, console="on", console_user_header=HEADER, trusted_proxies="127.0.0.1"
    ) as served:
        yield served


def sign_in(
    served: Served, headers: dict[str, str] | list[tuple[str, str]]
) -> tuple[Console, httpx.Response]:
    """Press the button of the sign-in page, which has no field for a key."""
    console = Console(served, None)
    console.headers = httpx.Headers(headers)
    return console, console.sign_in("")


def test_the_proxys_person_signs_in_with_one_press(behind: Served) -> None:
    console = Console(behind, None)
    console.headers[HEADER] = SUPPORT
    page = console.get(SIGN_IN).text
    assert f"Continue as {SUPPORT}" in page
    assert 'name="key"' not in page
    assert console.sign_in("").status_code == 303
    assert SUPPORT in console.get("/console").text
    (entry,) = audited(behind)
    assert (entry["action"], entry["actor"], entry["target"]) == ("sign_in", SUPPORT, SUPPORT)


def test_a_session_lasts_as_long_as_the_proxy_names_its_person(behind: Served) -> None:
    console, answer = sign_in(behind, {HEADER: SUPPORT})
    assert answer.status_code == 303
    for name, status in ((SUPPORT, 200), (ADMIN, 401), (None, 401), ("", 401), (SUPPORT, 200)):
        console.headers = httpx.Headers({} if name is None else {HEADER: name})
        assert console.get("/console").status_code == status, name


def test_a_removed_person_is_out_at_once(behind: Served) -> None:
    console, _ = sign_in(behind, {HEADER: SUPPORT})
    with behind.database.provisioning() as provisioning:
        provisioning.remove_operator(SUPPORT)
    assert console.get("/console").status_code == 401
    assert sign_in(behind, {HEADER: SUPPORT})[1].status_code == 401


def test_the_role_is_the_operators(behind: Served) -> None:
    console, _ = sign_in(behind, {HEADER: READ})
    assert ">read<" in console.get("/console").text
    with behind.database.provisioning() as provisioning:
        provisioning.change_operator(Operator(READ, Role.SUPPORT))
    assert ">support<" in console.get("/console").text


@ON_SQLITE
@all_cases(
    "headers",
    [
        [],
        [(HEADER, "")],
        [(HEADER, "nobody")],
        [(HEADER, SUPPORT.upper())],
        [(HEADER, f"{SUPPORT}, {ADMIN}")],
        [(HEADER, SUPPORT), (HEADER, ADMIN)],
        [(HEADER, SUPPORT), (HEADER, SUPPORT)],
        [(HEADER.replace("-", "_"), SUPPORT)],
        [("X-Forwarded-User", SUPPORT)],
        [("Remote-User", SUPPORT)],
    ],
)
def test_anything_but_one_operators_name_opens_nothing(
    behind: Served, headers: list[tuple[str, str]]
) -> None:
    console, answer = sign_in(behind, headers)
    assert answer.status_code == 401
    assert COOKIE not in console.cookies


@ON_SQLITE
def test_a_key_still_signs_in_behind_the_proxy(behind: Served) -> None:
    assert SUPPORT in Console(behind, SUPPORT).get("/console").text


@ON_SQLITE
@pytest.mark.parametrize("trusted", ["", "192.0.2.1", "10.0.0.0/8,fd00::/8"])
def test_the_header_of_anybody_else_is_ignored(inventory: Database, trusted: str) -> None:
    with serving(
        inventory, console="on", console_user_header=HEADER, trusted_proxies=trusted
    ) as served:
        headers = {HEADER: ADMIN, "X-Forwarded-For": "192.0.2.1"}
        console, answer = sign_in(served, headers)
        assert answer.status_code == 401
        assert COOKIE not in console.cookies
        assert 'name="key"' in console.get(SIGN_IN).text


@ON_SQLITE
def test_without_the_setting_no_header_is_read(inventory: Database) -> None:
    with serving(inventory, console="on", trusted_proxies="127.0.0.1") as served:
        assert sign_in(served, {HEADER: ADMIN})[1].status_code == 401


@ON_SQLITE
def test_sign_out_ends_the_session(behind: Served) -> None:
    console, _ = sign_in(behind, {HEADER: SUPPORT})
    secret = console.cookies[COOKIE]
    console.renew()
    assert console.post(SIGN_OUT).status_code == 303
    console.cookies.set(COOKIE, secret)
    assert console.get("/console").status_code == 401


@ON_SQLITE
def test_the_header_opens_no_interface(behind: Served) -> None:
    for path in ("/operator/v1/tickets", "/v1/events"):
        answer = behind.send(path, "GET", {HEADER: ADMIN, "Accept": "application/json"})
        assert answer.status_code in (400, 401), path
