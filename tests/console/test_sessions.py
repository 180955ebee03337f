"""Sessions of the console: how they begin, what they open, and that they end."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.cookies import Morsel, SimpleCookie

import httpx
import pytest

from seatlatch.auth.address_limits import FAILURES
from seatlatch.auth.keys import hash_secret
from seatlatch.console.forms import PUBLIC_FORM_BYTES_MAX
from seatlatch.domain.operator import Operator, Role
from seatlatch.operations.console_sessions import SESSION_SECONDS
from tests.cases import all_cases
from tests.console.console_client import COOKIE, SIGN_IN, Console
from tests.console.people import ADMIN, BOX_OFFICE, READ, SUPPORT
from tests.console.routes import BROWSER
from tests.databases import ON_SQLITE, Database
from tests.operator_api.role_cases import CASES, REAL
from tests.operator_api.test_roles import filled
from tests.serving import UNLOCK, Served, serving, valid_headers

HOME = "/console"
SIGN_OUT = "/console/sign-out"
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
PROXY = "127.0.0.1"


def cookie_of(answer: httpx.Response) -> Morsel[str]:
    """The cookie that a response sets."""
    (header,) = answer.headers.get_list("set-cookie")
    return SimpleCookie(header)[COOKIE]


def is_signed_in(served: Served, secret: str) -> bool:
    """Whether a cookie still opens the console."""
    console = Console(served, None)
    console.cookies.set(COOKIE, secret)
    return console.get(HOME).status_code == 200


def sign_in_with(served: Served, key: str, headers: dict[str, str]) -> httpx.Response:
    """Sign in through a proxy that adds headers."""
    return Console(served, None).send("POST", SIGN_IN, headers=headers, data={"key": key})


def test_a_person_signs_in_and_out(served: Served) -> None:
    console = Console(served, READ)
    secret = console.cookies[COOKIE]
    assert READ in console.get(HOME).text
    assert is_signed_in(served, secret)
    answer = console.post(SIGN_OUT)
    assert (answer.status_code, answer.headers["location"]) == (303, SIGN_IN)
    assert int(cookie_of(answer)["max-age"]) == 0
    assert not is_signed_in(served, secret), "the session has ended on the server"


@ON_SQLITE
def test_the_cookie_is_for_the_console_and_for_no_script(served: Served) -> None:
    cookie = cookie_of(sign_in_with(served, READ, {}))
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "strict", HOME)
    assert (cookie["domain"], cookie["max-age"], cookie["expires"]) == ("", "", "")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", cookie.value), "256 bits"


@ON_SQLITE
@pytest.mark.parametrize("is_trusted", [True, False])
def test_behind_tls_the_cookie_is_for_tls_alone(inventory: Database, is_trusted: bool) -> None:
    proxies = PROXY if is_trusted else "192.0.2.1"
    with serving(inventory, console="on", trusted_proxies=proxies) as served:
        for proto, is_secure in (("https", is_trusted), ("http", False)):
            answer = sign_in_with(served, READ, {"X-Forwarded-Proto": proto})
            assert bool(cookie_of(answer)["secure"]) is is_secure, proto


@ON_SQLITE
def test_below_a_root_path_the_cookie_is_for_the_console_there(inventory: Database) -> None:
    with serving(inventory, console="on", root_path="/tickets") as served:
        answer = sign_in_with(served, READ, {})
    assert cookie_of(answer)["path"] == "/tickets/console"
    assert answer.headers["location"] == "/tickets/console"


@ON_SQLITE
def test_a_form_of_somebody_who_is_not_signed_in_is_short(served: Served) -> None:
    nobody = Console(served, None)
    text = "x" * PUBLIC_FORM_BYTES_MAX
    assert nobody.sign_in(text).status_code == 413
    assert nobody.post("/console/partner/open", link=text).status_code == 413


@ON_SQLITE
def test_a_cookie_from_before_the_sign_in_is_not_kept(served: Served) -> None:
    planted = "planted-by-somebody-else"
    cookie = {"Cookie": f"{COOKIE}={planted}"}
    answer = sign_in_with(served, READ, cookie)
    assert answer.status_code == 303
    assert cookie_of(answer).value != planted
    assert not is_signed_in(served, planted)


def test_a_session_of_another_person_ends_when_its_browser_signs_in(served: Served) -> None:
    attacker = Console(served, SUPPORT)
    secret = attacker.cookies[COOKIE]
    victim = Console(served, None)
    victim.cookies = attacker.cookies
    answer = victim.sign_in(ADMIN)
    assert cookie_of(answer).value != secret
    assert not is_signed_in(served, secret)
    assert is_signed_in(served, cookie_of(answer).value)


def test_a_session_ends_after_a_working_day(inventory: Database) -> None:
    clock = inventory.clock(NOW)
    with serving(inventory, at=clock, console="on") as served:
        console = Console(served, READ)
        clock.now += timedelta(seconds=SESSION_SECONDS - 1)
        assert console.get(HOME).status_code == 200
        clock.now += timedelta(seconds=1)
        assert console.get(HOME).status_code == 401
        assert console.post(SIGN_OUT).status_code == 401


def test_a_session_ends_with_its_key(inventory: Database) -> None:
    clock = inventory.clock(NOW)
    with inventory.provisioning(at=clock) as provisioning:
        provisioning.add_operator_key(READ, hash_secret(b"short"), NOW + timedelta(minutes=1))
    with serving(inventory, at=clock, console="on") as served:
        short, other = Console(served, "short"), Console(served, READ)
        clock.now += timedelta(minutes=1)
        assert short.get(HOME).status_code == 401
        assert other.get(HOME).status_code == 200


def end_keys(database: Database) -> None:
    """A person's keys end, and the person stays."""
    with database.provisioning() as provisioning:
        provisioning.end_operator_keys(SUPPORT, datetime.now(UTC))


