"""`GET /operator/v1/audit`: filters, pages, and queries that are refused."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from seatlatch.domain.audit import AuditFilters
from seatlatch.http.query import bound_cursor, from_cursor
from tests.cases import all_cases
from tests.operator_api.administrators import audited, done, refusal
from tests.serving import ADMINISTRATOR, CHANNEL, Served


@pytest.fixture
def changed(served: Served) -> Served:
    """A server on which three organizations were added, and a grant."""
    for number in range(3):
        done(served, "POST", "/organizations", {"organizationId": f"9{number}", "name": "Arena"})
    done(served, "PUT", f"/channels/{CHANNEL}/organizations/91")
    return served


def test_filters_can_be_combined(changed: Served) -> None:
    everything = ["channel.grant", *["organization.add"] * 3]
    assert [one["action"] for one in audited(changed)] == everything
    assert len(audited(changed, f"?actor={ADMINISTRATOR}")) == 4
    assert audited(changed, "?actor=nobody") == []
    assert audited(changed, "?actor=%00&target=%F0%9F%8E%9F") == []
    added = audited(changed, f"?action=organization.add&target=91&actor={ADMINISTRATOR}")
    assert [one["target"] for one in added] == ["91"]
    soon = quote((datetime.now(UTC) + timedelta(minutes=5)).isoformat())
    before = quote((datetime.now(UTC) - timedelta(minutes=5)).isoformat())
    assert len(audited(changed, f"?since={before}&until={soon}")) == 4
    assert audited(changed, f"?until={before}") == audited(changed, f"?since={soon}") == []


def test_each_page_continues_the_one_before(changed: Served) -> None:
    found, query = [], "?limit=3"
    for _ in range(2):
        page = done(changed, "GET", f"/audit{query}")
        found += page["entries"]
        query = f"?limit=3&after={page['next']}"
    assert page["next"] is None
    assert found == audited(changed)


def test_a_cursor_belongs_to_its_query(changed: Served) -> None:
    cursor = done(changed, "GET", "/audit?limit=1&action=organization.add")["next"]
    assert len(audited(changed, f"?after={cursor}&action=organization.add")) == 2
    for other in ("", "&action=channel.grant", "&action=organization.add&actor=anna"):
        status, _, message = refusal(changed, "GET", f"/audit?after={cursor}{other}")
        assert (status, "a list with other filters" in message) == (422, True)


def forged(place: str) -> str:
    """A cursor of the query without filters, with this place as JSON."""
    digest, _ = from_cursor(bound_cursor(None, AuditFilters()), tuple[str, None])
    text = f'["{digest}",{place}]'
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@all_cases(
    "query",
    [
        "?action=everything",
        "?who=anna",
        "?actor=anna&actor=bob",
        "?since=yesterday",
        "?since=2026-01-01T00:00:00",
        "?until=0001-01-01T00:00:00%2B23:59",
        "?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
        "?limit=0",
        "?limit=1001",
        "?after=wrong",
        f"?after={forged('[1e400,1]')}",
        f"?after={forged('[-1,1]')}",
        f"?after={forged(f'[{10**18},1]')}",
        f"?after={forged(f'[1,{2**63}]')}",
        f"?after={forged('[1]')}",
    ],
)
def test_a_wrong_query_is_refused(shared: Served, query: str) -> None:
    assert refusal(shared, "GET", f"/audit{query}")[:2] == (422, "UNPROCESSABLE_ENTITY")


def test_the_furthest_places_are_empty_pages(shared: Served) -> None:
    for place in ("[0,1]", f"[{253_402_214_400_000_000},{2**63 - 1}]"):
        assert audited(shared, f"?after={forged(place)}") == []
