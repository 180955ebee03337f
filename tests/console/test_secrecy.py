"""What the log keeps of the console: who did what, and no key, session or form's token."""

import json

import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.logs import make_log
from seatlatch.sink import STANDARD_ERROR
from tests.console.console_client import COOKIE, SIGN_IN, Console
from tests.console.people import SUPPORT
from tests.databases import ON_SQLITE, Database
from tests.serving import serving

pytestmark = ON_SQLITE
"""The log is the same on every engine."""

KEY = "a-key-of-nobody-else"
WRONG = "a-key-with-a-typing-error"


@pytest.fixture
def people(inventory: Database) -> Database:
    """An inventory with a person whose key is not their name."""
    with inventory.provisioning() as provisioning:
        provisioning.add_operator_key(SUPPORT, hash_secret(KEY.encode()))
    return inventory


def test_the_log_names_the_person_and_keeps_no_secret(
    people: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(people, console="on", log=make_log("json", "debug")) as served:
        console = Console(served, KEY)
        secrets = [KEY, console.cookies[COOKIE], console.csrf, WRONG]
        console.get("/console/tickets")
        console.get("/console/nothing")
        console.post("/console/sign-out", csrf="garbage")
        console.sign_in(WRONG)
        console.post("/console/sign-out")
    STANDARD_ERROR.flush()
    logged = capfd.readouterr().err
    lines = [json.loads(line) for line in logged.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert {line["operator"] for line in requests if line["route"] == "/console"} == {SUPPORT}
    (signed_in,) = (line for line in requests if line["route"] == SIGN_IN and line["status"] == 303)
    assert signed_in["operator"] == SUPPORT
    assert [secret for secret in secrets if secret in logged] == []


def test_the_database_keeps_no_secret(people: Database) -> None:
    with serving(people, console="on") as served:
        console = Console(served, KEY)
        kept = b"".join(people.kept().values())
        assert SUPPORT.encode() in kept
        secrets = (KEY, console.cookies[COOKIE], console.csrf)
        assert [secret for secret in secrets if secret.encode() in kept] == []
