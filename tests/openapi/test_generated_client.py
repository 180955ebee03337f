"""A client that a public generator makes of the OpenAPI document compiles, and unlocks."""

import compileall
import json
import subprocess
from pathlib import Path

from docs.generate import DOCUMENTS, ROOT
from tests.databases import ON_SQLITE
from tests.docs.running import environment
from tests.openapi.tools import generator
from tests.serving import Served

FOLDER = ROOT / "tests" / "openapi" / "generator"
UNLOCKING = FOLDER / "unlocking.py"
CONFIG = FOLDER / "config.yaml"


def generated(document: Path, folder: Path) -> Path:
    """The client's package, in a folder where it can be imported from."""
    package = folder / "generated"
    done = subprocess.run(
        [
            *(generator().parent / "openapi-python-client", "generate", "--meta", "none"),
            *("--path", document, "--output-path", package, "--config", CONFIG),
            "--fail-on-warning",
        ],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return package


@ON_SQLITE
def test_a_generated_client_unlocks(tmp_path: Path, sandbox: Served) -> None:
    package = generated(ROOT / "docs" / "reference" / "openapi.json", tmp_path)
    assert compileall.compile_dir(package, quiet=2)
    done = subprocess.run(
        [generator(), UNLOCKING, tmp_path, sandbox.url],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    reported = json.loads(done.stdout)
    assert {name: (status, body) for name, (status, body, _) in reported.items()} == {
        "all": (200, "SucceededTickets"),
        "some": (207, "SomeSucceededTickets"),
        "held": (409, "AllLocked"),
        "none": (422, "NoneSucceeded"),
        "too many": (422, "NoneSucceeded"),
        "bad header": (400, "BadRequest"),
        "wrong channel": (403, "Forbidden"),
        "wrong token": (401, "Unauthorized"),
    }
    assert reported["all"][2] == {
        "success": [
            {"token": token, "ownerId": "234567"} for token in ("98973476444", "54457347644")
        ]
    }


def test_a_client_of_every_document_compiles(tmp_path: Path) -> None:
    for name in DOCUMENTS:
        folder = tmp_path / Path(name).stem
        folder.mkdir()
        assert compileall.compile_dir(generated(ROOT / name, folder), quiet=2)
