"""`python -m tests.docs.unlock_path`: records which functions of the source one unlock enters.

It serves a database on each engine, sends unlocks, and notes every call with the profiler. A
recording also has what runs beside the request, such as timers, so only the functions that every
recording has count. `docs.unlock_path` makes the table of the file that this writes.
"""

import json
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

from docs.packages import SOURCE
from docs.unlock_path import MEASURED
from seatlatch.logs import make_log
from tests.databases import Database
from tests.postgres import server_url
from tests.postgres_database import PostgresMaker
from tests.serving import (
    add_tickets,
    fill,
    listed,
    raw_request,
    read_answer,
    serving,
    valid_headers,
)
from tests.sqlite_database import SqliteMaker

RECORDINGS = 5
Call = tuple[str, str]
"""A file below the source, and the qualified name of a function in it."""

UnlockPath = dict[str, list[str]]
"""By file, the functions in it, both in the order of first entry."""


class Recorder:
    """Notes the calls of every thread that starts while it is installed."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._is_on = False

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Record nothing yet, but be there in new threads."""
        threading.setprofile(self._profile)
        try:
            yield
        finally:
            threading.setprofile(None)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Note the calls of a while."""
        self.calls = []
        self._is_on = True
        try:
            yield
        finally:
            self._is_on = False

    def _profile(self, frame: FrameType, event: str, _argument: Any) -> None:
        if self._is_on and event == "call":
            file = Path(frame.f_code.co_filename)
            if file.is_relative_to(SOURCE):
                name = frame.f_code.co_qualname
                self.calls.append((file.relative_to(SOURCE).as_posix(), name))


def measure(database: Database) -> UnlockPath:
    """The path of one unlock on a new connection, with known credentials."""
    tokens = [f"ticket-{number}" for number in range(RECORDINGS)]
    fill(database)
    add_tickets(database, map(listed, ["first", *tokens]))
    recorder = Recorder()
    recordings = []
    log = make_log("json", "info")
    log.info("unlock path")  # starts the thread that writes the log, so that it is not recorded
    with recorder.installed(), serving(database, log=log) as served, ExitStack() as open_until_end:
        for token in ["first", *tokens]:
            with recorder.recording():
                unlock(served.port, token, open_until_end)
            recordings.append(until_second_read(recorder.calls))
    del recordings[0]  # it also has what happens once
    return common(recordings)


def unlock(port: int, token: str, open_until_end: ExitStack) -> None:
    """Unlock a ticket on a new connection, and then send another request.

    Each request is sent in one piece, so that the server reads it at once. When it has read the
    other request, it has finished the unlock.
    """
    connection = socket.create_connection(("127.0.0.1", port))
    open_until_end.enter_context(connection)
    body = json.dumps({"tokens": [token]}).encode()
    length = ("Content-Length", str(len(body)))
    connection.sendall(raw_request([*valid_headers().items(), length], body))
    assert read_answer(connection).status == 200
    connection.sendall(raw_request([], b"", target="/livez", method="GET"))
    assert read_answer(connection).status == 200


def until_second_read(calls: Sequence[Call]) -> list[Call]:
    """The calls before the connection reads for the second time."""
    reads = [at for at, (_, name) in enumerate(calls) if name.endswith(".buffer_updated")]
    return list(calls[: reads[1]])


def common(recordings: Sequence[Sequence[Call]]) -> UnlockPath:
    """The calls that every recording has, without lambdas, comprehensions and inner functions."""
    everywhere = set.intersection(*map(set, recordings))
    path: UnlockPath = {}
    for file, name in recordings[0]:
        functions = path.setdefault(file, []) if (file, name) in everywhere else None
        if functions is not None and "<" not in name and name not in functions:
            functions.append(name)
    return path


def main() -> None:
    """Measure on both engines and write the result."""
    with TemporaryDirectory() as folder, server_url() as url_of:
        postgres = PostgresMaker(url_of)
        measured = {
            "sqlite": measure(SqliteMaker(Path(folder)).migrated("inventory")),
            "postgres": measure(postgres.migrated("inventory")),
        }
        postgres.close()
    MEASURED.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    for engine, path in measured.items():
        sys.stdout.write(f"{engine}: {len(path)} files\n")


if __name__ == "__main__":
    main()
