"""pgbouncer in transaction mode before a test's PostgreSQL: two connections to a database."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import psycopg

from tests.ports import free_port
from tests.postgres import PostgresServer, _unprivileged
from tests.requirements import missing

NO_POOLER = "There is no pgbouncer for these tests: install the package pgbouncer."
BEGIN_SECONDS = 10
CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server_port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
ignore_startup_parameters = {ignored}
logfile = {folder}/log
"""


def binary() -> str:
    """Where it is. Skips the test where it isn't, but fails where nothing may be left out."""
    found = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
    if not found:
        missing(NO_POOLER)
    return found


@contextmanager
def pooler(server: PostgresServer, ignored: str = "") -> Iterator[str]:
    """The URL of each of the server's databases by way of it, with `{name}` in it.

    `ignored`: names of startup parameters that it drops instead of refusing the connection.
    """
    command = binary()
    folder = Path(tempfile.mkdtemp(prefix="seatlatch-pooler-"))
    user = _unprivileged()  # it refuses to run as root
    if user:
        os.chown(folder, user["user"], user["group"])
    port = free_port()
    file = folder / "pgbouncer.ini"
    file.write_text(
        CONFIGURATION.format(port=port, server_port=server.port, folder=folder, ignored=ignored)
    )
    file.chmod(0o644)
    process = subprocess.Popen([command, "--quiet", file], cwd=folder, **user)
    try:
        wait_until_it_listens(port, process)
        yield f"postgresql://postgres@127.0.0.1:{port}/{{name}}"
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def wait_until_it_listens(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = monotonic() + BEGIN_SECONDS
    while True:
        assert process.poll() is None and monotonic() < deadline, "pgbouncer does not begin"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return


def is_shared(url: str) -> bool:
    """Whether a session is given another process from one transaction to the next."""
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        return row is not None and row[0] != connection.info.backend_pid
