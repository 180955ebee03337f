"""Ctrl-C in the midst of many tickets: what was done is told, and the rest is not claimed."""

import signal
import subprocess
from pathlib import Path

import apsw

from seatlatch.store.interface import NewTicket
from tests.cli.commands import COMMAND, environment
from tests.serving import ORGANIZATION, database_url, make_inventory

TICKETS = 60_000


def test_a_hold_that_is_interrupted_is_done_in_part(tmp_path: Path) -> None:
    path = tmp_path / "inventory.db"
    tokens = [f"t{number}" for number in range(TICKETS)]
    make_inventory(path, [NewTicket(token, ORGANIZATION, "o") for token in tokens])
    command = [*COMMAND, "tickets", "hold", "--reason", "r", "--database", database_url(path)]
    with subprocess.Popen(
        [*command, *tokens],
        env=environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        while process.poll() is None and held(path) < 2_000:
            pass
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (3, "")
    lines = out.splitlines()
    assert len(lines) == TICKETS
    done = sum("held" in line for line in lines)
    assert 2_000 <= done < TICKETS
    assert held(path) >= done


def held(path: Path) -> int:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        ((seats,),) = connection.execute(
            "SELECT count(*) FROM tickets WHERE seat_status = 'LOCK'"
        ).fetchall()
        assert isinstance(seats, int)
        return seats
    finally:
        connection.close()
