"""The table of an event's seats: pages, filters, and what each role can do with it."""

import re
from html import unescape

import pytest

from seatlatch.domain.operator import Role
from tests.cases import all_cases
from tests.console.console_client import Console
from tests.console.people import READ, key_of
from tests.console.seats import EVENT, LISTED_TOKEN, add_seats
from tests.serving import CHANNEL, OTHER_CHANNEL, Served
from tests.waiting import until

TABLE = EVENT + "/table"
ROW = re.compile(r'<a href="/console/tickets/[^"]*">([^<]*)</a>')


@pytest.fixture
def console(served: Served) -> Console:
    add_seats(served)
    console = Console(served, READ)
    console.get(EVENT + "/layout")  # so that the page has the seats at once
    return console


def tokens(console: Console, **query: str) -> list[str]:
    """The tickets of the table's first page."""
    page = console.get(TABLE, None, **query)
    assert page.status_code == 200, page.text
    return [unescape(token) for token in ROW.findall(page.text)]


def test_the_table_has_the_seats_of_the_map_in_its_order(console: Console) -> None:
    found = tokens(console)
    assert found[:20] == [f"map-{n}" for n in range(1, 21)]
    assert found[20:] == [LISTED_TOKEN, "theirs", "map-free", "both", "map-held", "map-void"]


def test_before_the_seats_were_read_the_page_says_so_and_requests_them(served: Served) -> None:
    add_seats(served)
    console = Console(served, READ)
    page = console.get(TABLE, None, section="101", state="held").text
    assert "Reading the seats" in page
    found = re.search(r'hx-get="([^"]*)"', page)
    assert found
    part = console.get(unescape(found[1])).text
    assert [unescape(token) for token in ROW.findall(part)] == ["both", "map-held"]
    assert "<html" not in part


@all_cases(
    ("query", "expected"),
    [
        ({"section": "101", "state": "free"}, ["map-free"]),
        ({"state": "listed"}, [LISTED_TOKEN, "theirs"]),
        ({"state": "held"}, ["both", "map-held"]),
        ({"state": "voided"}, ["map-void"]),
        ({"channel": CHANNEL}, [LISTED_TOKEN, "both"]),
        ({"channel": OTHER_CHANNEL, "state": "listed"}, ["theirs"]),
        ({"section": "none"}, []),
        ({"section": " "}, []),
        ({"changed": "under-600"}, []),
        ({"changed": "over-86400", "section": "101", "state": "voided"}, ["map-void"]),
    ],
)
def test_filters(console: Console, query: dict[str, str], expected: list[str]) -> None:
    assert tokens(console, **query) == expected


def test_the_last_change_is_filtered_and_shown(console: Console, served: Served) -> None:
    assert served.lock("map-free").status_code == 200
    until(lambda: tokens(console, changed="under-600") == ["map-free"])
    page = console.get(TABLE, None, changed="under-600").text
    assert "<time datetime=" in page


def test_pages_follow_each_other(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seatlatch.console.seat_table.PAGE_SEATS", 10)
    path: str | None = TABLE + "?state=free&section=9"
    seen: list[str] = []
    while path:
        page = console.get(path).text
        seen += [unescape(token) for token in ROW.findall(page)]
        before, found, _ = page.partition('" rel="next"')
        path = unescape(before.rpartition('href="')[2]) if found else None
    assert seen == [f"map-{n}" for n in range(1, 21)]
    assert console.get(TABLE + "?after=x").status_code == 422
    assert console.get(TABLE + "?state=none").status_code == 422
    assert console.get(TABLE + "?changed=1").status_code == 422


@all_cases("role", list(Role))
def test_the_role_decides_which_actions_there_are(
    console: Console, served: Served, role: Role
) -> None:
    page = Console(served, key_of(role)).get(TABLE).text
    assert ('value="unlock"' in page) == role.includes(Role.SUPPORT)
    assert ('type="checkbox" name="tokens"' in page) == role.includes(Role.SUPPORT)
    assert ('value="hold"' in page) == role.includes(Role.BOX_OFFICE)
    assert ('value="release"' in page) == role.includes(Role.BOX_OFFICE)
    assert unescape(page).count("map-20") >= 1