def remove_person(database: Database) -> None:
    """A person is removed."""
    with database.provisioning() as provisioning:
        provisioning.remove_operator(SUPPORT)


@pytest.mark.parametrize("revoke", [end_keys, remove_person])
def test_a_revoked_session_ends_at_once(served: Served, revoke: Callable[[Database], None]) -> None:
    console, other = Console(served, SUPPORT), Console(served, READ)
    revoke(served.database)
    assert console.get(HOME).status_code == 401
    assert other.get(HOME).status_code == 200


def test_a_session_has_the_role_of_now(served: Served) -> None:
    console = Console(served, ADMIN)
    assert ">admin<" in console.get(HOME).text
    with served.database.provisioning() as provisioning:
        provisioning.change_operator(Operator(ADMIN, Role.READ))
    assert ">read<" in console.get(HOME).text


@ON_SQLITE
def test_wrong_keys_are_refused_and_throttled(
    inventory: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seatlatch.assembly.monotonic", lambda: 100.0)
    with serving(inventory, console="on", rate_limit="1000:1000") as served:
        console = Console(served, None)
        for _ in range(FAILURES.burst):
            answer = console.sign_in("wrong")
            assert answer.status_code == 401
            assert "not valid" in answer.text
        assert COOKIE not in console.cookies
        throttled = console.sign_in("wrong")
        assert (throttled.status_code, "retry-after" in throttled.headers) == (429, True)
        assert console.sign_in(READ).status_code == 303, "as on every interface"


@ON_SQLITE
@pytest.mark.parametrize("key", ["", " ", "\0", "é", "a" * 1000, "test-api-key", "listed-1"])
def test_what_is_no_operators_key_opens_nothing(served: Served, key: str) -> None:
    console = Console(served, None)
    assert console.sign_in(key).status_code == 401
    assert COOKIE not in console.cookies


@ON_SQLITE
@all_cases("route", CASES)
def test_a_session_opens_no_route_of_the_operators(served: Served, route: str) -> None:
    console = Console(served, ADMIN)
    secret = console.cookies[COOKIE]
    method, case = route.partition(" ")[0], CASES[route]
    cookie = {"Cookie": f"{COOKIE}={secret}"}
    for headers in (cookie, {**cookie, "Authorization": f"Bearer {secret}"}):
        body = b"" if case.body is None else json.dumps(filled(case.body, REAL)).encode()
        headers = {**headers, "Content-Type": "application/json"}
        answer = served.send(filled(case.path, REAL), method, headers, body)
        assert answer.status_code == 401, answer.text


@ON_SQLITE
def test_a_session_opens_no_route_of_the_channels(served: Served) -> None:
    secret = Console(served, ADMIN).cookies[COOKIE]
    before = served.database.rows()
    for changes in ({"authorization": None}, {"authorization": f"Bearer {secret}"}):
        headers = valid_headers(**changes) | {"Cookie": f"{COOKIE}={secret}"}
        answer = served.send(UNLOCK, "PUT", headers, b'{"tokens":["listed-1"]}')
        assert answer.status_code == 401
    assert served.database.rows() == before


@ON_SQLITE
def test_a_key_in_a_header_opens_no_page(served: Served) -> None:
    headers = {"Authorization": f"Bearer {BOX_OFFICE}", "Accept": BROWSER}
    answer = Console(served, None).get(HOME, headers)
    assert (answer.status_code, answer.headers["location"]) == (303, SIGN_IN + "?next=%2Fconsole")


@ON_SQLITE
@pytest.mark.parametrize("secret", ["", "a" * 43, "a" * 5000, "é", '"', ";;", "=", "%00"])
def test_a_cookie_that_is_no_session_leads_to_the_sign_in(served: Served, secret: str) -> None:
    headers = {"Cookie": f"{COOKIE}={secret}".encode(), "Accept": BROWSER.encode()}
    answer = served.client.get(HOME, headers={k.encode(): v for k, v in headers.items()})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(SIGN_IN)


@ON_SQLITE
def test_a_script_without_a_session_lets_the_browser_sign_in(served: Served) -> None:
    answer = Console(served, None).get(HOME, {"HX-Request": "true", "Accept": BROWSER})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, SIGN_IN)


@ON_SQLITE
@pytest.mark.parametrize(
    "elsewhere",
    [
        *("https://example.com/", "//example.com", "/\\example.com", "\\\\example.com", "/"),
        *("javascript:alert(1)", "/console//example.com", "/consoles", "/console@example.com"),
        *("/v1/events", "/console\r\nX-Header: 1", "/console/\u2028", "console", ""),
    ],
)
def test_the_sign_in_leads_to_no_other_place(served: Served, elsewhere: str) -> None:
    console = Console(served, None)
    shown = console.get(SIGN_IN, next=elsewhere)
    assert 'name="next" value="/console"' in shown.text
    answer = console.sign_in(READ, next=elsewhere)
    assert (answer.status_code, answer.headers["location"]) == (303, HOME)
    assert "x-header" not in answer.headers


@ON_SQLITE
def test_the_sign_in_leads_to_the_page_that_was_asked_for(served: Served) -> None:
    asked = "/console/tickets?section=101&row=A%26B"
    console = Console(served, None)
    answer = console.sign_in(READ, next=asked)
    assert answer.headers["location"] == asked
