"""What every response of the console has in common, whatever it shows: nothing is run, nothing is
kept, nothing is framed, and texts of others are texts.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from seatlatch.http.route_spec import RouteSpec
from tests.console.console_client import SIGN_IN, Console, partner_of
from tests.console.people import ADMIN, READ
from tests.console.routes import (
    BROWSER,
    PARTNER,
    PLACE,
    actions_in,
    console_routes,
    name_of,
    pages_in,
    path_of,
    paths_of,
)
from tests.console.world import ABSENT, COMPUTED, EVIL, REAL, fill_world
from tests.databases import ON_SQLITE, Databases
from tests.serving import CHANNEL, Served, fill, serving

pytestmark = ON_SQLITE
"""No engine matters for what a page looks like."""

LATER = {"GET /console/tickets/{token}/changes"}
"""Pages that are linked only where there is more than fits on one."""

WHOLE = "<!doctype html>"
HTML = "text/html; charset=utf-8"
JSON = "application/json"
DIRECTIVES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
"""What the content security policy must say."""

IN_A_PAGE = re.compile(
    r"<script(?![^>]*\ssrc=)|\sstyle\s*=|\son[a-z]+\s*=|javascript:|hx-on|<(base|iframe|object)\b",
    re.IGNORECASE,
)
"""Code and styles inside a page, which the policy forbids."""

ELSEWHERE = re.compile(r"""\b(?:src|href|action|hx-[a-z]+)\s*=\s*["']?\s*(?:https?:)?//""")


@pytest.fixture(scope="module")
def world(databases: Databases) -> Iterator[Served]:
    """A server, for tests that change nothing."""
    database = databases.new()
    fill(database)
    with serving(database, console="on") as served:
        yield served


@pytest.fixture(scope="module")
def names(world: Served) -> dict[str, str]:
    """Everything that the console shows, by its name."""
    return fill_world(world)


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[RouteSpec[Any]]:
    """Every route of the console."""
    return console_routes(Path(tmp_path_factory.mktemp("routes")))


@pytest.fixture(scope="module")
def answers(
    world: Served, names: dict[str, str], routes: list[RouteSpec[Any]]
) -> dict[str, httpx.Response]:
    """The responses of all routes to several people, by what was asked and by whom."""
    found: dict[str, httpx.Response] = {}
    administrator = Console(world, ADMIN)
    partner = partner_of(administrator, world, CHANNEL)
    for spec in pages_in(routes, PARTNER):
        for thing, path in paths_of(spec, names, ABSENT).items():
            for person, console in (("a partner", partner), ("nobody", Console(world, None))):
                found[f"{name_of(spec)} of {thing} to {person}"] = open_page(console, path)
    found["a link of nothing"] = open_page(partner, "/console/partner/nothing")
    people = {
        "administrator": administrator,
        "reader": Console(world, READ),
        "nobody": Console(world, None),
    }
    for person, console in people.items():
        for spec in pages_in(routes):
            for thing, path in paths_of(spec, names, ABSENT).items():
                found[f"{name_of(spec)} of {thing} to {person}"] = open_page(console, path)
        for spec in actions_in(routes):
            answer = console.send("POST", path_of(spec, ABSENT), headers={"Accept": BROWSER})
            found[f"{name_of(spec)} without a form by {person}"] = answer
    console = Console(world, None)
    found["the sign-in"] = open_page(console, SIGN_IN)
    found["a refused sign-in"] = console.sign_in("wrong")
    found["a sign-in"] = console.sign_in(READ)
    return found


def open_page(console: Console, path: str) -> httpx.Response:
    """Open a page as a browser does."""
    return console.get(path, {"Accept": BROWSER})


def pages_of(answers: dict[str, httpx.Response]) -> dict[str, httpx.Response]:
    """Those with HTML."""
    pages = {
        name: answer
        for name, answer in answers.items()
        if answer.headers.get("content-type") == HTML
    }
    assert len(pages) > len(answers) // 3
    return pages


def problems(found: dict[str, object]) -> dict[str, object]:
    """What is wrong, by the response that has it."""
    return {name: what for name, what in found.items() if what}


def test_nothing_fails(answers: dict[str, httpx.Response]) -> None:
    assert {answer.status_code for answer in answers.values()} > {200, 303, 404}
    assert problems({name: one.status_code >= 500 for name, one in answers.items()}) == {}


