"""Kills of the server and of an import under load, on SQLite, and the checks after each."""

import asyncio
import json
import random
import signal
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import apsw

from tests.cli.commands import COMMAND, environment
from tests.durability.mixed_load import Client, read_states
from tests.forkserver import Command
from tests.journals import disagreements
from tests.serving import ORGANIZATION, make_inventory
from tests.sqlite_database import SqliteDatabase

CLIENTS = 8
TICKETS = 4_800
NEW_TICKETS = 200
"""So many tickets of a file are in no other."""

IMPORTS_TO_END = 0.3
"""Such a part of the imports is let come to its end, unless it has already."""

TOKENS = [f"ticket-{number:04}" for number in range(TICKETS)]
TAKE_BACK = """
UPDATE tickets SET seat_status = 'UNLOCK', hold_reason = NULL, hold_expires_at = NULL
WHERE token = ?
"""
SEATED = "SELECT token, owner_id, section, seat, barcode, access_id FROM tickets"


class KilledInventory:
    """A database file, whose servers and imports are killed. `cut_off` counts killed imports."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self.seed = seed
        self.cycles = 0
        self.cut_off = 0
        self._chance = random.Random(seed)
        make_inventory(path)
        self._clients = [
            Client(TOKENS[number::CLIENTS], seed + number) for number in range(CLIENTS)
        ]
        self._files = Files(path)
        assert self._files.start().wait() == 0
        self._files.check(0, "at first")

    @property
    def where(self) -> str:
        """The place in the run, for a message."""
        return f"seed {self.seed}, cycle {self.cycles}"

    def kill_under_load(self) -> None:
        """Start a server, kill it, and check the file. Every other time a file is imported
        meanwhile, which is checked too.
        """
        self.cycles += 1
        before = sum(client.acknowledged for client in self._clients)
        importing = [] if self.cycles % 2 else [self._files.start()]
        asyncio.run(load_until_killed(self.path, self._clients, self._chance, importing))
        after = sum(client.acknowledged for client in self._clients)
        assert after > before, f"{self.where}: no load"
        check_sound(self.path, self.where)
        for process in importing:
            self._files.check(process.returncode, self.where)
            self.cut_off += process.returncode != 0

    def check_tickets(self) -> None:
        """Every acknowledged change is there, and nothing that was never asked for."""
        states = read_states(self.path)
        wrong = [client.settle(states) for client in self._clients]
        assert wrong == [{}] * CLIENTS, f"{self.where}: lost {wrong}"

    def check_journal(self) -> None:
        """No change is without its entry, no entry without its change."""
        wrong = disagreements(SqliteDatabase(self.path))
        assert wrong == [], f"{self.where}: {wrong}"

    def take_back(self) -> str:
        """Lose one acknowledged hold, by hand; its token."""
        held = [
            token
            for client in self._clients
            for token, state in client.model.items()
            if state.seat_status == "LOCK" and token not in client.pending
        ]
        token = self._chance.choice(held)
        SqliteDatabase(self.path).execute(TAKE_BACK, token)
        return token


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
