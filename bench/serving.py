"""Starts a real server for a benchmark in its own processes, and measures their resources."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from seatlatch.auth.keys import hash_secret
from seatlatch.store.interface import Transaction

START_SECONDS_MAX = 10.0
CHANNEL = "bench-channel"
APPLICATION = "com.example.bench"
API_KEY = "bench-api-key"
ACCESS_TOKEN = "bench-access-token"
CREDENTIALS = {
    "Authorization": f"Bearer {ACCESS_TOKEN}",
    "PAC-Application-ID": APPLICATION,
    "PAC-API-Key": API_KEY,
    "PAC-Channel-Code": CHANNEL,
}


async def add_caller(transaction: Transaction) -> None:
    """Add an organization, and the one caller of a benchmark."""
    await transaction.access.add_organization("1001", "Bench")
    await transaction.access.add_channel(CHANNEL, "Bench", ["1001"])
    await transaction.access.add_application(APPLICATION, CHANNEL)
    await transaction.access.add_api_key(APPLICATION, hash_secret(API_KEY.encode()))
    await transaction.access.add_access_token(APPLICATION, hash_secret(ACCESS_TOKEN.encode()))


class Processes(NamedTuple):
    """A process and its children."""

    pid: int

    def cpu_seconds(self) -> float:
        """The processor time so far, including ended processes."""
        ticks = 0
        for pid in (self.pid, *children(self.pid)):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:13])
            if pid == self.pid:
                ticks += sum(int(field) for field in fields[13:15])
        return ticks / os.sysconf("SC_CLK_TCK")

    def resident_mebibytes(self) -> float:
        """The memory of the largest process at present."""
        return max(_resident(pid) for pid in (self.pid, *children(self.pid)))


def children(parent: int) -> list[int]:
    """The running child processes of a process."""
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(pid) for pid in listed.split()]


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


class Server(NamedTuple):
    """A running server. `start_seconds` is the time from its start to its first response."""

    port: int
    processes: Processes
    start_seconds: float


@contextmanager
def running_server(
    url: str,
    folder: Path,
    workers: int = 1,
    module: str = "seatlatch",
    settings: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run `seatlatch serve`, or the `serve` of another module, with its limits and log on.

    `settings`: other environment variables, also in place of these.
    """
    environment = {
        **os.environ,
        "SEATLATCH_RATE_LIMIT": "1000000:1000000",
        "SEATLATCH_DATABASE_URL": url,
        "SEATLATCH_WORKERS": str(workers),
        **(settings or {}),
    }
    command = [sys.executable, "-m", module, "serve", "--port", "0", "--json"]
    started = perf_counter()
    with (
        (folder / "server.log").open("wb") as log,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log) as process,
    ):
        assert process.stdout is not None
        port = int(json.loads(process.stdout.readline())["url"].rpartition(":")[2])
        try:
            _wait_for_response(port)
            yield Server(port, Processes(process.pid), perf_counter() - started)
        finally:
            process.terminate()


def _wait_for_response(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    deadline = perf_counter() + START_SECONDS_MAX
    while True:
        try:
            connection.request("GET", "/readyz")
            break
        except ConnectionRefusedError:  # it prints its URL before it listens
            connection.close()
            if perf_counter() > deadline:
                raise
    assert connection.getresponse().status == 200
    connection.close()
