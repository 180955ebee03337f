"""Random valid and invalid requests get the responses that the OpenAPI documents describe.

This test sends a few; `python -m tests.openapi.campaign` sends any number.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from schemathesis.checks import CHECKS

from seatlatch.logs import make_log
from seatlatch.openapi.document import DOCUMENTS, channel_document
from tests.databases import ON_SQLITE, Database
from tests.openapi.attacker import Found, attack
from tests.serving import serving

EXAMPLES = 3
SEED = 1


def attacked(database: Database, document: dict[str, Any]) -> Found:
    """The findings of an attack on its own server."""
    with serving(database, log=make_log("json", "critical")) as served:
        return attack(served.url, document, examples=EXAMPLES, seed=SEED)


@pytest.mark.parametrize("make", DOCUMENTS.values(), ids=DOCUMENTS)
def test_an_attack_finds_nothing(
    make: Callable[[], dict[str, Any]], sandbox_database: Database
) -> None:
    found = attacked(sandbox_database, make())
    assert found.findings == []
    assert found.requests > 300
    assert {200, 400, 401, 405, 422} <= set(found.statuses)
    assert set(found.checks) == {*CHECKS.get_all_names(), "max_response_time"}


def without_a_status(document: dict[str, Any]) -> None:
    """Make the server return a status that is not in the document."""
    del document["paths"]["/v1/tickets/unlock"]["put"]["responses"]["401"]


def with_short_tokens(document: dict[str, Any]) -> None:
    """Make the server accept what the document forbids."""
    tokens = document["components"]["schemas"]["UnlockRequest"]["properties"]["tokens"]
    tokens["items"]["maxLength"] = 5


def with_a_seat(document: dict[str, Any]) -> None:
    """Make the server leave out a required member."""
    document["components"]["schemas"]["SucceededTicket"]["required"].append("seat")


@ON_SQLITE
@pytest.mark.parametrize(
    ("change", "check"),
    [
        (without_a_status, "status_code_conformance"),
        (with_short_tokens, "wrong_bodies_are_refused_as_a_whole"),
        (with_a_seat, "response_schema_conformance"),
    ],
)
def test_an_attack_finds_where_document_and_server_differ(
    change: Callable[[dict[str, Any]], None], check: str, sandbox_database: Database
) -> None:
    document = deepcopy(channel_document())
    document["paths"] = {"/v1/tickets/unlock": document["paths"]["/v1/tickets/unlock"]}
    change(document)
    findings = attacked(sandbox_database, document).findings
    assert any(f"{check}: " in finding for finding in findings)
