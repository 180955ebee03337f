"""Workers on a PostgreSQL server, started as a person does, and requests to them."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from prometheus_client.parser import text_string_to_metric_families

from seatlatch.auth.keys import hash_secret
from seatlatch.wiring import engine_of
from tests.provisioning import provisioning
from tests.waiting import until

COMMAND = [sys.executable, "-m", "seatlatch"]
WORKERS = 2
APPLICATION = "com.example.workers"
API_KEY = "workers-api-key"
ACCESS_TOKEN = "workers-access-token"
UNLOCK = "/v1/tickets/unlock"
BODY = b'{"tokens":["unknown"]}'
HEADERS = {
    "User-Agent": "MyApplication/1.0",
    "Authorization": f"Bearer {ACCESS_TOKEN}",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "PAC-Application-ID": APPLICATION,
    "PAC-API-Key": API_KEY,
    "PAC-Channel-Code": "workers",
    "Request-ID": str(uuid4()),
}
DEADLINE_SECONDS = 60


def make_inventory(url_of: Callable[[str], str]) -> str:
    """The URL of a new database on a server, with one application and no tickets."""
    name = f"workers_{uuid4().hex}"
    with psycopg.connect(url_of("postgres"), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0")
    engine = engine_of(url_of(name))
    engine.make_or_migrate("inventory")
    with provisioning(engine.open_store("inventory")) as opened:
        opened.add_organization("1001", "Ours")
        opened.add_channel("workers", "Workers", ["1001"])
        opened.add_application(APPLICATION, "workers")
        opened.add_api_key(APPLICATION, hash_secret(API_KEY.encode()))
        opened.add_access_token(APPLICATION, hash_secret(ACCESS_TOKEN.encode()))
    return url_of(name)


def revoke(url: str) -> None:
    """Revoke the application."""
    with provisioning(engine_of(url).open_store("inventory")) as opened:
        opened.remove_application(APPLICATION)


class Supervised:
    """`seatlatch serve` with workers. Its temporary files go to a folder of its own.

    `standard_error`: the path of a file for it, in place of the log that `log` returns.
    """

    def __init__(
        self, url: str, port: int, standard_error: str | None = None, **settings: str
    ) -> None:
        self.url = url
        self.temporary = Path(tempfile.mkdtemp(prefix="seatlatch-workers-test-"))
        self._log = self.temporary.with_suffix(".log")
        settings = {"WORKERS": str(WORKERS), "PORT": str(port), "RATE_LIMIT": "off", **settings}
        self._log.touch()
        with Path(standard_error or self._log).open("wb") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "serve", "--json", "--database", url],
                env={
                    **{n: v for n, v in os.environ.items() if not n.startswith("SEATLATCH_")},
                    **{f"SEATLATCH_{name}": value for name, value in settings.items()},
                    "TMPDIR": str(self.temporary),
                },
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self.port = port

    def begun(self) -> Any:
        """Wait for its output at the start."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log()
        about = json.loads(line)
        self.port = int(about["url"].rpartition(":")[2])
        return about

    def workers(self) -> set[int]:
        """The current worker processes."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return {int(child) for child in children if is_worker(int(child))}

    def new_workers(self, old: set[int], number: int = WORKERS) -> set[int]:
        """Wait for this many new workers."""
        until(lambda: len(self.workers() - old) == number)
        return self.workers() - old

    def call(self, path: str = "/livez") -> tuple[int, bytes]:
        """Status and body of a GET, or of an unlock, on a new connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_SECONDS)
        try:
            if path == UNLOCK:
                connection.request("PUT", path, BODY, HEADERS)
            else:
                connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def statuses(self, path: str, calls: int) -> Sequence[int]:
        """The results of this many calls, several at once, each on a new connection."""
        with ThreadPoolExecutor(8) as pool:
            return [status for status, _ in pool.map(self.call, [path] * calls)]

    def metric(self, name: str, **labels: str) -> float:
        """One sample of a scrape, 0 if it is absent."""
        families = text_string_to_metric_families(self.call("/metrics")[1].decode())
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def files(self) -> set[str]:
        """Its temporary files."""
        return {file.name for file in self.temporary.rglob("*")}

    def log(self) -> str:
        """All that was written to standard error."""
        return self._log.read_text()

    def replaced(self) -> list[str]:
        """The log lines about replaced workers."""
        lines = [json.loads(line) for line in self.log().splitlines()]
        return [line["reason"] for line in lines if line["event"] == "worker"]

    def close(self) -> None:
        """Stop it, and check that nothing remains."""
        self.process.terminate()
        try:
            self.process.communicate(timeout=DEADLINE_SECONDS)
        finally:
            with suppress(ProcessLookupError):  # all have ended
                os.killpg(self.process.pid, signal.SIGKILL)
            self._log.unlink()
            shutil.rmtree(self.temporary)


@contextmanager
def supervised(
    url: str, port: int = 0, standard_error: str | None = None, **settings: str
) -> Iterator[Supervised]:
    """Workers that serve."""
    service = Supervised(url, port, standard_error, **settings)
    try:
        service.begun()
        yield service
    finally:
        service.close()


def is_worker(pid: int) -> bool:
    """Whether a process is a worker, and not the interpreter's resource tracker."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has just ended
        return False


def imports(pid: int, library: str) -> bool:
    """Whether a process has imported a library."""
    try:
        return library in Path(f"/proc/{pid}/maps").read_text()
    except OSError:  # it has just ended
        return False
