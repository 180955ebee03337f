"""Changes of selected seats: what a preview shows, and what a confirmed form changes."""

import re
from html import unescape

import pytest

from seatlatch.console import seat_changes
from seatlatch.domain.operator import Role
from seatlatch.operations import bulk_changes
from tests.cases import all_cases
from tests.console.console_client import Console
from tests.console.people import BOX_OFFICE, SUPPORT, key_of
from tests.console.seats import EVENT, LISTED_TOKEN, add_seats
from tests.serving import Served

PREVIEW = EVENT + "/preview"
EVERY = [LISTED_TOKEN, "theirs", "map-free", "map-held", "map-void", "both", "unknown"]
TICKETS = re.compile(r'name="tickets" value="([^"]*)"')


@pytest.fixture
def seats(served: Served) -> Served:
    add_seats(served)
    return served


def preview(console: Console, action: str, *tokens: str) -> str:
    page = console.post(PREVIEW, action=action, tokens=list(tokens))
    assert page.status_code == 200, page.text
    return page.text


def tickets(page: str) -> list[str]:
    """The tickets of a preview's form, each with its version."""
    return [unescape(value) for value in TICKETS.findall(page)]


def words(page: str) -> str:
    """The text of a page."""
    return " ".join(unescape(re.sub("<[^>]*>", " ", page)).split())


def state(served: Served, token: str) -> tuple[object, object, object]:
    row = served.database.rows()[token]
    return row["mpreserve"], row["seat_status"], row["voided"]


def test_a_preview_of_an_unlock_shows_what_will_change_and_what_is_refused(seats: Served) -> None:
    page = preview(Console(seats, SUPPORT), "unlock", *EVERY, LISTED_TOKEN)
    assert tickets(page) == [f"1 {LISTED_TOKEN}", "1 theirs"]
    text = words(page)
    assert "2 seats will be unlocked: 2 listed" in text
    assert "1 seat needs no change" in text
    assert "4 seats will be refused" in text
    for refused in ("held: release it first", "void", "unknown : no such ticket"):
        assert refused in text
    assert state(seats, "theirs")[0] is True


def test_a_preview_of_a_hold_separates_listed_seats(seats: Served) -> None:
    page = preview(Console(seats, BOX_OFFICE), "hold", *EVERY)
    assert tickets(page) == ["1 map-free", f"1 {LISTED_TOKEN}", "1 theirs"]
    assert "1 seat will be held: 1 free" in words(page)
    assert "2 seats are listed. They are held only over their listings" in words(page)


def test_a_preview_of_a_release(seats: Served) -> None:
    page = preview(Console(seats, BOX_OFFICE), "release", *EVERY)
    assert tickets(page) == ["1 map-held", "1 both"]
    assert "2 seats will be released: 2 held" in words(page)


def test_what_was_previewed_is_changed_with_its_reason(seats: Served) -> None:
    console = Console(seats, SUPPORT)
    asked = tickets(preview(console, "unlock", LISTED_TOKEN, "theirs"))
    page = console.post(EVENT + "/unlock", tickets=asked, reason="Sold twice")
    assert page.status_code == 200
    assert "2 unlocked" in words(page.text)
    assert state(seats, LISTED_TOKEN)[0] is state(seats, "theirs")[0] is False
    found = re.search(r'href="/console/requests/([^"]*)"', page.text)
    assert found
    trace = seats.client.get(
        f"/operator/v1/requests/{found[1]}", headers={"Authorization": f"Bearer {SUPPORT}"}
    ).json()
    assert trace["requests"][0]["reason"] == "Sold twice"
    assert trace["requests"][0]["operator"] == SUPPORT


def test_a_ticket_that_was_changed_after_the_preview_is_left_as_it_is(seats: Served) -> None:
    console = Console(seats, SUPPORT)
    asked = tickets(preview(console, "unlock", LISTED_TOKEN, "theirs"))
    assert seats.unlock(LISTED_TOKEN).status_code == 200
    assert seats.lock(LISTED_TOKEN).status_code == 200
    page = words(console.post(EVENT + "/unlock", tickets=asked, reason="r").text)
    assert "1 unlocked" in page
    assert f"{LISTED_TOKEN} : changed by somebody else after the preview" in page
    assert state(seats, LISTED_TOKEN)[0] is True


@all_cases(("over_listing", "expected"), [("", [False, True]), ("true", [True, True])])
def test_listed_seats_are_held_only_if_the_person_says_so(
    seats: Served, over_listing: str, expected: list[bool]
) -> None:
    console = Console(seats, BOX_OFFICE)
    asked = tickets(preview(console, "hold", "theirs", "map-free"))
    page = console.post(
        EVENT + "/hold", tickets=asked, reason="r", holdSeconds="3600", overListing=over_listing
    )
    assert page.status_code == 200
    assert [state(seats, token)[1] == "LOCK" for token in ("theirs", "map-free")] == expected
    assert seats.database.rows()["map-free"]["hold_expires_at"] is not None


