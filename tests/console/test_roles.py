"""The matrix of every route of the console, role and scope.

It is made from the table of routes: a route without a case fails.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest
from markupsafe import escape

from seatlatch.console.browser import PARTNER_COOKIE
from seatlatch.domain.operator import Role
from seatlatch.http.route_spec import RouteSpec
from tests.cases import all_cases
from tests.console.console_client import COOKIE, Console, partner_of
from tests.console.people import ADMIN, SCOPES, key_of
from tests.console.role_cases import CASES, PARTNER_ROUTES, PUBLIC_ROUTES, RoleCase
from tests.console.routes import (
    BROWSER,
    PARTNER,
    console_routes,
    name_of,
    path_of,
    send_action,
    shaped,
)
from tests.console.world import ABSENT, fill_world
from tests.databases import Database, Databases
from tests.serving import CHANNEL, Served, fill, serving

SHARED = ("reason", "organizationId", "organization")
"""What names no thing of an organization that a page may not show."""

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

VOLATILE = re.compile(
    r'name="csrf" value="[^"]*"|Request-ID(?: <code>)?[ 0-9a-f-]*|<time[^>]*>[^<]*</time>'
)
"""What differs between two equal requests."""


class World:
    """A server with everything, and its people, each signed in once."""

    def __init__(
        self, served: Served, routes: Mapping[str, RouteSpec[Any]], real: Mapping[str, str]
    ) -> None:
        self.served = served
        self.real = real
        self._routes = routes
        self._people: dict[str, Console] = {}

    def send(self, route: str, names: Mapping[str, str], role: Role, scope: str) -> httpx.Response:
        """The response to a route with these names, for the person of a role and scope."""
        spec, case = self._routes[route], CASES[route]
        key = key_of(role, scope)
        if key not in self._people:
            self._people[key] = Console(self.served, key)
        person = self._people[key]
        path, names = path_of(spec, names), {**names, **case.fields}
        if spec.method == "GET":
            query = shaped(spec.query, names) if spec.query else {}
            return person.get(f"{path}?{httpx.QueryParams(query)}", {"Accept": BROWSER})
        return send_action(person, spec, names, person.csrf, SAME_ORIGIN)

    def stored(self) -> object:
        """All that a request could have changed."""
        tables = ("organizations", "channels", "applications", "operators", "webhooks", "events")
        return self.served.database.rows(), [
            sorted(map(repr, self.served.database.table(name))) for name in tables
        ]


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RouteSpec[Any]]:
    """Every route for operators, by its name."""
    found = console_routes(Path(tmp_path_factory.mktemp("routes")))
    return {name_of(one): one for one in found if one.access.scheme == "consoleSession"}


@pytest.fixture
def world(databases: Databases, routes: dict[str, RouteSpec[Any]]) -> Iterator[World]:
    """A server of its own, because the requests that succeed change it."""
    database: Database = databases.new()
    fill(database)
    with serving(database, console="on") as served:
        yield World(served, routes, fill_world(served))
    databases.drop(database)


def allows(case: RoleCase, role: Role, scope: str) -> bool:
    """Whether a person may send the request at all."""
    return role.includes(case.role) and (scope == "all" or not case.is_for_all)


def forms(value: str) -> set[str]:
    """A value as pages write it: in a text, in an address, and in a script's data."""
    return {value, str(escape(value)), quote(value, safe=""), quote_plus(value), repr(value)[1:-1]}


def shows(answer: httpx.Response, names: Mapping[str, str]) -> list[str]:
    """Which of these things a response names."""
    values = {name: value for name, value in names.items() if name not in SHARED}
    return [
        name for name, value in values.items() if any(one in answer.text for one in forms(value))
    ]


def settled(answer: httpx.Response, names: Mapping[str, str]) -> tuple[int, str, str]:
    """A response without what differs between equal requests, and with names for values."""
    text, location = VOLATILE.sub("", answer.text), answer.headers.get("location", "")
    for name, value in sorted(names.items(), key=lambda item: -len(item[1])):
        for form in sorted(forms(value), key=len, reverse=True):
            text, location = text.replace(form, name), location.replace(form, name)
    return answer.status_code, location, text


def test_every_route_has_a_case(routes: dict[str, RouteSpec[Any]]) -> None:
    assert set(routes) == set(CASES)
    declared = {
        name: (spec.access.role, spec.access.needs_all_organizations)
        for name, spec in routes.items()
    }
    assert declared == {name: (case.role, case.is_for_all) for name, case in CASES.items()}


def test_the_other_routes_are_known(tmp_path: Path) -> None:
    by_scheme: dict[str, set[str]] = {}
    for spec in console_routes(tmp_path):
        by_scheme.setdefault(spec.access.scheme, set()).add(name_of(spec))
    assert by_scheme.pop("consoleSession") == set(CASES)
    assert by_scheme == {"": PUBLIC_ROUTES, PARTNER: PARTNER_ROUTES}


def test_a_partner_opens_nothing_else_and_nobody_else_opens_a_partners_view(
    world: World, tmp_path: Path
) -> None:
    administrator = Console(world.served, ADMIN)
    partner = partner_of(administrator, world.served, CHANNEL)
    as_operator = Console(world.served, None)
    as_operator.cookies.set(COOKIE, partner.cookies[PARTNER_COOKIE])
    as_partner = Console(world.served, None)
    as_partner.cookies.set(PARTNER_COOKIE, administrator.cookies[COOKIE])
    for spec in console_routes(tmp_path):
        strangers = {"consoleSession": (partner, as_operator), PARTNER: (administrator, as_partner)}
        for stranger in strangers.get(spec.access.scheme, ()):
            path = path_of(spec, world.real)
            answer = stranger.send(spec.method, path, headers=FORM)
            assert answer.status_code == 401, name_of(spec)


@all_cases("scope", SCOPES)
@all_cases("role", Role)
@all_cases("route", CASES)
def test_a_role_below_or_a_person_with_limits_is_refused(
    world: World, route: str, role: Role, scope: str
) -> None:
    if allows(CASES[route], role, scope):
        return
    before = world.stored()
    answer = world.send(route, world.real, role, scope)
    assert answer.status_code == 403, answer.text
    own = key_of(role, scope)  # the refusal may name the person who is refused
    assert shows(answer, {name: text for name, text in world.real.items() if text != own}) == []
    assert world.stored() == before


@all_cases("role", Role)
@all_cases("route", CASES)
def test_to_a_person_with_limits_other_organizations_do_not_exist(
    world: World, route: str, role: Role
) -> None:
    if not allows(CASES[route], role, "outside"):
        return  # refused, as the test above shows
    before = world.stored()
    real = world.send(route, world.real, role, "outside")
    absent = world.send(route, ABSENT, role, "outside")
    if real.request.url == absent.request.url and real.request.method == "GET":
        assert (
            shows(real, world.real) == []
        )  # such as counters of traffic, which change by themselves
    else:
        assert settled(real, world.real) == settled(absent, ABSENT)
    assert world.stored() == before


@all_cases("scope", ("all", "inside"))
@all_cases("role", Role)
@all_cases("route", CASES)
def test_a_role_that_suffices_is_served(world: World, route: str, role: Role, scope: str) -> None:
    if allows(CASES[route], role, scope):
        answer = world.send(route, world.real, role, scope)
        assert answer.status_code not in (401, 403), answer.text
        assert answer.status_code < 500, answer.text
