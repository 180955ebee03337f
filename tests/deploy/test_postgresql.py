"""What stands in front of PostgreSQL: HAProxy, which follows the primary, and pgbouncer."""

import json
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest
import yaml

from tests import web
from tests.cli.commands import running
from tests.deploy.deploying import DEPLOY, file_with, program, running_program
from tests.deploy.proxied import PRIVILEGES, is_open
from tests.ports import free_port
from tests.postgres import _unprivileged
from tests.postgres_database import PostgresDatabase
from tests.serving import UNLOCK, fill, listed, valid_headers
from tests.waiting import until

pytestmark = pytest.mark.slow

PATRONI = DEPLOY / "patroni" / "patroni.yml"
PASSWORD = "secret"


class Node:
    """A node as HAProxy sees it: what Patroni says about it, and a server that sends its name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_primary = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._rest = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.rest_port = self._rest.server_port
        self._sessions: list[socket.socket] = []
        for work in (self._rest.serve_forever, self._accept):
            threading.Thread(target=work, daemon=True).start()

    def close(self) -> None:
        """End it."""
        self._rest.shutdown()
        self._rest.server_close()
        self._listener.shutdown(socket.SHUT_RDWR)
        for each in (self._listener, *self._sessions):
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                session, _ = self._listener.accept()
            except OSError:
                return
            self._sessions.append(session)
            session.sendall(self.name.encode())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        node = self

        class Patroni(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                assert self.path == "/primary"
                self.send_response(200 if node.is_primary else 503)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Patroni


@contextmanager
def postgresql_proxy(nodes: list[Node], folder: Path) -> Iterator[int]:
    """HAProxy of `deploy/` in front of these nodes; its port."""
    port = free_port()
    places = {PRIVILEGES: "", "bind 127.0.0.1:5000": f"bind 127.0.0.1:{port}", " port 8008": ""}
    for number, node in enumerate(nodes, 1):
        places[f"10.0.0.2{number}:5432"] = f"127.0.0.1:{node.port} port {node.rest_port}"
    configuration = folder / "haproxy.cfg"
    configuration.write_text(file_with("haproxy/postgresql.cfg", places))
    command = [program("haproxy", "haproxy"), "-db", "-f", str(configuration)]
    with running_program(command, folder):
        until(lambda: is_open(port))
        yield port


def session_of(port: int) -> tuple[socket.socket, str]:
    """A session through the proxy, and the node that it leads to; "" if it leads nowhere."""
    session = socket.create_connection(("127.0.0.1", port), timeout=30)
    try:
        return session, session.recv(100).decode()
    except ConnectionResetError:
        return session, ""


def wait_for_node(port: int, name: str) -> socket.socket:
    """A session that leads to this node."""

    def attempt() -> socket.socket | None:
        session, node = session_of(port)
        if node == name:
            return session
        session.close()
        return None

    found = until(attempt)
    assert found
    return found


def test_sessions_follow_the_primary(tmp_path: Path) -> None:
    with ExitStack() as stack:
        nodes = [stack.enter_context(closing(Node(name))) for name in ("db1", "db2", "db3")]
        nodes[0].is_primary = True
        port = stack.enter_context(postgresql_proxy(nodes, tmp_path))
        old = stack.enter_context(wait_for_node(port, "db1"))
        nodes[0].is_primary = False
        nodes[1].is_primary = True
        assert old.recv(100) == b"", "the session with the old primary is closed"
        stack.enter_context(wait_for_node(port, "db2"))


@contextmanager
def pgbouncer(server_port: int, database: str) -> Iterator[int]:
    """pgbouncer of `deploy/` in front of a database; its port. It does not run as root."""
    folder = Path(mkdtemp(prefix="seatlatch-pgbouncer-"))
    port = free_port()
    places = {
        "seatlatch = host=127.0.0.1 port=5432": f"seatlatch = host=127.0.0.1 port={server_port}"
        f" dbname={database} user=postgres",
        "listen_port = 6432": f"listen_port = {port}",
        "/etc/pgbouncer/userlist.txt": str(folder / "userlist.txt"),
    }
    (folder / "userlist.txt").write_text(f'"seatlatch" "{PASSWORD}"\n')
    (folder / "pgbouncer.ini").write_text(file_with("pgbouncer/pgbouncer.ini", places))
    user = _unprivileged()
    if user:
        os.chown(folder, user["user"], user["group"])
    command = [program("pgbouncer", "pgbouncer"), "--quiet", str(folder / "pgbouncer.ini")]
    try:
        with running_program(command, folder, **user):
            until(lambda: is_open(port))
            yield port
    finally:
        shutil.rmtree(folder)


@pytest.mark.only_on("postgres")
def test_the_service_works_through_pgbouncer(database: PostgresDatabase) -> None:
    fill(database, [listed("t1")])
    server = psycopg.conninfo.conninfo_to_dict(database.url)
    with pgbouncer(int(str(server["port"])), str(server["dbname"])) as port:
        url = f"postgresql://seatlatch:{PASSWORD}@127.0.0.1:{port}/seatlatch"
        settings = {"SEATLATCH_DATABASE_POOLER": "transaction", "SEATLATCH_DATABASE_URL": url}
        with running("serve", "--port", "0", **settings) as (_, about):
            body = json.dumps({"tokens": ["t1"]})
            answer = web.put(about["url"] + UNLOCK, headers=valid_headers(), content=body)
    assert answer.status_code == 200, answer.text


def test_patroni_keeps_what_was_acknowledged() -> None:
    settings = yaml.safe_load(PATRONI.read_text())["bootstrap"]["dcs"]
    for name in ("synchronous_mode", "synchronous_mode_strict", "failsafe_mode"):
        assert settings[name] is True
    assert settings["loop_wait"] + 2 * settings["retry_timeout"] <= settings["ttl"]
    assert settings["postgresql"]["parameters"]["synchronous_commit"] == "on"
