"""Receivers on loopback, in the event loop of the test: they answer as the test says."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple

import msgspec

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


class Received(NamedTuple):
    """A message as it came. `headers` by their names in lower case."""

    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        """The same at all attempts."""
        return self.headers["webhook-id"]

    @property
    def seats(self) -> list[dict[str, Any]]:
        """The seats that it tells of."""
        seats: list[dict[str, Any]] = msgspec.json.decode(self.body)["data"]["seats"]
        return seats

    @property
    def versions(self) -> dict[str, int]:
        """By token its version."""
        return {seat["token"]: seat["version"] for seat in self.seats}


Respond = Callable[[Received], Awaitable[bytes]]
"""The bytes of the answer; none = the connection is cut."""


class Receiver:
    """What has come so far. `respond` may be changed at any time."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.received: list[Received] = []
        self.connections = 0
        self.url = ""
        self._news = asyncio.Condition()

    async def until(self, is_enough: Callable[[list[Received]], bool]) -> list[Received]:
        """All that came, once it is enough."""
        async with asyncio.timeout(30), self._news:
            await self._news.wait_for(lambda: is_enough(self.received))
        return self.received

    async def count(self, messages: int) -> list[Received]:
        """All that came, once there are so many."""
        return await self.until(lambda received: len(received) >= messages)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        self.connections += 1
        try:
            while received := await read_request(reader):
                self.received.append(received)
                async with self._news:
                    self._news.notify_all()
                answer = await self.respond(received)
                if not answer:
                    return
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.transport.abort()


async def read_request(reader: asyncio.StreamReader) -> Received | None:
    """The next request of a connection; None = there is none."""
    head = await reader.read(1)
    if not head:
        return None
    lines = (head + await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    pairs = (line.partition(": ") for line in lines[1:] if line)
    headers = {name.lower(): value for name, _, value in pairs}
    body = await reader.readexactly(int(headers["content-length"]))
    return Received(lines[0].split()[1], headers, body)


async def take(_received: Received) -> bytes:
    """A receiver that takes all."""
    return OK


def answering(status: int, *headers: str) -> Respond:
    """A receiver that always answers so."""
    lines = [f"HTTP/1.1 {status} Whatever", "Content-Length: 0", *headers, "", ""]

    async def respond(_received: Received) -> bytes:
        return "\r\n".join(lines).encode()

    return respond


@asynccontextmanager
async def receiving(respond: Respond = take) -> AsyncIterator[Receiver]:
    """A receiver on a port of its own."""
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
    """A receiver beside the test, which itself waits in no event loop."""
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
