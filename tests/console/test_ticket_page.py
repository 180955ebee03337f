"""The page of a ticket: its state in a sentence, details, changes and refused attempts."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest

from seatlatch.domain.operator import Role
from seatlatch.domain.webhook import MessageState, Webhook
from seatlatch.operations import refused_attempts, ticket_story
from seatlatch.store.interface import Transaction
from seatlatch.store.tickets import NewTicket
from seatlatch.store.webhooks import Attempt, NewMessage
from tests.cases import all_cases
from tests.console.console_client import Console
from tests.console.people import ADMIN, BOX_OFFICE, READ, SUPPORT, key_of
from tests.console.ticket_parts import NOW, clock_of_tickets, live, lock, page, words
from tests.databases import ON_SQLITE, Clock, Database
from tests.operator_api.box_office import hold, override, release, show, void
from tests.operator_api.test_show import STRANGE, can_hold
from tests.serving import CHANNEL, ORGANIZATION, OWNER, Served, add_tickets, serving
from tests.stores import opened

TIME = re.compile(r"<time[^>]*>([^<]*)</time>")


@pytest.fixture
def clock(database: Database) -> Clock:
    return clock_of_tickets(database)


@pytest.fixture
def served(database: Database, clock: Clock) -> Iterator[Served]:
    with serving(database, at=clock, console="on") as running:
        yield running


def sentence(served: Served, token: str = "t") -> str:  # noqa: S107
    """The sentence about a ticket's state, after its badge."""
    html = page(served, token).split('<p class="situation">')[1].split("</p>")[0]
    return words(html.split("</span>", 1)[1])


def test_the_state_in_a_sentence(served: Served, clock: Clock) -> None:
    assert sentence(served) == "Free: neither listed nor held."
    lock(served)
    since = "2026-11-23 14:03:00 UTC"
    assert sentence(served) == f"Listed by {CHANNEL} since {since}, listing L-77."
    clock.now += timedelta(hours=1)
    hold(served, "t", reason="broken seat", expiresInSeconds=7_200, overListing=True)
    assert sentence(served) == (
        "Held since 2026-11-23 15:03:00 UTC by box-office, until 2026-11-23 17:03:00 UTC:"
        f" broken seat. It is also listed by {CHANNEL}, listing L-77, which can't change it until"
        " then."
    )
    hold(served, "t", reason="Why not?")
    assert ", until it is released: Why not? It is also listed" in sentence(served)
    release(served, "t")
    override(served, "t")
    assert sentence(served) == "Free since 2026-11-23 15:03:00 UTC: neither listed nor held."
    void(served, "t")
    assert sentence(served) == "Void since 2026-11-23 15:03:00 UTC, by box-office."


def test_all_details_are_shown(served: Served) -> None:
    lock(served)
    text = words(page(served))
    for fact in (
        *("Section 101, row B, seat 3", "Token t", f"Organization {ORGANIZATION}", "Event GAME-1"),
        *("Section 101", "Row B", "Seat 3", f"Owner {OWNER}", "Barcode B-1", "Seat status UNLOCK"),
        *(f"mpreserve set by {CHANNEL}", "Listing L-77", "Source BROKER", "Total price 200.50"),
        *("Price of this ticket 100.2500", '"lastName":"Doë"', "Version 2"),
    ):
        assert fact in text, fact
    assert "Section" not in words(page(served, "bare")).split("Details")[1].split("Changes")[0]


def test_changes_name_who_did_what_and_why(served: Served) -> None:
    lock(served)
    hold(served, "t", reason="broken seat", overListing=True)
    release(served, "t")
    override(served, "t")
    served.lock("t")
    served.unlock("t")
    void(served, "t")
    html = page(served).split('id="ticket-timeline"')[1].split("</section>")[0]
    deeds = [words(TIME.sub("", item.split("</p>")[0])) for item in html.split("<li>\n  <p>")[1:]]
    assert deeds == [
        "box-office voided it.",
        f"{CHANNEL} unlocked it.",
        f"{CHANNEL} listed it.",
        f"box-office unlocked it, which ended the listing of {CHANNEL}.",
        f"box-office released it; it stayed listed by {CHANNEL}.",
        f"box-office held it until it is released, over the listing of {CHANNEL}.",
        f"{CHANNEL} listed it as L-77.",
    ]
    assert "Reason: asked by phone" in words(html)
    links = re.findall(r'href="/console/requests/([0-9a-f-]{36})"', html)
    assert len(set(links)) == len(deeds)
    reader = Console(served, READ)
    assert reader.get(f"/console/requests/{links[0]}").status_code == 200


