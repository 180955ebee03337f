"""Requests made up of the OpenAPI documents are answered as these say, the good and the bad ones.

A few of them; `python -m tests.reference.campaign` makes as many as one wants.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from schemathesis.checks import CHECKS

from seatlatch.logs import make_log
from seatlatch.reference.document import DOCUMENTS, channel_document
from tests.databases import ON_SQLITE, Database
from tests.reference.attacker import Found, attack
from tests.serving import serving

EXAMPLES = 3
SEED = 1


def attacked(database: Database, document: dict[str, Any]) -> Found:
    """What an attack finds on a server of its own, which logs nothing of it."""
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
    """The server answers with a status that the document does not tell."""
    del document["paths"]["/v1/tickets/unlock"]["put"]["responses"]["401"]


def with_short_tokens(document: dict[str, Any]) -> None:
    """The server takes what the document forbids."""
    tokens = document["components"]["schemas"]["UnlockRequest"]["properties"]["tokens"]
    tokens["items"]["maxLength"] = 5


def with_a_seat(document: dict[str, Any]) -> None:
    """The server leaves out what the document promises."""
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
