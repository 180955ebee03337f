"""The box office's commands: output and exit codes."""

import json

import pytest

from seatlatch.store.tickets import NewTicket
from tests.cases import all_cases
from tests.cli.box_office import add_two, shown
from tests.cli.commands import changed_here, done_here, run_here, run_on
from tests.cli.test_bad_databases import assert_one_sentence
from tests.databases import ON_SQLITE, Database
from tests.serving import ORGANIZATION, OWNER, add_tickets

VERBS = [
    ("hold", "--reason", "moving"),
    ("release",),
    ("void",),
    ("unlock", "--reason", "asked"),
]


def verb_name(verb: tuple[str, ...]) -> str:
    return verb[0]


@pytest.fixture
def venue(inventory: Database) -> Database:
    """An inventory with a ticket for every case, `plain` and `seat`."""
    return add_two(inventory)


def success(token: str, outcome: str) -> dict[str, str]:
    return {"token": token, "ownerId": OWNER, "outcome": outcome}


def test_hold_and_release(venue: Database) -> None:
    hold = ("tickets", "hold", "plain", "seat", "--reason", "moving")
    held = [success("plain", "held"), success("seat", "held")]
    assert changed_here(venue, *hold) == {"success": held, "failure": []}
    again = [success("plain", "already_held"), success("seat", "already_held")]
    assert changed_here(venue, *hold) == {"success": again, "failure": []}
    released = {"success": [success("plain", "released")], "failure": []}
    assert changed_here(venue, "tickets", "release", "plain") == released
    released["success"] = [success("plain", "already_released")]
    assert changed_here(venue, "tickets", "release", "plain") == released
    assert (shown(venue, "plain")["status"], shown(venue, "seat")["status"]) == ("UNLOCK", "LOCK")


def test_void(venue: Database) -> None:
    voided = {"success": [success("listed-1", "made_void")], "failure": []}
    assert changed_here(venue, "tickets", "void", "listed-1") == voided
    voided["success"] = [success("listed-1", "already_void")]
    assert changed_here(venue, "tickets", "void", "listed-1") == voided
    assert (shown(venue, "listed-1")["voided"], shown(venue, "listed-1")["listing"]) == (True, None)
    assert "Void tickets, permanently." in run_here(venue, "tickets", "void", "--help").stdout


def test_unlock_whichever_channel_has_locked_it(venue: Database) -> None:
    unlock = ("tickets", "unlock", "listed-1", "listed-elsewhere", "--reason", "asked")
    unlocked = [success("listed-1", "unlocked"), success("listed-elsewhere", "unlocked")]
    assert changed_here(venue, *unlock) == {"success": unlocked, "failure": []}
    already = [dict(entry, outcome="already_unlocked") for entry in unlocked]
    assert changed_here(venue, *unlock) == {"success": already, "failure": []}
    kept = venue.mpreserve_of()
    assert not kept["listed-1"]
    assert not kept["listed-elsewhere"]
    assert kept["listed-2"]


def test_what_was_done_in_part_exits_3_and_says_of_each_why(venue: Database) -> None:
    hold = ("tickets", "hold", "nothing", "plain", "voided", "listed-1", "--reason", "moving")
    result = run_on(venue, *hold, "--json")
    assert (result.returncode, result.stderr) == (3, "")
    document = json.loads(result.stdout)
    assert document["success"] == [success("plain", "held")]
    entries = [list(entry) for entry in document["failure"]]
    assert entries == [["token", "outcome", "developerMessage"]] * 3
    assert [(entry["token"], entry["outcome"]) for entry in document["failure"]] == [
        ("nothing", "unknown"),
        ("voided", "voided"),
        ("listed-1", "reserved"),
    ]
    assert "`seatlatch tickets unlock`" in document["failure"][2]["developerMessage"]
    again = run_here(venue, *hold)
    assert again.returncode == 3
    lines = again.stdout.splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["nothing", "plain", "voided", "listed-1"]
    assert lines[1] == "plain: was already held."
    assert lines[3].endswith("or unlock it first with `seatlatch tickets unlock`.")


@all_cases(
    ("verb", "token", "outcome"),
    [
        ("hold", "nothing", "unknown"),
        ("hold", "voided", "voided"),
        ("hold", "listed-1", "reserved"),
        ("release", "nothing", "unknown"),
        ("release", "voided-and-locked", "voided"),
        ("void", "nothing", "unknown"),
        ("unlock", "nothing", "unknown"),
        ("unlock", "voided", "voided"),
        ("unlock", "locked", "seat_locked"),
        ("unlock", "locked-and-listed", "seat_locked"),
    ],
)
def test_when_nothing_can_be_done_it_exits_1(
    venue: Database, verb: str, token: str, outcome: str
) -> None:
    reason = ("--reason", "moving") if verb in ("hold", "unlock") else ()
    before = venue.rows()
    result = run_here(venue, "tickets", verb, token, *reason, "--json")
    assert (result.returncode, result.stderr) == (1, "")
    document = json.loads(result.stdout)
    (failure,) = document["failure"]
    assert (document["success"], failure["outcome"]) == ([], outcome)
    words = run_here(venue, "tickets", verb, token, *reason)
    assert words.stdout == f"{token}: {failure['developerMessage']}\n"
    assert venue.rows() == before