def test_everything_that_is_there_is_shown(
    answers: dict[str, httpx.Response], routes: list[RouteSpec[Any]]
) -> None:
    found: dict[str, int] = {}
    for scheme, person in (("consoleSession", "administrator"), (PARTNER, "a partner")):
        for spec in pages_in(routes, scheme):
            thing = "a thing by a query" if spec.query else "a thing"
            answer = answers[f"{name_of(spec)} of {thing} to {person}"]
            if "{path:path}" not in spec.path:
                found[name_of(spec)] = answer.status_code
    assert {name: status for name, status in found.items() if status >= 400} == {}


def test_every_page_is_linked_from_another(
    answers: dict[str, httpx.Response], routes: list[RouteSpec[Any]]
) -> None:
    texts = {name: answer.text for name, answer in answers.items() if "{path:path}" not in name}
    found = {}
    for spec in pages_in(routes):
        is_whole = answers[f"{name_of(spec)} of a thing to administrator"].text.startswith(WHOLE)
        if is_whole and "{path:path}" not in spec.path and name_of(spec) not in LATER:
            link = re.compile(f'(?:href|action)="{PLACE.sub("[^/?]+", spec.path)}["?]')
            others = [
                text for name, text in texts.items() if not name.startswith(name_of(spec) + " ")
            ]
            found[name_of(spec)] = any(link.search(text) for text in others)
    assert found
    assert [name for name, is_linked in found.items() if not is_linked] == []


def test_no_response_is_kept_guessed_framed_or_named_elsewhere(
    answers: dict[str, httpx.Response],
) -> None:
    wanted = {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
    }
    found: dict[str, object] = {
        name: [each for each, value in wanted.items() if answer.headers.get(each) != value]
        for name, answer in answers.items()
    }
    assert problems(found) == {}


def test_the_policy_of_every_response_lets_nothing_inside_a_page_run(
    answers: dict[str, httpx.Response],
) -> None:
    found: dict[str, object] = {}
    for name, answer in answers.items():
        directives = dict(
            part.strip().partition(" ")[::2]
            for part in answer.headers.get("content-security-policy", "").split(";")
        )
        lacking = [each for each, value in DIRECTIVES.items() if directives.get(each) != value]
        loose = [each for each in directives.values() if "unsafe" in each or "*" in each]
        found[name] = lacking + loose
    assert problems(found) == {}


def test_no_page_contains_code_or_names_another_host(answers: dict[str, httpx.Response]) -> None:
    found: dict[str, object] = {
        name: [*IN_A_PAGE.findall(page.text), *ELSEWHERE.findall(page.text)]
        for name, page in pages_of(answers).items()
    }
    assert problems(found) == {}


def test_texts_of_others_are_texts(answers: dict[str, httpx.Response]) -> None:
    found: dict[str, object] = {
        name: f"<{EVIL}" in answer.text or COMPUTED in answer.text
        for name, answer in pages_of(answers).items()
    }
    assert problems(found) == {}


def test_no_response_tells_the_sessions_secret(
    answers: dict[str, httpx.Response],
) -> None:
    found: dict[str, object] = {}
    for name, answer in answers.items():
        secrets = re.findall(
            r"seatlatch_console=([\w-]+)", answer.request.headers.get("cookie", "")
        )
        found[name] = [one for one in secrets if one in answer.text + answer.url.query.decode()]
    assert problems(found) == {}


def test_a_file_of_the_console_is_kept_and_not_guessed(world: Served) -> None:
    for name in ("console.css", "console.js", "theme.js", "htmx.min.js"):
        answer = world.client.get(f"/console/static/{name}")
        assert (answer.status_code, answer.headers["x-content-type-options"]) == (200, "nosniff")
    for name in ("..%2f__init__.py", "README.md", "..", "%2e%2e%2fpages.py", "nothing.js"):
        assert world.client.get(f"/console/static/{name}").status_code in (404, 401), name


@pytest.mark.parametrize("console", ["off", "auto"])
def test_a_console_that_is_off_is_not_there(
    databases: Databases, routes: list[RouteSpec[Any]], console: str
) -> None:
    database = databases.new()
    fill(database)
    with serving(database, console=console) as served:
        for spec in routes:
            answer = served.client.request(
                spec.method, path_of(spec, REAL), headers={"Accept": BROWSER}
            )
            assert (answer.status_code, answer.headers["content-type"]) == (404, JSON)
            assert "console" not in answer.text
