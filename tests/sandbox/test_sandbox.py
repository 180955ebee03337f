"""The sandbox: fresh at each start, for this machine alone, and never on an inventory."""

import json
import re
import shlex
import subprocess
from collections import Counter
from itertools import takewhile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from seatlatch.sandbox import data
from seatlatch.sandbox.faults import Fault
from seatlatch.store.tickets import NewTicket
from tests import web
from tests.cli.commands import COMMAND, environment, run, running
from tests.cli.test_bad_databases import assert_one_sentence
from tests.databases import Database, Databases
from tests.serving import TOKEN, UNLOCK, fill, valid_headers
from tests.sqlite_database import SqliteDatabase
from tests.waiting import until

ROOT = Path(__file__).parents[2]
GUIDES = ("marketplace", "operator", "box-office")

REVOKED_SECONDS = 1.0
"""A revocation takes effect within this time."""


def unlock(about: Any, *tokens: str) -> httpx.Response:
    headers = valid_headers(
        authorization=f"Bearer {about['accessToken']}",
        pac_application_id=about["applicationId"],
        pac_api_key=about["apiKey"],
        pac_channel_code=about["channelCode"],
    )
    return web.put(about["url"] + UNLOCK, json={"tokens": tokens}, headers=headers)


def test_its_database_is_its_own_and_goes_with_it(tmp_path: Path) -> None:
    url = SqliteDatabase(tmp_path / "mine.db").url
    with running("sandbox", "--port", "0", SEATLATCH_DATABASE_URL=url) as (_, about):
        path = Path(urlsplit(about["database"]).path.removeprefix("/"))
        assert path.is_file()
        assert unlock(about, "98973476444").status_code == 200
    assert not path.parent.exists()
    assert list(tmp_path.iterdir()) == []


def test_each_start_is_fresh(databases: Databases) -> None:
    database = databases.blank("sandbox")
    for _ in range(2):
        with running("sandbox", "--port", "0", "--database", database.url) as (_, about):
            assert about["database"] == database.name
            assert database.mpreserve_of()["98973476444"]
            assert unlock(about, "98973476444").status_code == 200
            assert not database.mpreserve_of()["98973476444"]


def test_commands_of_support_work_on_its_data(databases: Databases) -> None:
    database = databases.blank("sandbox")
    with running("sandbox", "--port", "0", "--database", database.url) as (_, about):
        request_id = unlock(about, data.SHOWN).headers["Request-ID"]
        for command in (
            ("tickets", "show", data.SHOWN),
            ("tickets", "hold", data.SHOWN, "--reason", "moving"),
            ("tickets", "release", data.SHOWN),
            ("history", data.SHOWN),
            ("trace", request_id),
            ("webhook", "list"),
            ("app", "revoke", data.APPLICATION),
        ):
            result = run(*command, "--database", database.url)
            assert (result.returncode, result.stderr) == (0, ""), result
        until(lambda: unlock(about, data.SHOWN).status_code == 401, REVOKED_SECONDS)


def test_the_printed_command_shows_a_ticket(tmp_path: Path) -> None:
    with running("sandbox", "--port", "0", TMPDIR=str(tmp_path)) as (_, about):
        name, *command = shlex.split(about["command"])
        shown = run(*command)
    assert (name, shown.returncode, shown.stderr) == ("seatlatch", 0, "")
    assert data.SHOWN in shown.stdout


def test_the_printed_command_unlocks(tmp_path: Path) -> None:
    with running("sandbox", "--port", "0") as (_, about):
        words = about["curl"].replace("\\\n", " ")
        result = subprocess.run(
            ["bash", "-c", f"{words} --silent --noproxy '*'"],
            capture_output=True,
            check=True,
            timeout=30,
        )
    assert json.loads(result.stdout) == {
        "success": [
            {"token": "98973476444", "ownerId": "234567"},
            {"token": "54457347644", "ownerId": "234567"},
        ]
    }


def test_the_other_credentials_let_in_too() -> None:
    with running("sandbox", "--port", "0") as (_, about):
        none = dict.fromkeys(("authorization", "pac_api_key", "pac_channel_code"))
        headers = valid_headers(pac_application_id=about["applicationId"], **none)
        body = {"grantType": "authorization_code", "code": about["authorizationCode"]}
        first, second = (
            web.post(about["url"] + TOKEN, json=body, headers=headers) for _ in range(2)
        )
        assert first.status_code == 200
        assert second.status_code == 400, "a code is used once"
        shown = web.get(
            about["url"] + "/operator/v1/tickets/98973476444",
            headers={"Authorization": f"Bearer {about['operatorKey']}"},
        )
        assert shown.json()["channel"] == about["channelCode"]


