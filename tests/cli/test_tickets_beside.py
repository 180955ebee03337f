"""The box office's commands beside a running server, and on a disk that is full."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import apsw
import pytest

from seatlatch.store.interface import NewTicket
from tests.cli.box_office import add_two, lock
from tests.cli.commands import done, environment, running
from tests.cli.test_bad_databases import assert_one_sentence
from tests.serving import (
    ORGANIZATION,
    OTHER_CHANNEL,
    OWNER,
    Served,
    add_tickets,
    database_url,
    mpreserve_of,
    serving,
)

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
def path(inventory: Path) -> Path:
    """An inventory with a ticket for every case, `plain` and `seat`."""
    return add_two(inventory)


def test_a_running_server_sees_a_hold_and_a_release_at_once(path: Path) -> None:
    with serving(path) as served:
        assert served.unlock("listed-1").status_code == 200
        done(path, "tickets", "hold", "listed-1", "--reason", "moving")
        held = served.unlock("listed-1")
        assert held.status_code == 409
        assert held.json()["failure"][0]["type"] == "SEAT_RECORD_LOCKED"
        done(path, "tickets", "release", "listed-1")
        assert served.unlock("listed-1").status_code == 200
        done(path, "tickets", "unlock", "listed-elsewhere", "--reason", "asked")
        assert served.unlock("listed-elsewhere").status_code == 200
        done(path, "tickets", "void", "listed-2")
        assert served.unlock("listed-2").json()["failure"][0]["type"] == "INVALID_TOKEN"


def test_a_hold_ends_by_itself(path: Path) -> None:
    with serving(path) as served:
        done(path, "tickets", "hold", "plain", "--reason", "moving", "--for", "1")
        statuses = statuses_until(served, lambda status: status == 200, seconds=5)
    assert statuses[-1] == 200
    assert set(statuses) <= {200, 409}


def statuses_until(served: Served, enough: Callable[[int], bool], seconds: float) -> list[int]:
    """What an unlock answers, again and again until it is enough or the time is over."""
    deadline = monotonic() + seconds
    statuses: list[int] = []
    while monotonic() < deadline and not (statuses and enough(statuses[-1])):
        statuses.append(served.unlock("plain").status_code)
    return statuses


def test_commands_and_a_busy_server_do_not_get_in_each_others_way(path: Path) -> None:
    many = [f"m{number:04}" for number in range(1000)]
    new = [NewTicket(token, ORGANIZATION, OWNER, mpreserve_channel=OTHER_CHANNEL) for token in many]
    add_tickets(path, new)
    with serving(path) as served:
        command = [sys.executable, "-m", "seatlatch", "tickets", "unlock", *many, "--reason", "x"]
        settings = environment({"SEATLATCH_DATABASE_URL": database_url(path)})
        with subprocess.Popen(command, env=settings, stdout=subprocess.PIPE) as process:
            lock(path, "plain")
            while process.poll() is None and served.unlock("plain").status_code == 200:
                lock(path, "plain")
            assert process.stdout is not None
            assert len(process.stdout.read().splitlines()) == 1000
        assert process.returncode == 0
    assert not any(mpreserve_of(path)[token] for token in many)


def run_limited(
    path: Path, limit_bytes: int, *arguments: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", LIMITED, str(limit_bytes), *arguments],
        env=environment({"SEATLATCH_DATABASE_URL": database_url(path)}),
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
def test_a_disk_that_takes_no_more_is_told_in_a_sentence(
    path: Path, arguments: tuple[str, ...]
) -> None:
    # The server keeps the log and its index open, so that what fails is the command's own write.
    with running("serve", "--port", "0", "--database", database_url(path)):
        done(path, "tickets", "release", "plain")
        result = run_limited(path, 0, *arguments)
        assert (result.returncode, result.stdout) == (1, "")
        assert_one_sentence(result.stderr)
        assert done(path, "tickets", "show", "plain")["status"] == "UNLOCK"
        assert len(done(path, "org", "list")["organizations"]) == 2


def test_what_was_confirmed_before_the_disk_was_full_is_told(path: Path) -> None:
    many = [f"m{number:04}" for number in range(3000)]
    add_tickets(path, [NewTicket(token, ORGANIZATION, OWNER) for token in many])
    with running("serve", "--port", "0", "--database", database_url(path)):
        hold = ("tickets", "hold", *many, "--reason", "moving " * 20, "--json")
        result = run_limited(path, LOG_BYTES, *hold)
        assert (result.returncode, result.stderr) == (3, "")
        document = json.loads(result.stdout)
        succeeded = [entry["token"] for entry in document["success"]]
        failed = [entry["token"] for entry in document["failure"]]
        assert succeeded + failed == many
        assert len(succeeded) in (1000, 2000)
        assert {entry["outcome"] for entry in document["failure"]} == {"unconfirmed"}
        assert "Do it again" in document["failure"][0]["developerMessage"]
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    held = connection.execute("SELECT token FROM tickets WHERE hold_reason LIKE 'moving%'")
    assert sorted(token for (token,) in held) == succeeded
    connection.close()
