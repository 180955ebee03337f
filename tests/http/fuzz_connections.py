"""A campaign: fuzzed bytes on each connection, followed by a valid request.

`python -m tests.http.fuzz_connections --connections 250000` opens that many, 100 at a time, to
`seatlatch serve` in a separate process. An independent reader (`rfc_9112`) determines the requests
in the bytes. Each of them, and no other, must get its response. `--first N --connections 1` sends
connection N of a seed again. Exits with 1 after a violation.
"""

import argparse
import asyncio
import json
import re
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from random import Random
from time import perf_counter
from typing import NamedTuple

from tests.http.connection_judge import Heard, Sentinel, Verdict, judge
from tests.http.fuzz_bytes import FuzzBytes
from tests.http.fuzzed_server import FuzzedServer, complaints_in, fuzzed_server
from tests.http.raw_client import Ending, talk
from tests.http.rfc_9112 import SeenRequest, requests_in

AT_ONCE = 100
SECONDS_MAX = 8.0
"""A connection that takes longer hangs. The server gives up a request after 4 seconds."""

PATIENT_SHARE = 0.1
"""The share of the cut requests that wait for the server's timeout."""

LATE_SHARE = 0.3
"""The share of the separate valid requests that get their response before the client closes its
side."""

RESET_SHARE = 0.01
APART_SHARE = 0.5
"""The share of the connections on which each request is sent by itself."""

REQUEST_LINE = re.compile(rb"(?:DELETE|GET|HEAD|OPTIONS|POST|PUT) /")
WARM_UP_CONNECTIONS = 2_000
VIOLATIONS_MAX = 20
"""After this many the campaign ends early."""

PROGRESS_CONNECTIONS = 10_000


class Case(NamedTuple):
    """The bytes of one connection, and the requests that a reader finds in them."""

    number: int
    pieces: list[bytes]
    sentinel: Sentinel
    ending: Ending
    seen: list[SeenRequest]


class Report:
    """The result of a campaign."""

    def __init__(self) -> None:
        self.connections = 0
        self.statuses: Counter[int] = Counter()
        self.kinds: Counter[str] = Counter()
        self.violations: list[str] = []
        self.seconds = 0.0
        self.resident_mebibytes = (0.0, 0.0)

    def add(self, case: Case, verdict: Verdict, heard: Heard) -> None:
        """Count one connection."""
        self.connections += 1
        self.statuses.update(verdict.statuses)
        self.kinds[kind_of(case, verdict)] += 1
        if verdict.violations:
            self.violations.append(
                f"connection {case.number} ({case.ending}): {'; '.join(verdict.violations)}\n"
                f"  sent {[piece[:3000] for piece in case.pieces]!r}\n"
                f"  got {heard.received[:3000]!r}\n  seen {case.seen!r}"
            )


def kind_of(case: Case, verdict: Verdict) -> str:
    """The kind of course that a connection took."""
    if case.ending == "reset":
        return "reset by the client"
    if verdict.sentinel_answered:
        return "valid request answered"
    last = case.seen[-1] if case.seen else None
    if last is None or last.lacks == "nothing":
        return "ended before the valid request"
    return f"{'cut' if last.is_cut else 'faulty'} in its {last.lacks}"


def make_case(seed: int, number: int, server: FuzzedServer) -> Case:
    """The connection of this number."""
    chance = Random(f"{seed}-{number}")
    fuzz = FuzzBytes(chance)
    sentinel = server.sentinel(chance, fuzz.request_id())
    stream = fuzz.made() + sentinel.request
    seen = requests_in(stream)
    last = seen[-1]
    ending: Ending = "at once"
    if chance.random() < RESET_SHARE:
        ending = "reset"
    elif last.is_cut and chance.random() < PATIENT_SHARE:
        ending = "never"
    elif last.request_ids == (sentinel.request_id.encode(),) and chance.random() < LATE_SHARE:
        ending = "when answered"
    cuts = [chance.randrange(len(stream)) for _ in range(chance.choice([0, 0, 0, 1, 2, 9]))]
    if chance.random() < APART_SHARE:
        cuts += [line.start() for line in REQUEST_LINE.finditer(stream)]
    cuts.sort()
    pieces = [stream[at:end] for at, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    return Case(number, pieces, sentinel, ending, seen)


async def run_case(port: int, case: Case) -> tuple[Verdict, Heard]:
    """Open the connection, and check the responses."""
    with socket.socket() as connection:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            async with asyncio.timeout(SECONDS_MAX):
                await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
                heard = await talk(
                    connection, case.pieces, case.ending, case.sentinel.request_id.encode()
                )
        except (TimeoutError, OSError) as error:
            return Verdict([f"no end within {SECONDS_MAX} s: {error!r}"], [], False), Heard(b"")
    if case.ending == "reset":
        return Verdict([], [], False), heard
    return judge(case.seen, case.sentinel, heard, is_patient=case.ending == "never"), heard


async def run_all(
    server: FuzzedServer, seed: int, numbers: range, report: Report, at_once: int = AT_ONCE
) -> None:
    """Open all connections, some of them at once."""
    waiting = iter(numbers)

    async def client() -> None:
        for number in waiting:
            if len(report.violations) >= VIOLATIONS_MAX:
                return
            case = make_case(seed, number, server)
            report.add(case, *await run_case(server.port, case))
            if report.connections % PROGRESS_CONNECTIONS == 0:
                say(f"{report.connections:,} connections, {len(report.violations)} violations")

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(client())


def run(seed: int, first: int, connections: int, at_once: int = AT_ONCE) -> Report:
    """Run the campaign on its own server."""
    with fuzzed_server() as server:
        warm_up = Report()
        if connections > WARM_UP_CONNECTIONS:
            warm = range(first + connections, first + connections + WARM_UP_CONNECTIONS)
            asyncio.run(run_all(server, seed, warm, warm_up))
        report = Report()
        report.violations += warm_up.violations
        before = server.resident_mebibytes()
        began = perf_counter()
        numbers = range(first, first + connections)
        asyncio.run(run_all(server, seed, numbers, report, at_once))
        report.seconds = perf_counter() - began
        report.resident_mebibytes = (before, server.resident_mebibytes())
        server.stop()
        report.violations += complaints_in(server.log())
    return report


def lines_of(report: Report, seed: int) -> Iterator[str]:
    """The report in words."""
    before, after = report.resident_mebibytes
    yield (
        f"{report.connections:,} connections with seed {seed} in {report.seconds:.0f} s,"
        f" {len(report.violations)} violations; the server's memory was {before:.1f} MiB before and"
        f" {after:.1f} MiB after"
    )
    yield f"connections: {json.dumps(dict(report.kinds.most_common()))}"
    yield f"responses by status: {json.dumps(dict(sorted(report.statuses.items())))}"


def say(text: str) -> None:
    """Print it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=250_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    say(f"seed {asked.seed}")
    report = run(asked.seed, asked.first, asked.connections)
    for line in [*report.violations, *lines_of(report, asked.seed)]:
        say(line)
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