def test_refused_attempts_say_why_and_what_to_do(served: Served) -> None:
    lock(served)
    hold(served, "t")
    hold(served, "t", overListing=True)
    assert served.unlock("t", "bare").status_code == 207
    text = words(page(served, part="/refused"))
    assert f"{CHANNEL} tried to unlock it: seat locked" in text
    assert "box-office tried to hold it: reserved" in text
    assert "What to do: Hold it over the listing" in text
    assert "Reason: moving" in text
    assert "The whole journal was searched." in text
    assert "tried" not in words(page(served, "bare", part="/refused"))


def test_refused_attempts_continue_further_back(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refused_attempts, "PAGE_REQUESTS", 2)
    hold(served, "t")
    for _ in range(5):
        served.unlock("t")
    html, attempts = page(served, part="/refused"), 0
    for _ in range(4):
        attempts += html.count("tried to")
        more = re.search(r'hx-get="([^"]*after=[^"]*)"', html)
        if more is None:
            break
        answer = Console(served, READ).get(unescape(more[1]))
        html = answer.text
    assert attempts == 5


def test_refused_attempts_up_to_a_day(served: Served, clock: Clock) -> None:
    hold(served, "t")
    served.unlock("t")
    clock.now += timedelta(days=2)
    served.unlock("t")
    for day, attempts in (("2026-11-22", 0), ("2026-11-23", 1), ("2026-11-25", 2)):
        assert page(served, part=f"/refused?until={day}").count("tried to") == attempts, day


def test_new_refused_attempts_are_added(served: Served) -> None:
    hold(served, "t")
    served.unlock("t")
    html = page(served, part="/refused")
    console = Console(served, READ)
    for attempts in (0, 2, 0):
        for _ in range(attempts):
            served.unlock("t")
        new = re.search(r'hx-get="([^"]*/refused/new[^"]*)"', html)
        assert new is not None
        html = console.get(unescape(new[1])).text
        assert html.count("tried to") == attempts
    answer = console.get("/console/tickets/t/refused/new")
    assert (answer.headers["HX-Retarget"], answer.text.count("tried to")) == ("#refused", 3)


def test_earlier_changes_are_on_pages(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_story, "PAGE_CHANGES", 2)
    for _ in range(3):
        served.lock("t")
        served.unlock("t")
    console, html, found = Console(served, READ), page(served), 0
    for _ in range(4):
        found += html.count('id="change-')
        link = re.search(r'href="([^"]*/changes\?after=[^"]*)"', html)
        if link is None:
            break
        path = unescape(link[1])
        html = console.get(path).text
    assert found == 6
    served.lock("bare")
    assert console.get(path.replace("/t/", "/bare/")).status_code == 422


ACTIONS = ("unlock", "hold", "release", "void")
SEEN = {READ: (), SUPPORT: ACTIONS[:1], BOX_OFFICE: ACTIONS, ADMIN: ACTIONS}


@all_cases(("key", "actions"), SEEN.items())
def test_a_role_sees_the_actions_that_it_may_use(
    served: Served, key: str, actions: tuple[str, ...]
) -> None:
    html = page(served, key=key)
    assert re.findall(r'<form method="post" action="/console/tickets/t/(\w+)"', html) == list(
        actions
    )


@ON_SQLITE
def test_a_void_ticket_has_no_actions(served: Served) -> None:
    void(served, "t")
    html = page(served, key=ADMIN)
    assert "It can't be changed any more." in words(html)
    assert "/console/tickets/t/unlock" not in html


