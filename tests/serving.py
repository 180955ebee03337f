"""A real server on a real socket for tests: the service as wired, in a thread of the test's."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import httpx

from seatlatch.assembly import SITE, build_app
from seatlatch.auth.keys import hash_secret
from seatlatch.domain.operator import Operator, Role
from seatlatch.http.acceptor import listen
from seatlatch.http.server import DEFAULT_LIMITS, Application, Server, ServerLimits
from seatlatch.logs import Log, make_log
from seatlatch.metrics import Metrics
from seatlatch.settings import read_settings
from seatlatch.sink import STANDARD_ERROR
from seatlatch.store.interface import Store
from seatlatch.store.tickets import NewTicket
from tests.databases import Clock, Database
from tests.sqlite_database import SqliteDatabase
from tests.web import TLS

ORGANIZATION = "1001"
FOREIGN_ORGANIZATION = "2002"
CHANNEL = "test-channel"
OTHER_CHANNEL = "other-channel"
APPLICATION = "com.example.test"
OTHER_APPLICATION = "com.example.other"
API_KEY = "test-api-key"
OTHER_API_KEY = "other-api-key"
ACCESS_TOKEN = "test-access-token"
OTHER_ACCESS_TOKEN = "other-access-token"
OPERATOR = "box-office"
OPERATOR_KEY = "test-operator-key"
ADMINISTRATOR = "administrator"
ADMIN_KEY = "test-admin-key"
OWNER = "234567"
UNLOCK = "/v1/tickets/unlock"
LOCK = "/v1/tickets/lock"
VERIFY = "/v1/tickets/verify"
TOKEN = "/v1/auth/token"

START_SECONDS = 30.0


def valid_headers(**changes: str | None) -> dict[str, str]:
    """The document's headers, all right; `changes` by name with _ for -, None removes one."""
    headers = {
        "User-Agent": "MyApplication/1.0",
        "Authorization": f"Bearer {ACCESS_TOKEN}",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
        "PAC-Application-ID": APPLICATION,
        "PAC-API-Key": API_KEY,
        "PAC-Channel-Code": CHANNEL,
        "Request-ID": str(uuid4()),
    }
    by_key = {name.lower().replace("-", "_"): name for name in headers}
    for key, value in changes.items():
        name = by_key[key.lower()]
        if value is None:
            del headers[name]
        else:
            headers[name] = value
    return headers


def fill(database: Database, tickets: Iterable[NewTicket] = ()) -> None:
    """Put into a database two channels with applications, two operators, and these tickets.

    CHANNEL has a grant for ORGANIZATION alone, OTHER_CHANNEL for both organizations.
    """
    database.begin_with(_add_callers)
    tickets = list(tickets)
    if tickets:
        add_tickets(database, tickets)


def _add_callers(database: Database) -> None:
    with database.provisioning() as provisioning:
        provisioning.add_organization(ORGANIZATION, "Ours")
        provisioning.add_organization(FOREIGN_ORGANIZATION, "Another")
        provisioning.add_channel(CHANNEL, "Test", [ORGANIZATION])
        provisioning.add_channel(OTHER_CHANNEL, "Other", [ORGANIZATION, FOREIGN_ORGANIZATION])
        provisioning.add_application(APPLICATION, CHANNEL)
        provisioning.add_application(OTHER_APPLICATION, OTHER_CHANNEL)
        provisioning.add_api_key(APPLICATION, hash_secret(API_KEY.encode()))
        provisioning.add_api_key(OTHER_APPLICATION, hash_secret(OTHER_API_KEY.encode()))
        provisioning.add_access_token(APPLICATION, hash_secret(ACCESS_TOKEN.encode()))
        provisioning.add_access_token(OTHER_APPLICATION, hash_secret(OTHER_ACCESS_TOKEN.encode()))
        provisioning.add_operator(Operator(OPERATOR, Role.BOX_OFFICE))
        provisioning.add_operator_key(OPERATOR, hash_secret(OPERATOR_KEY.encode()))
        provisioning.add_operator(Operator(ADMINISTRATOR, Role.ADMIN))
        provisioning.add_operator_key(ADMINISTRATOR, hash_secret(ADMIN_KEY.encode()))


def make_inventory(path: Path, tickets: Iterable[NewTicket] = ()) -> SqliteDatabase:
    """A new SQLite file that was filled, for tests of files."""
    database = SqliteDatabase.made(path)
    fill(database, tickets)
    return database


def add_tickets(database: Database, tickets: Iterable[NewTicket]) -> None:
    """More tickets, while a server may run."""
    with database.provisioning() as provisioning:
        provisioning.add_tickets(tickets)


def listed(token: str, channel: str = CHANNEL) -> NewTicket:
    """A ticket with mpreserve set by a channel."""
    return NewTicket(token, ORGANIZATION, OWNER, mpreserve_channel=channel)


