"""Clients that openapi-generator makes compile, and read each kind of response of a real server.

The summary of the tests shows a table of them, see `tests.openapi.client_table`.
"""

import fcntl
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from seatlatch.openapi.examples.channel import UNLOCK
from seatlatch.openapi.examples.example import ACCESS_TOKEN, HEADERS
from tests.databases import ON_SQLITE
from tests.openapi.client_table import PROPERTY, ClientRow
from tests.openapi.openapi_generator import GENERATORS, PACKAGES, Generator, generate, run
from tests.serving import Served

EXAMPLES = [example for example in UNLOCK if example.request is not None]
COMPILED = [one for one in GENERATORS if one.build]
READ = [one for one in GENERATORS if not one.build]
LISTS = ("SucceededTickets", "VerifiedTickets", "PutTickets", "TicketsWithStatus", "PutEvents")

Record = Callable[[str, object], None]


class Generated(NamedTuple):
    """The folder of all clients, and what the generator logged."""

    folder: Path
    log: str

    def client(self, generator: Generator) -> Path:
        """The folder of one generator's clients, which must be complete."""
        assert self.log.count(f"Finished generating {generator.name}…") == len(PACKAGES), self.log
        return self.folder / generator.name


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """The clients of all generators, which the processes of a parallel run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "generated"
    folder.mkdir(exist_ok=True)
    with (folder / "log").open("a+") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        log.seek(0)
        text = log.read()
        if not text:
            text = generate(folder, GENERATORS)
            log.write(text)
    return Generated(folder, text)


def without_empty(body: Any) -> Any:
    """A body without members that are null or an empty list, which clients add or leave out."""
    if isinstance(body, dict):
        kept = {name: without_empty(part) for name, part in body.items()}
        return {name: part for name, part in kept.items() if part is not None and part != []}
    return [without_empty(part) for part in body] if isinstance(body, list) else body


@ON_SQLITE
@pytest.mark.parametrize("generator", COMPILED, ids=lambda one: one.name)
def test_a_generated_client_reads_every_status(
    generator: Generator, generated: Generated, sandbox: Served, record_property: Record
) -> None:
    row: ClientRow = {"generator": generator.name, "generated": "no", "compiled": "no", "read": []}
    record_property(PROPERTY, row)
    folder = generated.client(generator)
    row["generated"] = "yes"
    assert generator.build
    command = generator.build(folder)
    row["compiled"] = "yes"
    plan = {
        "url": sandbox.url,
        "accessToken": ACCESS_TOKEN,
        "headers": HEADERS,
        "cases": {one.name: one.request["tokens"] for one in EXAMPLES if one.request},
    }
    results = json.loads(run([*command, json.dumps(plan)], folder))
    for example in EXAMPLES:
        status, body = results[example.name]
        assert status == example.status
        assert without_empty(body) == without_empty(example.response)
        row["read"].append(status)
    assert row["read"] == [200, 207, 409, 422]


@pytest.mark.parametrize("generator", READ, ids=lambda one: one.name)
def test_the_models_of_a_generated_client(
    generator: Generator, generated: Generated, record_property: Record
) -> None:
    row: ClientRow = {
        "generator": generator.name,
        "generated": "no",
        "compiled": "models checked as text",
        "read": [],
    }
    record_property(PROPERTY, row)
    models = {
        path.stem: path.read_text("utf-8")
        for path in generated.client(generator).rglob("*")
        if path.suffix in (".kt", ".cs") and path.parent.name in ("models", "Model")
    }
    row["generated"] = "yes"
    assert set(LISTS) <= set(models)
    assert "Null" not in models
    for name in LISTS:
        assert re.search(r"\b[Ff]ailure\b", models[name])
    assert not re.search(r"(?<!\.)\bNull\b", "".join(models.values()))  # but JsonTokenType.Null
