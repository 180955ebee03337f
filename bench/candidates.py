"""`python -m bench.candidates`: compares the HTTP servers that were considered for the service.

For each server, it measures the processor time of a request, p99, and the effect of a hostile
client. It uses SQLite, one process and 32 connections. The servers alternate; the figures are
medians. `bench.candidate` says what to install.
"""

import argparse
import contextlib
import os
import select
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

from bench.candidate import CANDIDATE, CANDIDATES
from bench.engine import Engine
from bench.load import run_load
from bench.measuring import CONNECTIONS, batches
from bench.serving import Server, running_server
from bench.sqlite import sqlite

SIZES = (1, 100)
TICKETS = 200_000
FLOOD_SECONDS = 10.0
STOP_SECONDS_MAX = 30.0
ROOT = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
TINY_HEADERS = b"".join(b"a%d:\r\n" % number for number in range(3500))


def main() -> None:
    """Measure the candidates and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--candidates", nargs="+", default=list(CANDIDATES))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as made:
        folder = Path(made)
        with sqlite(folder, TICKETS) as engine:
            rows: dict[str, dict[str, Any]] = {name: {} for name in options.candidates}
            for size in SIZES:
                loads(rows, engine, folder, size, options)
            for name, row in rows.items():
                row.update(attacks(name, engine, folder))
                sys.stderr.write(f"{name}: {row}\n")
    for name, row in rows.items():
        sys.stdout.write(f"{name}: " + ", ".join(f"{key} {row[key]}" for key in row) + "\n")


@contextlib.contextmanager
def candidate(name: str, engine: Engine, folder: Path) -> Iterator[Server]:
    """Run the service on this server."""
    os.environ[CANDIDATE] = name
    with running_server(engine.url, folder, module="bench.candidate") as server:
        yield server


def loads(
    rows: dict[str, dict[str, Any]],
    engine: Engine,
    folder: Path,
    size: int,
    options: argparse.Namespace,
) -> None:
    """Measure unlocks and locks of `size` tokens; the servers alternate."""
    cpu: dict[str, list[float]] = {name: [] for name in rows}
    p99: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(options.rounds):
        for name in rows:
            engine.restore()
            requests = batches(engine, size, 40_000).requests()
            with candidate(name, engine, folder) as server:
                before = server.processes.cpu_seconds()
                load = run_load(server.port, requests, CONNECTIONS, options.seconds)
                spent = server.processes.cpu_seconds() - before
            assert set(load.statuses) == {b"200"}, load.statuses
            cpu[name].append(spent / load.requests * 1e6)
            p99[name].append(load.percentile_ms(99))
    for name, row in rows.items():
        row[f"us_{size}"] = round(median(cpu[name]))
        row[f"p99_ms_{size}"] = round(median(p99[name]), 1)


def attacks(name: str, engine: Engine, folder: Path) -> dict[str, Any]:
    """Measure the effect of a hostile client."""
    row: dict[str, Any] = {}
    with candidate(name, engine, folder) as server:
        row["idle_mib"] = round(server.processes.resident_mebibytes())
        row["half_closed_responses"] = f"{half_closed(server.port)}/60"
        row["without_host"] = status(server.port, ROOT.replace(b"Host: x\r\n", b""))
        row["many_headers_mib"] = many_headers(server)
        row["flood_mib"], row["flood_p99_ms"] = flood(server)
    with candidate(name, engine, folder) as server:
        row["stop_seconds"] = stop_while_unread(server)
    return row


def connect(port: int) -> socket.socket:
    """Open a client's connection."""
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def half_closed(port: int) -> int:
    """The number of responses to 60 requests whose client then closes its sending side."""
    responses = 0
    for _ in range(60):
        with connect(port) as client, contextlib.suppress(OSError):
            client.sendall(ROOT)
            client.shutdown(socket.SHUT_WR)
            responses += client.recv(9) == b"HTTP/1.1 "
    return responses


def status(port: int, request: bytes) -> str:
    """The status of the response to a request."""
    with connect(port) as client:
        client.sendall(request)
        return client.recv(64)[9:12].decode()


def many_headers(server: Server) -> str:
    """The memory after 900 clients have sent incomplete heads of 3,500 headers."""
    with contextlib.ExitStack() as stack:
        for number in range(900):
            try:
                client = stack.enter_context(connect(server.port))
                client.sendall(ROOT[:-2] + TINY_HEADERS)
            except TimeoutError:
                memory = server.processes.resident_mebibytes()
                return f"{memory:.0f} with {number}, and no more accepted"
        seconds_alive(server.port)
        return f"{server.processes.resident_mebibytes():.0f}"


def flood(server: Server) -> tuple[int, float]:
    """The peak memory while one client floods the server, and the wait of another client."""
    most_mebibytes, waits = 0.0, []
    deadline = time.monotonic() + FLOOD_SECONDS
    client = connect(server.port)
    while time.monotonic() < deadline:
        client.setblocking(False)
        try:
            with contextlib.suppress(BlockingIOError):
                for _ in range(100):
                    client.send(ROOT * 1000)
            with contextlib.suppress(BlockingIOError):
                while client.recv(1 << 20):
                    pass
        except ConnectionError:  # the server has disconnected it
            client.close()
            client = connect(server.port)
        waits.append(seconds_alive(server.port))
        most_mebibytes = max(most_mebibytes, server.processes.resident_mebibytes())
    client.close()
    waits.sort()
    return round(most_mebibytes), round(waits[len(waits) * 99 // 100] * 1000, 1)


def seconds_alive(port: int) -> float:
    """The seconds that another client waits for a response."""
    started = time.monotonic()
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/livez")
    connection.getresponse().read()
    connection.close()
    return time.monotonic() - started


def stop_while_unread(server: Server) -> str:
    """The seconds of a stop while a client does not read 300 responses. Kills a slow server."""
    with connect(server.port) as client:
        client.sendall(LARGE * 300)
        seconds_alive(server.port)
        started = time.monotonic()
        end = os.pidfd_open(server.processes.pid)
        os.kill(server.processes.pid, signal.SIGTERM)
        while time.monotonic() - started < STOP_SECONDS_MAX:
            if ended(end):
                return f"{time.monotonic() - started:.1f}"
        os.kill(server.processes.pid, signal.SIGKILL)
        return f"over {STOP_SECONDS_MAX:.0f}"


def ended(descriptor: int) -> bool:
    """Whether a process has ended, after a wait of 0.1 seconds at most."""
    return bool(select.select([descriptor], [], [], 0.1)[0])


if __name__ == "__main__":
    main()