def test_held_seats_are_released(seats: Served) -> None:
    console = Console(seats, BOX_OFFICE)
    asked = tickets(preview(console, "release", "map-held", "both"))
    assert "2 released" in words(
        console.post(EVENT + "/release", tickets=asked, reason="Done").text
    )
    assert state(seats, "both") == (True, "UNLOCK", False)


def test_many_seats_are_changed_in_portions(seats: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_changes, "PORTION_TICKETS", 7)
    console = Console(seats, BOX_OFFICE)
    asked = tickets(preview(console, "hold", *(f"map-{n}" for n in range(1, 21))))
    assert len(asked) == 20
    assert "20 held" in words(console.post(EVENT + "/hold", tickets=asked, reason="r").text)


@all_cases(
    ("role", "action", "status"),
    [
        (Role.READ, "unlock", 403),
        (Role.SUPPORT, "hold", 403),
        (Role.SUPPORT, "release", 403),
        (Role.SUPPORT, "unlock", 200),
        (Role.BOX_OFFICE, "hold", 200),
        (Role.ADMIN, "release", 200),
    ],
)
def test_the_role_decides(seats: Served, role: Role, action: str, status: int) -> None:
    console = Console(seats, key_of(role))
    assert console.post(PREVIEW, action=action, tokens="map-1").status_code == status
    change = console.post(f"{EVENT}/{action}", tickets="1 map-1", reason="r")
    assert change.status_code == status


def test_a_person_changes_only_tickets_of_visible_organizations(seats: Served) -> None:
    inside = Console(seats, key_of(Role.ADMIN, "inside"))
    page = words(preview(inside, "hold", "map-foreign", "map-free"))
    assert "1 seat will be held" in page and "map-foreign : no such ticket" in page
    result = inside.post(EVENT + "/hold", tickets=["1 map-foreign", "1 map-free"], reason="r")
    assert "map-foreign : no such ticket" in words(result.text)
    assert state(seats, "map-foreign")[1] == "UNLOCK"
    outside = Console(seats, key_of(Role.ADMIN, "outside"))
    assert outside.post(PREVIEW, action="hold", tokens="map-free").status_code == 404
    assert outside.post(EVENT + "/hold", tickets="1 map-free", reason="r").status_code == 404
    assert state(seats, "map-free")[1] == "LOCK"


@all_cases(
    ("path", "fields"),
    [
        ("/preview", {"action": "unlock"}),
        ("/preview", {"action": "void", "tokens": "map-1"}),
        ("/preview", {"tokens": "map-1"}),
        ("/hold", {"tickets": "1 map-1"}),
        ("/hold", {"tickets": "1 map-1", "reason": "r", "holdSeconds": "5"}),
        ("/hold", {"tickets": "x map-1", "reason": "r"}),
        ("/hold", {"tickets": "9" * 5000 + " map-1", "reason": "r"}),
        ("/unlock", {"tickets": "9" * 30 + " map-1", "reason": "r"}),
        ("/hold", {"reason": "r"}),
        ("/hold", {"tickets": "1 map-1", "reason": "r" * 201}),
    ],
)
def test_what_is_no_form_of_ours_is_refused(
    seats: Served, path: str, fields: dict[str, str]
) -> None:
    response = Console(seats, BOX_OFFICE).post(EVENT + path, **fields)
    assert response.status_code == 422
    assert state(seats, "map-1") == (False, "UNLOCK", False)


def test_only_so_many_seats_are_changed_at_once(
    seats: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seat_changes, "SELECTED_TICKETS_MAX", 2)
    console = Console(seats, SUPPORT)
    response = console.post(PREVIEW, action="unlock", tokens=["map-1", "map-2", "map-3"])
    assert response.status_code == 422
    assert "More than 2 seats" in response.text


def test_without_a_token_for_forms_nothing_is_changed(seats: Served) -> None:
    console = Console(seats, BOX_OFFICE)
    assert console.post(EVENT + "/hold", csrf="x", tickets="1 map-1", reason="r").status_code == 403
    assert state(seats, "map-1")[1] == "UNLOCK"


def test_the_dialog_of_the_map_gets_a_part_of_a_page(seats: Served) -> None:
    console = Console(seats, SUPPORT)
    part = console.post(PREVIEW, action="unlock", tokens="theirs", part="true").text
    assert "<html" not in part and "1 seat will be unlocked" in words(part)
    result = console.post(EVENT + "/unlock", tickets=tickets(part), reason="r", part="true").text
    assert "<html" not in result and "1 unlocked" in words(result)
    assert "<html" in preview(console, "unlock", "theirs")
