"""A journal that somebody has edited: the rest is shown, no response is a 500, and the metric
counts the damage.
"""

from typing import Any
from uuid import uuid4

import pytest

from seatlatch.domain.journal import Asker
from seatlatch.operations.journal_heads import repair_heads
from tests.channel_api.journal import OTHER, ask, events, reported
from tests.http.test_probes import bare, become_ready
from tests.operator_api.box_office import hold, operate, operator_headers, release
from tests.serving import CHANNEL, Served

ID = "0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2"

UNREADABLE = {
    "sqlite": [
        "entry = 'no json'",
        "entry = '{}'",
        "entry = CAST(x'ff' AS TEXT)",
        'entry = replace(entry, \'"verb":"\', \'"verb":"x\')',
        'entry = replace(entry, \'"outcomes":{"\', \'"outcomes":{"x\')',
        "moment = 9223372036854775807",
        "request_id = x'00'",
    ],
    "postgres": [
        "entry = ''",
        "entry = '{}'",
        "entry = '[' || repeat('[', 5000)",
        'entry = replace(entry, \'"verb":"\', \'"verb":"x\')',
        'entry = replace(entry, \'"outcomes":{"\', \'"outcomes":{"x\')',
        "moment = 'infinity'",
        "moment = '0044-03-15 BC'",
    ],
}


def entry_ids(served: Served) -> list[int]:
    """The ids of all entries, in order."""
    return [one for (one,) in served.database.execute("SELECT entry_id FROM journal ORDER BY 1")]


def edit(served: Served, entry_id: int, assignment: str) -> None:
    """Edit the database directly."""
    served.database.execute(f"UPDATE journal SET {assignment} WHERE entry_id = ?", entry_id)