class Answered(NamedTuple):
    """What came back on a raw socket. `status` 0: the server closed without an answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        return next((value for key, value in self.headers if key == name.lower()), None)


class Served:
    """A running server: its port, its database, and ways to call it."""

    def __init__(self, port: int, database: Database, metrics: Metrics) -> None:
        self.port = port
        self.database = database
        self.metrics = metrics
        self.url = f"http://127.0.0.1:{port}"
        # With an expiry, a thread may close a connection that another one begins to use.
        limits = httpx.Limits(keepalive_expiry=None)
        self.client = httpx.Client(
            base_url=self.url, timeout=10, trust_env=False, verify=TLS, limits=limits
        )

    def unlock(self, *tokens: Any, **changes: str | None) -> httpx.Response:
        """Unlock these tokens with valid headers, but for `changes` (see `valid_headers`)."""
        return self.put({"tokens": list(tokens)}, **changes)

    def put(self, body: Any, **changes: str | None) -> httpx.Response:
        """PUT /v1/tickets/unlock; `body` as bytes, or what is to become JSON."""
        return self.call("PUT", UNLOCK, body, **changes)

    def lock(self, *tokens: str, **changes: str | None) -> httpx.Response:
        """Lock these tokens for the owner's own listing, of which nothing else is said."""
        listing = {"tokens": [{"token": token} for token in tokens]}
        return self.call("PUT", LOCK, {"source": "MY_ACCOUNT", "listing": listing}, **changes)

    def verify(self, *tokens: str, **changes: str | None) -> httpx.Response:
        """Verify these tokens."""
        return self.call("POST", VERIFY, {"tickets": {"tokens": tokens}}, **changes)

    def verify_barcodes(
        self, access_id: str, *barcodes: str, **changes: str | None
    ) -> httpx.Response:
        """Verify the tickets of these barcodes within an access id."""
        asked = {"barcodes": barcodes, "accessId": access_id}
        return self.call("POST", VERIFY, {"tickets": asked}, **changes)

    def token(self, body: Any, **changes: str | None) -> httpx.Response:
        """Exchange a code or refresh token, with none but the headers that this call needs."""
        none = dict.fromkeys(("authorization", "pac_api_key", "pac_channel_code"))
        return self.call("POST", TOKEN, body, **{**none, **changes})

    def call(self, method: str, path: str, body: Any, **changes: str | None) -> httpx.Response:
        """A /v1 call; `body` as bytes, or what is to become JSON."""
        content = body if isinstance(body, bytes) else httpx.Request("PUT", "/", json=body).content
        return self.send(path, method, valid_headers(**changes), content)

    def send(
        self, path: str, method: str, headers: Mapping[str, str], content: bytes = b""
    ) -> httpx.Response:
        """A request with these headers and no default ones but Host and Content-Length."""
        request = self.client.build_request(method, path, content=content)
        for name in ("accept", "accept-encoding", "user-agent", "connection"):
            del request.headers[name]
        request.headers.update(headers)
        return self.client.send(request)

    def raw(self, request: bytes, *, half_close: bool = False, timeout: float = 10) -> Answered:
        """Send bytes as they are, and read one answer or the end of the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.sendall(request)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            return read_answer(connection)


def read_answer(connection: socket.socket) -> Answered:
    """One answer by its Content-Length, or status 0 if the server closed first."""
    received = b""
    while b"\r\n\r\n" not in received:
        data = connection.recv(65536)
        if not data:
            return Answered(0, [], received)
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = [
        (name.lower(), value.strip())
        for name, _, value in (line.partition(":") for line in lines[1:])
    ]
    answer = Answered(int(lines[0].split(" ")[1]), headers, body)
    length = int(answer.header("content-length") or 0)
    while len(body) < length:
        data = connection.recv(65536)
        if not data:
            break
        body += data
    return answer._replace(body=body)


def raw_request(
    headers: Iterable[tuple[str, str | bytes]],
    body: bytes,
    *,
    target: str = UNLOCK,
    method: str = "PUT",
) -> bytes:
    """The bytes of a request with exactly these headers, in this order, repeats included."""
    lines = [f"{method} {target} HTTP/1.1".encode(), b"Host: 127.0.0.1"]
    for name, value in headers:
        text = value if isinstance(value, bytes) else value.encode("latin-1")
        lines.append(name.encode() + b": " + text)
    return b"\r\n".join([*lines, b"", b""]) + body


@contextmanager
def serving(
    database: Database,
    *,
    at: datetime | Clock | None = None,
    around: Callable[[Store], Store] | None = None,
    log: Log | None = None,
    site: Path = SITE,
    limits: ServerLimits = DEFAULT_LIMITS,
    **settings: str,
) -> Iterator[Served]:
    """Serve a database with these settings (by field), and stop in order at the end.

    `at`: the moment or clock that it goes by; `around`: what is put around its store; `site`: the
    folder of its pages; `limits`: the server's. The rate limit is off unless it is set.
    """
    options = {"rate_limit": "off", "database_url": database.url, **settings}
    metrics = Metrics()
    store = database.store(at)
    if around:
        store = around(store)
    log = log or make_log("json", "error")
    app = build_app(read_settings({}, options), store, log, metrics, site=site)
    with served_by(app, log, metrics, limits) as port:
        served = Served(port, database, metrics)
        try:
            yield served
        finally:
            served.client.close()


@contextmanager
def served_by(
    app: Application,
    log: Log,
    metrics: Metrics,
    limits: ServerLimits = DEFAULT_LIMITS,
) -> Iterator[int]:
    """Run a server of an application in a thread; its port. It serves when this returns."""
    server = Server(app, log, metrics, limits)
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    serves = threading.Event()
    thread = threading.Thread(target=server.run, args=(listener, serves.set), name="server")
    thread.start()
    try:
        assert serves.wait(START_SECONDS)
        yield port
    finally:
        server.stop()
        thread.join(timeout=30)
        listener.close()
        assert not thread.is_alive(), "the server did not stop"
        STANDARD_ERROR.flush()
