"""The console in a benchmark: an event with seats, a person who signs in, and people who watch."""

import json
import multiprocessing
import re
import select
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from multiprocessing.synchronize import Event
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlencode

import apsw
import psycopg

from seatlatch.auth.keys import hash_secret
from seatlatch.domain.operator import Operator, Role
from seatlatch.store.interface import Transaction
from seatlatch.wiring import with_store

SETTINGS = {"SEATLATCH_CONSOLE": "on"}
PERSON_KEY = "bench-person-key"
EVENT = "/console/events/1001/EVENT"
STATES = "/console/seat-states?organizationId=1001&accessId=EVENT"
PAUSE_SECONDS = 0.65
"""How long the map's script waits between a response and its next request."""

OPENING_SECONDS = 0.1
"""The time between two people who open the map."""

ROW_SEATS = 20
SECTION_SEATS = 400
READ_BYTES = 1 << 20
ARRANGE = f"""
UPDATE tickets SET {{section}} "row" = CAST(1 + n % {SECTION_SEATS} / {ROW_SEATS} AS text),
  seat = CAST(1 + n % {ROW_SEATS} AS text)
FROM (SELECT token AS numbered, row_number() OVER (ORDER BY token) - 1 AS n FROM tickets) AS places
WHERE token = numbered
"""
SECTIONS = f"section = CAST(101 + n / {SECTION_SEATS} AS text),"


async def add_person(transaction: Transaction) -> None:
    """Add a person who may sign in to the console."""
    await transaction.access.add_operator(Operator("bench", Role.ADMIN))
    await transaction.access.add_operator_key("bench", hash_secret(PERSON_KEY.encode()))


def prepare(url: str, *, has_sections: bool) -> None:
    """Add the person, and give every ticket a row and a seat; and a section, unless sections say
    how to restore the inventory.
    """
    with_store(url, lambda store: store.commit(add_person))
    sql = ARRANGE.format(section=SECTIONS if has_sections else "")
    if url.startswith("sqlite:///"):
        connection = apsw.Connection(url.removeprefix("sqlite:///"))
        connection.execute(sql)
        connection.close()
    else:
        with psycopg.connect(url, autocommit=True) as session:
            session.execute("SET search_path = seatlatch")
            session.execute(sql.encode())
            session.execute("VACUUM FULL seatlatch.tickets")
            session.execute("VACUUM ANALYZE seatlatch.tickets")


class Person:
    """A person who is signed in, on one connection."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        form = urlencode({"key": PERSON_KEY})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        response = self._ask("POST", "/console/sign-in", form, headers)
        assert response.status == 303, response.status
        self.cookie = response.headers["Set-Cookie"].partition(";")[0]

    def get(self, path: str) -> bytes:
        """The body of a page or of data, compressed if it is large."""
        headers = {"Cookie": self.cookie, "Accept-Encoding": "gzip", "Accept": "*/*"}
        response = self._ask("GET", path, None, headers)
        assert response.status == 200, response.status
        return self._body

    def data(self, path: str) -> Any:
        """The JSON of data."""
        body = self.get(path)
        return json.loads(zlib.decompress(body, 31) if body[:2] == b"\x1f\x8b" else body)

    def open_map(self) -> None:
        """Open the map as a browser does."""
        self.get(EVENT)
        self.get(EVENT + "/layout")
        self.get(STATES)

    def _ask(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> HTTPResponse:
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        self._body = response.read()
        return response


AT = re.compile(rb'"at":"([^"]*)"')


class _Watcher:
    """A socket on which one request for changes follows the other, as from the map's script."""

    def __init__(self, port: int, cookie: str, map_id: str, at: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._head = f"Host: 127.0.0.1\r\nCookie: {cookie}\r\nAccept-Encoding: gzip\r\n\r\n"
        self._map_id = map_id
        self._at = at
        self._received = b""

    def send(self) -> None:
        """Ask for the next change."""
        query = urlencode({"map": self._map_id, "after": self._at})
        self.socket.sendall(f"GET {STATES}&{query} HTTP/1.1\r\n{self._head}".encode())

    def receive(self) -> bool:
        """Whether the response is complete."""
        data = self.socket.recv(READ_BYTES)
        assert data, "closed by the server"
        self._received += data
        head_end = self._received.find(b"\r\n\r\n") + 4
        if head_end < 4:
            return False
        head = self._received[:head_end].lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(self._received) < head_end + length:
            return False
        assert head.startswith(b"http/1.1 200"), head
        body = self._received[head_end:]
        if b"content-encoding: gzip" in head:
            body = zlib.decompressobj(31).decompress(body, 500)
        found = AT.search(body)
        assert found, body[:200]
        self._at = found[1].decode()
        self._received = b""
        return True


def _watch(
    port: int, count: int, cookie: str, map_id: str, on: Event, ready: Event, answers: Any
) -> None:
    """The process of the watchers: they ask while `on` is set."""
    at = Person(port).data(STATES)["at"]
    watchers = [_Watcher(port, cookie, map_id, at) for _ in range(count)]
    by_number = {one.socket.fileno(): one for one in watchers}
    poll = select.epoll()
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    waiting: list[_Watcher] = list(watchers)
    due = 0.0
    while True:
        if on.is_set() and monotonic() >= due:
            for one in waiting:
                one.send()
            waiting = []
        ready.set()
        for number, _ in poll.poll(PAUSE_SECONDS):
            if by_number[number].receive():
                answers.value += 1
                waiting.append(by_number[number])
                due = monotonic() + PAUSE_SECONDS


class Watchers:
    """People who watch the map, in a process of their own. They begin when `on` is set."""

    def __init__(self, on: Event, answers: Any) -> None:
        self.on = on
        self._answers = answers

    @property
    def answers(self) -> int:
        """How many responses they have got so far."""
        return int(self._answers.value)


@contextmanager
def watchers(port: int, count: int) -> Iterator[Watchers]:
    """Run a process with this many people who watch the map."""
    person = Person(port)
    map_id = person.data(STATES)["map"]
    on, ready, answers = (
        multiprocessing.Event(),
        multiprocessing.Event(),
        multiprocessing.Value("q"),
    )
    arguments = (port, count, person.cookie, map_id, on, ready, answers)
    process = multiprocessing.Process(target=_watch, args=arguments, daemon=True)
    process.start()
    try:
        assert ready.wait(30)
        yield Watchers(on, answers)
    finally:
        process.terminate()
        process.join()


def _open(port: int, count: int, ready: Event, begin: Event, opened: Any) -> None:
    """The process of people who open the map at once."""
    people = [Person(port) for _ in range(count)]
    ready.set()
    begin.wait()
    threads = [threading.Thread(target=person.open_map) for person in people]
    for thread in threads:
        thread.start()
        sleep(OPENING_SECONDS)
    for thread in threads:
        thread.join()
    opened.value = count


@contextmanager
def openers(port: int, count: int) -> Iterator[Event]:
    """Run a process with people who open the map shortly after each other when the event is set.
    Waits for them at the end, unless it was not set.
    """
    ready, begin, opened = (
        multiprocessing.Event(),
        multiprocessing.Event(),
        multiprocessing.Value("q"),
    )
    arguments = (port, count, ready, begin, opened)
    process = multiprocessing.Process(target=_open, args=arguments, daemon=True)
    process.start()
    try:
        assert ready.wait(60)
        yield begin
        if begin.is_set():
            process.join(60)
            assert opened.value == count, "not all have opened the map"
    finally:
        process.terminate()
        process.join()
