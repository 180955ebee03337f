"""The box office's commands while a server runs."""

import subprocess
import sys
from collections.abc import Callable
from time import monotonic

import pytest

from seatlatch.store.tickets import NewTicket
from tests.cli.box_office import add_two, lock
from tests.cli.commands import done, environment
from tests.databases import Database
from tests.serving import (
    ORGANIZATION,
    OTHER_CHANNEL,
    OWNER,
    Served,
    add_tickets,
    serving,
)


@pytest.fixture
def venue(inventory: Database) -> Database:
    """An inventory with a ticket for every case, `plain` and `seat`."""
    return add_two(inventory)


def test_a_running_server_sees_a_hold_and_a_release_at_once(venue: Database) -> None:
    with serving(venue) as served:
        assert served.unlock("listed-1").status_code == 200
        done(venue, "tickets", "hold", "listed-1", "--reason", "moving")
        held = served.unlock("listed-1")
        assert held.status_code == 409
        assert held.json()["failure"][0]["type"] == "SEAT_RECORD_LOCKED"
        done(venue, "tickets", "release", "listed-1")
        assert served.unlock("listed-1").status_code == 200
        done(venue, "tickets", "unlock", "listed-elsewhere", "--reason", "asked")
        assert served.unlock("listed-elsewhere").status_code == 200
        done(venue, "tickets", "void", "listed-2")
        assert served.unlock("listed-2").json()["failure"][0]["type"] == "INVALID_TOKEN"


def test_a_hold_ends_by_itself(venue: Database) -> None:
    with serving(venue) as served:
        done(venue, "tickets", "hold", "plain", "--reason", "moving", "--for", "1")
        statuses = statuses_until(served, lambda status: status == 200, seconds=5)
    assert statuses[-1] == 200
    assert set(statuses) <= {200, 409}


def statuses_until(served: Served, enough: Callable[[int], bool], seconds: float) -> list[int]:
    """The results of repeated unlocks, until they suffice or the time is over."""
    deadline = monotonic() + seconds
    statuses: list[int] = []
    while monotonic() < deadline and not (statuses and enough(statuses[-1])):
        statuses.append(served.unlock("plain").status_code)
    return statuses


def test_commands_and_a_busy_server_do_not_get_in_each_others_way(venue: Database) -> None:
    many = [f"m{number:04}" for number in range(1000)]
    new = [NewTicket(token, ORGANIZATION, OWNER, mpreserve_channel=OTHER_CHANNEL) for token in many]
    add_tickets(venue, new)
    with serving(venue) as served:
        command = [sys.executable, "-m", "seatlatch", "tickets", "unlock", *many, "--reason", "x"]
        settings = environment({"SEATLATCH_DATABASE_URL": venue.url})
        with subprocess.Popen(command, env=settings, stdout=subprocess.PIPE) as process:
            lock(venue, "plain")
            while process.poll() is None and served.unlock("plain").status_code == 200:
                lock(venue, "plain")
            assert process.stdout is not None
            assert process.stdout.read() == b"1,000 unlocked.\n"
        assert process.returncode == 0
    assert not any(venue.mpreserve_of()[token] for token in many)
