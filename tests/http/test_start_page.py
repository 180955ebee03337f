"""The start page at `/`: HTML for people, JSON for programs, and where its links lead."""

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256

import pytest

from seatlatch import __version__
from seatlatch.http.start_page import LINKS
from seatlatch.sandbox import data
from tests.cases import all_cases
from tests.databases import ON_SQLITE, Database, Databases
from tests.openapi.prefix_proxy import proxy_below
from tests.sandbox.sandboxes import Sandbox, sandbox_on
from tests.serving import Served, serving
from tests.web import get

pytestmark = ON_SQLITE
"""Nothing here is about a database."""

LINK = re.compile(r'href="([^"]*)"')
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
JSON = "application/json"


@pytest.fixture
def sandbox(databases: Databases) -> Iterator[Sandbox]:
    """A sandbox, as the tests of the sandbox have one."""
    with sandbox_on(databases.new("sandbox")) as running:
        yield running


def links_of(html: str) -> list[str]:
    """The links of the page that lead to this service."""
    return [link for link in LINK.findall(html) if not link.startswith("data:")]


@all_cases(
    ("accept", "content_type"),
    [
        (None, "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        (BROWSER, "text/html; charset=utf-8"),
        ("text/plain", "text/html; charset=utf-8"),
        (JSON, JSON),
        ("application/json, text/plain, */*", JSON),
        ("text/html;q=0.5, application/json", JSON),
        ("application/json;q=0.5, text/html", "text/html; charset=utf-8"),
    ],
)
def test_a_browser_gets_html_and_a_program_json(
    shared: Served, accept: str | None, content_type: str
) -> None:
    headers = {"Accept": accept} if accept else {}
    answer = shared.send("/", "GET", headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)
    assert "Accept" in answer.headers["vary"].split(", ")
    assert answer.headers["x-content-type-options"] == "nosniff"
    head = shared.send("/", "HEAD", headers)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == content_type
    assert head.headers["etag"] == answer.headers["etag"]
    known = shared.send("/", "GET", {**headers, "If-None-Match": answer.headers["etag"]})
    assert known.status_code == 304


def test_the_page_may_load_nothing_and_run_nothing(shared: Served) -> None:
    answer = shared.send("/", "GET", {"Accept": BROWSER})
    style = re.search("<style>(.*)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", f"style-src 'sha256-{digest}'"} < set(policy)
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.search(r"<script|style=|https?:|\bon[a-z]+=", answer.text)


def test_every_link_leads_somewhere(sandbox: Sandbox) -> None:
    html = sandbox.client.get("/", headers={"Accept": BROWSER}).text
    found = [link.partition("#")[0] for link in links_of(html)]
    assert {"./console", "./reference", "./docs/"} < set(found)
    for link in found:
        if not link.removeprefix("./").startswith("docs/"):
            path = "/" + link.removeprefix("./")
            headers = {"Accept": BROWSER}
            answer = sandbox.client.get(path, headers=headers, follow_redirects=True)
            assert answer.status_code == 200, link


def test_the_links_for_programs_lead_somewhere(shared: Served) -> None:
    answer = shared.send("/", "GET", {"Accept": JSON}).json()
    assert answer == {
        "name": "seatlatch",
        "version": __version__,
        "sandbox": False,
        "links": LINKS,
    }
    for path in LINKS.values():
        if path != "/docs/":
            assert shared.client.get(path).status_code == 200, path


@pytest.mark.parametrize("console", ["on", "off"])
def test_the_console_is_named_only_where_it_is(inventory: Database, console: str) -> None:
    with serving(inventory, console=console) as served:
        html = served.send("/", "GET", {"Accept": BROWSER}).text
        links = served.send("/", "GET", {"Accept": JSON}).json()["links"]
    assert ("./console" in links_of(html), "console" in links) == (console == "on",) * 2


def test_the_sandbox_names_next_steps_without_a_credential(
    sandbox: Sandbox, shared: Served
) -> None:
    html = sandbox.client.get("/", headers={"Accept": BROWSER}).text
    assert "Next steps" in html
    assert "./reference#/Tickets/unlockTickets" in links_of(html)
    secrets = (data.ACCESS_TOKEN, data.OPERATOR_KEY, data.API_KEY, data.AUTHORIZATION_CODE)
    assert not [secret for secret in secrets if secret in html]
    assert "Next steps" not in shared.send("/", "GET", {"Accept": BROWSER}).text
    assert sandbox.client.get("/", headers={"Accept": JSON}).json()["sandbox"] is True


def test_below_a_path_the_links_stay_below_it(shared: Served) -> None:
    with proxy_below("/tickets", shared.url) as url:
        answer = get(url + "/")
        assert answer.status_code == 200
        assert all(link.startswith("./") for link in links_of(answer.text))
        moved = get(url + "/docs")
        assert (moved.status_code, moved.headers["location"]) == (307, "docs/")


def test_with_a_root_path_every_link_begins_with_it(inventory: Database) -> None:
    with serving(inventory, root_path="/tickets", console="on") as served:
        html = served.send("/", "GET", {"Accept": BROWSER}).text
        links = served.send("/", "GET", {"Accept": JSON}).json()["links"]
    assert "/tickets/console" in links_of(html)
    assert all(link.startswith("/tickets/") for link in [*links_of(html), *links.values()])


@all_cases(("old", "new"), [("/docs", "docs/"), ("/docs/operator", "../reference/operator")])
def test_what_has_moved_redirects(shared: Served, old: str, new: str) -> None:
    answer = shared.client.get(old)
    assert (answer.status_code, answer.headers["location"], answer.content) == (307, new, b"")
