"""The page of an event, and the data of its map over HTTP."""

import json
import threading
import time
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from seatlatch.console import seat_map
from seatlatch.domain.operator import Role
from seatlatch.operations.seat_maps import SeatMaps
from tests.cases import all_cases
from tests.console.console_client import Console
from tests.console.people import READ, key_of
from tests.console.seats import ACCESS_ID, EVENT, LISTED_TOKEN, add_seats, seat
from tests.serving import (
    CHANNEL,
    ORGANIZATION,
    OTHER_CHANNEL,
    Served,
    add_tickets,
)

PAGES = ("", "/layout", "/counts", "/table", "/table/seats")


@pytest.fixture
def console(served: Served) -> Console:
    add_seats(served)
    return Console(served, READ)


def data(console: Console, path: str, **query: str) -> Any:
    """The JSON of the map's script."""
    if path == "/states":
        response = ask_states(console, **query)
    else:
        response = console.get(EVENT + path, None, **query)
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    return json.loads(response.content)


def ask_states(console: Console, organization: str = ORGANIZATION, **query: str) -> httpx.Response:
    """The response to a request for states."""
    event = {"organizationId": organization, "accessId": ACCESS_ID}
    return console.get("/console/seat-states", None, **event, **query)


def seats_of(layout: Any) -> list[tuple[str, str, str, str]]:
    """The section, row, name and token of each seat, in order."""
    return [
        (section, row, name, token)
        for section, rows in layout["sections"]
        for row, names, tokens in rows
        for name, token in zip(names, tokens, strict=True)
    ]


def test_the_page_escapes_what_the_ticketing_system_has_sent(console: Console) -> None:
    page = console.get(EVENT)
    assert page.status_code == 200
    assert "MAP/1 &lt;b&gt;" in page.text
    assert ACCESS_ID not in page.text


def test_the_layout_has_sections_rows_and_seats_in_their_order(console: Console) -> None:
    seats = seats_of(data(console, "/layout"))
    assert seats[0] == ("9", "AA", "1", "map-1")
    assert seats[19] == ("9", "AA", "20", "map-20")
    assert seats[20:] == [
        ("101", "A", "1", LISTED_TOKEN),
        ("101", "A", "2", "theirs"),
        ("101", "A", "3", "map-free"),
        ("101", "A", "10", "both"),
        ("101", "B", "1", "map-held"),
        ("101", "B", "2", "map-void"),
    ]


def test_the_states_of_all_seats_are_columns(console: Console) -> None:
    layout, states = data(console, "/layout"), data(console, "/states")
    assert states["map"] == layout["map"]
    assert states["states"] == "F" * 20 + "LLFHHV"
    codes = states["channelCodes"]
    assert sorted(codes) == sorted([CHANNEL, OTHER_CHANNEL])
    channels = numbers(states["channels"])[20:]
    assert [codes[n - 1] if n else None for n in channels] == [
        *(CHANNEL, OTHER_CHANNEL, None, CHANNEL, None, None)
    ]
    assert numbers(states["since"]) == [0] * 26
    assert states["until"] == []
    assert abs(states["now"] - time.time()) < 60


def numbers(text: str) -> list[int]:
    """The numbers of a column."""
    content = b64decode(text)
    return [int.from_bytes(content[at : at + 4], "little") for at in range(0, len(content), 4)]


def test_a_change_arrives_once_and_with_its_time(console: Console, served: Served) -> None:
    first = data(console, "/states")
    number = [token for *_, token in seats_of(data(console, "/layout"))].index("map-free")
    assert served.lock("map-free").status_code == 200
    news = data(console, "/states", map=first["map"], after=first["at"])
    assert news["seats"] == [number]
    assert news["states"] == "L"
    assert news["channelCodes"][news["channels"][0] - 1] == CHANNEL
    assert abs(news["since"][0] - time.time()) < 60
    assert served.unlock("map-free").status_code == 200
    later = data(console, "/states", map=first["map"], after=news["at"])
    assert (later["seats"], later["states"], later["channels"]) == ([number], "F", [0])


def test_without_a_change_the_answer_has_none(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seat_map, "WAIT_SECONDS", 0.1)
    first = data(console, "/states")
    news = data(console, "/states", map=first["map"], after=first["at"])
    assert news["seats"] == []


def test_another_map_is_the_answer_to_who_has_an_old_one(console: Console) -> None:
    first = data(console, "/states")
    news = data(console, "/states", map="other", after=first["at"])
    assert news["map"] == first["map"]
    whole = data(console, "/states", map=first["map"], after="x")
    assert "seats" not in whole and whole["states"] == first["states"]


def test_a_large_answer_is_compressed_for_those_who_accept_that(
    console: Console, served: Served
) -> None:
    more = [seat(f"more-{n}", "200", "A", str(n)) for n in range(200)]
    add_tickets(served.database, more)
    zipped = console.get(EVENT + "/layout", headers={"Accept-Encoding": "gzip"})
    plain = console.get(EVENT + "/layout", headers={"Accept-Encoding": "identity"})
    assert zipped.headers.get("content-encoding") == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.content == plain.content
    assert int(plain.headers["content-length"]) > int(zipped.headers["content-length"])


@all_cases("path", PAGES)
def test_an_event_of_another_organization_does_not_exist(
    console: Console, served: Served, path: str
) -> None:
    for scope, expected in (("outside", 404), ("inside", 200)):
        other = Console(served, key_of(Role.ADMIN, scope))
        assert other.get(EVENT + path).status_code == expected
        assert ask_states(other).status_code == expected
        assert ask_states(other, map="m", after="").status_code == expected
    absent = f"/console/events/{ORGANIZATION}/none{path}"
    assert console.get(absent).status_code == 404


@all_cases("path", PAGES)
def test_nobody_sees_an_event_without_a_session(served: Served, path: str) -> None:
    nobody = Console(served, None)
    assert nobody.get(EVENT + path).status_code in (303, 401)
    assert ask_states(nobody).status_code in (303, 401)


def test_who_has_signed_out_meanwhile_gets_no_news(
    console: Console, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seat_map, "CONFIRM_SECONDS", 0.0)
    waiting = threading.Event()
    wait = SeatMaps._wait_for_news

    async def noted(maps: SeatMaps, deadline: float) -> None:
        waiting.set()
        await wait(maps, deadline)

    monkeypatch.setattr(SeatMaps, "_wait_for_news", noted)
    first = data(console, "/states")
    query = {"map": first["map"], "after": first["at"]}
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(ask_states, console, **query)
        assert waiting.wait(20)
        other = Console(served, None)
        other.cookies = httpx.Cookies(console.cookies)
        other.csrf = console.csrf
        assert other.post("/console/sign-out").status_code == 303
        assert served.lock("map-free").status_code == 200
        assert asked.result(20).status_code == 401
