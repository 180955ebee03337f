"""Ctrl-C during a command about many tickets: it reports exactly what was done."""

import json
import signal
import subprocess

from seatlatch.store.tickets import NewTicket
from tests.cli.commands import COMMAND, environment
from tests.databases import Database
from tests.serving import ORGANIZATION, fill

TICKETS = 60_000


def test_a_hold_that_is_interrupted_is_done_in_part(database: Database) -> None:
    tokens = [f"t{number}" for number in range(TICKETS)]
    fill(database, [NewTicket(token, ORGANIZATION, "o") for token in tokens])
    command = [*COMMAND, "tickets", "hold", "--reason", "r", "--database", database.url, "--json"]
    with subprocess.Popen(
        [*command, *tokens],
        env=environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        while process.poll() is None and held(database) < 2_000:
            pass
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (3, "")
    document = json.loads(out)
    assert {one["outcome"] for one in document["failure"]} == {"unconfirmed"}
    done = len(document["success"])
    assert done + len(document["failure"]) == TICKETS
    assert 2_000 <= done < TICKETS
    assert held(database) >= done


def held(database: Database) -> int:
    ((seats,),) = database.execute("SELECT count(*) FROM tickets WHERE seat_status = 'LOCK'")
    assert isinstance(seats, int)
    return seats
