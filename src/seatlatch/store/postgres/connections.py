"""A few connections of a running server: made when one is needed, dropped when in doubt.

So nothing has to be restarted when the database comes back, and nobody waits for one that is away
any longer than it takes to find that out.
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
from seatlatch.store.postgres.errors import IN_THE_WAY


class Connections:
    """At most `most` connections at once, attempts included. `begin` begins each of their
    transactions, in which `settings` are in force.
    """

    def __init__(self, address: Address, most: int, begin: str, settings: dict[str, str]) -> None:
        self._address = address
        self._settings = settings
        self.begin = [Statement(begin)]
        """What is to be said first in a transaction."""
        if address.pooled:
            self.begin.append(Statement(set_locally(settings)))
            self.begin.append(Statement(commit_durably(locally=True)))
        self._free = asyncio.Semaphore(most)
        self._idle: list[Connection] = []
        self._lent: set[Connection] = set()
        self._attempts: list[asyncio.Task[Connection]] = []
        """For whom nobody waits any more. Whoever needs a connection next goes on with one."""
        self._closed = False

    @asynccontextmanager
    async def borrowed(self, deadline: float) -> AsyncIterator[Connection]:
        """One connection, outside of a transaction. Kept for the next only if it comes back so,
        and without trouble: what it was told when it was made may be what the trouble is.

        `deadline`: by the loop's clock. Raises `Unavailable` if none can be had until then, and
        `psycopg.Error`.
        """
        try:
            async with asyncio.timeout_at(deadline):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable("The database is slow to answer. Send the request again.") from None
        try:
            connection = await self._alive() or await self._made(deadline)
            self._lent.add(connection)
            try:
                yield connection
            except psycopg.Error as error:
                if not isinstance(error, IN_THE_WAY):
                    await connection.close()
                raise
            finally:
                self._lent.remove(connection)
                await self._put_back(connection)
        finally:
            self._free.release()

    async def _alive(self) -> Connection | None:
        """One that is there already. Those that died while nobody used them are dropped."""
        for made in [attempt for attempt in self._attempts if attempt.done()]:
            self._attempts.remove(made)
            if made.exception() is None:
                self._idle.append(made.result())
        while self._idle:
            connection = self._idle.pop()
            if not has_news(connection):
                return connection
            await connection.close()
        return None

    async def _made(self, deadline: float) -> Connection:
        """A new one. The attempt goes on if nobody waits for it any more."""
        loop = asyncio.get_running_loop()
        making = self._attempts.pop() if self._attempts else loop.create_task(self._connect())
        try:
            done, _ = await asyncio.wait({making}, timeout=deadline - loop.time())
        except asyncio.CancelledError:
            self._attempts.append(making)
            raise
        if not done:
            self._attempts.append(making)
            raise Unavailable("The database can't be reached. Send the request again.")
        return making.result()

    async def _connect(self) -> Connection:
        parameters = self._address.parameters(self._settings, CONNECT_SECONDS_MAX)
        if not self._address.pooled:
            parameters["prepare_threshold"] = 0  # every statement comes again and again
        connection = await Connection.connect(**parameters)
        self._address.hosts.answered(connection.info.get_parameters())
        connection.prepares = not self._address.pooled
        if not self._address.pooled:
            await _prepared(connection)
        return connection

    async def _put_back(self, connection: Connection) -> None:
        if connection.is_idle and not self._closed:
            self._idle.append(connection)
        else:
            await connection.close()

    async def close(self) -> None:
        """Drop all, also those that are lent: whoever waits for an answer there gets an error.

        A COMMIT is not broken off with that, the server ends it by itself.
        """
        self._closed = True
        for connection in self._lent:
            shut(connection)
        for attempt in self._attempts:
            attempt.cancel()
        attempts = await asyncio.gather(*self._attempts, return_exceptions=True)
        made = [connection for connection in attempts if isinstance(connection, Connection)]
        for connection in (*self._idle, *made):
            await connection.close()


async def _prepared(connection: Connection) -> None:
    """See whether the session is one to work in, and have it commit durably. There is as much time
    for that as to connect.
    """
    try:
        with cut_at(asyncio.get_running_loop().time() + CONNECT_SECONDS_MAX, connection):
            # Not prepared: behind a pooler that nobody declared that could fail before the check.
            looked = await connection.execute(f"SELECT {SESSION_COLUMNS}".encode(), prepare=False)
            if looked.pgresult:
                connection.note_session(looked.pgresult)
            await connection.execute(commit_durably(locally=False).encode())
    except BaseException:
        await connection.close()
        raise


def has_news(connection: Connection) -> bool:
    """Whether anything came that nobody asked for: its end, or why it ended."""
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return bool(poll.poll(0))


@contextmanager
def cut_at(deadline: float, connection: Connection) -> Iterator[None]:
    """Cut the connection if what is done inside isn't done by then; it fails with an error.

    Our end of the connection is shut, and the server is never asked to cancel: it may be frozen,
    and a COMMIT must not be cancelled.
    """
    timer = asyncio.get_running_loop().call_at(deadline, shut, connection)
    try:
        yield
    finally:
        timer.cancel()
