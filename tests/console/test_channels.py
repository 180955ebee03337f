"""The pages of channels: their grants, and what they show of each channel."""

import re
from collections.abc import Iterator

import pytest

from seatlatch.console.access_rows import CHOICE_ROWS_MAX
from seatlatch.operations import locked_counts
from tests.cases import all_cases
from tests.console.access_pages import Fields, did, opened, refused, words
from tests.console.console_client import Console
from tests.console.people import ADMIN
from tests.databases import ON_SQLITE, Database
from tests.operator_api.administrators import audited
from tests.serving import APPLICATION, CHANNEL, Served, add_tickets, listed, serving
from tests.waiting import until

CHANNELS = "/console/channels"
ONE = f"{CHANNELS}/{CHANNEL}"
LIVE = f"{ONE}?live=true"
NEW: Fields = {"channelCode": "new", "name": "New market", "organizationIds": ["1001"]}


@pytest.fixture
def console(served: Served) -> Console:
    """An administrator."""
    return Console(served, ADMIN)


@pytest.fixture
def limited(inventory: Database) -> Iterator[Served]:
    """A server with a rate limit."""
    with serving(inventory, console="on", rate_limit="1:10") as running:
        yield running


def test_a_channel_is_added_granted_ungranted_and_removed(served: Served, console: Console) -> None:
    assert did(console, CHANNELS, **NEW) == f"{CHANNELS}/new?done=added"
    page = words(opened(console, f"{CHANNELS}/new?done=added"))
    assert "New market new Added." in page
    assert "1001 Ours Remove" in page
    did(console, f"{CHANNELS}/new/grant", organizationIds="2002")
    assert "2002 Another Remove" in words(opened(console, f"{CHANNELS}/new"))
    did(console, f"{CHANNELS}/new/ungrant", organizationIds="1001")
    assert "1001 Ours Remove" not in words(opened(console, f"{CHANNELS}/new"))
    until(lambda: "new New market 2002 0 0" in words(opened(console, CHANNELS)))
    assert did(console, f"{CHANNELS}/new/remove", confirmed="new") == f"{CHANNELS}?done=removed"
    assert "New market" not in opened(console, CHANNELS)
    actions = [(entry["action"], entry["actor"]) for entry in audited(served)]
    assert actions[:4] == [
        ("channel.remove", ADMIN),
        ("channel.ungrant", ADMIN),
        ("channel.grant", ADMIN),
        ("channel.add", ADMIN),
    ]


def test_a_grant_counts_from_the_next_request_on(served: Served, console: Console) -> None:
    assert served.unlock("foreign").status_code == 422
    did(console, f"{ONE}/grant", organizationIds="2002")
    assert served.unlock("foreign").status_code == 200
    did(console, f"{ONE}/ungrant", organizationIds="2002")
    assert served.unlock("foreign").status_code == 422


REFUSED: list[tuple[str, Fields, int, str]] = [
    (CHANNELS, {**NEW, "channelCode": CHANNEL}, 409, "is there already"),
    (CHANNELS, {**NEW, "channelCode": "a b"}, 422, "visible ASCII"),
    (CHANNELS, {**NEW, "organizationIds": ["9"]}, 404, "There is no organization 9."),
    (CHANNELS, {"channelCode": "new", "name": "New"}, 422, "at least one organization"),
    (CHANNELS, {"name": "New"}, 422, "channelCode"),
    (f"{CHANNELS}/none/grant", {"organizationIds": "1001"}, 404, "There is no channel none."),
    (f"{ONE}/grant", {"organizationIds": "9"}, 404, "There is no organization 9."),
    (f"{ONE}/grant", {}, 422, "organizationIds"),
    (f"{ONE}/remove", {}, 422, f"type {CHANNEL} exactly"),
    (f"{ONE}/remove", {"confirmed": "other"}, 422, f"type {CHANNEL} exactly"),
    (f"{ONE}/remove", {"confirmed": CHANNEL}, 409, f"{APPLICATION} acts for the channel"),
    (f"{CHANNELS}/none/remove", {"confirmed": "none"}, 404, "There is no channel none."),
    (f"{CHANNELS}/%ff/remove", {"confirmed": "none"}, 404, "There is no such channel."),
]


@all_cases(("path", "fields", "status", "says"), REFUSED)
def test_refusals(served: Served, path: str, fields: Fields, status: int, says: str) -> None:
    console = Console(served, ADMIN)
    found = refused(console, path, **fields)
    assert found[0] == status
    assert says in found[1]
    assert [entry["action"] for entry in audited(served) if entry["action"] != "sign_in"] == []


def test_what_is_not_there_is_404(console: Console) -> None:
    for path in ("none", "%ff"):
        assert console.get(f"{CHANNELS}/{path}").status_code == 404
    assert console.get(f"{CHANNELS}/a%20b").status_code == 422


