"""Starts a server for a benchmark in its own processes, and measures their resources."""

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep
from typing import NamedTuple

from seatlatch.auth.keys import hash_secret
from seatlatch.store.interface import Transaction

ROOT = Path(__file__).parent.parent
PEER_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
NO_PEER = "Run make .venv-peers/.ready for the small service of the benchmark."

START_SECONDS_MAX = 10.0
RETRY_SECONDS = 0.01
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
        while True:
            try:
                return self._ticks() / os.sysconf("SC_CLK_TCK")
            except (FileNotFoundError, ProcessLookupError):  # a child has just ended
                continue

    def _ticks(self) -> int:
        ticks = 0
        for pid in (self.pid, *children(self.pid)):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:13])
            if pid == self.pid:
                ticks += sum(int(field) for field in fields[13:15])
        return ticks

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
        "SEATLATCH_RATE_LIMIT": "1000000:1000000",
        "SEATLATCH_DATABASE_URL": url,
        "SEATLATCH_WORKERS": str(workers),
        **(settings or {}),
    }
    command = [sys.executable, "-m", module, "serve", "--port", "0", "--json"]
    started = perf_counter()
    with _running(command, environment, folder / "server.log") as process:
        assert process.stdout is not None
        port = int(json.loads(process.stdout.readline())["url"].rpartition(":")[2])
        yield _responding(process, port, started)


@contextmanager
def running_peer(url: str, folder: Path, workers: int = 1) -> Iterator[Server]:
    """Run the small service of `bench.peers`, on uvicorn and without a log."""
    if not PEER_PYTHON.exists():
        raise SystemExit(NO_PEER)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [str(PEER_PYTHON), "-m", "uvicorn", "bench.peers.app:app", "--port", str(port)]
    options = ["--workers", str(workers), "--log-level", "warning", "--no-access-log"]
    environment = {"DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    started = perf_counter()
    with _running([*command, *options], environment, folder / "peer.log") as process:
        yield _responding(process, port, started)


@contextmanager
def _running(
    command: Sequence[str], environment: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=errors
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()


def _responding(process: "subprocess.Popen[bytes]", port: int, started: float) -> Server:
    """The server once it has responded. It may not listen yet."""
    deadline = started + START_SECONDS_MAX
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            assert connection.getresponse().status == 200
            break
        except ConnectionRefusedError:
            if process.poll() is not None or perf_counter() > deadline:
                raise
            sleep(RETRY_SECONDS)
        finally:
            connection.close()
    return Server(port, Processes(process.pid), perf_counter() - started)
