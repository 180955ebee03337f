"""`seatlatch requests`: the requests of every caller."""

import json

import pytest

from tests.cases import all_cases
from tests.cli.box_office import add_two
from tests.cli.commands import changed_here, done_here, run_here
from tests.cli.test_bad_databases import assert_one_sentence
from tests.databases import ON_SQLITE, Database


@pytest.fixture
def venue(inventory: Database) -> Database:
    """An inventory with two tickets that were held, and one that does not exist."""
    database = add_two(inventory)
    changed_here(database, "tickets", "hold", "plain", "--reason", "a broken seat")
    run_here(database, "tickets", "hold", "seat", "unknown", "--reason", "moving")
    run_here(database, "tickets", "void", "unknown")
    return database


def test_requests_are_listed_the_newest_first(venue: Database) -> None:
    listed = done_here(venue, "requests")
    assert list(listed) == ["requests", "next"]
    assert [one["status"] for one in listed["requests"]] == [422, 207, 200]
    assert [one["verb"] for one in listed["requests"]] == ["void", "hold", "hold"]
    assert {one["clientAddress"] for one in listed["requests"]} == {None}
    assert listed["next"] is None
    lines = run_here(venue, "requests").stdout.splitlines()
    assert len(lines) == 3
    assert "hold  207  1 done, 1 failed  command line" in lines[1]
    assert lines[2].endswith(f"{listed['requests'][2]['requestId']}  a broken seat")


def test_filters_and_limit(venue: Database) -> None:
    (held,) = done_here(venue, "requests", "--type", "hold", "--status", "207")["requests"]
    assert held["reason"] == "moving"
    since = done_here(venue, "requests", "--since", held["timestamp"])["requests"]
    assert [one["status"] for one in since] == [422, 207]
    until = done_here(venue, "requests", "--until", held["timestamp"])["requests"]
    assert [one["status"] for one in until] == [200]
    some = run_here(venue, "requests", "--limit", "2").stdout.splitlines()
    assert some[2:] == ["There are older requests. Use a higher --limit."]
    assert json.loads(run_here(venue, "requests", "--limit", "2", "--json").stdout)["next"]
    nothing = run_here(venue, "requests", "--channel", "nobody")
    assert (nothing.returncode, nothing.stdout) == (0, "There are no such requests.\n")


def test_it_reads_on_until_it_has_found_enough(
    venue: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seatlatch.operations.list_requests.EXAMINED_ENTRIES_MAX", 1)
    monkeypatch.setattr("seatlatch.operations.list_requests.ENTRIES_AT_ONCE", 1)
    assert len(done_here(venue, "requests")["requests"]) == 3
    assert len(done_here(venue, "requests", "--status", "200")["requests"]) == 1


def test_a_damaged_entry_is_listed(venue: Database) -> None:
    venue.execute("UPDATE journal SET entry = '{'")
    assert all(one["damaged"] for one in done_here(venue, "requests")["requests"])
    lines = run_here(venue, "requests").stdout.splitlines()
    assert all("damaged" in line for line in lines)


@ON_SQLITE
@all_cases(
    "options",
    [
        ("--type", "nothing"),
        ("--status", "99"),
        ("--status", "ok"),
        ("--since", "yesterday"),
        ("--until", ""),
        ("--since", "2026-01-02", "--until", "2026-01-01"),
        ("--since", "0001-01-01T00:00:00+14:00"),
        ("--limit", "0"),
        ("--channel", "channel-\udcff"),
    ],
)
def test_wrong_usage_exits_2(venue: Database, options: tuple[str, ...]) -> None:
    result = run_here(venue, "requests", *options)
    assert (result.returncode, result.stdout) == (2, "")
    assert_one_sentence(result.stderr)
