"""Forms that no page of the console has sent: refused on every route, before anything happens."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from seatlatch.console.viewer import csrf_token
from seatlatch.http.route_spec import RouteSpec
from tests.console.console_client import COOKIE, CSRF_HEADER, SIGN_IN, Console, partner_of
from tests.console.people import ADMIN, SUPPORT
from tests.console.routes import actions_in, console_routes, name_of, path_of, send_action
from tests.databases import ON_SQLITE
from tests.serving import CHANNEL, ORGANIZATION, Served

pytestmark = ON_SQLITE
"""No form reaches the database here."""

SIGN_OUT = "/console/sign-out"
PARTNER_SIGN_OUT = "/console/partner/sign-out"
NAMES = {
    "token": "listed-1",
    "organizationId": ORGANIZATION,
    "organization": ORGANIZATION,
    "channelCode": CHANNEL,
    "reason": "moving",
}
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
ELSEWHERE: Mapping[str, Mapping[str, str]] = {
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "another site that names our origin": {"Sec-Fetch-Site": "cross-site", "Origin": "{url}"},
    "a neighbour's name": {"Sec-Fetch-Site": "same-site"},
    "an older browser": {"Origin": "https://example.com"},
    "an older browser with another port": {"Origin": "http://127.0.0.1:1"},
    "a page without an origin": {"Origin": "null"},
    "something that names no origin": {"Origin": "http://["},
}


@pytest.fixture(scope="module")
def actions(tmp_path_factory: pytest.TempPathFactory) -> list[RouteSpec[Any]]:
    """Every route that changes something."""
    found = actions_in(console_routes(Path(tmp_path_factory.mktemp("routes"))))
    assert found
    return found


@pytest.fixture
def administrator(served: Served) -> Iterator[Console]:
    """A person who may do everything, and who can still do so at the end."""
    console = Console(served, ADMIN)
    before = served.database.rows()
    yield console
    assert console.get("/console").status_code == 200
    assert served.database.rows() == before


def send(
    console: Console, spec: RouteSpec[Any], csrf: str, headers: Mapping[str, str] = SAME_ORIGIN
) -> httpx.Response:
    """Send a route its form, complete but for what the test changes."""
    values = {name: value.format(url=console.url) for name, value in headers.items()}
    return send_action(console, spec, NAMES, csrf, values)


def require_refused(answers: Mapping[str, httpx.Response]) -> None:
    """Each was refused with 403."""
    found = {name: answer.status_code for name, answer in answers.items()}
    assert found
    assert {name: status for name, status in found.items() if status != 403} == {}


@pytest.mark.parametrize("csrf", ["", "garbage", "A" * 88, "é"])
def test_a_token_that_is_none_is_refused_everywhere(
    administrator: Console, actions: list[RouteSpec[Any]], csrf: str
) -> None:
    require_refused({name_of(spec): send(administrator, spec, csrf) for spec in actions})


def test_a_token_of_another_session_is_refused_everywhere(
    administrator: Console, served: Served, actions: list[RouteSpec[Any]]
) -> None:
    for other in (Console(served, SUPPORT), Console(served, ADMIN)):
        require_refused({name_of(spec): send(administrator, spec, other.csrf) for spec in actions})


def test_the_token_of_an_ended_session_is_refused(
    administrator: Console, actions: list[RouteSpec[Any]]
) -> None:
    before = administrator.csrf
    assert administrator.sign_in(ADMIN).status_code == 303
    require_refused({name_of(spec): send(administrator, spec, before) for spec in actions})


@pytest.mark.parametrize("sender", ELSEWHERE)
def test_a_form_of_another_site_is_refused_everywhere(
    administrator: Console, actions: list[RouteSpec[Any]], sender: str
) -> None:
    headers = ELSEWHERE[sender]
    answers = {
        name_of(spec): send(administrator, spec, administrator.csrf, headers) for spec in actions
    }
    require_refused(answers)


@pytest.mark.parametrize("sender", ELSEWHERE)
def test_another_site_cannot_sign_a_browser_in(served: Served, sender: str) -> None:
    console = Console(served, None)
    headers = {name: text.format(url=served.url) for name, text in ELSEWHERE[sender].items()}
    for path, field in ((SIGN_IN, {"key": ADMIN}), ("/console/partner/open", {"link": "any"})):
        answer = console.send("POST", path, headers=headers, data={**field})
        assert answer.status_code == 403
        assert not console.cookies


def test_a_partners_form_needs_the_partners_token(served: Served) -> None:
    administrator = Console(served, ADMIN)
    partner = partner_of(administrator, served, CHANNEL)
    other = partner_of(administrator, served, CHANNEL)
    for csrf in ("", "garbage", administrator.csrf, other.csrf):
        assert partner.post(PARTNER_SIGN_OUT, csrf=csrf).status_code == 403
    headers = {"Sec-Fetch-Site": "cross-site"}
    form: dict[str, str | list[str]] = {"csrf": partner.csrf}
    refused = partner.send("POST", PARTNER_SIGN_OUT, headers=headers, data=form)
    assert refused.status_code == 403
    assert partner.post(PARTNER_SIGN_OUT).status_code == 200


def test_a_form_of_another_kind_is_refused(
    administrator: Console, actions: list[RouteSpec[Any]]
) -> None:
    headers = {**SAME_ORIGIN, CSRF_HEADER: administrator.csrf, "Content-Type": "text/plain"}
    for spec in actions:
        answer = administrator.send("POST", path_of(spec, NAMES), headers=headers)
        assert answer.status_code == 415, name_of(spec)


def test_a_script_sends_the_token_in_a_header(served: Served) -> None:
    console = Console(served, ADMIN)
    headers = {**SAME_ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
    wrong = console.send("POST", SIGN_OUT, headers={**headers, CSRF_HEADER: "garbage"})
    assert wrong.status_code == 403
    right = console.send("POST", SIGN_OUT, headers={**headers, CSRF_HEADER: console.csrf})
    assert right.status_code == 303


def test_tokens_are_of_the_sessions_secret(served: Served) -> None:
    console = Console(served, ADMIN)
    secret = console.cookies[COOKIE]
    assert secret not in console.get("/console").text
    console.csrf = csrf_token(secret)
    assert console.post(SIGN_OUT).status_code == 303
