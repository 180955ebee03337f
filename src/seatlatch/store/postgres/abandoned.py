"""Sessions that were abandoned during COMMIT, without a result: at most four per process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from psycopg.pq.abc import PGresult

from seatlatch.domain.refusal import Unavailable
from seatlatch.store.postgres.arrays import array
from seatlatch.store.postgres.connection import Statement

ABANDONED_SESSIONS_MAX = 4
"""Two lanes can each lose a session twice before changes are refused. A standby that restarts, or a
failover, costs one session per lane. The second one per lane lets the service find out by itself
that COMMIT works again. More would only fill `max_connections` while nothing can be confirmed.
"""

CHECK_SECONDS = 1.0
"""Time between two checks of whether abandoned sessions have ended."""

FIND_STILL_OPEN = """
SELECT asked.number FROM unnest($1::int[], $2::int[], $3::float8[]) AS asked (number, pid, seconds)
JOIN pg_stat_activity AS session USING (pid)
WHERE session.backend_start <= clock_timestamp() - make_interval(secs => asked.seconds)
  AND (session.xact_start <= clock_timestamp() - make_interval(secs => asked.seconds)
       OR session.state = 'disabled')
"""
"""A process id alone is not enough, because the server reuses it, and another server (a promoted
standby) has its own. The abandoned transaction began before it was abandoned. If
`track_activities` is off, the start of the session is compared instead.
"""

Ask = Callable[[Statement], Awaitable[PGresult]]


class _Session(NamedTuple):
    """`pid`: the database server's process. `since`: when it was abandoned, by the event loop's
    clock.
    """

    pid: int
    since: float


class Reservation:
    """One transaction's place among the sessions that this process may have abandoned."""

    def __init__(self) -> None:
        self.abandoned_pid: int | None = None

    def abandon(self, pid: int) -> None:
        """Keep the place until the transaction has ended: its COMMIT was sent, without a result."""
        self.abandoned_pid = pid


class AbandonedSessions:
    """Counts the abandoned sessions, and asks the database whether they have ended.

    `ask` runs one statement on a connection of its own and returns the result; it may raise
    `Unavailable`. To be used from one event loop.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._sessions: list[_Session] = []
        self._is_closed = False
        self._places = asyncio.Semaphore(ABANDONED_SESSIONS_MAX)
        self._checking: asyncio.Task[None] | None = None

    @property
    def count(self) -> int:
        """Number of sessions that may still be waiting inside PostgreSQL."""
        return len(self._sessions)

    @asynccontextmanager
    async def reserved(self, deadline: float) -> AsyncIterator[Reservation]:
        """Reserve a place for a transaction.

        Every transaction may become an abandoned session, so it reserves a place before it begins:
        otherwise two simultaneous transactions could exceed the limit. Raises `Unavailable` at
        once if all places belong to abandoned sessions, and at `deadline` if the last free one is
        in use by another transaction.
        """
        if self.count >= ABANDONED_SESSIONS_MAX:
            await asyncio.sleep(0)  # a caller that retries at once must let others run
            raise _earlier_changes_unconfirmed()
        try:
            async with asyncio.timeout_at(deadline):
                await self._places.acquire()
        except TimeoutError:
            raise _earlier_changes_unconfirmed() from None
        reservation = Reservation()
        try:
            yield reservation
        finally:
            if reservation.abandoned_pid is None:
                self._places.release()
            else:
                self._add(reservation.abandoned_pid)

    def _add(self, pid: int) -> None:
        loop = asyncio.get_running_loop()
        self._sessions.append(_Session(pid, loop.time()))
        if self._checking is None and not self._is_closed:
            self._checking = loop.create_task(self._check(), name="abandoned-sessions")

    async def _check(self) -> None:
        """Forget the sessions that have ended, as long as there are any.

        The query goes to the server that new connections reach. After a failover that is the
        promoted standby, which does not have these sessions. They then don't block changes there,
        even if the old primary is frozen and never reports that they ended.
        """
        try:
            while self._sessions:
                await asyncio.sleep(CHECK_SECONDS)
                # Repeat after any error: a check that stopped would keep their places occupied
                # until the process ends.
                with suppress(Exception):
                    self._forget_all_but(await self._still_open())
        finally:
            self._checking = None

    async def _still_open(self) -> Sequence[_Session]:
        now = asyncio.get_running_loop().time()
        asked = list(self._sessions)
        values = (
            array(list(range(len(asked)))),
            array([session.pid for session in asked]),
            array([str(now - session.since) for session in asked]),
        )
        found = await self._ask(Statement(FIND_STILL_OPEN, values))
        numbers = {int(found.get_value(row, 0) or b"") for row in range(found.ntuples)}
        # The query did not include sessions that were added while it ran.
        added = self._sessions[len(asked) :]
        return [session for number, session in enumerate(asked) if number in numbers] + added

    def _forget_all_but(self, left: Sequence[_Session]) -> None:
        for _ in range(len(self._sessions) - len(left)):
            self._places.release()
        self._sessions = list(left)

    async def close(self) -> None:
        """Stop checking, permanently: closing a writer's connection may abandon another session."""
        self._is_closed = True
        if self._checking is not None:
            self._checking.cancel()
            with suppress(asyncio.CancelledError):
                await self._checking


def _earlier_changes_unconfirmed() -> Unavailable:
    return Unavailable("The database has not confirmed earlier changes. Retry the request.")
