"""The OpenAPI documents are valid and clean by a public linter's recommended rules.

See decision 128.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from docs.generate import DOCUMENTS, ROOT
from tests.openapi.tools import LINTER, TYPESCRIPT, linter

FOLDER = ROOT / "tests" / "openapi" / "linting"
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def problems(document: Path) -> list[str]:
    """The findings of the linter for a document."""
    done = subprocess.run(
        [linter(), "lint", "--config", FOLDER / "redocly.yaml", "--format", "json", document],
        env={**os.environ, **QUIET},
        capture_output=True,
        text=True,
        timeout=60,
    )
    report = json.loads(done.stdout)
    return [f"{one['ruleId']}: {one['message']}" for one in report["problems"]]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_clean(name: str) -> None:
    assert problems(ROOT / name) == []


def test_the_linter_finds_what_is_wrong(tmp_path: Path) -> None:
    document = json.loads((ROOT / next(iter(DOCUMENTS))).read_text("utf-8"))
    unlock = document["paths"]["/v1/tickets/unlock"]["put"]
    del unlock["operationId"]
    unlock["requestBody"]["content"]["application/json"]["examples"]["allUnlocked"]["value"] = {}
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    rules = {problem.partition(":")[0] for problem in problems(tmp_path / "openapi.json")}
    assert rules == {"operation-operationId", "no-invalid-media-type-examples"}


@pytest.mark.parametrize("folder", [LINTER.parents[2], TYPESCRIPT.parent], ids=lambda one: one.name)
def test_the_lock_of_npm_packages_has_sums_and_no_addresses(folder: Path) -> None:
    packages = json.loads((folder / "package-lock.json").read_text("utf-8"))["packages"]
    del packages[""]
    assert packages
    for package in packages.values():
        assert "integrity" in package
        assert "resolved" not in package
