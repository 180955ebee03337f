"""A Request-ID that several callers use: each channel finds its own requests, an operator all."""

import httpx
import pytest

from tests.cases import all_cases
from tests.channel_api.journal import OTHER, ask
from tests.operator_api.box_office import operator_headers
from tests.serving import CHANNEL, OTHER_CHANNEL, Served

ID = "0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2"
PAGE = 100
OTHERS = PAGE + 5


@pytest.fixture
def flooded(served: Served) -> Served:
    """One request of the channel, then more than a page of another one under the same ID."""
    served.unlock("listed-1", Request_ID=ID)
    for _ in range(OTHERS):
        served.unlock("listed-elsewhere", Request_ID=ID, **OTHER)
    return served


def operator_page(served: Served, query: str = "") -> httpx.Response:
    """A page of the operator's call."""
    return served.send(f"/operator/v1/requests/{ID}{query}", "GET", operator_headers())


def test_a_channel_finds_its_own(flooded: Served) -> None:
    (own,) = ask(flooded, f"/v1/requests/{ID}").json()["requests"]
    assert own["channel"] == CHANNEL
    theirs = ask(flooded, f"/v1/requests/{ID}", **OTHER).json()
    assert list(theirs) == ["requests"]
    assert {one["channel"] for one in theirs["requests"]} == {OTHER_CHANNEL}
    assert len(theirs["requests"]) == PAGE


@pytest.mark.parametrize("limit", [None, 1, 40])
def test_an_operator_pages_through_all_from_the_latest(flooded: Served, limit: int | None) -> None:
    size = f"limit={limit}" if limit else ""
    seen: list[str] = []
    channels: list[str] = []
    query = f"?{size}"
    while query:
        page = operator_page(flooded, query).json()
        assert 0 < len(page["requests"]) <= (limit or PAGE)
        seen = [one["timestamp"] + one["entryId"] for one in page["requests"]] + seen
        channels = [one["channel"] for one in page["requests"]] + channels
        query = f"?{size}&after={page['next']}" if page["next"] else ""
    assert len(seen) == len(set(seen)) == OTHERS + 1
    assert seen == sorted(seen)
    assert channels == [CHANNEL] + [OTHER_CHANNEL] * OTHERS


@pytest.mark.only_on("sqlite")
def test_a_search_in_several_steps_loses_nothing(
    flooded: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Search in small steps, as in a long journal."""
    monkeypatch.setattr("seatlatch.store.sqlite.journal.BUCKETS_AT_ONCE", 1)
    flooded.database.execute(
        "UPDATE journal SET entry_id = entry_id + 5000"
        " WHERE entry_id > (SELECT min(entry_id) FROM journal)"
    )
    (own,) = ask(flooded, f"/v1/requests/{ID}").json()["requests"]
    assert own["channel"] == CHANNEL
    last = operator_page(flooded, "?limit=100").json()["next"]
    assert len(operator_page(flooded, f"?after={last}").json()["requests"]) == OTHERS + 1 - PAGE


@all_cases("query", ["?limit=0", "?limit=101", "?after=x", "?after=W10", "?x=1", "?after=Wy01LDFd"])
def test_a_query_of_the_wrong_form_is_refused(shared: Served, query: str) -> None:
    assert operator_page(shared, query).status_code == 422
