"""Readiness: checks whether changes can be made now, for `/readyz`."""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic

from seatlatch.commit import Change
from seatlatch.domain.refusal import Unavailable
from seatlatch.group_commit import GroupCommit
from seatlatch.logs import Log
from seatlatch.store.interface import Store, Transaction

UNCONFIRMED_SECONDS_MAX = 5.0
"""If changes wait this long and none is confirmed, the process is not ready."""

REPORT_SECONDS = 10.0
"""How often the log repeats why no change can be made."""

TEST_WRITE_SECONDS = 1.0
"""Time between two test writes."""


class SmallWrite(Change[None]):
    """A change that writes a little and changes nothing."""

    @staticmethod
    async def apply(transaction: Transaction, changes: Sequence["SmallWrite"]) -> list[None]:
        """Make one write for all of them."""
        await transaction.test_write()
        return [None] * len(changes)


class Readiness:
    """The readiness of one process.

    A change that fails because of the database makes the state *not ready*, and so does a probe
    that can't reach the database or finds it read-only. From then on a test write each second
    decides when it is ready again. Confirmed changes of callers do not: a change that finds its
    tickets in the requested state writes nothing, so it succeeds even on a full disk.
    """

    def __init__(self, store: Store, log: Log, monotonic: Callable[[], float] = monotonic) -> None:
        self._monotonic = monotonic
        self._store = store
        self._log = log
        self._committer: GroupCommit | None = None
        self._reason: Unavailable | None = None
        self._testing: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._reported_at = 0.0

    @property
    def is_ready(self) -> bool:
        """The state at the last check."""
        return self._reason is None

    def use(self, committer: GroupCommit) -> None:
        """Send test writes through `committer`, like every other change."""
        self._committer = committer

    def start(self) -> None:
        """Do nothing: test writes run only while the state is not ready."""

    async def close(self) -> None:
        """Stop the test writes."""
        self._committer = None
        if self._testing is not None:
            self._testing.cancel()
            await asyncio.wait({self._testing})

    def stop_soon(self) -> None:
        """Be not ready from now on, because the server will stop."""
        self._is_stopping = True

    def failed(self, refusal: Unavailable) -> None:
        """Note that a change failed because of the database."""
        became_unready = self.is_ready
        self._reason = refusal
        now = self._monotonic()
        if became_unready or now - self._reported_at >= REPORT_SECONDS:
            self._reported_at = now
            self._log.error("readiness", ready=False, reason=_text(refusal))
        if self._testing is None and self._committer is not None:
            loop = asyncio.get_running_loop()
            self._testing = loop.create_task(self._test(self._committer), name="readiness")

    async def require(self) -> None:
        """Raise `Unavailable` unless changes can be made."""
        if self._is_stopping:
            raise Unavailable("The server is stopping.")
        if self._reason is not None:
            raise self._reason.again()
        try:
            await self._store.require_writable()
            if self._committer and self._committer.unconfirmed_seconds() > UNCONFIRMED_SECONDS_MAX:
                raise Unavailable("Changes wait, and none was confirmed for 5 seconds.")
        except Unavailable as refusal:
            self.failed(refusal)
            raise

    async def _test(self, committer: GroupCommit) -> None:
        """Write until a write is confirmed. The first one starts at once: most problems are short.

        At most one test write may be waiting inside the database. Its COMMIT may hang and then
        leaves a session there (`Store.unfinished_commits`), and each process may leave only a few
        of these. So no test write starts while the last one is in progress or while an abandoned
        COMMIT still waits: the new one would wait for the same thing.
        """
        write = SmallWrite()
        while True:
            if not self._store.unfinished_commits and not committer.is_in_progress(write):
                write = SmallWrite()
                try:
                    await committer.submit(write)
                    break
                except Unavailable as refusal:
                    self.failed(refusal)
                except Exception:  # a bug, or a schema that another version has changed
                    self._log.exception("bug", reason="A test write failed.")
            await asyncio.sleep(TEST_WRITE_SECONDS)
        self._reason = None
        self._testing = None
        self._log.info("readiness", ready=True, reason=None)


def _text(refusal: Unavailable) -> str:
    return f"{refusal.message} ({refusal.__cause__!r})" if refusal.__cause__ else refusal.message
