"""The live parts of a ticket's page: they arrive after a change, and only then."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.console.console_client import Console
from tests.console.people import READ
from tests.console.ticket_parts import clock_of_tickets, live, lock, page, words
from tests.databases import Clock, Database
from tests.operator_api.box_office import hold, put
from tests.serving import CHANNEL, ORGANIZATION, Served, serving


@pytest.fixture
def clock(database: Database) -> Clock:
    return clock_of_tickets(database)


@pytest.fixture
def served(database: Database, clock: Clock) -> Iterator[Served]:
    with serving(database, at=clock, console="on") as running:
        yield running


def test_live_parts_arrive_only_after_a_change(served: Served, clock: Clock) -> None:
    console, html = Console(served, READ), page(served)
    assert live(console, html) is None
    lock(served)
    changed = live(console, html)
    assert changed is not None
    assert f"Listed by {CHANNEL}" in words(changed)
    for part in ("answer", "facts", "timeline"):
        assert f'<div id="ticket-{part}" hx-swap-oob="true">' in changed
    assert live(console, changed) is None
    clock.now += timedelta(hours=1)
    settled = live(console, changed) or changed
    assert live(console, settled) is None


def test_a_hold_that_ends_by_itself_is_a_change(served: Served, clock: Clock) -> None:
    hold(served, "t", expiresInSeconds=7_200)
    clock.now += timedelta(hours=1)
    console, html = Console(served, READ), page(served)
    assert live(console, html) is None
    clock.now += timedelta(hours=1)
    changed = live(console, html)
    assert changed is not None
    assert "Free since 2026-11-23 16:03:00 UTC" in words(changed)


def test_changed_details_are_a_change(served: Served) -> None:
    console, html = Console(served, READ), page(served)
    answer = put(served, {"token": "t", "organizationId": ORGANIZATION, "ownerId": "another"})
    assert answer.status_code == 200
    changed = live(console, html)
    assert changed is not None
    assert "Owner another" in words(changed)
