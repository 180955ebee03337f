"""One connection: psycopg's, which can also send several statements in one piece.

psycopg uses cursors, which take about 100 microseconds of CPU time for each statement, and more in
its pipeline mode. The few statements of every group are sent here through libpq itself: BEGIN and
the work in one piece, then COMMIT. See docs/internals/performance.md.

See decision 61.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import psycopg
from psycopg import errors
from psycopg.pq import ExecStatus, PipelineStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from seatlatch.store.interface import DatabaseProblem
from seatlatch.store.postgres.connecting import session_problem
from seatlatch.store.postgres.errors import unconfirmed

FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED)


class Statement(NamedTuple):
    """SQL with its values `$1`, `$2` ... as text; None = NULL."""

    sql: str
    values: Sequence[bytes | None] = ()


class Connection(psycopg.AsyncConnection[tuple[Any, ...]]):
    """Used by one task at a time, in the event loop in which it was made."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._names: dict[str, bytes] = {}
        self._ready: set[str] = set()
        self.prepares = True
        self.is_distributed = False
        """Whether Citus distributes the tickets, see `distribution`."""
        self.session_pid = 0
        """The database server's process that has the transaction. Behind a pooler it can change
        with every transaction, and the process id of the protocol's handshake is the pooler's."""

    @property
    def is_idle(self) -> bool:
        """Whether it is outside of a transaction, with no result outstanding."""
        pgconn = self.pgconn
        idle = pgconn.transaction_status == TransactionStatus.IDLE
        return idle and pgconn.pipeline_status == PipelineStatus.OFF

    def note_session(self, row: PGresult) -> None:
        """Check a row that begins with `connecting.SESSION_COLUMNS`. Raises `Unavailable` if the
        session must not be used.
        """
        pid, role, marker = (row.get_value(0, column) or b"" for column in range(3))
        self.session_pid = int(pid)
        problem = session_problem(role.decode(), marker.decode(), pooled=not self.prepares)
        if problem:
            raise unconfirmed() from DatabaseProblem(f"The database {problem}")

    async def ask(self, *statements: Statement) -> list[PGresult]:
        """Send all statements in one piece; returns the result of each.

        If one fails, none after it is executed or prepared. Raises `psycopg.Error`.
        """
        pgconn = self.pgconn
        pgconn.enter_pipeline_mode()
        preparing = [sql for statement in statements for sql in self._send(*statement)]
        pgconn.pipeline_sync()
        received = await self._results(until=ExecStatus.PIPELINE_SYNC)
        pgconn.exit_pipeline_mode()
        results = []
        for sql, result in zip(preparing, received, strict=True):
            if result.status in FAILED:
                raise errors.error_from_result(result)
            if sql is None:
                results.append(result)
            else:
                self._ready.add(sql)
        return results

    def _send(self, sql: str, values: Sequence[bytes | None]) -> list[str | None]:
        """Send one statement. For each expected result, the SQL that it prepares, or None."""
        if not self.prepares:
            self.pgconn.send_query_params(sql.encode(), values)
            return [None]
        name = self._names.setdefault(sql, f"seatlatch_{len(self._names)}".encode())
        if sql in self._ready:
            self.pgconn.send_query_prepared(name, values)
            return [None]
        self.pgconn.send_prepare(name, sql.encode())
        self.pgconn.send_query_prepared(name, values)
        return [sql, None]

    async def end(self, how: Literal["COMMIT", "ROLLBACK"]) -> str:
        """End a transaction; returns the server's command status. Raises `psycopg.Error`.

        psycopg would forget all prepared statements with a ROLLBACK.
        """
        self.pgconn.send_query(how.encode())
        (result,) = await self._results(until=None)
        if result.status in FAILED:
            raise errors.error_from_result(result)
        return (result.command_status or b"").decode()

    async def _results(self, until: ExecStatus | None) -> list[PGresult]:
        """All results up to the one with status `until`, or up to the end of a statement."""
        pgconn = self.pgconn
        results: list[PGresult] = []
        while True:
            await self._news(unsent=pgconn.flush() != 0)
            while not pgconn.is_busy():
                result = pgconn.get_result()
                if result is None:
                    if until is None:
                        return results
                elif result.status == until:
                    return results
                else:
                    results.append(result)

    async def _news(self, *, unsent: bool) -> None:
        """Wait until something arrives, or until more can be sent."""
        loop, number = asyncio.get_running_loop(), self.pgconn.socket
        news = loop.create_future()
        loop.add_reader(number, _note, news)
        if unsent:
            loop.add_writer(number, _note, news)
        try:
            await news
        finally:
            loop.remove_reader(number)
            if unsent:
                loop.remove_writer(number)
        self.pgconn.consume_input()


def _note(news: "asyncio.Future[None]") -> None:
    if not news.done():
        news.set_result(None)


def pairs(result: PGresult) -> dict[str, str | None]:
    """The rows of a result of two columns, as text, the first to the second. None is NULL."""
    value: Callable[[int, int], Any] = result.get_value
    return {
        value(row, 0).decode(): None if (second := value(row, 1)) is None else second.decode()
        for row in range(result.ntuples)
    }
