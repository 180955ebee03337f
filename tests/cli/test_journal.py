"""The commands trace, history and journal."""

import json
from pathlib import Path

import pytest

from tests.cases import all_cases
from tests.cli.box_office import add_two
from tests.cli.commands import changed_here, done_here, run_here
from tests.cli.test_bad_databases import assert_one_sentence
from tests.databases import ON_SQLITE, Database
from tests.stores import opened

ID = "0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2"


@pytest.fixture
def venue(inventory: Database) -> Database:
    """An inventory with a ticket for every case, `plain` and `seat`."""
    return add_two(inventory)


def hold(database: Database, *tokens: str) -> str:
    """Hold seats; returns the Request-ID."""
    result = run_here(database, "tickets", "hold", *tokens, "--reason", "a broken seat", "--json")
    return str(json.loads(result.stdout)["requestId"])


def test_a_request_is_traced(venue: Database) -> None:
    request_id = hold(venue, "plain", "seat", "unknown")
    (traced,) = done_here(venue, "trace", request_id)["requests"]
    assert traced["operator"].startswith("command line")
    assert [one["outcome"] for one in traced["success"] + traced["failure"]] == [
        *("held", "held", "unknown")
    ]
    lines = run_here(venue, "trace", request_id.upper()).stdout.splitlines()
    assert lines[0].split() == ["request", request_id]
    assert "  plain: held (version 2)" in lines
    assert any(line.endswith("a broken seat") for line in lines)


def test_who_changed_a_ticket(venue: Database) -> None:
    first = hold(venue, "plain")
    changed_here(venue, "tickets", "release", "plain", "--reason", "repaired")
    reported = done_here(venue, "history", "plain")
    assert [one["verb"] for one in reported["changes"]] == ["release", "hold"]
    assert reported["changes"][1]["requestId"] == first
    lines = run_here(venue, "history", "plain").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["3", "2"]
    assert "because: repaired" in lines[0]
    some = run_here(venue, "history", "plain", "--limit", "1").stdout.splitlines()
    assert some[1] == "There are earlier changes. Use a higher --limit."
    nobody = run_here(venue, "history", "seat").stdout
    assert nobody == "Nobody has changed this ticket since the journal began.\n"


@pytest.mark.parametrize("command", [("trace", ID), ("history", "nothing")])
def test_what_is_not_there_exits_1(venue: Database, command: tuple[str, ...]) -> None:
    result = run_here(venue, *command)
    assert (result.returncode, result.stdout) == (1, "")
    assert_one_sentence(result.stderr)


@ON_SQLITE
@all_cases(
    "command",
    [
        ("trace", "x"),
        ("history", "seat-\udcff"),
        ("history", "plain", "--limit", "0"),
        ("journal", "prune", "--before", "yesterday"),
        ("journal", "verify", "--anchor", "/nowhere"),
    ],
)
def test_wrong_usage_exits_2(venue: Database, command: tuple[str, ...]) -> None:
    result = run_here(venue, *command)
    assert (result.returncode, result.stdout) == (2, "")
    assert_one_sentence(result.stderr)


def test_the_journal_is_verified_also_against_an_anchor(venue: Database, tmp_path: Path) -> None:
    hold(venue, "plain")
    anchor = tmp_path / "anchor.json"
    anchor.write_text(run_here(venue, "journal", "anchor").stdout)
    hold(venue, "seat")
    assert done_here(venue, "journal", "verify") == {"rows": 2, "tampered": []}
    assert done_here(venue, "journal", "verify", "--anchor", str(anchor))["rows"] == 2
    venue.execute("UPDATE journal SET entry = replace(entry, 'broken', 'Broken')")
    result = run_here(venue, "journal", "verify", "--json")
    assert result.returncode == 1
    first, *_ = json.loads(result.stdout)["tampered"]
    assert first["number"] == 1
    words = run_here(venue, "journal", "verify")
    assert "row 1: The row was edited." in words.stdout
    anchor.write_text("[]")
    assert_one_sentence(run_here(venue, "journal", "verify", "--anchor", str(anchor)).stderr)


