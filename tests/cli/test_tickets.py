"""The box office's verbs by command: what each prints and exits with, beside a running server."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any

import apsw
import pytest

from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.operations.box_office import hold_tickets
from seatlatch.operations.lock_tickets import lock_tickets
from seatlatch.store.interface import NewTicket
from seatlatch.wiring import change
from tests.cli.commands import done, environment, run_here, run_on, running
from tests.cli.test_bad_databases import assert_one_sentence
from tests.serving import (
    CHANNEL,
    ORGANIZATION,
    OTHER_CHANNEL,
    OWNER,
    Served,
    add_tickets,
    database_url,
    mpreserve_of,
    serving,
)

SELLER = '{"lastName":"Doe","firstName":"J\N{LATIN SMALL LETTER O WITH DIAERESIS}","age":1.10}'
LISTING = Listing("BROKER", "L-1", Decimal("250.00"), Decimal("125.10"), SELLER)
TICKET = {
    "token": "plain",
    "organizationId": ORGANIZATION,
    "ownerId": OWNER,
    "accessId": None,
    "section": None,
    "row": None,
    "seat": None,
    "barcode": None,
    "voided": False,
    "status": "UNLOCK",
    "hold": None,
    "mpreserve": False,
    "channel": None,
    "listing": None,
    "revision": 1,
}
"""A ticket of which nothing is known but what must be."""

VERBS = [
    ("hold", "--reason", "moving"),
    ("release",),
    ("void",),
    ("unlock", "--reason", "asked"),
]


def verb_name(verb: tuple[str, ...]) -> str:
    return verb[0]


@pytest.fixture
def path(inventory: Path) -> Path:
    """An inventory with a ticket for every case, and one more of which all is known."""
    whole = NewTicket("plain", ORGANIZATION, OWNER)
    seat = NewTicket("seat", ORGANIZATION, OWNER, "event", "101", "C", "7", barcode="B7")
    add_tickets(inventory, [whole, seat])
    return inventory


def lock(path: Path, token: str) -> None:
    """List a ticket at a marketplace."""
    channel = Channel(CHANNEL, frozenset({ORGANIZATION}))
    change(database_url(path), lambda commits: lock_tickets(commits, channel, {token: LISTING}))


def shown(path: Path, token: str) -> Any:
    """A ticket as the command shows it."""
    result = run_here(path, "tickets", "show", "--json", "--", token)
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout, parse_float=Decimal)


def success(token: str, outcome: str) -> dict[str, str]:
    return {"token": token, "ownerId": OWNER, "outcome": outcome}


def test_a_plain_ticket_is_shown_with_every_member(path: Path) -> None:
    ticket = done(path, "tickets", "show", "plain")
    assert ticket == TICKET
    assert list(ticket) == list(TICKET)


def test_where_the_seat_is_and_what_was_told_of_the_listing(path: Path) -> None:
    lock(path, "seat")
    ticket = shown(path, "seat")
    assert (ticket["accessId"], ticket["section"], ticket["row"]) == ("event", "101", "C")
    assert (ticket["seat"], ticket["barcode"], ticket["revision"]) == ("7", "B7", 2)
    assert (ticket["mpreserve"], ticket["channel"], ticket["hold"]) == (True, CHANNEL, None)
    listing = ticket["listing"]
    assert list(listing) == [
        "source", "externalListingId", "totalPrice", "individualPrice", "seller"
    ]  # fmt: skip
    assert listing["seller"] == {"lastName": "Doe", "firstName": "Jö", "age": Decimal("1.10")}
    text = run_here(path, "tickets", "show", "--json", "seat").stdout
    assert '"totalPrice":250.00,"individualPrice":125.10,' in text
    assert SELLER in text


def test_people_see_lines_without_what_is_not_known(path: Path) -> None:
    plain = run_here(path, "tickets", "show", "plain").stdout.splitlines()
    assert [line.split("  ")[0] for line in plain] == [
        "token", "organization", "owner", "voided", "seat status", "mpreserve", "revision"
    ]  # fmt: skip
    lock(path, "seat")
    lines = run_here(path, "tickets", "show", "seat").stdout.splitlines()
    assert f"mpreserve            set by {CHANNEL}" in lines
    assert "total price          250.00" in lines
    assert f"seller               {SELLER}" in lines
    voided = run_here(path, "tickets", "show", "voided").stdout
    assert "yes, for good" in voided
    held = run_here(path, "tickets", "show", "locked").stdout
    assert "seat status   LOCK\n" in held
    assert "held until    it is released\n" in held


def test_a_hold_is_shown_with_its_reason_and_end(path: Path) -> None:
    done(path, "tickets", "hold", "plain", "--reason", "moving", "--for", "3600")
    ticket = shown(path, "plain")
    assert (ticket["status"], ticket["hold"]["reason"]) == ("LOCK", "moving")
    ends = datetime.fromisoformat(ticket["hold"]["expiresAt"])
    assert abs(ends - datetime.now(UTC) - timedelta(hours=1)) < timedelta(minutes=1)
    done(path, "tickets", "hold", "plain", "--reason", "for good")
    assert shown(path, "plain")["hold"] == {"reason": "for good", "expiresAt": None}
    assert "hold reason   for good" in run_here(path, "tickets", "show", "plain").stdout


def test_a_hold_that_has_ended_is_not_shown(path: Path) -> None:
    change(database_url(path), lambda commits: hold_tickets(commits, ["plain"], "moving", 0))
    assert shown(path, "plain") == {**TICKET, "revision": 2}


@pytest.mark.parametrize("token", ["nothing", "", "x" * 10_000, "\N{ADMISSION TICKETS}", "PLAIN"])
def test_a_ticket_that_is_not_there_can_not_be_shown(path: Path, token: str) -> None:
    result = run_here(path, "tickets", "show", token, "--json")
    assert (result.returncode, result.stdout) == (1, "")
    assert_one_sentence(result.stderr)
    assert len(result.stderr) < 200


def test_hold_and_release(path: Path) -> None:
    hold = ("tickets", "hold", "plain", "seat", "--reason", "moving")
    held = [success("plain", "held"), success("seat", "held")]
    assert done(path, *hold) == {"success": held, "failure": []}
    again = [success("plain", "already_held"), success("seat", "already_held")]
    assert done(path, *hold) == {"success": again, "failure": []}
    released = {"success": [success("plain", "released")], "failure": []}
    assert done(path, "tickets", "release", "plain") == released
    released["success"] = [success("plain", "already_released")]
    assert done(path, "tickets", "release", "plain") == released
    assert (shown(path, "plain")["status"], shown(path, "seat")["status"]) == ("UNLOCK", "LOCK")


def test_void(path: Path) -> None:
    voided = {"success": [success("listed-1", "made_void")], "failure": []}
    assert done(path, "tickets", "void", "listed-1") == voided
    voided["success"] = [success("listed-1", "already_void")]
    assert done(path, "tickets", "void", "listed-1") == voided
    assert (shown(path, "listed-1")["voided"], shown(path, "listed-1")["listing"]) == (True, None)
    assert "for good and without asking" in run_here(path, "tickets", "void", "--help").stdout


def test_unlock_whichever_channel_has_locked_it(path: Path) -> None:
    unlock = ("tickets", "unlock", "listed-1", "listed-elsewhere", "--reason", "asked")
    unlocked = [success("listed-1", "unlocked"), success("listed-elsewhere", "unlocked")]
    assert done(path, *unlock) == {"success": unlocked, "failure": []}
    already = [dict(entry, outcome="already_unlocked") for entry in unlocked]
    assert done(path, *unlock) == {"success": already, "failure": []}
    kept = mpreserve_of(path)
    assert not kept["listed-1"]
    assert not kept["listed-elsewhere"]
    assert kept["listed-2"]


def test_what_was_done_in_part_exits_3_and_says_of_each_why(path: Path) -> None:
    hold = ("tickets", "hold", "nothing", "plain", "voided", "listed-1", "--reason", "moving")
    result = run_on(path, *hold, "--json")
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
    again = run_here(path, *hold)
    assert again.returncode == 3
    lines = again.stdout.splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["nothing", "plain", "voided", "listed-1"]
    assert lines[1] == "plain: was held already."
    assert lines[3].endswith("Unlock it first with `seatlatch tickets unlock`.")


@pytest.mark.parametrize(
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
    path: Path, verb: str, token: str, outcome: str
) -> None:
    reason = ("--reason", "moving") if verb in ("hold", "unlock") else ()
    before = rows(path)
    result = run_here(path, "tickets", verb, token, *reason, "--json")
    assert (result.returncode, result.stderr) == (1, "")
    document = json.loads(result.stdout)
    (failure,) = document["failure"]
    assert (document["success"], failure["outcome"]) == ([], outcome)
    words = run_here(path, "tickets", verb, token, *reason)
    assert words.stdout == f"{token}: {failure['developerMessage']}\n"
    assert rows(path) == before


def rows(path: Path) -> list[tuple[Any, ...]]:
    """Every ticket as it stands in the database file."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute("SELECT * FROM tickets ORDER BY token").fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("verb", VERBS, ids=verb_name)
