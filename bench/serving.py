"""A real server for a benchmark, in processes of its own, and what those need of the machine."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from seatlatch.auth.keys import hash_secret
from seatlatch.store.provisioning import Provisioning

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


def let_in(provisioning: Provisioning) -> None:
    """An organization, and the one caller whom a benchmark has."""
    provisioning.add_organization("1001", "Bench")
    provisioning.add_channel(CHANNEL, "Bench", ["1001"])
    provisioning.add_application(APPLICATION, CHANNEL)
    provisioning.add_api_key(APPLICATION, hash_secret(API_KEY.encode()))
    provisioning.add_access_token(APPLICATION, hash_secret(ACCESS_TOKEN.encode()))


class Processes(NamedTuple):
    """A process and all that it has started."""

    pid: int

    def cpu_seconds(self) -> float:
        """The processor time that they have used so far, the ended ones included."""
        ticks = 0
        for pid in (self.pid, *children(self.pid)):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:13])
            if pid == self.pid:
                ticks += sum(int(field) for field in fields[13:15])
        return ticks / os.sysconf("SC_CLK_TCK")

    def resident_mebibytes(self) -> float:
        """The memory that the largest of them holds now."""
        return max(_resident(pid) for pid in (self.pid, *children(self.pid)))


def children(parent: int) -> list[int]:
    """The processes that a process has started and that still run."""
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(pid) for pid in listed.split()]


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


class Server(NamedTuple):
    """A running server. `start_seconds`: from its start to its first answer."""

    port: int
    processes: Processes
    start_seconds: float


@contextmanager
def running_server(
    url: str, folder: Path, workers: int = 1, module: str = "seatlatch"
) -> Iterator[Server]:
    """`seatlatch serve` on a database, with its limits and its log on. `module`: what is run."""
    environment = {
        **os.environ,
        "SEATLATCH_RATE_LIMIT": "1000000:1000000",
        "SEATLATCH_LOG_FORMAT": "json",
        "SEATLATCH_DATABASE_URL": url,
        "SEATLATCH_WORKERS": str(workers),
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
            _first_answer(port)
            yield Server(port, Processes(process.pid), perf_counter() - started)
        finally:
            process.terminate()


def _first_answer(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    deadline = perf_counter() + START_SECONDS_MAX
    while True:
        try:
            connection.request("GET", "/readyz")
            break
        except ConnectionRefusedError:  # it says that it serves before it listens
            connection.close()
            if perf_counter() > deadline:
                raise
    assert connection.getresponse().status == 200
    connection.close()
