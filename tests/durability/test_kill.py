"""kill -9 under load: what was acknowledged is in the database afterwards, and nothing by half.

A killed process loses nothing that it wrote, synced or not; that is for the power losses to show.
Here the whole path is under test: socket, group, transaction, recovery at the next start. Beside
the server a file is imported now and then, and that is killed too.
"""

import asyncio
import json
import random
import signal
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from seatlatch.operations.change_tickets import hold_tickets
from tests.cli.commands import COMMAND, environment
from tests.durability.mixed_load import OPEN, Client, read_states
from tests.forkserver import Command
from tests.journals import disagreements
from tests.operations.changes import ASKER
from tests.serving import ORGANIZATION, make_inventory
from tests.sqlite_database import SqliteDatabase

CYCLES = 50
JOURNAL_CYCLES = 25
"""After so many the journal is compared with the tickets: no change without its entry, no entry
without its change.
"""
CLIENTS = 8
TICKETS = 4_800
NEW_TICKETS = 200
"""So many tickets of a file are in no other."""

IMPORTS_TO_END = 0.3
"""Such a part of the imports is let come to its end, unless it has already."""

TOKENS = [f"ticket-{number:04}" for number in range(TICKETS)]
SEATED = "SELECT token, owner_id, section, seat, barcode, access_id FROM tickets"


def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "inventory.db"
    make_inventory(path)
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    clients = [Client(TOKENS[number::CLIENTS], seed + number) for number in range(CLIENTS)]
    files = Files(path)
    assert files.start().wait() == 0
    files.check(0, "at first")
    cut_off = 0
    for cycle in range(CYCLES):
        where = f"seed {seed}, cycle {cycle}"
        before = sum(client.acknowledged for client in clients)
        importing = [files.start()] if cycle % 2 else []
        asyncio.run(load_until_killed(path, clients, chance, importing))
        assert sum(client.acknowledged for client in clients) > before, f"{where}: no load"
        check_sound(path, where)
        for process in importing:
            files.check(process.returncode, where)
            cut_off += process.returncode != 0
        states = read_states(path)
        assert [client.settle(states) for client in clients] == [{}] * CLIENTS, where
        if cycle % JOURNAL_CYCLES == JOURNAL_CYCLES - 1:
            assert disagreements(SqliteDatabase(path)) == [], where
    assert 0 < cut_off < CYCLES / 2, f"seed {seed}: some imports are to end and some to be killed"


def test_control_a_lost_or_half_change_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "inventory.db"
    make_inventory(path)
    files = Files(path)
    assert files.start().wait() == 0
    files.check(0, "as it should be")
    client = Client(TOKENS[:3], 0)
    lost, half, asked = TOKENS[:3]
    client.model[lost] = OPEN._replace(seat_status="LOCK", hold_reason="R1")
    client.model[half] = client.pending[asked] = client.model[lost]
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("UPDATE tickets SET seat_status = 'LOCK' WHERE token = ?", (half,))
    wrong = client.settle(read_states(path))
    assert wrong == {lost: OPEN, half: OPEN._replace(seat_status="LOCK")}
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("UPDATE tickets SET seat = '2' WHERE token = ?", (half,))
    with pytest.raises(AssertionError, match="by half"):
        files.check(0, "a ticket is of another file")
    killed = files.start()
    killed.kill()
    killed.wait()
    with pytest.raises(AssertionError, match="was lost"):
        files.check(0, "it was never acknowledged")


def test_control_a_change_without_its_entry_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "inventory.db"
    make_inventory(path)
    assert Files(path).start().wait() == 0
    database = SqliteDatabase(path)
    tokens = TOKENS[:3]
    database.change(lambda commits: hold_tickets(commits, ASKER, tokens, "R1"))
    assert disagreements(database) == []
    by_hand = "UPDATE tickets SET seat_status = 'UNLOCK', hold_reason = NULL WHERE token = ?"
    database.execute(by_hand, tokens[0])
    (by_hand,) = disagreements(database)
    assert tokens[0] in by_hand
    database.execute("UPDATE tickets SET entry_id = entry_id + 1 WHERE token = ?", TOKENS[5])
    assert len(disagreements(database)) == 2
    database.execute("DELETE FROM journal")
    assert len(disagreements(database)) == 5, "the chain, and four tickets that no entry tells of"