def test_any_string_may_be_asked_for(path: Path, verb: tuple[str, ...]) -> None:
    strange = ["", " ", "a b", "\N{ADMISSION TICKETS}", "x" * 10_000, "'; DROP TABLE tickets", "\n"]
    result = run_here(path, "tickets", *verb, "--json", "--", *strange)
    assert result.returncode == 1
    assert [entry["token"] for entry in json.loads(result.stdout)["failure"]] == strange


@pytest.mark.parametrize("verb", VERBS, ids=verb_name)
def test_a_token_that_is_no_text_is_wrong_usage(path: Path, verb: tuple[str, ...]) -> None:
    before = rows(path)
    result = run_on(path, "tickets", *verb, "plain", "seat-\udcff\udcfe")
    assert (result.returncode, result.stdout) == (2, "")
    assert_one_sentence(result.stderr)
    assert rows(path) == before


def test_a_token_that_is_no_text_can_not_be_shown(path: Path) -> None:
    result = run_on(path, "tickets", "show", "\udcff")
    assert (result.returncode, result.stdout) == (2, "")
    assert_one_sentence(result.stderr)


def test_a_token_that_begins_with_a_dash_comes_after_two(path: Path) -> None:
    add_tickets(path, [NewTicket(token, ORGANIZATION, OWNER) for token in ("-1", "--json")])
    result = run_on(path, "tickets", "release", "--json", "--", "-1", "--json")
    assert result.returncode == 0
    entries = json.loads(result.stdout)["success"]
    assert [entry["token"] for entry in entries] == ["-1", "--json"]
    assert shown(path, "-1")["token"] == "-1"


