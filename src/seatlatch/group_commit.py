"""Group commit: concurrent requests share one durable transaction, and each gets its own result.

While one group commits, the next one gathers: all its requests share the cost of one commit. A
request gets its result only after the transaction that contains it is durable.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from time import perf_counter
from typing import Any, NamedTuple, Protocol, TypeVar

from seatlatch.change_queue import ChangeQueue, Group, WaitingChange
from seatlatch.commit import Change, apply_group, in_use
from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import Store, TicketsBusy

Result = TypeVar("Result")

FURTHER_LANE_TOKENS = 100
"""While a lane is busy, another one starts only if this many tokens wait.

A small group costs nearly as much as a larger one, so few tokens rather wait for the next group.
"""

CHECK_SECONDS = 0.2
"""How often to check for changes that have waited too long.

A change that has waited this long is worth another lane, however few its tokens: the busy lane may
be waiting for a ticket that this change does not need.
"""


class Observer(Protocol):
    """Gets a call for every group that was made durable."""

    def group_committed(self, requests: int, tokens: int, seconds: float) -> None:
        """`seconds`: from the start of the transaction to the end of its commit."""


class Bounds(NamedTuple):
    """The limits that keep group commit fair.

    `group_tokens`: how many tokens at most share a transaction; a single larger change gets its
    own. `waiting_requests`: how many requests may wait; further ones are refused at once.
    `wait_seconds`: how long a request may wait until it fails because the database did not confirm.
    """

    group_tokens: int
    waiting_requests: int
    wait_seconds: float


class GroupCommit:
    """Gathers changes and commits them in groups.

    A lane is a task that commits one group after another. The store says how many lanes it can
    use: SQLite has one writer and one lane, PostgreSQL commits several groups at once.

    Changes of the same ticket happen in the order of their arrival: a group has no two changes of
    the same ticket, and none of a ticket that another lane is changing.
    """

    def __init__(
        self,
        store: Store,
        observer: Observer,
        bounds: Bounds,
        failed: Callable[[Unavailable], None] = lambda refusal: None,
    ) -> None:
        """`failed` is called with the refusal when the database does not commit a group."""
        self._store = store
        self._observer = observer
        self._bounds = bounds
        self._failed = failed
        self._responded_at = -inf
        self._waiting = ChangeQueue()
        self._groups: list[Group] = []
        self._tokens_in_progress: set[str] = set()
        self._wake = asyncio.Event()
        self._closing = False
        self._lanes: list[asyncio.Task[None]] = []
        self._check_timer: asyncio.TimerHandle | None = None

    @property
    def waiting_requests(self) -> int:
        """Number of changes that wait for a group."""
        return len(self._waiting)

    def unconfirmed_seconds(self) -> float:
        """Seconds for which changes have waited while the database has confirmed none of them."""
        now = self._loop.time()
        waiting = [w.since for group in (*self._groups, list(self._waiting)) for w in group]
        return now - max(min(waiting), self._responded_at) if waiting else 0.0

    def is_in_progress(self, change: Change[Any]) -> bool:
        """Whether a group in progress has this change, even if its caller was already refused."""
        return any(waiting.change is change for group in self._groups for waiting in group)

    def start(self) -> None:
        """Start the lanes. Call it once, in the event loop that submits changes."""
        self._loop = asyncio.get_running_loop()
        self._lanes = [
            self._loop.create_task(self._run_lane(), name=f"lane-{number}")
            for number in range(self._store.lanes)
        ]
        self._refuse_late_changes()

    async def close(self) -> None:
        """Refuse new changes, finish the accepted ones, then stop."""
        self._closing = True
        self._wake.set()
        # By then every accepted change is either committed or refused by `_refuse_late_changes`.
        timeout_seconds = self._bounds.wait_seconds + 2 * CHECK_SECONDS
        ended, _ = await asyncio.wait(self._lanes, timeout=timeout_seconds)
        if self._check_timer is not None:
            self._check_timer.cancel()
        for lane in ended:
            lane.result()

    async def submit(self, change: Change[Result]) -> Result:
        """Make `change` durable and return its result.

        The change is committed even if the caller stops waiting. Raises `Unavailable` if too many
        changes wait, if this one waited too long, if the service is stopping, or if the database
        did not confirm the commit.
        """
        if self._closing:
            raise Unavailable("The service is stopping. Retry the request.")
        if len(self._waiting) >= self._bounds.waiting_requests:
            raise Unavailable("Too many requests are waiting. Retry the request.")
        result: asyncio.Future[Result] = self._loop.create_future()
        self._waiting.append(WaitingChange(change, result, self._loop.time()))
        self._wake.set()
        return await result

    async def _run_lane(self) -> None:
        try:
            while self._waiting or not self._closing:
                group = self._next_group()
                if group:
                    await self._process(group)
                else:
                    self._wake.clear()
                    await self._wake.wait()
                # Requests that the event loop has already received can join the next group.
                await asyncio.sleep(0)
        finally:
            self._closing = True
            self._wake.set()
            if not self._groups:  # otherwise the other lanes finish the rest
                self._fail_all(self._waiting.take_all(), Unavailable("The service has stopped."))

    def _next_group(self) -> Group:
        """The next group for a lane; empty if there is none or it is not worth another lane."""
        if self._groups and not self._is_worth_another_lane():
            return []
        return self._waiting.take_group(self._bounds.group_tokens, self._may_join)

    def _is_worth_another_lane(self) -> bool:
        # All waiting changes count, also those that no lane may take now. So a lane may look for a
        # group in vain, but counting only the others would mean a search at each wake.
        tokens = 0
        late_before = self._loop.time() - CHECK_SECONDS
        for waiting in self._waiting:
            tokens += waiting.weight
            if tokens >= FURTHER_LANE_TOKENS or waiting.since < late_before:
                return True
        return False

    def _may_join(self, group: Group, change: Change[Any]) -> bool:
        # Where several lanes commit at once, each kind of change locks all its rows in the order of
        # their tokens by one statement. Two groups of one kind each then never wait for each other
        # in a cycle; with two kinds, and so two such statements, they could.
        fits = not group or self._store.mixes_kinds or group[0].change.kind == change.kind
        return fits and self._tokens_in_progress.isdisjoint(change.tokens)

    async def _process(self, group: Group) -> None:
        # While these tokens are in progress no other lane takes a change of them: it would wait for
        # this transaction's row locks and occupy a lane and a connection for nothing.
        tokens = [token for waiting in group for token in waiting.change.tokens]
        self._groups.append(group)
        self._tokens_in_progress.update(tokens)
        try:
            await self._commit_or_divide(group, [])
        finally:
            self._tokens_in_progress.difference_update(tokens)
            self._groups.remove(group)
            if self._waiting or self._closing:
                self._wake.set()

    async def _commit_or_divide(self, group: Group, rest: Group) -> None:
        """Commit a group; if one of its changes makes it fail, divide it and commit the parts.

        `rest`: the other parts of a group that was divided already. They fail with this part if the
        database is unavailable.
        """
        # Changes that were refused for lateness are left out. Those of callers that went away are
        # not: an accepted change is committed.
        group = [w for w in group if w.result.cancelled() or not w.result.done()]
        if not group:
            return
        started = perf_counter()
        try:
            results = await self._store.commit(partial(apply_group, [w.change for w in group]))
        except TicketsBusy as busy:
            # Another process held some rows for the whole lock timeout, or won every race. A single
            # `LostRace` or deadlock does not arrive here: the store repeats the transaction.
            self._responded_at = self._loop.time()
            await self._divide_by_use(group, rest, in_use(busy))
        except Unavailable as refusal:
            self._failed(refusal)
            # All that wait fail with this group: they would meet the same unavailable database.
            self._fail_all([*group, *rest, *self._waiting.take_all()], refusal)
        except Exception as error:
            # A bug or a value that the database refuses. Only the guilty change may fail.
            await self._divide(group, rest, error)
        else:
            self._responded_at = self._loop.time()
            for waiting, result in zip(group, results, strict=True):
                if not waiting.result.done():
                    waiting.result.set_result(result)
            tokens = sum(len(waiting.change.tokens) for waiting in group)
            self._observer.group_committed(len(group), tokens, perf_counter() - started)

    async def _divide(self, group: Group, rest: Group, error: Exception) -> None:
        """Commit each change by itself, so that a change that fails does not fail the others."""
        if len(group) > 1:
            for following, waiting in enumerate(group, 1):
                await self._commit_or_divide([waiting], [*group[following:], *rest])
        elif not group[0].result.done():
            group[0].result.set_exception(error)

    async def _divide_by_use(self, group: Group, rest: Group, refusal: Unavailable) -> None:
        """Commit the changes whose tickets are free, then those of tickets that others hold.

        Others are another process or somebody's own session on the database. To commit each change
        by itself would wait for the lock timeout once for every such ticket, and all other requests
        would wait behind it. Divided in two, the free changes do not wait, and the held ones wait
        once together. If every change wants a held ticket, the group has already waited for that
        time, so all of them are refused.
        """
        taken = await self._tokens_in_use(group) if len(group) > 1 else frozenset()
        held = [w for w in group if not taken.isdisjoint(w.change.tokens)]
        free = [w for w in group if taken.isdisjoint(w.change.tokens)]
        if not held:
            await self._divide(group, rest, refusal)
        elif not free:
            self._fail_all(group, refusal)
        else:
            await self._commit_or_divide(free, [*held, *rest])
            await self._commit_or_divide(held, rest)

    async def _tokens_in_use(self, group: Group) -> frozenset[str]:
        """The tokens of a group that others hold.

        Empty if the database does not answer: committing each change by itself then reports why.
        """
        tokens = [token for waiting in group for token in waiting.change.tokens]
        try:
            return frozenset(await self._store.tokens_in_use(tokens))
        except Exception:
            return frozenset()

    def _refuse_late_changes(self) -> None:
        """Refuse changes that have waited too long, so that no request waits for a hung database.

        A change that still waits for a group leaves the queue, and nothing of it happens. A group
        in progress goes on: a COMMIT must not be cancelled, because its outcome would be unknown.
        """
        late_before = self._loop.time() - self._bounds.wait_seconds
        late = [w for group in self._groups for w in group if w.since < late_before]
        late += self._waiting.take_older(late_before)
        self._fail_all(
            late, Unavailable("The database did not confirm in time. Retry the request.")
        )
        if self._waiting:
            self._wake.set()
        self._check_timer = self._loop.call_later(CHECK_SECONDS, self._refuse_late_changes)

    def _fail_all(self, group: Sequence[WaitingChange], refusal: Unavailable) -> None:
        for waiting in group:
            if not waiting.result.done():
                waiting.result.set_exception(refusal.again())