def add_delivery(served: Served) -> None:
    """A message about the latest change of the ticket, which its receiver has refused."""

    async def add(inside: Transaction) -> None:
        hook = Webhook("wh_1", CHANNEL, "https://example.com/", False, NOW, "whsec_a", {1: 0})
        await inside.webhooks.add(hook)
        found = await inside.journal.last_entries_of("t")
        assert found is not None
        message = NewMessage("msg_1", ["t"], "{}", entry_id=found[0])
        await inside.webhooks.add_message("wh_1", message)
        await inside.webhooks.note_attempt(
            Attempt("msg_1", MessageState.GIVEN_UP, NOW, NOW, 500, "It said no.", 5, b"")
        )

    with opened(served.database.store(NOW)) as store:
        store.commit(add)


def test_support_sees_the_deliveries_of_changes(served: Served) -> None:
    lock(served)
    hold(served, "t", overListing=True)
    add_delivery(served)
    for part in ("", "/changes"):
        text = words(page(served, key=SUPPORT, part=part))
        assert f"Webhook of {CHANNEL}: given up 500 2026-11-23 14:03:00 UTC It said no." in text
        html = page(served, key=SUPPORT, part=part)
        assert html.count('href="/console/webhooks/wh_1/messages/msg_1"') == 1
        for key in (READ, key_of(Role.ADMIN, "inside")):
            assert "/console/webhooks/" not in page(served, key=key, part=part).split("<main")[-1]


@all_cases("token", STRANGE.values(), ids=STRANGE)
def test_a_strange_token_has_its_page(served: Served, token: str) -> None:
    if not can_hold(served, token):
        return
    add_tickets(served.database, [NewTicket(token, ORGANIZATION, OWNER)])
    shown = page(served, token)
    assert live(Console(served, READ), shown) is None
    for part in ("/changes", "/refused", "/refused/new"):
        page(served, token, part=part)


@all_cases("path", ["unknown", "%FF", "t%00", "t/", "t/more", "T"])
def test_what_is_no_ticket_is_404(served: Served, path: str) -> None:
    answer = Console(served, ADMIN).get(f"/console/tickets/{path}")
    assert answer.status_code == 404


WRONG = {
    "another list's cursor": "/changes?after=WyJ4IiwxXQ",
    "no cursor": "/changes?after=x",
    "no day": "/refused?until=yesterday",
    "no such day": "/refused?until=2026-02-30",
    "no cursor of attempts": "/refused?after=x",
    "no cursor of new attempts": "/refused/new?since=x",
}


@all_cases("part", WRONG.values(), ids=WRONG)
def test_a_wrong_query_is_refused(served: Served, part: str) -> None:
    assert Console(served, READ).get(f"/console/tickets/t{part}").status_code == 422


@ON_SQLITE
def test_the_last_day_is_a_day(served: Served) -> None:
    assert (
        Console(served, READ).get("/console/tickets/t/refused?until=9999-12-31").status_code == 422
    )
    assert page(served, part="/refused?until=9999-12-30")


@ON_SQLITE
def test_a_damaged_entry_is_reported(served: Served) -> None:
    lock(served)
    served.database.execute("UPDATE journal SET entry = '{'")
    text = words(page(served))
    assert "This entry of the journal was edited after it was written." in text
    assert f"Listed by {CHANNEL}, listing L-77." in text


def test_the_answer_for_the_customer_names_nothing_internal(served: Served) -> None:
    lock(served)
    hold(served, "t", reason="fraud?", overListing=True)
    html = page(served).split('id="ticket-answer"')[1].split("</pre>")[0]
    answer = words(html.split("<pre", 1)[1].split(">", 1)[1])
    assert answer.startswith("Your ticket for section 101, row B, seat 3 is on hold")
    for internal in (CHANNEL, "box-office", "fraud", OWNER, "L-77", "GAME-1", ORGANIZATION):
        assert internal not in answer
    assert show(served, "t")["channel"] == CHANNEL
