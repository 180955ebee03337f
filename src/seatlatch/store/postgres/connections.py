"""The connections of a running server: opened when needed, closed after any error.

Nothing has to be restarted when the database comes back, and no caller waits longer than it takes
to find out that the database can't be reached.

See decision 60.
"""

import asyncio
import select
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import psycopg

from seatlatch.domain.refusal import Unavailable
from seatlatch.store.postgres.connecting import (
    CONNECT_SECONDS_MAX,
    SESSION_COLUMNS,
    Address,
    commit_durably,
    set_locally,
    shut,
)
from seatlatch.store.postgres.connection import Connection, Statement
from seatlatch.store.postgres.distribution import beginning, is_distributed
from seatlatch.store.postgres.errors import IN_THE_WAY

PAUSED_SECONDS = 0.1
"""A time limit that is noticed later than this was noticed by a process that was paused itself."""

MORE_SECONDS = 0.5
"""How much longer such a process waits for a result."""


class Connections:
    """At most `most` connections at once, attempts included. `begin` begins each of their
    transactions, with `settings`.
    """

    def __init__(self, address: Address, most: int, begin: str, settings: dict[str, str]) -> None:
        self._address = address
        self._settings = settings
        self.is_distributed = False
        self.begin = [Statement(begin)]
        """The first statements of a transaction."""
        if address.pooled:
            self.begin.append(Statement(set_locally(settings)))
            self.begin.append(Statement(commit_durably(locally=True)))
        self._free = asyncio.Semaphore(most)
        self._idle: list[Connection] = []
        self._in_use: set[Connection] = set()
        self._attempts: list[asyncio.Task[Connection]] = []
        """Connection attempts whose caller has stopped waiting. The next caller continues one."""
        self._closed = False

    @asynccontextmanager
    async def borrowed(self, deadline: float) -> AsyncIterator[Connection]:
        """One connection, outside of a transaction. It is kept for the next caller only if it is
        returned outside of a transaction and without an error, which its settings may cause.

        `deadline`: by the event loop's clock. Raises `Unavailable` if none is free by then, and
        `psycopg.Error`.
        """
        try:
            async with asyncio.timeout_at(deadline):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable("The database responds too slowly. Retry the request.") from None
        try:
            connection = await self._alive() or await self._made(deadline)
            self._in_use.add(connection)
            try:
                yield connection
            except psycopg.Error as error:
                if not isinstance(error, IN_THE_WAY):
                    await connection.close()
                raise
            finally:
                self._in_use.remove(connection)
                await self._put_back(connection)
        finally:
            self._free.release()

    async def _alive(self) -> Connection | None:
        """An idle connection. Connections that ended while idle are closed."""
        for made in [attempt for attempt in self._attempts if attempt.done()]:
            self._attempts.remove(made)
            if made.exception() is None:
                self._idle.append(made.result())
        while self._idle:
            connection = self._idle.pop()
            if not has_unread_data(connection):
                return connection
            await connection.close()
        return None

    async def _made(self, deadline: float) -> Connection:
        """A new connection. The attempt continues if the caller stops waiting."""
        loop = asyncio.get_running_loop()
        making = self._attempts.pop() if self._attempts else loop.create_task(self._connect())
        try:
            done, _ = await asyncio.wait({making}, timeout=deadline - loop.time())
        except asyncio.CancelledError:
            self._attempts.append(making)
            raise
        if not done:
            self._attempts.append(making)
            raise Unavailable("The database can't be reached. Retry the request.")
        return making.result()

    async def _connect(self) -> Connection:
        parameters = self._address.parameters(self._settings, CONNECT_SECONDS_MAX)
        if not self._address.pooled:
            parameters["prepare_threshold"] = 0  # every statement is repeated
        connection = await Connection.connect(**parameters)
        self._address.hosts.note_connected(connection.info.get_parameters())
        connection.prepares = not self._address.pooled
        await self._prepare(connection)
        return connection

    async def _prepare(self, connection: Connection) -> None:
        """Check a new connection, and make it commit durably. The time limit is the one for
        connecting.
        """
        try:
            with cut_at(asyncio.get_running_loop().time() + CONNECT_SECONDS_MAX, connection):
                if not self._address.pooled:
                    await _prepare_session(connection)
                connection.is_distributed = await is_distributed(connection)
        except BaseException:
            await connection.close()
            raise
        if connection.is_distributed and not self.is_distributed:
            self.is_distributed = True
            self.begin += beginning(self._settings)

    async def _put_back(self, connection: Connection) -> None:
        if connection.is_idle and not self._closed:
            self._idle.append(connection)
        else:
            await connection.close()

    async def close(self) -> None:
        """Close all connections, also those in use: a caller that waits for a result gets an error.

        This does not interrupt a COMMIT: the server completes it on its own.
        """
        self._closed = True
        for connection in self._in_use:
            shut(connection)
        for attempt in self._attempts:
            attempt.cancel()
        attempts = await asyncio.gather(*self._attempts, return_exceptions=True)
        made = [connection for connection in attempts if isinstance(connection, Connection)]
        for connection in (*self._idle, *made):
            await connection.close()


async def _prepare_session(connection: Connection) -> None:
    # Not prepared: behind an undeclared pooler that could fail before the check.
    session = await connection.execute(f"SELECT {SESSION_COLUMNS}".encode(), prepare=False)
    if session.pgresult:
        connection.note_session(session.pgresult)
    await connection.execute(commit_durably(locally=False).encode())


def has_unread_data(connection: Connection) -> bool:
    """Whether the server sent anything on its own: the end of the connection, or its reason."""
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return bool(poll.poll(0))


@contextmanager
def cut_at(deadline: float, connection: Connection) -> Iterator[None]:
    """Shut down the connection at `deadline`: the statement that runs inside fails with an error.

    Never asks the server to cancel it: the server may be frozen, and a COMMIT must not be
    cancelled.
    """
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def cut() -> None:
        nonlocal timer
        if loop.time() - deadline > PAUSED_SECONDS:
            # This process was paused, not the server. The result may have arrived meanwhile, but
            # the task that waits for it has not run yet.
            timer = loop.call_later(MORE_SECONDS, shut, connection)
        else:
            shut(connection)

    timer = loop.call_at(deadline, cut)
    try:
        yield
    finally:
        timer.cancel()
