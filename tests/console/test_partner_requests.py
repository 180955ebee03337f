"""The partner view's pages of requests: a channel's own, and nothing that it may not know."""

import re
from html import unescape

import pytest

from tests.cases import all_cases
from tests.channel_api.journal import OTHER
from tests.console.console_client import Console
from tests.console.partner_pages import BROWSER, PARTNER, partner_of, show, text_of
from tests.console.request_pages import HOSTILE, ID, UNKNOWN, live, rows
from tests.databases import ON_SQLITE
from tests.operator_api.box_office import hold, override
from tests.serving import CHANNEL, OTHER_CHANNEL, Served

REQUESTS = PARTNER + "/requests"


def make_requests(served: Served) -> None:
    """Requests of two channels and of the box office, the oldest first."""
    served.unlock("listed-1", "unknown", request_id=ID)
    served.lock("not-listed", request_id=UNKNOWN, **OTHER)
    served.put({"tokens": []})
    override(served, "listed-2")
    served.lock("listed-1")


OWN = [("lock", "200 1 done"), ("unlock", "422 refused"), ("unlock", "207 1 done, 1 failed")]


def listed(partner: Console, **query: str) -> list[tuple[str, str]]:
    """The request and the response of each row."""
    return [(row[1], row[2]) for row in rows(partner.get(PARTNER, None, **query))]


def test_only_the_channel_s_own_requests_are_listed(served: Served) -> None:
    make_requests(served)
    assert listed(partner_of(served)) == OWN
    assert listed(partner_of(served, OTHER_CHANNEL)) == [("lock", "200 1 done")]


def test_filters(served: Served) -> None:
    make_requests(served)
    partner = partner_of(served)
    assert listed(partner, type="lock") == OWN[:1]
    assert listed(partner, status="422", type="unlock") == OWN[1:2]
    assert listed(partner, channelCode=OTHER_CHANNEL) == OWN, "it is no filter here"
    for query in ({"type": "hold"}, {"status": "x"}, {"after": "x"}):
        assert partner.get(PARTNER, BROWSER, **query).status_code == 422


def test_the_list_follows_new_requests(served: Served) -> None:
    make_requests(served)
    partner = partner_of(served)
    page = show(partner)
    assert live(partner, page).status_code == 204
    served.unlock("not-listed", **OTHER)
    assert live(partner, page).status_code == 204
    served.unlock("not-listed")
    assert len(rows(live(partner, page))) == 4


@ON_SQLITE
def test_pages_have_cursors_for_their_channel_only(served: Served) -> None:
    for number in range(60):
        served.unlock(f"unknown-{number}")
    partner = partner_of(served)
    older = re.search(r'<a href="([^"]+)">Older requests', show(partner).text)
    assert older is not None
    path = unescape(older[1])
    assert len(rows(partner.get(path))) == 10
    assert partner_of(served, OTHER_CHANNEL).get(path, BROWSER).status_code == 422
    assert partner.get(f"{path}&type=lock", BROWSER).status_code == 422


def test_an_attempt_has_the_words_of_its_response(served: Served) -> None:
    served.unlock(
        "listed-1", "locked", "listed-elsewhere", "voided", "foreign", HOSTILE, request_id=ID
    )
    page = show(partner_of(served), f"/requests/{ID}")
    text = text_of(page.text)
    assert "INVALID_TOKEN 3 tickets The ticket does not exist, was voided, or" in text
    assert "SEAT_RECORD_LOCKED 2 tickets The box office holds the seat, or another" in text
    assert "unlocked 1 ticket" in text
    for word in (
        "seat locked",
        "reserved",
        "unknown",
        OTHER_CHANNEL,
        "127.0.0.1",
        "/console/tickets",
    ):
        assert word not in page.text
    assert HOSTILE not in page.text
    assert HOSTILE in text
    assert "test-api-key" not in page.text


def test_what_a_channel_may_not_know_looks_like_what_does_not_exist(served: Served) -> None:
    served.unlock("foreign", request_id=ID)
    served.unlock("nothing", request_id=UNKNOWN)
    partner = partner_of(served)
    foreign, unknown = (
        show(partner, f"/requests/{one}").text.partition("<main")[2] for one in (ID, UNKNOWN)
    )
    times = re.compile("<time.*?</time>")
    csrf = foreign.replace("foreign", "nothing").replace(ID, UNKNOWN)
    assert times.sub("", csrf) == times.sub("", unknown)


@pytest.mark.parametrize("request_id", [UNKNOWN, "x", "%3Cscript%3E", ""])
def test_an_unknown_request_is_404(served: Served, request_id: str) -> None:
    page = partner_of(served).get(f"{REQUESTS}/{request_id}", BROWSER)
    assert page.status_code == 404
    assert 'href="/console"' not in page.text


def test_another_channel_s_request_is_404(served: Served) -> None:
    make_requests(served)
    held = hold(served, "locked").headers["Request-ID"]
    partner = partner_of(served)
    absent = text_of(partner.get(f"{REQUESTS}/{ID[:-1]}9", BROWSER).text).partition("Status")[0]
    for request_id in (UNKNOWN, held):
        page = partner.get(f"{REQUESTS}/{request_id}", BROWSER)
        assert page.status_code == 404
        assert text_of(page.text).partition("Status")[0] == absent


def test_of_a_shared_request_id_each_channel_sees_its_own(served: Served) -> None:
    served.unlock("listed-1", request_id=ID)
    served.lock("not-listed", request_id=ID, **OTHER)
    own, other = (
        show(partner_of(served, one), f"/requests/{ID}").text for one in (CHANNEL, OTHER_CHANNEL)
    )
    assert ("listed-1" in own, "not-listed" in own) == (True, False)
    assert "not-listed" in other


@ON_SQLITE
@all_cases("path", ["", "/live", f"/requests/{ID}", "/webhooks", "/keys", "/nothing/at/all"])
def test_nobody_sees_it_without_a_session(shared_console: Served, path: str) -> None:
    page = Console(shared_console, None).get(PARTNER + path, BROWSER)
    assert page.status_code == 401
    assert "Ask the operator of the service for another link." in text_of(page.text)
    assert "/console/sign-in" not in page.text


@ON_SQLITE
@all_cases(
    "path", ["", f"/requests/{UNKNOWN}", "/webhooks", "/webhooks/x", "/keys", "/nothing/at/all"]
)
def test_every_page_is_as_safe_as_the_others(shared_console: Served, path: str) -> None:
    page = partner_of(shared_console).get(PARTNER + path, BROWSER)
    headers = page.headers
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle\s*=|\son[a-z]+\s*=", page.text)
