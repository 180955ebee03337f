"""The OpenAPI documents describe everything that the server does, and nothing else."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from docs.generate import DOCUMENTS as KEPT
from docs.generate import ROOT
from seatlatch.assembly import build_app
from seatlatch.http.middleware import RequestMiddleware
from seatlatch.http.problems import ALL_LOCKED, INTERNAL_ERROR, NONE_SUCCEEDED, PROBLEMS
from seatlatch.logs import make_log
from seatlatch.metrics import Metrics
from seatlatch.openapi import channel_operations as channel
from seatlatch.openapi import operator_operations as box_office
from seatlatch.openapi.document import DOCUMENTS, channel_document, operator_document
from seatlatch.sandbox import data
from seatlatch.settings import read_settings
from seatlatch.webhooks.message import signed
from tests import web
from tests.docs.pages import anchors
from tests.serving import make_inventory, serving

METHODS = ("get", "put", "post", "delete", "patch")
PREFIXES = {"/v1/": channel_document, "/operator/v1/": operator_document}


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The operations of a document, by method and path."""
    return {
        f"{method.upper()} {path}": item[method]
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    }


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The target of a reference."""
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


@pytest.mark.parametrize("make", DOCUMENTS.values(), ids=DOCUMENTS)
def test_the_documents_are_valid(make: Any) -> None:
    validate(make())


def test_every_route_is_in_a_document_and_every_operation_is_a_route(tmp_path: Path) -> None:
    database = make_inventory(tmp_path / "inventory.db")
    settings = read_settings({}, {"database_url": database.url})
    app = build_app(settings, database.store(), make_log("json", "error"), Metrics()).handle
    assert isinstance(app, RequestMiddleware)
    for prefix, make in PREFIXES.items():
        routes = {
            f"{method} {route.path}"
            for route in app.router.routes
            for method in (route.methods or set()) - {"HEAD"}
            if route.path.startswith(prefix)
        }
        assert routes
        assert routes == set(operations(make()))


def test_each_document_has_the_limits_of_the_routes(tmp_path: Path) -> None:
    database = make_inventory(tmp_path / "inventory.db")
    settings = read_settings({}, {"database_url": database.url})
    app = build_app(settings, database.store(), make_log("json", "error"), Metrics()).handle
    assert isinstance(app, RequestMiddleware)
    limits = {
        f"{method} {route.path}": route.spec.body_bytes_max
        for route in app.router.routes
        for method in route.methods or ()
    }
    for make in PREFIXES.values():
        for name, operation in operations(make()).items():
            assert "413" in operation["responses"], name
            if "requestBody" in operation:
                described = operation["requestBody"]["description"]
                assert described.startswith(f"At most {limits[name]:,} bytes"), name


def test_what_is_served_is_what_is_kept(tmp_path: Path) -> None:
    with serving(make_inventory(tmp_path / "inventory.db")) as served:
        for path, (name, make) in zip(DOCUMENTS, KEPT.items(), strict=True):
            answer = web.get(served.url + path)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/json"
            kept = (ROOT / name).read_text("utf-8")
            assert answer.json() == json.loads(kept) == make()


@pytest.mark.parametrize("path", DOCUMENTS)
def test_the_server_is_named_by_the_path_that_a_proxy_adds(tmp_path: Path, path: str) -> None:
    with serving(make_inventory(tmp_path / "inventory.db"), root_path="/seatlatch") as served:
        document = web.get(served.url + path).json()
    assert [server["url"] for server in document["servers"]] == ["/seatlatch"]


@pytest.mark.parametrize("make", DOCUMENTS.values(), ids=DOCUMENTS)
def test_every_error_has_its_type_its_code_and_its_advice(make: Any) -> None:
    document = make()
    problems = [*PROBLEMS.values(), ALL_LOCKED, INTERNAL_ERROR, NONE_SUCCEEDED]
    for name, operation in operations(document).items():
        for status, answer in operation["responses"].items():
            answer = resolved(document, answer)
            if int(status) < 400:
                continue
            types = {one.type: one for one in problems if one.status == int(status)}
            (schema,) = (content["schema"] for content in answer["content"].values())
            error = resolved(document, schema)["properties"]["error"]
            if "properties" in error:  # the token call returns only a sentence
                assert error_types(error) <= types.keys()
                (code,) = {one.app_error_code for one in types.values()}
                assert error["properties"]["appErrorCode"]["const"] == code
            possible = next(iter(types.values())).retry
            assert answer["x-retry"]["possible"] == possible, name
            if possible and status == "503":
                once = operation["operationId"] == "exchangeToken"
                assert answer["x-retry"]["count"] == ("1" if once else "not limited")
            assert ("Retry-After" in answer["headers"]) == (status in ("429", "503"))
            assert ("WWW-Authenticate" in answer["headers"]) == (status == "401")
            assert ("Allow" in answer["headers"]) == (status == "405")


def error_types(error: dict[str, Any]) -> set[str]:
    """The types that an error may have."""
    kind = error["properties"]["type"]
    return {kind["const"]} if "const" in kind else set(kind["enum"])


def test_every_error_of_the_catalogue_is_reported_somewhere() -> None:
    reported = {
        kind for one in (*channel.OPERATIONS, *box_office.OPERATIONS) for kind in one.route.refusals
    }
    assert reported == set(PROBLEMS)


def test_the_only_secrets_are_the_sandboxs() -> None:
    parameters = channel_document()["components"]["parameters"]
    assert parameters["PAC-API-Key"]["example"] == data.API_KEY
    text = json.dumps([make() for make in DOCUMENTS.values()])
    for secret in (data.ACCESS_TOKEN, data.OPERATOR_KEY, data.WEBHOOK_SECRET):
        assert secret not in text


def test_the_webhook_has_the_headers_that_are_sent() -> None:
    post = channel_document()["webhooks"]["seatsChanged"]["post"]
    reported = {parameter["name"] for parameter in post["parameters"]}
    sent = signed([data.WEBHOOK_SECRET], "msg_1", "{}", data.NEVER)
    assert reported == {name for name in sent if name.startswith("webhook-")}


def test_every_link_leads_to_a_page_of_ours() -> None:
    links = set()
    for make in DOCUMENTS.values():
        links |= set(re.findall(r"\]\(/docs/([^)]+)\.html(?:#([^)]+))?\)", json.dumps(make())))
    assert len(links) > 10
    for name, anchor in links:
        page = ROOT / "docs" / f"{name}.md"
        assert page.is_file(), name
        assert not anchor or anchor in anchors(page), f"{name}#{anchor}"


def test_operation_ids_are_unique() -> None:
    for make in DOCUMENTS.values():
        ids = [operation["operationId"] for operation in operations(make()).values()]
        assert len(ids) == len(set(ids))
        assert all(name[0].islower() and name.isalpha() for name in ids)


def parts(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document, without its examples."""
    if isinstance(node, dict):
        yield node
        for name, part in node.items():
            if name not in ("example", "examples"):
                yield from parts(part)
    elif isinstance(node, list):
        for part in node:
            yield from parts(part)