def test_a_token_that_is_given_twice_is_told_once(path: Path) -> None:
    again = ("tickets", "hold", "plain", "plain", "seat", "plain", "--reason", "moving")
    assert [entry["token"] for entry in done(path, *again)["success"]] == ["plain", "seat"]
    assert shown(path, "plain")["revision"] == 2


def test_more_tickets_than_one_transaction_takes(path: Path) -> None:
    many = [f"m{number:04}" for number in range(2500)]
    add_tickets(path, [NewTicket(token, ORGANIZATION, OWNER) for token in many[:-1]])
    result = run_here(path, "tickets", "hold", *many, "--reason", "moving", "--json")
    assert result.returncode == 3
    document = json.loads(result.stdout)
    assert [entry["token"] for entry in document["success"]] == many[:-1]
    assert [entry["token"] for entry in document["failure"]] == many[-1:]


@pytest.mark.parametrize(
    "arguments",
    [
        ["hold", "plain"],
        ["hold", "--reason", "moving"],
        ["unlock", "plain"],
        ["release"],
        ["void"],
        ["show"],
        ["show", "plain", "seat"],
        ["release", "plain", "--reason", "moving"],
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
    ids=lambda arguments: " ".join(arguments)[:40].encode("unicode_escape").decode(),
)
def test_wrong_usage_exits_2_and_changes_nothing(path: Path, arguments: list[str]) -> None:
    before = rows(path)
    result = run_here(path, "tickets", *arguments, "--json")
    assert (result.returncode, result.stdout) == (2, "")
    assert_one_sentence(result.stderr)
    assert rows(path) == before


@pytest.mark.parametrize("reason", ["x", "x" * 200, "Café \N{ADMISSION TICKETS}"], ids=len)
def test_good_reasons(path: Path, reason: str) -> None:
    assert run_here(path, "tickets", "hold", "plain", "--reason", reason).returncode == 0
    assert shown(path, "plain")["hold"]["reason"] == reason
    assert run_here(path, "tickets", "unlock", "listed-1", "--reason", reason).returncode == 0


@pytest.mark.parametrize("seconds", ["1", "31536000"])
def test_good_ends(path: Path, seconds: str) -> None:
    hold = ("tickets", "hold", "plain", "--reason", "moving", "--for", seconds)
    assert run_here(path, *hold).returncode == 0


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


LIMITED = """
import resource, runpy, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
runpy.run_module("seatlatch", run_name="__main__", alter_sys=True)
"""
"""The command in a process that can't let a file grow beyond a limit: as if the disk were full."""


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
    ids=verb_name,
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


LOG_BYTES = 600_000
"""One portion of that hold's changes fits into a log of this size, three do not."""
