"""Random valid and invalid requests get the responses that the OpenAPI documents describe.

This test sends a few; `python -m campaigns.schemathesis` sends many.
"""

from collections.abc import Callable
from typing import Any

import pytest
from schemathesis.checks import CHECKS

from seatlatch.logs import make_log
from seatlatch.openapi.document import DOCUMENTS
from tests.databases import ON_SQLITE, Database
from tests.openapi.attacker import Found, attack
from tests.openapi.wrong_documents import WRONG, wrong_document
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


@ON_SQLITE
@pytest.mark.parametrize(("change", "check"), WRONG)
def test_an_attack_finds_where_document_and_server_differ(
    change: Callable[[dict[str, Any]], None], check: str, sandbox_database: Database
) -> None:
    findings = attacked(sandbox_database, wrong_document(change)).findings
    assert any(f"{check}: " in finding for finding in findings)
