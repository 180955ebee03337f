"""A proxy before the service that makes trouble: it delays, resets, cuts off, and answers 5xx.

It passes requests of HTTP/1.1 with a Content-Length on, one connection behind for each before.
"""

import asyncio
import socket
import struct
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from random import Random
from typing import NamedTuple

BUSY = b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 4\r\n\r\nbusy"
BAD_GATEWAY = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n"
    b"<html>no</html>"
)
TIMED_OUT = b"HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n"

FAULTS = (
    "delay",
    "reset before",
    "reset after",
    "half-close before",
    "half an answer",
    "no answer, but worked",
    "503 before",
    "502 before",
    "504 after",
    "close when idle",
)
"""What is done to a request. `after`: the service has worked it, and its answer is lost."""


class Streams(NamedTuple):
    """A connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class FaultyProxy:
    """Where it is, and what it did. `share` of the requests meet a fault, drawn by `seed`."""

    def __init__(self, port_behind: int, share: float, seed: int) -> None:
        self._port_behind = port_behind
        self._share = share
        self._random = Random(seed)
        self.port = 0
        self.done: Counter[str] = Counter()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        before = Streams(reader, writer)
        try:
            async with self._behind() as behind:
                while await self._pass_on(before, behind):
                    pass
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has gone away
        finally:
            writer.close()

    @asynccontextmanager
    async def _behind(self) -> AsyncIterator[Streams]:
        streams = Streams(*await asyncio.open_connection("127.0.0.1", self._port_behind))
        try:
            yield streams
        finally:
            streams.writer.close()

    async def _pass_on(self, before: Streams, behind: Streams) -> bool:
        """One request and its answer. Whether the connection goes on."""
        request = await message(before.reader)
        fault = self._random.choice(FAULTS) if self._random.random() < self._share else "none"
        self.done[fault] += 1
        if fault == "reset before":
            reset(before)
            return False
        if fault == "half-close before":
            before.writer.write_eof()
            return False
        if fault in ("503 before", "502 before"):
            before.writer.write(BUSY if fault.startswith("503") else BAD_GATEWAY)
            return True
        if fault == "delay":
            await asyncio.sleep(self._random.random() * 0.05)
        behind.writer.write(request)
        answer = await message(behind.reader)
        if fault == "reset after":
            reset(before)
        elif fault == "half an answer":
            before.writer.write(answer[: self._random.randrange(1, len(answer))])
        elif fault == "504 after":
            before.writer.write(TIMED_OUT)
        elif fault != "no answer, but worked":
            before.writer.write(answer)
        await before.writer.drain() if fault != "reset after" else None
        return fault in ("none", "delay", "504 after")


def reset(streams: Streams) -> None:
    """End a connection by RST."""
    kernels: socket.socket = streams.writer.get_extra_info("socket")
    kernels.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    streams.writer.transport.abort()


async def message(reader: asyncio.StreamReader) -> bytes:
    """A request or an answer with a Content-Length."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    return head + await reader.readexactly(lengths[0] if lengths else 0)


@contextmanager
def faulty_proxy(port_behind: int, share: float, seed: int) -> Iterator[FaultyProxy]:
    """Run one in a thread of its own."""
    proxy = FaultyProxy(port_behind, share, seed)
    ready, done = threading.Event(), threading.Event()

    async def run() -> None:
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        ready.set()
        await asyncio.to_thread(done.wait)
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert ready.wait(10)
        yield proxy
    finally:
        done.set()
        thread.join()
