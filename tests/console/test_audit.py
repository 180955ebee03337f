"""The page of the audit: its filters and its pages."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.console import audit
from tests.console.access_pages import did, opened, words
from tests.console.console_client import Console
from tests.console.people import ADMIN, READ
from tests.databases import ON_SQLITE
from tests.operator_api.administrators import done
from tests.serving import ADMINISTRATOR, Served

AUDIT = "/console/audit"
ENTRY = re.compile(r'<tr id="entry-(\d+)">')
OLDER = re.compile(r'href="([^"]+)" rel="next"')
TODAY = datetime.now(UTC).date()


@pytest.fixture
def console(served: Served) -> Console:
    """An administrator, after some changes by two people."""
    done(served, "POST", "/organizations", {"organizationId": "3003", "name": "Arena"})
    console = Console(served, ADMIN)
    did(console, "/console/organizations", organizationId="4004", name="Stadium")
    did(console, "/console/organizations/remove", organizationId="4004")
    return console


def entries(page: str) -> list[int]:
    """The ids of the entries on a page."""
    return [int(one) for one in ENTRY.findall(page)]


def test_changes_are_shown_with_their_authors_the_newest_first(console: Console) -> None:
    page = opened(console, AUDIT)
    assert len(entries(page)) == 4
    assert entries(page) == sorted(entries(page), reverse=True)
    text = words(page)
    assert f"{ADMIN} from 127.0.0.1 organization.remove 4004 Request-ID" in text
    assert f"{ADMIN} from 127.0.0.1 organization.add 4004 name: Stadium Request-ID" in text
    assert f"{ADMINISTRATOR} from 127.0.0.1 organization.add 3003 name: Arena" in text
    assert f"{ADMIN} from 127.0.0.1 sign_in {ADMIN} singleSignOn: no" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 4),
        (f"actor={ADMIN}", 3),
        (f"actor={ADMINISTRATOR}", 1),
        ("actor=nobody", 0),
        ("action=organization.add", 2),
        ("target=4004", 2),
        (f"actor={ADMIN}&action=organization.add&target=4004", 1),
        (f"since={TODAY - timedelta(days=1)}&until={TODAY + timedelta(days=1)}", 4),
        (f"since={TODAY + timedelta(days=2)}", 0),
        (f"until={TODAY - timedelta(days=2)}", 0),
        ("since=0001-01-01&until=9999-12-31", 4),
        ("actor=&action=&target=&since=&until=", 4),
    ],
)
@ON_SQLITE
def test_filters(console: Console, query: str, found: int) -> None:
    page = opened(console, f"{AUDIT}?{query}")
    assert len(entries(page)) == found
    assert ("No change matches." in page) is (found == 0)


def test_the_last_day_is_included(console: Console) -> None:
    """Some entries may be of yesterday, if the test began then."""
    yesterday = TODAY - timedelta(days=1)
    today = datetime.now(UTC).date()
    assert len(entries(opened(console, f"{AUDIT}?since={yesterday}&until={today}"))) == 4


@ON_SQLITE
@pytest.mark.parametrize(
    "query",
    [
        "action=organization.none",
        "since=yesterday",
        "since=2026-13-01",
        "after=wrong",
        "after=MTIz",
        "since=2026-02-02&until=2026-01-01",
        "actor=a&actor=b",
        "actor=%ff",
    ],
)
def test_a_query_of_another_shape_is_422(console: Console, query: str) -> None:
    assert console.get(f"{AUDIT}?{query}").status_code == 422


@ON_SQLITE
def test_pages_follow_each_other_with_the_same_filters(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "PAGE_ENTRIES", 2)
    first = opened(console, f"{AUDIT}?actor={ADMIN}&until=9999-12-31")
    link = OLDER.search(first)
    assert link
    path = link[1].replace("&amp;", "&")
    second = opened(console, path)
    assert (len(entries(first)), len(entries(second))) == (2, 1)
    assert max(entries(second)) < min(entries(first))
    assert not OLDER.search(second)
    assert f'href="{AUDIT}?actor={ADMIN}&amp;until=9999-12-31">Newest' in second
    assert console.get(path.replace(ADMIN, READ)).status_code == 422


@ON_SQLITE
def test_the_form_keeps_what_was_asked(console: Console) -> None:
    odd = "<b>\"'&"
    page = console.get(AUDIT, {"Accept": "text/html"}, actor=odd, target=odd).text
    assert page.count('value="&lt;b&gt;&#34;&#39;&amp;"') == 2
    assert "<b>" not in page
    page = opened(console, f"{AUDIT}?action=channel.grant&since=2026-01-31")
    assert '<option value="channel.grant" selected>' in page
    assert 'type="date" value="2026-01-31"' in page
