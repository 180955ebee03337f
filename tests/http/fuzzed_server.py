"""The server for a campaign, in a separate process, on SQLite."""

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from uuid import uuid4

from seatlatch.store.tickets import NewTicket
from tests.durability.processes import ServerProcess
from tests.http import fuzz_bytes
from tests.http.connection_judge import Sentinel
from tests.http.wire import Wire, put, put_chunked, tokens_body
from tests.memory import fast_folder
from tests.serving import ORGANIZATION, OWNER, VERIFY, make_inventory, raw_request, valid_headers
from tests.sqlite_database import SqliteDatabase

EXPECTED_EVENTS = ("request",)
"""The events that the log may have: requests."""

TICKETS = [
    ticket
    for number in range(fuzz_bytes.TICKETS)
    for ticket in (
        NewTicket(f"free-{number}", ORGANIZATION, OWNER),
        NewTicket(f"locked-{number}", ORGANIZATION, OWNER, seat_status="LOCK"),
    )
]


def requests_for(request_id: str, token: str) -> list[bytes]:
    """Valid requests of each kind, about a free ticket or none."""
    headers = valid_headers(request_id=request_id)
    body = tokens_body(token)
    question = json.dumps({"tickets": {"tokens": [token]}}).encode()
    length = ("Content-Length", str(len(question)))
    return [
        put(body, request_id=request_id),
        put_chunked(body[:7], body[7:], request_id=request_id),
        raw_request([*headers.items(), length], question, target=VERIFY, method="POST"),
        raw_request([("Request-ID", request_id)], b"", target="/livez", method="GET"),
    ]


class FuzzedServer:
    """A running server: its port, and the facts to watch."""

    def __init__(self, process: ServerProcess, port: int, database: SqliteDatabase) -> None:
        self._process = process
        self.port = port
        self.database = database
        self._bodies = [self._body_of(one) for one in requests_for(str(uuid4()), "free-0")]

    def _body_of(self, request: bytes) -> bytes:
        with Wire(self.port) as wire:
            wire.send(request)
            answer = wire.answer()
        assert answer.status == 200, answer
        return answer.body

    def sentinel(self, chance: Random, request_id: str) -> Sentinel:
        """A random valid request."""
        kind = chance.randrange(len(self._bodies))
        token = f"free-{chance.randrange(fuzz_bytes.TICKETS)}"
        body = self._bodies[kind].replace(b'"free-0"', f'"{token}"'.encode())
        return Sentinel(requests_for(request_id, token)[kind], request_id, body)

    def resident_mebibytes(self) -> float:
        """The memory of the process. It must be alive."""
        return self._process.resident_kibibytes() / 1024

    def stop(self) -> None:
        """Stop it in order, so that its log is complete. It must not have ended before."""
        assert self._process.stop() == 0

    def log(self) -> list[dict[str, object]]:
        """The log of the process."""
        return lines_in(self._process.errors)


def lines_in(log: Path) -> list[dict[str, object]]:
    """The lines of a log; a line that is not JSON is `text`."""
    found: list[dict[str, object]] = []
    with log.open() as lines:
        for line in lines:
            try:
                found.append(json.loads(line))
            except ValueError:
                found.append({"text": line})
    return found


def complaints_in(log: Iterable[dict[str, object]]) -> list[str]:
    """The log lines that no client may cause."""
    return [repr(line) for line in log if line.get("event") not in EXPECTED_EVENTS]


@contextmanager
def fuzzed_server(**settings: str) -> Iterator[FuzzedServer]:
    """A server with TICKETS, without a rate limit."""
    with tempfile.TemporaryDirectory(dir=fast_folder()) as name:
        folder = Path(name)
        database = make_inventory(folder / "inventory.db", TICKETS)
        process = ServerProcess(database.url, folder / "log", **settings)
        try:
            yield FuzzedServer(process, process.begun(), database)
        finally:
            process.kill()