def history(served: Served, token: str, query: str = "") -> Any:
    """The response about a ticket for the operator."""
    answer = operate(served, "GET", f"/{token}/history{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def operator_trace(served: Served, request_id: str) -> Any:
    """The response about a request for the operator."""
    answer = served.send(f"/operator/v1/requests/{request_id}", "GET", operator_headers())
    assert answer.status_code == 200, answer.content
    return answer.json()["requests"]


def damage_counted(served: Served, part: str) -> float:
    """The metric."""
    text = served.send("/metrics", "GET", {}).text
    name = f'seatlatch_journal_damage_total{{part="{part}"}} '
    (line,) = [line for line in text.splitlines() if line.startswith(name)]
    return float(line.rpartition(" ")[2])


@pytest.mark.parametrize("nth", range(7))
def test_a_row_that_can_not_be_read_is_shown_as_damaged(served: Served, nth: int) -> None:
    hold(served, "not-listed")
    answer = release(served, "not-listed")
    request_id = answer.headers["request-id"]
    hold(served, "locked")
    first, second, *_ = entry_ids(served)
    edit(served, second, UNREADABLE[served.database.engine][nth])

    reported_of = history(served, "not-listed")
    latest, before = reported_of["changes"]
    assert (latest["damaged"], latest["verb"], latest["entryId"]) == (True, None, str(second))
    assert (before["verb"], before["entryId"]) == ("hold", str(first))
    assert "damaged" not in before
    if "request_id" not in UNREADABLE[served.database.engine][nth]:
        (traced,) = operator_trace(served, request_id)
        assert (traced["damaged"], traced["success"], traced["failure"]) == (True, [], [])
    page = events(served)
    assert reported(page) == [("held", "not-listed", 2), ("held", "locked", 2)]
    assert page["more"] is False
    assert damage_counted(served, "row") >= 1


def test_a_history_ends_at_a_damaged_change_that_is_not_the_latest(served: Served) -> None:
    for _ in range(2):
        hold(served, "not-listed")
        release(served, "not-listed")
    edit(served, entry_ids(served)[1], "entry = '{}'")
    shown = history(served, "not-listed")
    assert [one.get("damaged") for one in shown["changes"]] == [None, None, True]
    assert (shown["next"], shown["isPruned"]) == (None, False)


def test_a_row_that_was_edited_but_can_be_read_is_shown_with_what_it_says(served: Served) -> None:
    request_id = hold(served, "not-listed").headers["request-id"]
    release(served, "not-listed")
    edit(served, entry_ids(served)[0], "entry = replace(entry, 'moving', 'stolen')")
    (traced,) = operator_trace(served, request_id)
    assert (traced["damaged"], traced["reason"], traced["verb"]) == (True, "stolen", "hold")
    assert [one.get("damaged") for one in history(served, "not-listed")["changes"]] == [None, True]


def test_a_row_of_another_ticket_is_a_damaged_change(served: Served) -> None:
    hold(served, "not-listed")
    edit(served, entry_ids(served)[0], "entry = replace(entry, 'not-listed', 'another')")
    (change,) = history(served, "not-listed")["changes"]
    assert (change["damaged"], change["version"], change["verb"]) == (True, None, "hold")


def test_a_channel_is_shown_its_own_damaged_request_and_no_one_elses(served: Served) -> None:
    served.unlock("listed-1", Request_ID=ID)
    served.unlock("listed-elsewhere", Request_ID=ID, **OTHER)
    for entry_id in entry_ids(served):
        edit(served, entry_id, 'entry = replace(entry, \'"verb":"\', \'"verb":"x\')')
    for headers in ({}, OTHER):
        answer = ask(served, f"/v1/requests/{ID}", **headers)
        (traced,) = answer.json()["requests"]
        assert (traced["damaged"], traced["requestId"]) == (True, ID)
        assert CHANNEL not in answer.text
    for entry_id in entry_ids(served):
        edit(served, entry_id, "entry = '{}'")
    assert ask(served, f"/v1/requests/{ID}").status_code == 404


def test_rows_that_are_well_are_not_called_damaged(served: Served) -> None:
    for _ in range(3):
        served.lock("not-listed", Request_ID=ID)
        served.unlock("not-listed", Request_ID=ID)
    assert not any("damaged" in one for one in operator_trace(served, ID))
    assert not any("damaged" in one for one in history(served, "not-listed")["changes"])
    assert (damage_counted(served, "row"), damage_counted(served, "head")) == (0, 0)


HEADS = [
    "UPDATE journal_chains SET number = number - 1",
    "UPDATE journal_chains SET number = 0",
    "UPDATE journal_chains SET number = -5",
    "UPDATE journal_chains SET number = 9223372036854775807",
    "DELETE FROM journal_chains",
]


@pytest.mark.parametrize("damage", HEADS)
def test_a_moved_head_is_no_bug_and_raises_the_alarm(served: Served, damage: str) -> None:
    """SQLite has one chain and refuses changes. PostgreSQL takes another chain."""
    request_id = hold(served, "not-listed").headers["request-id"]
    release(served, "not-listed")
    served.database.execute(damage)
    assert damage_counted(served, "head") == 1
    for _ in range(2):
        answer = served.unlock("listed-1")
        if served.database.engine == "sqlite":
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert "seatlatch journal repair" in answer.json()["error"]["developerMessage"]
        else:
            assert answer.status_code == 200
    assert damage_counted(served, "head") >= 2
    assert ask(served, "/v1/events").status_code in (200, 410)
    assert len(history(served, "not-listed")["changes"]) == 2
    assert ask(served, f"/v1/requests/{uuid4()}").status_code == 404
    if served.database.engine == "sqlite" or "DELETE" not in damage:
        assert operator_trace(served, request_id)[0]["verb"] == "hold"


@pytest.mark.only_on("sqlite")
def test_a_server_is_not_ready_until_a_moved_head_is_repaired(served: Served) -> None:
    """PostgreSQL takes another chain."""
    hold(served, "not-listed")
    served.database.execute("UPDATE journal_chains SET number = number - 1")
    assert served.unlock("listed-1").status_code == 503
    for _ in range(3):
        assert bare(served, "/readyz").status_code == 503
        assert served.unlock("listed-1").status_code == 503
    asker = Asker(str(uuid4()), None, None, "test")
    served.database.change(lambda commits: repair_heads(commits, asker))
    become_ready(served)
    assert served.unlock("listed-1").status_code == 200