def test_a_verification_is_recorded(venue: Database, tmp_path: Path) -> None:
    hold(venue, "plain")
    done_here(venue, "journal", "verify", "--as", "Ann")
    anchor = tmp_path / "anchor.json"
    anchor.write_text(run_here(venue, "journal", "anchor").stdout)
    venue.execute("UPDATE journal SET entry = replace(entry, 'broken', 'Broken')")
    assert run_here(venue, "journal", "verify", "--anchor", str(anchor)).returncode == 1
    with opened(venue.store()) as store:
        second, first = store.read(lambda snapshot: snapshot.verifications.latest(5))
    assert (first.actor, first.entries, first.is_intact) == ("command line (Ann)", 1, True)
    assert (first.tampered, first.anchored_at) == ([], None)
    assert first.started_at <= first.finished_at
    assert (second.entries, second.damaged_chains) == (0, 1)
    assert second.tampered[0].what == "The row was edited."
    assert second.anchored_at is not None


@pytest.mark.only_on("postgres")
def test_a_user_who_may_not_write_verifies_too(venue: Database) -> None:
    hold(venue, "plain")
    venue.execute("DROP TABLE journal_verifications")
    result = run_here(venue, "journal", "verify", "--json")
    assert (result.returncode, json.loads(result.stdout)["rows"]) == (0, 1)
    assert "was not recorded" in result.stderr


def test_a_damaged_head_is_repaired(venue: Database) -> None:
    hold(venue, "plain")
    ((chain, number),) = venue.execute("SELECT chain, number FROM journal_chains")
    nothing = run_here(venue, "journal", "repair", "--json")
    assert (nothing.returncode, json.loads(nothing.stdout)["heads"]) == (0, [])
    venue.execute("UPDATE journal_chains SET number = 0")
    assert run_here(venue, "journal", "verify").returncode == 1
    repaired = done_here(venue, "journal", "repair")
    assert repaired["heads"] == [{"chain": chain, "before": 0, "after": number}]
    hold(venue, "seat")
    assert done_here(venue, "journal", "verify") == {"rows": 3, "tampered": []}
    (traced,) = done_here(venue, "trace", repaired["requestId"])["requests"]
    assert traced["verb"] == "repair"


def test_a_damaged_entry_is_shown_as_damaged(venue: Database) -> None:
    request_id = hold(venue, "plain")
    venue.execute("UPDATE journal SET entry = replace(entry, 'broken', 'stolen')")
    assert "this entry was edited" in run_here(venue, "trace", request_id).stdout
    assert "(damaged)" in run_here(venue, "history", "plain").stdout
    venue.execute("UPDATE journal SET entry = '{}'")
    (traced,) = done_here(venue, "trace", request_id)["requests"]
    assert (traced["damaged"], traced["verb"]) == (True, None)
    assert "this entry was edited" in run_here(venue, "trace", request_id).stdout
    assert "damaged" in run_here(venue, "history", "plain").stdout


def test_the_journal_is_pruned_and_still_verified(venue: Database) -> None:
    hold(venue, "plain")
    hold(venue, "seat")
    assert done_here(venue, "journal", "prune", "--before", "2020-01-01")["rows"] == 0
    pruned = done_here(venue, "journal", "prune", "--before", "2999-12-31T12:00:00+02:00")
    traced, *_ = done_here(venue, "trace", pruned.pop("requestId"))["requests"]
    assert (traced["verb"], traced["operator"].split(" (")[0]) == ("prune", "command line")
    assert pruned == {"before": "2999-12-31T10:00:00Z", "rows": 2}
    assert done_here(venue, "journal", "verify")["tampered"] == []
    reported = done_here(venue, "history", "plain")
    assert (reported["changes"], reported["isPruned"]) == ([], True)
    hold(venue, "plain")
    assert done_here(venue, "journal", "verify")["tampered"] == []