@pytest.mark.parametrize("make", DOCUMENTS.values(), ids=DOCUMENTS)
def test_no_schema_is_null_alone(make: Any) -> None:
    assert [part for part in parts(make()) if part.get("type") in ("null", ["null"])] == []


@pytest.mark.parametrize("make", DOCUMENTS.values(), ids=DOCUMENTS)
def test_the_schema_of_200_reads_a_207(make: Any) -> None:
    document = make()
    lists = [
        {
            status: resolved(document, responses[status]["content"]["application/json"]["schema"])
            for status in ("200", "207")
        }
        for responses in (operation["responses"] for operation in operations(document).values())
        if "207" in responses
    ]
    assert len(lists) >= 3
    for schemas in lists:
        both = [schemas[status]["properties"]["failure"] for status in ("200", "207")]
        assert both[0]["items"] == both[1]["items"]
        # Where a request may be a dry run, a 200 has either `success` or `count`.
        is_dry_run = "count" in schemas["200"]["properties"]
        assert schemas["200"].get("required", []) == ([] if is_dry_run else ["success"])
        assert schemas["207"]["required"] == ["success", "failure"]


def test_generators_make_no_method_of_the_webhook() -> None:
    assert channel_document()["webhooks"]["seatsChanged"]["post"]["x-internal"] is True
