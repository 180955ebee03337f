"""kill -9 under load: what the server acknowledged is in the database afterwards.

A killed process loses nothing that it wrote, synced or not; that is for the power losses to show.
Here the whole path is under test: socket, group, transaction, recovery at the next start.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import apsw

from tests.serving import (
    database_url,
    listed,
    make_inventory,
    mpreserve_of,
    raw_request,
    valid_headers,
)

CYCLES = 50
CLIENTS = 8
TICKETS = 60_000


def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "inventory.db"
    tokens = [f"ticket-{number:05}" for number in range(TICKETS)]
    make_inventory(path, map(listed, tokens))
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    chance.shuffle(tokens)
    asked = iter(tokens)
    acknowledged: set[str] = set()
    for cycle in range(CYCLES):
        before = len(acknowledged)
        asyncio.run(load_until_killed(path, asked, acknowledged, chance))
        assert len(acknowledged) > before, f"seed {seed}, cycle {cycle}: the test needs a load"
        assert_nothing_lost(path, acknowledged, f"seed {seed}, cycle {cycle}")


def assert_nothing_lost(path: Path, acknowledged: set[str], where: str) -> None:
    connection = apsw.Connection(str(path))
    assert connection.pragma("integrity_check") == "ok", where
    half = "SELECT count(*) FROM tickets WHERE (revision = 1) <> mpreserve OR revision > 2"
    assert connection.execute(half).fetchall() == [(0,)], f"{where}: a change was done by half"
    connection.close()
    mpreserve = mpreserve_of(path)
    assert {token for token in acknowledged if mpreserve[token]} == set(), where


async def load_until_killed(
    path: Path, asked: Iterator[str], acknowledged: set[str], chance: random.Random
) -> None:
    """Start a server, unlock from several connections, and kill it in the midst of that."""
    process = start_server(path)
    assert process.stdout is not None
    port = int(json.loads(process.stdout.readline())["url"].rpartition(":")[2])
    goal = len(acknowledged) + chance.randint(1, 1000)
    enough = asyncio.Event()
    clients = [
        asyncio.create_task(client(port, asked, acknowledged, chance, goal, enough))
        for _ in range(CLIENTS)
    ]
    await enough.wait()
    process.send_signal(signal.SIGKILL)
    await asyncio.gather(*clients)
    process.wait()
    process.stdout.close()


def start_server(path: Path) -> subprocess.Popen[bytes]:
    """`seatlatch serve` on a free port, with the log switched to failures it must not have."""
    environment = {**os.environ, "SEATLATCH_RATE_LIMIT": "off", "SEATLATCH_LOG_LEVEL": "error"}
    command = [sys.executable, "-m", "seatlatch", "serve", "--port", "0", "--json"]
    return subprocess.Popen(
        [*command, "--database", database_url(path)], env=environment, stdout=subprocess.PIPE
    )


async def client(
    port: int,
    asked: Iterator[str],
    acknowledged: set[str],
    chance: random.Random,
    goal: int,
    enough: asyncio.Event,
) -> None:
    """Unlock batch after batch, and note what was acknowledged, until the server is gone."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for first in asked:
            batch = [first, *islice(asked, chance.choice((0, 1, 9)))]
            body = json.dumps({"tokens": batch}).encode()
            headers = {**valid_headers(), "Content-Length": str(len(body))}
            writer.write(raw_request(headers.items(), body))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            answer = json.loads(await reader.readexactly(length))
            assert head.startswith(b"HTTP/1.1 200"), head
            acknowledged.update(entry["token"] for entry in answer["success"])
            if len(acknowledged) >= goal:
                enough.set()
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        enough.set()
        writer.close()
