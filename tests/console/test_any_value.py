"""Values that no page sends, in every field and path of every route: none makes a page fail."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from seatlatch.console.forms import FormBody
from seatlatch.http import query
from seatlatch.http.query import to_cursor
from seatlatch.http.route_spec import RouteSpec
from tests.console.console_client import Console, partner_of
from tests.console.people import ADMIN
from tests.console.routes import (
    PARTNER,
    PLACE,
    console_routes,
    fields_of,
    name_of,
    path_of,
    shaped,
)
from tests.console.world import fill_world
from tests.databases import Databases
from tests.serving import CHANNEL, Served, fill, serving

DIGEST = "digest"
LARGEST = 2**63 - 1
VALUES = (
    "a\0b",
    "9" * 5000 + " x",
    "-9",
    "\uffff\u202e",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31",
    "https://[",
)
PLACES = tuple(
    to_cursor([DIGEST, place])
    for place in (
        *(LARGEST, 2**64, None, "\0", ["\0", "\0"], [LARGEST, LARGEST], {"1": 2**36 - 1}),
        [{"1": 1}, "0001-01-01T00:00:00+14:00"],
    )
)
"""Cursors, which anyone can write."""

SIGN_OUTS = ("/console/sign-out", "/console/partner/sign-out")


@pytest.fixture(scope="module")
def world(databases: Databases) -> Iterator[Served]:
    """A server that accepts cursors of any list."""
    database = databases.new()
    fill(database)
    with pytest.MonkeyPatch.context() as patch, serving(database, console="on") as served:
        patch.setattr(query, "digest_of", lambda _query: DIGEST)
        yield served


def paths_in(spec: RouteSpec[Any], names: dict[str, str]) -> Iterator[str]:
    """The paths of a route, each with one of the values."""
    for place in PLACE.findall(spec.path.replace(":path", "")):
        for value in VALUES:
            yield path_of(spec, {**names, place: value})
    if spec.query is not None:
        for name, value in values_for(spec.query):
            asked = {**shaped(spec.query, {}), name: value}
            yield f"{path_of(spec, names)}?{httpx.QueryParams(asked)}"


def forms_in(spec: RouteSpec[Any], names: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The forms of a route, each with one of the values."""
    if isinstance(spec.body, FormBody):
        for name, value in values_for(spec.body.shape):
            yield {**fields_of(spec, {**names, "confirmed": "no"}), name: value}


def values_for(shape: type[msgspec.Struct]) -> Iterator[tuple[str, str]]:
    """Each field with each value."""
    for member in msgspec.structs.fields(shape):
        places = PLACES if member.name == "after" else ()
        for value in (*VALUES, *places):
            yield member.encode_name, value


def test_no_value_makes_a_page_fail(world: Served, tmp_path: Path) -> None:
    names = fill_world(world)
    administrator = Console(world, ADMIN)
    partner = partner_of(administrator, world, CHANNEL)
    failed: list[str] = []
    statuses: set[int] = set()
    for spec in console_routes(tmp_path):
        console = partner if spec.access.scheme == PARTNER else administrator
        if spec.path in SIGN_OUTS:
            continue
        if spec.method == "GET":
            answers = (console.get(path) for path in paths_in(spec, names))
        else:
            sent_to = path_of(spec, names)
            answers = (console.post(sent_to, **form) for form in forms_in(spec, names))
        for answer in answers:
            statuses.add(answer.status_code)
            if answer.status_code >= 500:
                failed.append(f"{name_of(spec)}: {quote(str(answer.url))[-200:]}")
    assert failed == []
    assert statuses >= {200, 303, 404, 422}
