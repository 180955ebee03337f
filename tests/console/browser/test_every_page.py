"""Every page of the console in a real browser, with the sandbox's venue and texts of attackers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from seatlatch.domain.operator import Role
from seatlatch.http.route_spec import RouteSpec
from seatlatch.sandbox import data
from tests.console.browser.pages import ConsolePages, require_accessible
from tests.console.console_client import Console, link_of, partner_of
from tests.console.people import ADMIN, key_of
from tests.console.routes import BROWSER, PARTNER, console_routes, pages_in, path_of, paths_of
from tests.console.world import ABSENT, EVIL, fill_world
from tests.databases import ON_SQLITE, Database, Databases
from tests.serving import CHANNEL, Served, fill, serving

pytestmark = [ON_SQLITE, pytest.mark.slow]
"""No engine matters for what a page looks like."""

PARTS = 6
"""Into which the test is divided, because it takes long."""

PEOPLE = {"an administrator": ADMIN, "a person who sees little": key_of(Role.READ, "inside")}


VENUE = {"accessId": data.EVENT, "token": data.venue_token(109, "A", 1)}
"""Things that the venue has."""


@pytest.fixture(scope="module")
def world(databases: Databases) -> Iterator[Served]:
    """A server with everything, and with a venue."""
    database = databases.new()
    fill(database)
    add_venue(database)
    with serving(database, console="on") as served:
        yield served


def add_venue(database: Database) -> None:
    """The sandbox's 2,000 seats of one event."""
    with database.provisioning() as provisioning:
        for channel in (data.CHANNEL, data.OTHER_CHANNEL):
            provisioning.add_channel(channel, channel, [data.ORGANIZATION])
        provisioning.add_tickets(data.venue_tickets())


@pytest.fixture(scope="module")
def real(world: Served) -> dict[str, str]:
    """Everything that the console shows, by its name."""
    return fill_world(world)


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[RouteSpec[Any]]:
    """Every route of the console."""
    return console_routes(Path(tmp_path_factory.mktemp("routes")))


def paths_for(specs: list[RouteSpec[Any]], real: dict[str, str]) -> list[str]:
    """The paths of everything that there is, among these routes."""
    found: set[str] = set()
    for spec in specs:
        if "{path:path}" not in spec.path:
            found |= {path_of(spec, {**real, **VENUE}), *paths_of(spec, real, ABSENT).values()}
    return sorted(found)


def problems_of(page: Page, person: Console, paths: list[str]) -> list[str]:
    """What is wrong with the whole pages at these paths; data and parts of pages are left out.

    `person`: who sees the pages, without a browser.
    """
    found, opened = [], 0
    for path in paths:
        answer = person.get(path, {"Accept": BROWSER})
        if answer.status_code == 200 and answer.text.startswith("<!doctype html>"):
            opened += 1
            page.goto(person.url + path)
            assert page.locator(EVIL).count() == 0
            try:
                require_accessible(page)
            except AssertionError as error:
                found.append(str(error))
    assert opened
    return found


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("person", PEOPLE)
def test_every_page_is_accessible_and_quiet(
    console_page: ConsolePages,
    world: Served,
    real: dict[str, str],
    routes: list[RouteSpec[Any]],
    person: str,
    part: int,
) -> None:
    key = PEOPLE[person]
    paths = paths_for(pages_in(routes), real)[part::PARTS]
    found = problems_of(console_page(world, key), Console(world, key), paths)
    assert not found, "\n".join(found)


def test_every_page_of_a_partner_is_accessible_and_quiet(
    console_page: ConsolePages,
    world: Served,
    real: dict[str, str],
    routes: list[RouteSpec[Any]],
) -> None:
    administrator = Console(world, ADMIN)
    page = console_page.nobody(world.url + link_of(administrator, CHANNEL))
    require_accessible(page)
    page.get_by_role("button", name="Open").click()
    page.wait_for_url(world.url + "/console/partner")
    partner = partner_of(administrator, world, CHANNEL)
    found = problems_of(page, partner, paths_for(pages_in(routes, PARTNER), real))
    assert not found, "\n".join(found)


def test_a_path_of_nothing_has_an_accessible_page(
    console_page: ConsolePages, world: Served
) -> None:
    page = console_page(world, ADMIN, "/console/nothing")
    require_accessible(page)
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    console_page.forgive(page, "404")
