"""An attack on a sandbox by an engine and a seed, with each document on its own database."""

from collections.abc import Callable, Mapping
from typing import Any

from seatlatch.logs import make_log
from seatlatch.openapi.document import DOCUMENTS
from seatlatch.sandbox.data import fill
from tests.campaigns import fresh_database
from tests.databases import EngineName
from tests.openapi.attacker import Found, attack
from tests.serving import serving

Documents = Mapping[str, Callable[[], dict[str, Any]]]


def attacked(
    engine: EngineName, seed: int, examples: int, documents: Documents = DOCUMENTS
) -> dict[str, Found]:
    """What was found with each document. `examples`: random requests for each call."""
    quiet = make_log("json", "critical")
    with fresh_database(engine, "sandbox") as database:
        with database.provisioning() as provisioning:
            provisioning.do(fill)
        with serving(database, log=quiet) as served:
            return {
                path: attack(served.url, make(), examples=examples, seed=seed)
                for path, make in documents.items()
            }
