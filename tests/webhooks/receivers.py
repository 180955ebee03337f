"""Receivers on loopback, in the event loop of the test, with the responses of the test."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple

import msgspec

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


class Received(NamedTuple):
    """A received message. `headers` by their names in lower case."""

    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        """Its id, the same in all attempts."""
        return self.headers["webhook-id"]

    @property
    def seats(self) -> list[dict[str, Any]]:
        """Its seats."""
        seats: list[dict[str, Any]] = msgspec.json.decode(self.body)["data"]["seats"]
        return seats

    @property
    def versions(self) -> dict[str, int]:
        """The version of each token."""
        return {seat["token"]: seat["version"] for seat in self.seats}


Respond = Callable[[Received], Awaitable[bytes]]
"""Returns the bytes of the response; empty = the connection is closed."""


class Receiver:
    """The messages so far. `respond` may be changed at any time."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.received: list[Received] = []
        self.connections = 0
        self.url = ""
        self._arrived = asyncio.Condition()

    async def until(self, is_enough: Callable[[list[Received]], bool]) -> list[Received]:
        """Wait until the received messages are enough, and return them."""
        async with asyncio.timeout(30), self._arrived:
            await self._arrived.wait_for(lambda: is_enough(self.received))
        return self.received

    async def count(self, messages: int) -> list[Received]:
        """Wait for this many messages, and return them."""
        return await self.until(lambda received: len(received) >= messages)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        try:
            while received := await read_request(reader):
                self.received.append(received)
                async with self._arrived:
                    self._arrived.notify_all()
                response = await self.respond(received)
                if not response:
                    return
                writer.write(response)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.transport.abort()


async def read_request(reader: asyncio.StreamReader) -> Received | None:
    """The next request of a connection; None = the client has closed it."""
    head = await reader.read(1)
    if not head:
        return None
    lines = (head + await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    pairs = (line.partition(": ") for line in lines[1:] if line)
    headers = {name.lower(): value for name, _, value in pairs}
    body = await reader.readexactly(int(headers["content-length"]))
    return Received(lines[0].split()[1], headers, body)


async def take(_received: Received) -> bytes:
    """Accept every message."""
    return OK


def answering(status: int, *headers: str) -> Respond:
    """A receiver that always responds with this status."""
    lines = [f"HTTP/1.1 {status} Whatever", "Content-Length: 0", *headers, "", ""]

    async def respond(_received: Received) -> bytes:
        return "\r\n".join(lines).encode()

    return respond


@asynccontextmanager
async def receiving(respond: Respond = take) -> AsyncIterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver(respond)
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        connections.add(task)
        try:
            await receiver.serve(reader, writer)
        except asyncio.CancelledError:
            return
        finally:
            connections.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/seats"
    try:
        yield receiver
    finally:
        server.close()
        running = list(connections)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


@contextmanager
def receiver_in_thread(respond: Respond) -> Iterator[Receiver]:
    """A receiver in a thread, for a test without an event loop."""
    ready: list[tuple[Receiver, asyncio.AbstractEventLoop, asyncio.Event]] = []
    begun = threading.Event()

    async def main() -> None:
        async with receiving(respond) as receiver:
            end = asyncio.Event()
            ready.append((receiver, asyncio.get_running_loop(), end))
            begun.set()
            await end.wait()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert begun.wait(10)
    ((receiver, loop, end),) = ready
    try:
        yield receiver
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(10)
