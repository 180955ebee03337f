"""Whether changes can be made now, as `/readyz` reports it."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from time import monotonic

from seatlatch.domain.refusal import Unavailable
from seatlatch.group_commit import GroupCommit
from seatlatch.logs import Log
from seatlatch.store.interface import Store, Transaction

UNCONFIRMED_SECONDS_MAX = 5.0
"""Changes that wait this long without any confirmed one mean that no change can be made."""

REPORT_SECONDS = 10.0
"""How often the log repeats why no change can be made."""

TEST_WRITE_SECONDS = 1.0
"""Time between two test writes."""


class SmallWrite:
    """A change that writes a little and changes nothing (`commit.Change`)."""

    tokens: Collection[str] = ()

    @staticmethod
    async def work_off(transaction: Transaction, changes: Sequence["SmallWrite"]) -> list[None]:
        """One write serves all of them."""
        await transaction.test_write()
        return [None] * len(changes)


class Readiness:
    """The state of one process.

    A change that fails for want of the database makes the state *not ready*, and so does a probe
    that can't reach the database or finds it read-only. From then on a test write each second
    decides when it is ready again. A confirmed change of somebody else does not: one whose tickets
    were as wanted already needs no room on a full disk.
    """

    def __init__(self, store: Store, log: Log, monotonic: Callable[[], float] = monotonic) -> None:
        self._monotonic = monotonic
        self._store = store
        self._log = log
        self._commits: GroupCommit | None = None
        self._reason: Unavailable | None = None
        self._testing: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._reported_at = 0.0

    @property
    def is_ready(self) -> bool:
        """The state as it was found last."""
        return self._reason is None

    def use(self, commits: GroupCommit) -> None:
        """Send test writes through `commits`, as every other change."""
        self._commits = commits

    def start(self) -> None:
        """Nothing runs while changes can be made."""

    async def close(self) -> None:
        """Stop the test writes."""
        self._commits = None
        if self._testing is not None:
            self._testing.cancel()
            await asyncio.wait({self._testing})

    def stop_soon(self) -> None:
        """The server will stop: from now on it is not ready."""
        self._is_stopping = True

    def failed(self, refusal: Unavailable) -> None:
        """A change could not be made for want of the database."""
        became_unready = self.is_ready
        self._reason = refusal
        now = self._monotonic()
        if became_unready or now - self._reported_at >= REPORT_SECONDS:
            self._reported_at = now
            self._log.error("readiness", ready=False, reason=_text(refusal))
        if self._testing is None and self._commits is not None:
            loop = asyncio.get_running_loop()
            self._testing = loop.create_task(self._test(self._commits), name="readiness")

    async def require(self) -> None:
        """Raise `Unavailable` unless changes can be made."""
        if self._is_stopping:
            raise Unavailable("The server is stopping.")
        if self._reason is not None:
            raise self._reason.again()
        try:
            await self._store.require_writable()
            if self._commits and self._commits.unconfirmed_seconds() > UNCONFIRMED_SECONDS_MAX:
                raise Unavailable("Changes wait, and none was confirmed for 5 seconds.")
        except Unavailable as refusal:
            self.failed(refusal)
            raise

    async def _test(self, commits: GroupCommit) -> None:
        """Write until a write is confirmed. The first one goes out at once: most trouble is short.

        At most one test write may be waiting inside the database. Its COMMIT may hang, and then it
        leaves a session there (`Store.unfinished_commits`), of which each process may leave only a
        few. So none is sent while the last one is in work, nor while any COMMIT that was given up
        still waits: the next one would wait for the same thing.
        """
        write = SmallWrite()
        while True:
            if not self._store.unfinished_commits and not commits.is_in_work(write):
                write = SmallWrite()
                try:
                    await commits.submit(write)
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
