"""All routes of the console, and a request for each that is complete by itself.

The values of a request are taken by name: a field or a part of a path that is called `token` gets a
token. So a test of all routes also covers those that are added later.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints
from urllib.parse import quote

import httpx
import msgspec
from msgspec import Struct

from seatlatch.assembly import build_app
from seatlatch.console.forms import FormBody, UploadBody
from seatlatch.http.middleware import RequestMiddleware
from seatlatch.http.route_spec import RouteSpec
from seatlatch.logs import make_log
from seatlatch.metrics import Metrics
from seatlatch.settings import read_settings
from tests.console.console_client import CSRF_HEADER, Console
from tests.console.world import TEXT
from tests.serving import make_inventory

PLACE = re.compile(r"{(\w+)}")
UNNAMED, UNKNOWN = "nothing", "nothing/at/all"
PARTNER = "partnerSession"
FILE = b"token,owner_id\nimported-1,owner-1\n"
BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"
"""What a browser accepts for a page of its own."""


def console_routes(folder: Path) -> list[RouteSpec[Any]]:
    """Every route below /console."""
    database = make_inventory(folder / "routes.db")
    settings = read_settings({}, {"database_url": database.url, "console": "on"})
    app = build_app(settings, database.store(), make_log("json", "error"), Metrics()).handle
    assert isinstance(app, RequestMiddleware)
    routes = [route.spec for route in app.router.routes]
    found = [spec for spec in routes if spec.path.startswith("/console")]
    assert {"/console", "/console/sign-in"} < {spec.path for spec in found}
    return found


def name_of(spec: RouteSpec[Any]) -> str:
    """The method and path of a route."""
    return f"{spec.method} {spec.path}"


def pages_in(routes: list[RouteSpec[Any]], scheme: str = "consoleSession") -> list[RouteSpec[Any]]:
    """The routes that are read in a session: of an operator, or with `PARTNER` of a partner."""
    return [spec for spec in routes if spec.method == "GET" and spec.access.scheme == scheme]


def actions_in(routes: list[RouteSpec[Any]]) -> list[RouteSpec[Any]]:
    """The routes that change something in a session of an operator."""
    return [
        spec
        for spec in routes
        if spec.method != "GET"
        and (spec.access.scheme == "consoleSession" or spec.path == "/console/sign-out")
    ]


def path_of(spec: RouteSpec[Any], names: Mapping[str, str]) -> str:
    """The path of a route with these values; others become something that does not exist."""
    path = spec.path.replace("{path:path}", UNKNOWN)
    return PLACE.sub(lambda found: quote(names.get(found[1], UNNAMED), safe=""), path)


def paths_of(
    spec: RouteSpec[Any], real: Mapping[str, str], absent: Mapping[str, str]
) -> dict[str, str]:
    """The paths of a page: of a thing, of what does not exist, and with all fields of its query."""
    paths = {"a thing": path_of(spec, real), "nothing": path_of(spec, absent)}
    if spec.query is not None:
        fields = [member.encode_name for member in msgspec.structs.fields(spec.query)]
        query = shaped(spec.query, {**dict.fromkeys(fields, TEXT), **real})
        paths["a search"] = f"{path_of(spec, real)}?{httpx.QueryParams(query)}"
        found = shaped(spec.query, real)
        paths["a thing by a query"] = f"{path_of(spec, real)}?{httpx.QueryParams(found)}"
    return paths


def fields_of(spec: RouteSpec[Any], names: Mapping[str, str]) -> dict[str, str | list[str]]:
    """A form that has the right shape: its required fields, and those with a name here."""
    if not isinstance(spec.body, FormBody):
        return {}
    return shaped(spec.body.shape, names)


def send_action(
    console: Console,
    spec: RouteSpec[Any],
    names: Mapping[str, str],
    csrf: str,
    headers: Mapping[str, str],
) -> httpx.Response:
    """Send a route what it needs, as a form or as a part of a file."""
    path = path_of(spec, names)
    if isinstance(spec.body, UploadBody):
        query = httpx.QueryParams(shaped(spec.body.shape, names))
        sent = {**headers, "Content-Type": "text/csv", CSRF_HEADER: quote(csrf, safe="=")}
        return console.send(spec.method, f"{path}?{query}", headers=sent, content=FILE)
    fields = fields_of(spec, names) | {"csrf": csrf}
    return console.send(spec.method, path, headers=headers, data=fields)


def shaped(shape: type[Struct], names: Mapping[str, str]) -> dict[str, str | list[str]]:
    """Fields for a type, as `fields_of`."""
    types = get_type_hints(shape)
    fields: dict[str, str | list[str]] = {}
    for member in msgspec.structs.fields(shape):
        name = member.encode_name
        given = names.get(name, names.get(name.removesuffix("s")))
        if given is None and not member.required:
            continue
        value = example(types[member.name]) if given is None else given
        fields[name] = [value] if get_origin(types[member.name]) is list else value
    return fields


def example(kind: Any) -> str:
    """A text that can become a value of a type."""
    if get_args(kind) and get_origin(kind) is not None:
        first = get_args(kind)[0]
        return example(first) if isinstance(first, type) else str(first)
    if issubclass(kind, bool):
        return "true"
    if issubclass(kind, int | float):
        return "1"
    members = getattr(kind, "__members__", None)
    return str(next(iter(members.values()))) if members else UNNAMED
