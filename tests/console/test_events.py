"""The list of events, and the counts that arrive later."""

from html import unescape

import pytest

from seatlatch.domain.operator import Role
from seatlatch.store.tickets import NewTicket
from tests.cases import all_cases
from tests.console.console_client import Console
from tests.console.people import READ, key_of
from tests.console.seats import EVENT, add_seats
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, Served, add_tickets


def numbers(row: str) -> list[str]:
    """The numbers of a row: free, listed, held, void, all."""
    return [cell.partition("</td>")[0] for cell in row.split('<td class="number">')[1:]]


def test_events_are_listed_and_counted_later(served: Served) -> None:
    add_seats(served)
    console = Console(served, READ)
    page = console.get("/console/events")
    assert page.status_code == 200
    assert "MAP/1 &lt;b&gt;" in page.text and "<b>" not in page.text
    assert f'hx-get="{EVENT}/counts"' in unescape(page.text)
    assert "counting" in page.text
    row = console.get(f"{EVENT}/counts")
    assert numbers(row.text) == ["21", "2", "2", "1", "26"]
    assert row.headers["cache-control"] == "no-store"
    assert numbers(row.text)[-1] in console.get("/console/events").text  # counted already


def test_tickets_without_an_event_have_a_row_of_their_own(served: Served) -> None:
    add_tickets(served.database, [NewTicket("map-without", ORGANIZATION, "owner")])
    console = Console(served, READ)
    page = console.get("/console/events", organizationId=ORGANIZATION)
    assert "Tickets without an event" in page.text
    path = f"/console/events/{ORGANIZATION}/%20"
    assert f'href="{path}"' in page.text
    assert console.get(path).status_code == 200
    assert console.get(f"{path}/counts").status_code == 200


def test_filters_and_pages_keep_to_what_was_asked(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seatlatch.console.events.PAGE_EVENTS", 2)
    events = [NewTicket(f"t{n}", ORGANIZATION, "owner", f"E{n}") for n in range(5)]
    add_tickets(served.database, events)
    console = Console(served, READ)
    path: str | None = f"/console/events?organizationId={ORGANIZATION}"
    seen: list[str] = []
    while path:
        page = console.get(path).text
        seen += [n for n in ("E0", "E1", "E2", "E3", "E4") if f"<code>{n}</code>" in page]
        before, found, _ = page.partition('" rel="next"')
        path = unescape(before.rpartition('href="')[2]) if found else None
    assert seen == ["E0", "E1", "E2", "E3", "E4"]
    found_one = console.get("/console/events", accessId="E3").text
    assert "<code>E3</code>" in found_one and "<code>E1</code>" not in found_one
    assert "No event matches" in console.get("/console/events", accessId="none").text
    assert console.get("/console/events", after="other").status_code == 422


@all_cases("scope", ["inside", "outside", "all"])
def test_only_visible_organizations_are_listed(served: Served, scope: str) -> None:
    console = Console(served, key_of(Role.READ, scope))
    page = console.get("/console/events").text
    assert (f"<code>{ORGANIZATION}</code>" in page) == (scope != "outside")
    assert (f"<code>{FOREIGN_ORGANIZATION}</code>" in page) == (scope != "inside")
