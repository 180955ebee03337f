"""The matrix of every operator route, role and scope.

It is made from the table of routes: a route without a case fails.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from seatlatch.assembly import build_app
from seatlatch.auth.keys import hash_secret
from seatlatch.domain.operator import Operator, Role
from seatlatch.http.middleware import RequestMiddleware
from seatlatch.logs import make_log
from seatlatch.metrics import Metrics
from seatlatch.settings import read_settings
from seatlatch.store.tickets import NewTicket
from tests.cases import all_cases
from tests.databases import Database
from tests.operator_api.box_office import operator_headers
from tests.operator_api.role_cases import ABSENT, CASES, MORE_REQUESTS, REAL, RoleCase
from tests.serving import (
    FOREIGN_ORGANIZATION,
    LOCK,
    ORGANIZATION,
    Served,
    add_tickets,
    make_inventory,
    serving,
    valid_headers,
)

SCOPES: Mapping[str, frozenset[str] | None] = {
    "all": None,
    "inside": frozenset({ORGANIZATION}),
    "outside": frozenset({FOREIGN_ORGANIZATION}),
}
REFUSED = {401, 403}
VOLATILE = re.compile(r'"(countedAt|timestamp|requestId|entryId)":"[^"]*"')
"""Members that differ between two equal requests."""


def key_of(role: Role, scope: str) -> str:
    """The operator of a role and a scope; its key is its name."""
    return f"{role}-{scope}"


@pytest.fixture
def world(inventory: Database) -> Iterator[Served]:
    """A server with an operator of each role and scope, and a listed ticket with all details."""
    ticket = NewTicket(
        REAL["token"] + "-7", ORGANIZATION, REAL["owner"], REAL["event"], "S77", "R77", "77"
    )
    add_tickets(inventory, [ticket._replace(barcode=REAL["barcode"])])
    with inventory.provisioning() as provisioning:
        for role in Role:
            for scope, organizations in SCOPES.items():
                name = key_of(role, scope)
                provisioning.add_operator(Operator(name, role, organizations))
                provisioning.add_operator_key(name, hash_secret(name.encode()))
    with serving(inventory) as served:
        tokens = [{"token": ticket.token}, {"token": REAL["token"]}]
        listing = {"externalListingId": REAL["listing"], "tokens": tokens}
        body = json.dumps({"source": "MY_ACCOUNT", "listing": listing}).encode()
        headers = valid_headers(request_id=REAL["request"])
        assert served.send(LOCK, "PUT", headers, body).status_code == 200
        yield served


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """A path or body with its placeholders replaced."""
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace("{" + name + "}", text)
        return value
    if isinstance(value, list):
        return [filled(one, names) for one in value]
    if isinstance(value, dict):
        return {name: filled(one, names) for name, one in value.items()}
    return value


def send(
    served: Served, method: str, case: RoleCase, names: Mapping[str, str], key: str
) -> httpx.Response:
    """The response to a case with these names and a key."""
    body = b"" if case.body is None else json.dumps(filled(case.body, names)).encode()
    headers = operator_headers(authorization=f"Bearer {key}")
    return served.send(filled(case.path, names), method, headers, body)


def settled(response: httpx.Response, names: Mapping[str, str]) -> tuple[int, str]:
    """A response without what differs between equal requests."""
    text = VOLATILE.sub(r'"\1":""', response.text)
    for name, value in names.items():
        text = text.replace(value, name)
    return response.status_code, text


def test_every_operator_route_has_a_case(tmp_path: Path) -> None:
    database = make_inventory(tmp_path / "inventory.db")
    settings = read_settings({}, {"database_url": database.url})
    app = build_app(settings, database.store(), make_log("json", "error"), Metrics()).handle
    assert isinstance(app, RequestMiddleware)
    routes = {
        f"{route.spec.method} {route.path}": route.spec.access
        for route in app.router.routes
        if route.path.startswith("/operator/v1/")
    }
    assert routes
    assert set(routes) == set(CASES)
    declared = {name: (one.role, one.needs_all_organizations) for name, one in routes.items()}
    assert declared == {name: (case.role, case.is_for_all) for name, case in CASES.items()}


@all_cases("scope", SCOPES)
@all_cases("role", Role)
@all_cases("route", CASES)
def test_a_role_below_or_a_key_with_limits_is_refused(
    world: Served, route: str, role: Role, scope: str
) -> None:
    method, case = route.partition(" ")[0], CASES[route]
    if role.includes(case.role) and (scope == "all" or not case.is_for_all):
        return
    before = world.database.rows()
    response = send(world, method, case, REAL, key_of(role, scope))
    assert response.status_code == 403, response.text
    assert set(response.json()) == {"error"}
    assert not [value for value in REAL.values() if value in response.text], response.text
    assert world.database.rows() == before


@all_cases("role", Role)
@all_cases("route", CASES)
def test_to_a_key_with_limits_other_organizations_do_not_exist(
    world: Served, route: str, role: Role
) -> None:
    method, case = route.partition(" ")[0], CASES[route]
    if case.is_for_all or not role.includes(case.role):
        return  # refused, as the test above shows
    before = world.database.rows()
    key = key_of(role, "outside")
    real = settled(send(world, method, case, REAL, key), REAL)
    assert real == settled(send(world, method, case, ABSENT, key), ABSENT)
    assert world.database.rows() == before


@all_cases("name", MORE_REQUESTS)
def test_no_search_shows_other_organizations(world: Served, name: str) -> None:
    case = MORE_REQUESTS[name]
    everything = send(world, "GET", case, REAL, key_of(Role.ADMIN, "all"))
    inside = send(world, "GET", case, REAL, key_of(Role.READ, "inside"))
    for seen in (everything, inside):
        assert seen.status_code == 200, seen.text
        assert [one for one in REAL.values() if one in seen.text], seen.text
    outside = send(world, "GET", case, REAL, key_of(Role.READ, "outside"))
    assert outside.status_code == 200, outside.text
    assert not [one for one in REAL.values() if one in outside.text], outside.text


@all_cases("scope", SCOPES)
@all_cases("role", Role)
@all_cases("route", CASES)
def test_a_role_that_suffices_is_served(world: Served, route: str, role: Role, scope: str) -> None:
    method, case = route.partition(" ")[0], CASES[route]
    allowed = ("all",) if case.is_for_all else ("all", "inside")
    if not role.includes(case.role) or scope not in allowed:
        return
    response = send(world, method, case, REAL, key_of(role, scope))
    assert response.status_code not in REFUSED, response.text
    assert response.status_code < 500, response.text
