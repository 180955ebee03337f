"""Channels that wait for events of the feed, in a process of their own."""

import json
import multiprocessing
import select
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from bench.serving import API_KEY, APPLICATION, CHANNEL, CREDENTIALS
from seatlatch.auth.keys import hash_secret
from seatlatch.store.interface import Transaction

WAIT_SECONDS = 8
READ_BYTES = 1 << 20
ORGANIZATION = "1001"


def credentials_of(channel: int) -> dict[str, str]:
    """The headers of a caller, by the number of its channel; 0 = the one that locks and unlocks."""
    if channel == 0:
        return CREDENTIALS
    return {
        "Authorization": f"Bearer bench-waiter-{channel}",
        "PAC-Application-ID": f"{APPLICATION}.waiter-{channel}",
        "PAC-API-Key": f"{API_KEY}-{channel}",
        "PAC-Channel-Code": f"{CHANNEL}-{channel}",
    }


async def add_channels(transaction: Transaction, count: int) -> None:
    """Add channels with a grant and a caller each, which are numbered from 1."""
    for number in range(1, count + 1):
        headers = credentials_of(number)
        application, code = headers["PAC-Application-ID"], headers["PAC-Channel-Code"]
        await transaction.access.add_channel(code, "Bench", [ORGANIZATION])
        await transaction.access.add_application(application, code)
        key = headers["PAC-API-Key"].encode()
        await transaction.access.add_api_key(application, hash_secret(key))
        token = headers["Authorization"].removeprefix("Bearer ")
        await transaction.access.add_access_token(application, hash_secret(token.encode()))


class _Waiter:
    """A connection on which one request for events follows the other."""

    def __init__(self, port: int, channel: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        headers = {**credentials_of(channel), "Accept": "application/json"}
        lines = [f"{name}: {value}" for name, value in headers.items()]
        self._head = "\r\n".join([*lines, "Host: 127.0.0.1", "User-Agent: Bench/1.0"])
        self._after = "latest"
        self._received = b""

    def send(self, wait_seconds: int = WAIT_SECONDS) -> None:
        """Ask for the next events."""
        query = f"after={quote(self._after, safe='')}&wait={wait_seconds}"
        head = f"GET /v1/events?{query} HTTP/1.1\r\n{self._head}\r\nRequest-ID: {uuid4()}\r\n\r\n"
        self.socket.sendall(head.encode())

    def receive(self) -> int | None:
        """The number of events in the response; None = it is not complete."""
        data = self.socket.recv(READ_BYTES)
        assert data, "closed by the server"
        self._received += data
        head_end = self._received.find(b"\r\n\r\n") + 4
        if head_end < 4:
            return None
        head = self._received[:head_end].lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(self._received) < head_end + length:
            return None
        page = json.loads(self._received[head_end:])
        self._received = b""
        if head.startswith(b"http/1.1 503"):
            return 0
        assert head.startswith(b"http/1.1 200"), head
        self._after = page["next"]
        return len(page["events"])


def _wait_for_events(
    port: int, channels: Sequence[int], ready: Event, responses: Any, events: Any
) -> None:
    """The process of the waiters, which ask again after each response."""
    waiters = [_Waiter(port, channel) for channel in channels]
    by_number = {one.socket.fileno(): one for one in waiters}
    poll = select.epoll()
    for number, waiter in by_number.items():
        waiter.send(0)
        while waiter.receive() is None:
            pass
        poll.register(number, select.EPOLLIN)
        waiter.send()
    ready.set()
    while True:
        for number, _ in poll.poll():
            found = by_number[number].receive()
            if found is not None:
                responses.value += 1
                events.value += found
                by_number[number].send()


class Waiters:
    """The responses and events that the waiters have got so far."""

    def __init__(self, responses: Any, events: Any) -> None:
        self._responses = responses
        self._events = events

    @property
    def counts(self) -> tuple[int, int]:
        """The number of responses and of events so far."""
        return int(self._responses.value), int(self._events.value)


@contextmanager
def waiters(port: int, channels: Sequence[int]) -> Iterator[Waiters]:
    """Run a process in which one waiter waits for each of these channels."""
    ready = multiprocessing.Event()
    responses, events = multiprocessing.Value("q"), multiprocessing.Value("q")
    arguments = (port, channels, ready, responses, events)
    process = multiprocessing.Process(target=_wait_for_events, args=arguments, daemon=True)
    process.start()
    try:
        while not ready.wait(1):
            assert process.is_alive(), "the waiters have ended"
        yield Waiters(responses, events)
    finally:
        process.terminate()
        process.join()