def test_it_says_where_the_guides_are_and_what_can_go_wrong() -> None:
    with subprocess.Popen(
        [*COMMAND, "sandbox", "--port", "0"],
        env=environment({"PYTHONUNBUFFERED": "1"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = list(takewhile(lambda line: "Ctrl-C" not in line, process.stdout))
        process.terminate()
    said = "".join(lines)
    assert re.match(r"Open http://127\.0\.0\.1:\d+/ in a browser: the start page", lines[0])
    assert all(f"{token}," in said or f"{token}\n" in said for token in data.FAILING)
    assert all(f"sandbox-{fault}" in said for fault in Fault)
    assert "/sandbox/behaviour" in said
    assert "/sandbox/reset" in said
    pages = re.findall(r"docs/\S+\.md", said)
    assert {f"docs/guides/{guide}.md" for guide in GUIDES} < set(pages)
    assert all((ROOT / page).is_file() for page in pages)


def test_the_venue_has_every_outcome() -> None:
    venue = list(data.venue_tickets())
    assert len(venue) == len({ticket.token for ticket in venue}) == 2000
    assert {ticket.access_id for ticket in venue} == {data.EVENT}
    kinds = Counter(
        (
            ticket.organization_id,
            ticket.voided,
            ticket.seat_status,
            ticket.mpreserve_channel,
        )
        for ticket in venue
    )
    assert kinds == {
        (data.ORGANIZATION, False, "UNLOCK", data.CHANNEL): 1400,
        (data.ORGANIZATION, False, "UNLOCK", None): 200,
        (data.ORGANIZATION, False, "LOCK", data.CHANNEL): 100,
        (data.ORGANIZATION, False, "UNLOCK", data.OTHER_CHANNEL): 100,
        (data.ORGANIZATION, True, "UNLOCK", None): 100,
        (data.FOREIGN_ORGANIZATION, False, "UNLOCK", None): 100,
    }


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "::", "example.com"])  # noqa: S104
def test_it_listens_on_this_machine_alone(host: str) -> None:
    result = run("sandbox", "--port", "0", "--host", host)
    assert result.returncode == 2
    assert "loopback" in result.stderr
    assert_one_sentence(result.stderr)


def test_it_refuses_an_inventory(database: Database) -> None:
    fill(database, [NewTicket("a", "1001", "o")])
    assert_refused(database, "contains an inventory, which the sandbox would overwrite")


def test_it_refuses_an_inventory_that_is_still_empty(database: Database) -> None:
    assert_refused(database, "contains an inventory")


def test_it_refuses_the_database_of_a_sandbox_that_runs(databases: Databases) -> None:
    database = databases.blank("sandbox")
    with running("sandbox", "--port", "0", "--database", database.url) as (_, about):
        assert unlock(about, "98973476444").status_code == 200
        result = run("sandbox", "--port", "0", "--database", database.url)
        assert result.returncode == 1
        assert "Another sandbox runs" in result.stderr
        assert not database.mpreserve_of()["98973476444"]


def test_what_was_added_to_a_sandbox_is_gone_at_its_next_start(databases: Databases) -> None:
    database = databases.new("sandbox")
    for _ in range(2):
        with database.provisioning() as provisioning:
            provisioning.do(data.fill)
            assert provisioning.organizations().keys() == {
                data.ORGANIZATION,
                data.FOREIGN_ORGANIZATION,
            }
            provisioning.add_organization("season-2027", "Somebody's")
            provisioning.add_access_token(data.APPLICATION, b"somebody's")
            provisioning.add_tickets([NewTicket("season-2027", "1001", "o")])


def test_it_refuses_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Seats for Saturday: 12 and 13.\n" * 100)
    assert_refused(SqliteDatabase(path), "is not a SQLite database")


def assert_refused(database: Database, expected: str) -> None:
    before = database.kept()
    result = run("sandbox", "--port", "0", "--database", database.url)
    assert result.returncode == 1
    assert expected in result.stderr
    assert_one_sentence(result.stderr)
    assert database.kept() == before


def test_without_a_temporary_folder_it_says_what_to_do() -> None:
    """A process that can write no file, as in a container with a read-only file system."""
    limited = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *COMMAND, "sandbox", "--port", "0"]
    result = subprocess.run(
        limited, env=environment({}), capture_output=True, text=True, check=False, timeout=60
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert_one_sentence(result.stderr)
    assert "Set TMPDIR" in result.stderr
