"""Links for partners: who makes them, that each opens once, and where its secret may be."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from seatlatch.domain.operator import Role
from seatlatch.logs import make_log
from tests.cases import all_cases
from tests.console.console_client import COOKIE as OPERATOR_COOKIE
from tests.console.console_client import Console
from tests.console.partner_pages import (
    BROWSER,
    COOKIE,
    LINK,
    LINKS,
    OPEN,
    PARTNER,
    make_link,
    open_link,
    partner_of,
    show,
    text_of,
)
from tests.console.people import ADMIN, SCOPES, key_of
from tests.databases import ON_SQLITE, Database
from tests.serving import CHANNEL, OTHER_CHANNEL, Served, serving, valid_headers

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LINK_LIFE, VIEW_LIFE = timedelta(hours=1), timedelta(hours=8)


@all_cases(("role", "scope"), [(role, scope) for role in Role for scope in SCOPES])
def test_only_administrators_of_everything_make_links(
    shared_console: Served, role: Role, scope: str
) -> None:
    console = Console(shared_console, key_of(role, scope))
    before = len(shared_console.database.table("console_links"))
    answers = [
        console.get(LINKS),
        console.post(LINKS, channelCode=CHANNEL),
        console.post(LINKS + "/end", channelCode=OTHER_CHANNEL),
    ]
    may = role is Role.ADMIN and scope == "all"
    assert [one.status_code for one in answers] == ([200, 200, 303] if may else [403] * 3)
    assert len(shared_console.database.table("console_links")) == before + may


def test_a_link_is_for_a_channel_that_exists(served: Served) -> None:
    console = Console(served, ADMIN)
    for path in (LINKS, LINKS + "/end"):
        page = console.post(path, channelCode="<script>")
        assert page.status_code == 404
        assert "<script>" not in page.text.partition("<main")[2]
    assert served.database.table("console_links") == []


def test_the_channel_that_a_page_names_is_chosen(served: Served) -> None:
    page = Console(served, ADMIN).get(LINKS, channelCode=OTHER_CHANNEL)
    assert f'<option value="{OTHER_CHANNEL}" selected>' in page.text
    assert f'<option value="{CHANNEL}">' in page.text


def test_a_preview_does_not_use_up_a_link(served: Served) -> None:
    path = make_link(served)
    previewer = Console(served, None)
    for _ in range(3):
        page = previewer.get(path, BROWSER)
        assert page.status_code == 200
        assert f"Channel {CHANNEL}" in text_of(page.text)
        assert COOKIE not in previewer.cookies
    assert previewer.send("HEAD", path, headers={}).status_code == 200
    assert open_link(Console(served, None), path).status_code == 303


def test_a_link_opens_once(served: Served) -> None:
    path = make_link(served)
    first, second = Console(served, None), Console(served, None)
    assert open_link(first, path).status_code == 303
    refused = open_link(second, path)
    assert refused.status_code == 404
    assert COOKIE not in second.cookies
    assert second.get(path, BROWSER).status_code == 404
    assert show(first)
    assert second.get(PARTNER, BROWSER).status_code == 401


def test_of_many_who_open_it_at_once_one_gets_in(served: Served) -> None:
    path = make_link(served)
    people = [Console(served, None) for _ in range(8)]
    with ThreadPoolExecutor(len(people)) as pool:
        statuses = list(pool.map(lambda one: open_link(one, path).status_code, people))
    assert sorted(statuses) == [303] + [404] * 7
    assert len([one for one in people if one.get(PARTNER, BROWSER).status_code == 200]) == 1


@all_cases("link", ["x", "A" * 43, "é", "%00", "a" * 5000, "<script>"])
def test_a_link_that_was_never_made_opens_nothing(shared_console: Served, link: str) -> None:
    person = Console(shared_console, None)
    refused = person.post(OPEN, link=link)
    assert refused.status_code == 404
    assert "already been opened, or has expired" in refused.text
    assert COOKIE not in person.cookies


def test_a_link_ends_after_an_hour_and_a_view_after_eight(inventory: Database) -> None:
    clock = inventory.clock(NOW)
    with serving(inventory, at=clock, console="on") as served:
        early, late = make_link(served), make_link(served)
        clock.now = NOW + LINK_LIFE - timedelta(seconds=1)
        partner = Console(served, None)
        assert open_link(partner, early).status_code == 303
        clock.now = NOW + LINK_LIFE
        assert open_link(Console(served, None), late).status_code == 404
        clock.now = NOW + LINK_LIFE + VIEW_LIFE - timedelta(seconds=2)
        assert show(partner)
        clock.now = NOW + LINK_LIFE + VIEW_LIFE
        ended = partner.get(PARTNER, BROWSER)
        assert ended.status_code == 401
        assert "The view has ended" in text_of(ended.text)


def test_links_and_views_of_a_channel_can_be_ended(served: Served) -> None:
    partner, other = partner_of(served), partner_of(served, OTHER_CHANNEL)
    path = make_link(served)
    console = Console(served, ADMIN)
    answer = console.post(LINKS + "/end", channelCode=CHANNEL)
    assert answer.status_code == 303
    page = console.get(answer.headers["location"])
    assert f"Ended 2 links and views of {CHANNEL}." in text_of(page.text)
    assert partner.get(PARTNER, BROWSER).status_code == 401
    assert open_link(Console(served, None), path).status_code == 404
    assert show(other)


def test_a_view_ends_with_its_channel(served: Served) -> None:
    with served.database.provisioning() as provisioning:
        provisioning.add_channel("short-lived", "Short", ["1001"])
    partner, path = partner_of(served, "short-lived"), make_link(served, "short-lived")
    key = {"Authorization": "Bearer test-admin-key"}
    removed = served.client.delete("/operator/v1/channels/short-lived", headers=key)
    assert removed.status_code == 204, removed.text
    assert partner.get(PARTNER, BROWSER).status_code == 401
    assert open_link(Console(served, None), path).status_code == 404


def test_the_secret_is_in_no_address_and_no_log(
    inventory: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(inventory, console="on", log=make_log("json", "debug")) as served:
        path = make_link(served)
        person = Console(served, None)
        page = person.get(path, BROWSER)
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "strict-origin"
        assert 'action="/console/partner/open"' in page.text
        opened = open_link(person, path)
        person.get(path, BROWSER)
        open_link(person, path)
        show(person, "/webhooks")
    secrets = [path.rpartition("/")[2], person.cookies[COOKIE]]
    assert opened.headers["location"] == PARTNER
    assert opened.headers["cache-control"] == "no-store"
    logged = capfd.readouterr().err
    assert '"route":"/console/partner/{link}"' in logged
    assert f'"channel":"{CHANNEL}"' in logged
    for secret in secrets:
        assert secret not in logged
        assert all(secret.encode() not in part for part in inventory.kept().values())


def test_the_cookie_is_for_the_view_only(served: Served) -> None:
    opened = open_link(Console(served, None), make_link(served))
    attributes = {one.strip().lower() for one in opened.headers["set-cookie"].split(";")}
    assert {"httponly", "samesite=strict", f"path={PARTNER}"} < attributes
    assert "secure" not in attributes


@ON_SQLITE
def test_the_cookie_is_secure_behind_tls(inventory: Database) -> None:
    with serving(inventory, console="on", trusted_proxies="127.0.0.1") as served:
        secret = make_link(served).rpartition("/")[2]
        headers = {"Sec-Fetch-Site": "same-origin", "X-Forwarded-Proto": "https"}
        person = Console(served, None)
        opened = person.send("POST", OPEN, headers=headers, data={"link": secret})
        assert "; secure" in opened.headers["set-cookie"].lower()


@all_cases(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://example.com"},
        {"Origin": "null"},
    ],
)
def test_another_site_cannot_open_a_link(shared_console: Served, headers: dict[str, str]) -> None:
    secret = make_link(shared_console).rpartition("/")[2]
    person = Console(shared_console, None)
    refused = person.send("POST", OPEN, headers=headers, data={"link": secret})
    assert refused.status_code == 403
    assert person.post(OPEN, link=secret).status_code == 303


OPERATORS_PAGES = ("/console", "/console/requests", "/console/webhooks", LINKS, "/console/journal")


def test_a_partner_s_session_opens_nothing_else(served: Served) -> None:
    secret = partner_of(served).cookies[COOKIE]
    person = Console(served, None)
    person.cookies.set(OPERATOR_COOKIE, secret, domain="127.0.0.1")
    for path in OPERATORS_PAGES:
        assert person.get(path, BROWSER).headers["location"].startswith("/console/sign-in")
    assert person.post(LINKS, channelCode=CHANNEL).status_code == 401
    assert served.database.table("console_links") == []
    cookies = f"{OPERATOR_COOKIE}={secret}; {COOKIE}={secret}"
    for path in ("/v1/requests", "/operator/v1/requests"):
        answer = served.client.get(
            path, headers={**valid_headers(authorization=None), "Cookie": cookies}
        )
        assert answer.status_code in (400, 401)
        bearer = {**valid_headers(authorization=f"Bearer {secret}"), "Cookie": cookies}
        assert served.client.get(path, headers=bearer).status_code in (400, 401)


def test_an_operator_s_session_does_not_open_the_view(served: Served) -> None:
    console = Console(served, ADMIN)
    assert console.get(PARTNER, BROWSER).status_code == 401
    secret = console.cookies[OPERATOR_COOKIE]
    console.cookies.set(COOKIE, secret, domain="127.0.0.1")
    assert console.get(PARTNER, BROWSER).status_code == 401


def test_an_operator_stays_signed_in_beside_a_view(served: Served) -> None:
    console = Console(served, ADMIN)
    assert open_link(console, make_link(served)).status_code == 303
    assert show(console)
    assert console.get("/console").status_code == 200


def test_another_link_replaces_the_view(served: Served) -> None:
    partner = partner_of(served)
    old = partner.cookies[COOKIE]
    assert open_link(partner, make_link(served, OTHER_CHANNEL)).status_code == 303
    assert f"<strong>{OTHER_CHANNEL}</strong>" in show(partner).text
    partner.cookies.clear()
    partner.cookies.set(COOKIE, old, domain="127.0.0.1")
    assert partner.get(PARTNER, BROWSER).status_code == 401


def csrf_in(partner: Console) -> str:
    """The token of the form that ends the view."""
    found = re.search(r'name="csrf" value="([^"]+)"', show(partner).text)
    assert found is not None
    return unescape(found[1])


def test_a_partner_ends_the_view(served: Served) -> None:
    partner, other = partner_of(served), partner_of(served)
    path = PARTNER + "/sign-out"
    for wrong in ("", "x", csrf_in(other)):
        assert partner.post(path, csrf=wrong).status_code == 403
    token = csrf_in(partner)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert partner.send("POST", path, headers=foreign, data={"csrf": token}).status_code == 403
    secret = partner.cookies[COOKIE]
    ended = partner.post(path, csrf=token)
    assert "The view has ended" in text_of(ended.text)
    assert COOKIE not in partner.cookies
    partner.cookies.set(COOKIE, secret, domain="127.0.0.1")
    assert partner.get(PARTNER, BROWSER).status_code == 401
    assert show(other)


def test_a_list_that_follows_leaves_a_view_that_has_ended(shared_console: Served) -> None:
    answer = Console(shared_console, None).get(PARTNER + "/live", {"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, PARTNER)


def test_a_link_to_the_view_on_another_site_opens_it(served: Served) -> None:
    """The browser does not send the cookie with a request from another site."""
    stranger = Console(served, None)
    page = stranger.get(PARTNER + "/webhooks", {**BROWSER, "Sec-Fetch-Site": "cross-site"})
    assert page.status_code == 200
    assert f'url={PARTNER}"' in page.text


def test_a_new_link_is_shown_once(served: Served) -> None:
    console = Console(served, ADMIN)
    page = console.post(LINKS, channelCode=CHANNEL)
    assert page.headers["cache-control"] == "no-store"
    assert len(set(LINK.findall(page.text))) == 1
    assert LINK.findall(console.get(LINKS).text) == []
