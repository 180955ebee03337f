"""A way to a server that can be blocked: bytes go no further, and nobody is told that it is so."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Passage:
    """One connection on its way: its two gates, to the server and back."""

    def __init__(self) -> None:
        self.there, self.back = asyncio.Event(), asyncio.Event()
        self.writers: list[asyncio.StreamWriter] = []

    def set(self, *, there: bool, back: bool) -> None:
        """Open or shut the gates."""
        for gate, is_open in ((self.there, there), (self.back, back)):
            gate.set() if is_open else gate.clear()


class Way:
    """All methods are for the test's thread; what they do is done when they return."""

    def __init__(self, loop: asyncio.AbstractEventLoop, to_port: int) -> None:
        self._loop = loop
        self._to_port = to_port
        self._passages: list[Passage] = []
        self._is_open = {"there": True, "back": True}
        self._marker: bytes | None = None
        self._then = dict(self._is_open)
        self.struck = threading.Event()
        """The marker has come by."""
        self.port = 0

    def shut(self, *, there: bool = True, back: bool = True, every: int = 1) -> None:
        """Let nothing through to the server, or back; of all connections, or every so-manyth of
        those that there are.
        """
        shut = {"there": not there, "back": not back}

        def do() -> None:
            if every == 1:
                self._is_open = shut
            for passage in self._passages[::every]:
                passage.set(**shut)

        self.do(do)

    def shut_at(self, marker: bytes, *, lets_through: bool) -> None:
        """Shut all once a piece with `marker` goes to the server, before it or behind it."""
        self.struck.clear()
        self._then = {"there": lets_through, "back": False}
        self._marker = marker

    def open(self, *, reset: bool) -> None:
        """All goes on: what was held back comes late, or its connections are reset."""

        def do() -> None:
            if reset:
                for passage in self._passages:
                    for writer in passage.writers:
                        writer.transport.abort()
            self._set_all({"there": True, "back": True})

        self.do(do)

    def _set_all(self, is_open: dict[str, bool]) -> None:
        self._is_open = is_open
        for passage in self._passages:
            passage.set(**is_open)

    def do(self, what: Callable[[], object]) -> None:
        """Have something done where the bytes are carried."""
        done = threading.Event()

        def do() -> None:
            what()
            done.set()

        self._loop.call_soon_threadsafe(do)
        assert done.wait(5)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        passage = Passage()
        passage.set(**self._is_open)
        passage.writers.append(writer)
        self._passages.append(passage)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
            passage.writers.append(far_writer)
            await asyncio.gather(
                self._carry(reader, far_writer, passage, passage.there),
                self._carry(far_reader, writer, passage, passage.back),
            )
        except (OSError, asyncio.CancelledError):  # the server is down, or the test has ended
            pass
        finally:
            self._passages.remove(passage)
            for each in passage.writers:
                each.transport.abort()

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        passage: Passage,
        gate: asyncio.Event,
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                strikes = self._marker and gate is passage.there and self._marker in data
                if strikes and not self._then["there"]:
                    self._strike()
                await gate.wait()
                writer.write(data)
                if strikes and self._then["there"]:
                    self._strike()
        await gate.wait()
        writer.close()

    def _strike(self) -> None:
        self._marker = None
        self._set_all(self._then)
        self.struck.set()


@contextmanager
def way_to(port: int) -> Iterator[Way]:
    """A way to a port of this machine, on a port of its own."""
    ready = threading.Event()
    made: list[tuple[Way, asyncio.Event]] = []

    async def run() -> None:
        way, ending = Way(asyncio.get_running_loop(), port), asyncio.Event()
        server = await asyncio.start_server(way.accept, "127.0.0.1", 0)
        way.port = server.sockets[0].getsockname()[1]
        made.append((way, ending))
        ready.set()
        await ending.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="way")
    thread.start()
    assert ready.wait(5)
    ((way, ending),) = made
    try:
        yield way
    finally:
        way.do(ending.set)
        thread.join(10)
        assert not thread.is_alive()