@all_cases("verb", VERBS, ids=verb_name)
def test_any_string_may_be_asked_for(venue: Database, verb: tuple[str, ...]) -> None:
    strange = ["", " ", "a b", "\N{ADMISSION TICKETS}", "x" * 10_000, "'; DROP TABLE tickets", "\n"]
    result = run_here(venue, "tickets", *verb, "--json", "--", *strange)
    assert result.returncode == 1
    assert [entry["token"] for entry in json.loads(result.stdout)["failure"]] == strange


@ON_SQLITE
@all_cases("verb", VERBS, ids=verb_name)
def test_a_token_that_is_no_text_is_wrong_usage(venue: Database, verb: tuple[str, ...]) -> None:
    before = venue.rows()
    result = run_here(venue, "tickets", *verb, "plain", "seat-\udcff\udcfe")
    assert (result.returncode, result.stdout) == (2, "")
    assert_one_sentence(result.stderr)
    assert venue.rows() == before


def test_a_token_that_begins_with_a_dash_comes_after_two(venue: Database) -> None:
    add_tickets(venue, [NewTicket(token, ORGANIZATION, OWNER) for token in ("-1", "--json")])
    result = run_here(venue, "tickets", "release", "--json", "--", "-1", "--json")
    assert result.returncode == 0
    entries = json.loads(result.stdout)["success"]
    assert [entry["token"] for entry in entries] == ["-1", "--json"]
    assert shown(venue, "-1")["token"] == "-1"


def test_a_token_that_is_given_twice_is_reported_once(venue: Database) -> None:
    again = ("tickets", "hold", "plain", "plain", "seat", "plain", "--reason", "moving")
    assert [entry["token"] for entry in done_here(venue, *again)["success"]] == ["plain", "seat"]
    assert shown(venue, "plain")["version"] == 2


def test_more_tickets_than_one_transaction_takes(venue: Database) -> None:
    many = [f"m{number:04}" for number in range(2500)]
    add_tickets(venue, [NewTicket(token, ORGANIZATION, OWNER) for token in many[:-1]])
    result = run_here(venue, "tickets", "hold", *many, "--reason", "moving", "--json")
    assert result.returncode == 3
    document = json.loads(result.stdout)
    assert [entry["token"] for entry in document["success"]] == many[:-1]
    assert [entry["token"] for entry in document["failure"]] == many[-1:]


@ON_SQLITE
@all_cases(
    "arguments",
    [
        ["hold", "plain"],
        ["hold", "--reason", "moving"],
        ["unlock", "plain"],
        ["release"],
        ["void"],
        ["show"],
        ["show", "plain", "seat"],
        ["release", "plain", "--for", "5"],
        ["hold", "plain", "--reason", ""],
        ["hold", "plain", "--reason", " \t"],
        ["hold", "plain", "--reason", "a\nb"],
        ["hold", "plain", "--reason", "\x1b[31m"],
        ["hold", "plain", "--reason", "\udcff"],
        ["hold", "plain", "--reason", "x" * 201],
        ["unlock", "listed-1", "--reason", ""],
        ["unlock", "listed-1", "--reason", "x" * 201],
        ["hold", "plain", "--reason", "moving", "--for", "0"],
        ["hold", "plain", "--reason", "moving", "--for", "-1"],
        ["hold", "plain", "--reason", "moving", "--for", "31536001"],
        ["hold", "plain", "--reason", "moving", "--for", "9" * 5000],
        ["hold", "plain", "--reason", "moving", "--for", "1.5"],
        ["hold", "plain", "--reason", "moving", "--for", "an hour"],
        ["hold", "plain", "--reason", "moving", "--for", ""],
        ["hold", "plain", "--reason", "moving", "--for", "1", "--forever"],
    ],
)
def test_wrong_usage_exits_2_and_changes_nothing(venue: Database, arguments: list[str]) -> None:
    before = venue.rows()
    result = run_here(venue, "tickets", *arguments, "--json")
    assert (result.returncode, result.stdout) == (2, "")
    assert_one_sentence(result.stderr)
    assert venue.rows() == before


@pytest.mark.parametrize("reason", ["x", "x" * 200, "Café \N{ADMISSION TICKETS}"], ids=len)
def test_good_reasons(venue: Database, reason: str) -> None:
    assert run_here(venue, "tickets", "hold", "plain", "--reason", reason).returncode == 0
    assert shown(venue, "plain")["hold"]["reason"] == reason
    assert run_here(venue, "tickets", "unlock", "listed-1", "--reason", reason).returncode == 0


@pytest.mark.parametrize("seconds", ["1", "31536000"])
def test_good_ends(venue: Database, seconds: str) -> None:
    hold = ("tickets", "hold", "plain", "--reason", "moving", "--for", seconds)
    assert run_here(venue, *hold).returncode == 0