def test_the_page_shows_locks_failures_and_the_last_use_of_keys(
    served: Served, console: Console
) -> None:
    assert served.unlock("listed-1").status_code == 200
    assert served.unlock("listed-2", "none").status_code == 207
    assert served.unlock("none").status_code == 422
    assert served.unlock("locked-and-listed").status_code == 409
    page = opened(console, ONE)
    assert "Failed requests counting…" in words(page)
    assert 'hx-trigger="load, every ' in page
    until(lambda: "Tickets locked 1 , of which" in words(opened(console, LIVE)))
    page = words(opened(console, LIVE))
    assert "Tickets locked 1 , of which the box office holds 1 without an end" in page
    assert 'hx-trigger="every 10s"' in opened(console, ONE)
    assert "2 of 4 requests" in words(opened(console, ONE))
    assert "50.0 % : 2 of 4 requests in the last hour 200: 1, 207: 1, 409: 1, 422: 1" in page
    assert "Rate limits There is no limit" in page
    assert re.search(r"Age Last used Ends [0-9a-f]{12} less than an hour since [-0-9]+ ", page)


def test_a_channel_that_sent_nothing_has_no_failures(console: Console) -> None:
    assert "No request in the last hour" in words(opened(console, LIVE))


def test_the_use_of_the_rate_limits(limited: Served) -> None:
    console = Console(limited, ADMIN)
    page = words(opened(console, ONE))
    assert "changes: 0 of 10 used; 1 a second come back" in page
    for _ in range(5):
        assert limited.unlock("listed-1").status_code == 200
    found = re.search(r"changes: (\d+) of 10 used", words(opened(console, ONE)))
    assert found
    assert 3 <= int(found[1]) <= 5
    assert "reads: 0 of 10 used" in words(opened(console, ONE))


def test_an_unfinished_count_says_so_and_the_page_asks_again(
    inventory: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locked_counts, "PORTION_TICKETS", 1)
    monkeypatch.setattr(locked_counts, "PAUSE_PER_READ_SECONDS", 1e9)
    with serving(inventory, console="on") as served:
        console = Console(served, ADMIN)
        page = opened(console, ONE)
        assert "Tickets locked counting… Unlock all…" in words(page)
        assert 'hx-trigger="load, every 500ms"' in page
        assert "are being counted" in words(opened(console, f"{ONE}/unlock-all"))
        assert "test-channel Test 1001 1 counting…" in words(opened(console, CHANNELS))


def test_locks_that_nobody_can_take_back_are_pointed_out(
    console: Console, inventory: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locked_counts, "KEPT_SECONDS_MIN", 0)
    monkeypatch.setattr(locked_counts, "KEPT_SECONDS_MAX", 0)
    did(console, CHANNELS, **NEW)
    assert "locks without an application" not in opened(console, CHANNELS)
    add_tickets(inventory, [listed("theirs", "new")])
    until(lambda: "locks without an application" in opened(console, CHANNELS))
    assert "no application is left to unlock them" in opened(console, f"{CHANNELS}/new")
    status, says = refused(console, f"{CHANNELS}/new/remove", confirmed="new")
    assert (status, "mpreserve set on the ticket 'theirs'" in says) == (409, True)


@ON_SQLITE
def test_lists_have_pages(served: Served, console: Console) -> None:
    with served.database.provisioning() as provisioning:
        for number in range(120):
            provisioning.add_channel(f"c{number:03}", "Channel", ["1001"])
            provisioning.add_application(f"app{number:03}", "c000")
    page = opened(console, CHANNELS)
    assert "c099" in page
    assert "c100" not in page
    following = re.search(r'href="(/console/channels\?after=[^"]+)" rel="next"', page)
    assert following
    assert "c100" in opened(console, following[1])
    page = opened(console, f"{CHANNELS}/c000")
    following = re.search(r'href="(/console/channels/c000\?after=[^"]+)" rel="next"', page)
    assert following
    assert "app100" not in page
    assert "app100" in opened(console, following[1])


@ON_SQLITE
def test_with_many_organizations_their_ids_are_typed(served: Served, console: Console) -> None:
    assert '<input type="checkbox" name="organizationIds" value="1001">' in opened(
        console, CHANNELS
    )
    with served.database.provisioning() as provisioning:
        for number in range(CHOICE_ROWS_MAX):
            provisioning.add_organization(f"o{number}", "Arena")
    assert '<textarea id="channel-organizations" name="organizationIds"' in opened(
        console, CHANNELS
    )
    did(console, CHANNELS, channelCode="new", name="New", organizationIds=["1001, o1\r\n o2"])
    assert "new New 1001, o1, o2 0" in words(opened(console, CHANNELS))


@ON_SQLITE
def test_odd_names_are_escaped_and_reachable(served: Served, console: Console) -> None:
    code, name = "a/<b>&\"'%2F", "<script>alert(1)</script>"
    location = did(console, CHANNELS, channelCode=code, name=name, organizationIds="1001")
    for path in (CHANNELS, location):
        page = opened(console, path)
        assert code in words(page)
        assert name in words(page)
        assert "<script>alert" not in page
        assert code not in page
    command = "seatlatch channel grant 'a/<b>&\"'\"'\"'%2F' ORG_ID"
    assert command in words(opened(console, location))
    did(console, location.partition("?")[0] + "/remove", confirmed=code)
