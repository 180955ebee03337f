"""The box office's commands on many tickets: from a file, or all that match."""

import json
from typing import Any

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.channel import Channel
from seatlatch.domain.journal import Asker
from seatlatch.domain.outcome import TicketResult
from seatlatch.operations import bulk_changes, change_tickets
from seatlatch.operations.change_tickets import lock_tickets, unlock_tickets
from tests.cases import all_cases
from tests.cli.box_office import LISTING, add_two, lock, shown
from tests.cli.commands import done_here, run_here
from tests.cli.tickets.bulk import OF_CHANNEL, UNLOCK, add_many, outcomes
from tests.databases import ON_SQLITE, Database
from tests.operations.changes import ASKER
from tests.serving import CHANNEL, ORGANIZATION, OTHER_CHANNEL, OWNER

MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))


@pytest.fixture
def venue(inventory: Database) -> Database:
    """An inventory with a ticket for every case, `plain` and `seat`."""
    return add_two(inventory)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            (*UNLOCK, *OF_CHANNEL),
            {"listed-1": "unlocked", "listed-2": "unlocked", "locked-and-listed": "seat_locked"},
        ),
        (
            (*UNLOCK, "--channel", CHANNEL, "--event", "event", "--org", ORGANIZATION, "--yes"),
            {"seat": "unlocked"},
        ),
        ((*UNLOCK, "--listing", "L-1", "--yes"), {"seat": "unlocked"}),
        (
            ("tickets", "hold", "--reason", "moving", "--event", "event", "--yes"),
            {"seat": "reserved"},
        ),
        (
            ("tickets", "hold", "--reason", "r", "--over-listing", "--event", "event", "--yes"),
            {"seat": "held"},
        ),
        (("tickets", "release", *OF_CHANNEL), {"locked-and-listed": "released"}),
        (("tickets", "void", "--listing", "L-1", "--yes"), {"seat": "made_void"}),
    ],
    ids=["channel", "all three", "listing", "hold", "hold over a listing", "release", "void"],
)
def test_all_that_match(
    venue: Database, arguments: tuple[str, ...], expected: dict[str, str]
) -> None:
    if "seat" in expected:
        lock(venue, "seat")
    before = venue.rows()
    result = run_here(venue, *arguments, "--json")
    failed = {"seat_locked", "reserved"} & set(expected.values())
    assert result.returncode == (0 if not failed else 3 if len(expected) > 1 else 1)
    assert outcomes(json.loads(result.stdout)) == expected
    rows = venue.rows()
    assert {token for token in rows if rows[token] != before[token]} == {
        token for token, outcome in expected.items() if outcome not in failed
    }


def test_again_nothing_matches(venue: Database) -> None:
    run_here(venue, *UNLOCK, "--channel", OTHER_CHANNEL, "--yes")
    again = run_here(venue, *UNLOCK, "--channel", OTHER_CHANNEL, "--yes")
    assert (again.returncode, again.stdout) == (0, "No ticket matches.\n")


def test_a_dry_run_changes_nothing(venue: Database) -> None:
    lock(venue, "seat")
    before = venue.rows()
    result = run_here(venue, *UNLOCK, "--channel", CHANNEL, "--dry-run")
    assert result.returncode == 0
    count, *table = result.stdout.splitlines()
    assert count == "4 tickets match. Nothing was changed."
    assert table[0].split()[:3] == ["token", "organization", "event"]
    (row,) = [line for line in table if line.startswith("seat")]
    assert row.split() == [
        *("seat", ORGANIZATION, "event", "101", "C", "7", OWNER, "listed", CHANNEL, "L-1")
    ]
    document = done_here(venue, *UNLOCK, "--channel", CHANNEL, "--dry-run")
    assert (document["count"], document["unknown"], len(document["sample"])) == (4, 0, 4)
    document = done_here(venue, *UNLOCK, "listed-1", "nothing", "--dry-run")
    assert (document["count"], document["unknown"]) == (1, 1)
    assert [one["token"] for one in document["sample"]] == ["listed-1"]
    assert venue.rows() == before


def test_more_tickets_than_one_request_may_change(
    venue: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is reported once, and those that fail do not keep the command from ending."""
    monkeypatch.setattr(bulk_changes, "MATCHED_TICKETS_MAX", 10)
    add_many(venue)
    dry = run_here(venue, *UNLOCK, *OF_CHANNEL, "--dry-run").stdout.splitlines()
    assert (dry[0], dry[-1]) == ("1,103 tickets match. Nothing was changed.", "and 1,098 more")
    result = run_here(venue, *UNLOCK, *OF_CHANNEL)
    assert result.returncode == 3
    assert result.stdout.splitlines() == [
        "1,102 unlocked, 1 seat locked.",
        "locked-and-listed: The seat is held. Release it first with `seatlatch tickets release`.",
        "Pass --results FILE to get the outcome of each ticket.",
    ]
    assert sum(venue.mpreserve_of().values()) == 2


def test_what_begins_to_match_meanwhile_is_changed_too(
    venue: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = change_tickets.override_unlock
    calls: list[int] = []

    async def then_lock(committer: CommitEach, asker: Asker, **more: Any) -> list[TicketResult]:
        results = await real(committer, asker, **more)
        calls.append(len(results))
        if len(calls) == 1:
            await lock_tickets(committer, ASKER, MINE, {"not-listed": LISTING})
        return results

    monkeypatch.setattr(change_tickets, "override_unlock", then_lock)
    result = run_here(venue, *UNLOCK, *OF_CHANNEL, "--json")
    assert outcomes(json.loads(result.stdout)) == {
        **{"listed-1": "unlocked", "listed-2": "unlocked", "locked-and-listed": "seat_locked"},
        "not-listed": "unlocked",
    }
    assert calls == [3, 1]


@pytest.mark.parametrize("again", [True, False], ids=["locked again", "unlocked"])
def test_a_ticket_that_others_change_just_then_is_tried_once_more(
    venue: Database, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    real = change_tickets.void_tickets
    calls: list[set[str]] = []

    async def after_another(committer: CommitEach, asker: Asker, **more: Any) -> list[TicketResult]:
        calls.append(set(more["tokens"]))
        if len(calls) == 1:
            await unlock_tickets(committer, ASKER, MINE, ["listed-1"])
            if again:
                await lock_tickets(committer, ASKER, MINE, {"listed-1": LISTING})
        return await real(committer, asker, **more)

    monkeypatch.setattr(change_tickets, "void_tickets", after_another)
    result = run_here(venue, "tickets", "void", *OF_CHANNEL, "--json")
    found = outcomes(json.loads(result.stdout))
    assert found["listed-2"] == found["locked-and-listed"] == "made_void"
    assert (found["listed-1"], result.returncode) == (("made_void", 0) if again else ("changed", 3))
    assert calls[1:] == ([{"listed-1"}] if again else [])
    assert shown(venue, "listed-1")["voided"] is again


@ON_SQLITE
@all_cases("arguments", [("--channel", "unknown"), ("--event", "event", "--org", "unknown")])
def test_what_does_not_exist_is_reported(venue: Database, arguments: tuple[str, ...]) -> None:
    for more in (("--yes",), ("--dry-run",)):
        result = run_here(venue, *UNLOCK, *arguments, *more)
        assert (result.returncode, result.stdout) == (1, "")
        assert "There is no" in result.stderr
