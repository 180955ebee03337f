"""The pages that unlock all tickets of a channel: the preview, and the parts of the work."""

import re

import pytest

from seatlatch.console import unlock_all
from seatlatch.operations import unlock_channel
from tests.cases import all_cases
from tests.console.access_pages import Fields, opened, refused, words
from tests.console.console_client import Console
from tests.console.people import ADMIN, SUPPORT
from tests.databases import ON_SQLITE, Database
from tests.operator_api.administrators import administer
from tests.serving import CHANNEL, Served, add_tickets, listed
from tests.waiting import until

PAGE = f"/console/channels/{CHANNEL}/unlock-all"
REASON = "contract ended"
FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
FORM: Fields = {"reason": REASON, "confirmed": CHANNEL}


@pytest.fixture
def console(served: Served) -> Console:
    """An administrator."""
    return Console(served, ADMIN)


def unlocked(console: Console, **fields: str | list[str]) -> str:
    """Send the form; returns the page that shows what was done."""
    answer = console.post(PAGE, **fields)
    assert answer.status_code == 200, answer.text
    return answer.text


def rest_of(page: str) -> Fields | None:
    """The fields of the form by which a page continues; None = it is done."""
    if "Continue</button>" not in page:
        return None
    form = page[page.index('id="progress"') :]
    return {name: value for name, value in FIELD.findall(form) if name != "csrf"}


def test_the_preview_counts_and_shows_some(console: Console) -> None:
    count = "has locked: 3 . The box office holds 1 of them without an end"
    until(lambda: count in words(opened(console, PAGE)))
    page = words(opened(console, PAGE))
    assert "listed-1 1001 – – 234567 listed –" in page
    assert "locked-and-listed 1001 – – 234567 held –" in page
    assert "listed-elsewhere" not in page
    assert f"seatlatch tickets unlock --channel {CHANNEL} --reason TEXT" in page


def test_all_tickets_of_the_channel_are_unlocked(
    served: Served, console: Console, inventory: Database
) -> None:
    before = inventory.mpreserve_of()
    page = words(unlocked(console, **FORM))
    assert "2 unlocked, 1 not. locked-and-listed : the box office holds the seat Done." in page
    changed = {**before, "listed-1": False, "listed-2": False}
    assert inventory.mpreserve_of() == changed
    until(lambda: "has locked: 1 ." in words(opened(console, PAGE)), seconds=2)
    history = administer(served, "GET", "/tickets/listed-1/history").json()
    assert (history["changes"][0]["reason"], history["changes"][0]["operator"]) == (REASON, ADMIN)


def test_a_page_continues_until_everything_is_done(
    console: Console, inventory: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = [f"more-{number}" for number in range(5)]
    add_tickets(inventory, map(listed, tokens))
    monkeypatch.setattr(unlock_channel, "PORTION_TICKETS", 3)
    monkeypatch.setattr(unlock_channel, "PART_SECONDS", 0)
    fields: Fields | None = FORM
    parts = 0
    while fields is not None:
        page = unlocked(console, **fields)
        fields = rest_of(page)
        parts += 1
        assert ("so far." in page) is (fields is not None)
    assert parts == 3
    assert "7 unlocked, 1 not. Done." in words(page)
    assert {inventory.mpreserve_of()[token] for token in tokens} == {False}


REFUSED: list[tuple[str, Fields, int, str]] = [
    (PAGE, {"confirmed": CHANNEL}, 422, "reason"),
    (PAGE, {"confirmed": CHANNEL, "reason": " "}, 422, "must not be empty"),
    (PAGE, {"confirmed": CHANNEL, "reason": "a\nb"}, 422, "control character"),
    (PAGE, {"confirmed": CHANNEL, "reason": "x" * 201}, 422, "longer than 200"),
    (PAGE, {"reason": REASON}, 422, f"type {CHANNEL} exactly"),
    (PAGE, {"reason": REASON, "confirmed": "other"}, 422, f"type {CHANNEL} exactly"),
    (PAGE, {**FORM, "after": "wrong"}, 422, "not the `next` of an earlier page"),
    (PAGE, {**FORM, "unlocked": "-1"}, 422, ">= 0"),
    (PAGE, {**FORM, "failed": "many"}, 422, "wrong shape"),
    (
        "/console/channels/none/unlock-all",
        {"reason": REASON, "confirmed": "none"},
        404,
        "There is no channel none.",
    ),
]


@all_cases(("path", "fields", "status", "says"), REFUSED)
def test_refusals(served: Served, path: str, fields: Fields, status: int, says: str) -> None:
    before = served.database.mpreserve_of()
    found = refused(Console(served, ADMIN), path, **fields)
    assert found[0] == status
    assert says in found[1]
    assert served.database.mpreserve_of() == before


@ON_SQLITE
def test_a_place_of_another_channel_is_refused(
    console: Console, inventory: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_tickets(inventory, [listed("theirs-1", "other-channel")])
    monkeypatch.setattr(unlock_channel, "PORTION_TICKETS", 1)
    monkeypatch.setattr(unlock_channel, "PART_SECONDS", 0)
    other = "/console/channels/other-channel/unlock-all"
    answer = console.post(other, reason=REASON, confirmed="other-channel")
    place = rest_of(answer.text)
    assert place
    assert refused(console, PAGE, **FORM, after=place["after"])[0] == 422


def test_support_can_unlock_tickets_but_not_all_of_a_channel(served: Served) -> None:
    support = Console(served, SUPPORT)
    assert support.get(PAGE).status_code == 403
    assert support.post(PAGE, **FORM).status_code == 403
    assert served.database.mpreserve_of()["listed-1"]


@ON_SQLITE
def test_a_channel_without_locks(served: Served, console: Console, inventory: Database) -> None:
    with inventory.provisioning() as provisioning:
        provisioning.add_channel("new", "New", ["1001"])
    page = "/console/channels/new/unlock-all"
    assert "This channel has locked no ticket." in opened(console, page)
    answer = console.post(page, reason=REASON, confirmed="new")
    assert "0 unlocked. Done." in words(answer.text)


@ON_SQLITE
def test_only_some_tickets_and_failures_are_shown(
    console: Console, inventory: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unlock_all, "SAMPLE_TICKETS", 2)
    monkeypatch.setattr(unlock_all, "FAILURE_ROWS_MAX", 1)
    held = listed("held-too")._replace(seat_status="LOCK")
    add_tickets(inventory, [held])
    page = words(opened(console, PAGE))
    assert "See more of them" in page
    assert "listed-2" not in page
    shown = words(unlocked(console, **FORM))
    assert "2 unlocked, 2 not. held-too : the box office holds the seat Done." in shown