def check_sound(path: Path, where: str) -> None:
    with closing(apsw.Connection(str(path))) as connection:
        assert connection.pragma("integrity_check") == "ok", where


class Files:
    """A file after the other, imported in a process each. Their number is in all that they say."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.with_suffix(".csv")
        self._number = 0
        self._kept: set[int] = set()

    def start(self) -> subprocess.Popen[bytes]:
        """Import the next file."""
        self._number += 1
        tokens = [*TOKENS, *self._new(self._number)]
        lines = [",".join((token, *self._said(self._number))) for token in tokens]
        header = "token,owner_id,section,seat,barcode,access_id"
        self._file.write_text("\n".join([header, *lines]))
        options = ["--org", ORGANIZATION, "--database", SqliteDatabase(self._path).url]
        # From nothing, so that it takes about as long as the server and its first requests.
        return subprocess.Popen(
            [*COMMAND, "tickets", "import", str(self._file), *options],
            env=environment({}),
            stdout=subprocess.DEVNULL,
        )

    def check(self, exit_code: int, where: str) -> None:
        """The last file is in it wholly, or not at all; if it was acknowledged, wholly."""
        with closing(apsw.Connection(str(self._path))) as connection:
            rows = {str(token): said for token, *said in connection.execute(SEATED)}
        if rows[TOKENS[0]] == self._said(self._number):
            self._kept.add(self._number)
        assert exit_code in (0, -signal.SIGKILL), where
        assert exit_code or self._number in self._kept, f"{where}: an import was lost"
        expected = dict.fromkeys(TOKENS, self._said(max(self._kept)))
        for number in self._kept:
            expected |= dict.fromkeys(self._new(number), self._said(number))
        assert rows == expected, f"{where}: an import was done by half"

    @staticmethod
    def _new(number: int) -> Sequence[str]:
        return [f"new-{number:02}-{ticket:03}" for ticket in range(NEW_TICKETS)]

    @staticmethod
    def _said(number: int) -> list[str]:
        return [f"owner-{number}", f"S{number}", str(number), f"B{number}", f"E{number}"]


async def load_until_killed(
    path: Path,
    clients: Sequence[Client],
    chance: random.Random,
    importing: Sequence[subprocess.Popen[bytes]],
) -> None:
    """Start a server, work from several connections, and kill all in the midst of that."""
    process = start_server(SqliteDatabase(path).url)
    assert process.stdout is not None
    line = await asyncio.to_thread(process.stdout.readline)
    port = int(json.loads(line)["url"].rpartition(":")[2])
    goal, enough = chance.randint(1, 60), asyncio.Event()
    working = [
        asyncio.create_task(client.work_until_killed(port, goal, enough)) for client in clients
    ]
    await enough.wait()
    if chance.random() < IMPORTS_TO_END:
        for running in importing:
            await asyncio.to_thread(running.wait)
    processes = [process, *importing]
    for killed in chance.sample(processes, len(processes)):
        killed.send_signal(signal.SIGKILL)
    await asyncio.gather(*working)
    for killed in processes:
        killed.wait()
    process.stdout.close()


def start_server(database_url: str) -> subprocess.Popen[bytes]:
    """`seatlatch serve` on a free port, with the log switched to failures it must not have."""
    settings = {"SEATLATCH_RATE_LIMIT": "off", "SEATLATCH_LOG_LEVEL": "error"}
    options = ["--port", "0", "--json", "--database", database_url]
    return start("serve", *options, stdout=subprocess.PIPE, **settings)


def start(
    *arguments: str, stdout: int = subprocess.DEVNULL, **settings: str
) -> subprocess.Popen[bytes]:
    """The command `seatlatch` in a process of its own."""
    return Command(arguments, env=environment(settings), stdout=stdout)
