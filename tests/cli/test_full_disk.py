"""The box office's commands on a full disk, while a server uses the SQLite file."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from seatlatch.store.tickets import NewTicket
from tests.cli.box_office import add_two
from tests.cli.commands import done, environment, running
from tests.cli.test_bad_databases import assert_one_sentence
from tests.databases import Database
from tests.serving import ORGANIZATION, OWNER, add_tickets

pytestmark = pytest.mark.only_on("sqlite")

LIMITED = """
import resource, runpy, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
runpy.run_module("seatlatch", run_name="__main__", alter_sys=True)
"""
"""The command in a process that can't let a file grow beyond a limit: as if the disk were full."""

LOG_BYTES = 600_000
"""One portion of that hold's changes fits into a log of this size, three do not."""


@pytest.fixture
def venue(inventory: Database) -> Database:
    """An inventory with a ticket for every case, `plain` and `seat`."""
    return add_two(inventory)


def run_limited(
    venue: Database, limit_bytes: int, *arguments: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", LIMITED, str(limit_bytes), *arguments],
        env=environment({"SEATLATCH_DATABASE_URL": venue.url}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("tickets", "hold", "plain", "--reason", "moving"),
        ("org", "add", "9", "--name", "New"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_disk_that_takes_no_more_is_reported_in_a_sentence(
    venue: Database, arguments: tuple[str, ...]
) -> None:
    # The server keeps the log and its index open, so only the command's own write fails.
    with running("serve", "--port", "0", "--database", venue.url):
        done(venue, "tickets", "release", "plain")
        result = run_limited(venue, 0, *arguments)
        assert (result.returncode, result.stdout) == (1, "")
        assert_one_sentence(result.stderr)
        assert done(venue, "tickets", "show", "plain")["status"] == "UNLOCK"
        assert len(done(venue, "org", "list")["organizations"]) == 2


def test_what_was_confirmed_before_the_disk_was_full_is_reported(venue: Database) -> None:
    many = [f"m{number:04}" for number in range(3000)]
    add_tickets(venue, [NewTicket(token, ORGANIZATION, OWNER) for token in many])
    with running("serve", "--port", "0", "--database", venue.url):
        hold = ("tickets", "hold", *many, "--reason", "moving " * 20, "--json")
        result = run_limited(venue, LOG_BYTES, *hold)
        assert (result.returncode, result.stderr) == (3, "")
        document = json.loads(result.stdout)
        succeeded = [entry["token"] for entry in document["success"]]
        failed = [entry["token"] for entry in document["failure"]]
        assert succeeded + failed == many
        assert len(succeeded) in (1000, 2000)
        assert {entry["outcome"] for entry in document["failure"]} == {"unconfirmed"}
        assert "Run the command again" in document["failure"][0]["developerMessage"]
    held = venue.execute("SELECT token FROM tickets WHERE hold_reason LIKE 'moving%'")
    assert sorted(token for (token,) in held) == succeeded


def test_an_import_of_events_reports_what_was_confirmed(venue: Database, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    lines = [f"E{number:04},{'x' * 200}" for number in range(2000)]
    file.write_text("\n".join(["access_id,item_name", *lines]))
    with running("serve", "--port", "0", "--database", venue.url):
        done(venue, "events", "put", "E0000", "--org", ORGANIZATION)
        events_import = ("events", "import", str(file), "--org", ORGANIZATION, "--json")
        result = run_limited(venue, LOG_BYTES, *events_import)
        assert (result.returncode, result.stderr) == (3, "")
        document = json.loads(result.stdout)
        confirmed = document["added"] + document["updated"]
        assert 0 < confirmed < 2000
        assert document["unconfirmed"] == 2000 - confirmed
    stored = venue.execute("SELECT count(*) FROM events WHERE item_name IS NOT NULL")
    assert stored == [(confirmed,)]
