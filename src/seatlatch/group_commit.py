"""Group commit: concurrent requests become one durable transaction, each gets its own answer.

While one group is being made durable, the next one gathers. So the cost of a commit is shared
by all that wait for it, and an answer is given only after the transaction that holds it is safe.
Knows the store by its interface only.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from time import perf_counter
from typing import Any, NamedTuple, Protocol, TypeVar

from seatlatch.commit import Change, in_use, work_off
from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import Store, TicketsBusy

Answer = TypeVar("Answer")

TICKETLESS_TOKENS = 20
"""A change that is about no ticket, such as an exchange of tokens, counts as one of so many."""

FURTHER_LANE_TOKENS = 100
"""While a lane is at work another one begins only if so many tokens wait: a small group costs
nearly as much as a larger one, and is better joined to the next.
"""

LOOK_SECONDS = 0.2
"""How often we look for changes that have waited this long. They are worth a further lane: a ticket
that they don't want may keep the one at work.
"""


class Observer(Protocol):
    """Is told of every group that was made durable."""

    def group_committed(self, requests: int, tokens: int, seconds: float) -> None:
        """`seconds`: from the start of the transaction to the end of its commit."""


class Bounds(NamedTuple):
    """What keeps group commit fair.

    `group_tokens`: so many tokens at most share a transaction (a single change above it goes
    alone). `waiting_requests`: above it a request is refused at once. `wait_seconds`: who has
    waited for so long is told that the database did not confirm.
    """

    group_tokens: int
    waiting_requests: int
    wait_seconds: float


class _Waiting(NamedTuple):
    change: Change[Any]
    answer: asyncio.Future[Any]
    since: float


Group = list[_Waiting]


class GroupCommit:
    """Gathers changes and commits them in groups, as many at once as the store has lanes.

    For each ticket all happens in the order in which it came: a group holds no two changes that
    want the same ticket, and none that wants one which another lane has in work.
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
        self._answered_at = -inf
        self._waiting: deque[_Waiting] = deque()
        self._groups: list[Group] = []
        self._tokens_in_work: set[str] = set()
        self._wake = asyncio.Event()
        self._closing = False
        self._lanes: list[asyncio.Task[None]] = []
        self._watch: asyncio.TimerHandle | None = None

    @property
    def waiting_requests(self) -> int:
        """How many changes wait for a group."""
        return len(self._waiting)

    def unconfirmed_seconds(self) -> float:
        """How long changes have been waiting without an answer of the database to any of them."""
        now = self._loop.time()
        waiting = [w.since for group in (*self._groups, self._waiting) for w in group]
        return now - max(min(waiting), self._answered_at) if waiting else 0.0

    def is_in_work(self, change: Change[Any]) -> bool:
        """Whether a group that is in work has this change, even if its caller has its answer."""
        return any(waiting.change is change for group in self._groups for waiting in group)

    def start(self) -> None:
        """Begin to commit. To be called once, in the event loop that will submit."""
        self._loop = asyncio.get_running_loop()
        self._lanes = [
            self._loop.create_task(self._run_lane(), name=f"lane-{number}")
            for number in range(self._store.lanes)
        ]
        self._look_for_patience()

    async def close(self) -> None:
        """Refuse what comes from now on, answer what was accepted, then stop."""
        self._closing = True
        self._wake.set()
        told_within = self._bounds.wait_seconds + 2 * LOOK_SECONDS
        ended, _ = await asyncio.wait(self._lanes, timeout=told_within)
        if self._watch is not None:
            self._watch.cancel()
        for lane in ended:
            lane.result()

    async def submit(self, change: Change[Answer]) -> Answer:
        """The answer to `change`, after it was made durable.

        The change goes through even if the caller stops waiting. Raises `Unavailable` if too
        many wait, if it waited for too long, if the service is stopping, or if the database did
        not confirm the commit.
        """
        if self._closing:
            raise Unavailable("The service is stopping. Send the request again.")
        if len(self._waiting) >= self._bounds.waiting_requests:
            raise Unavailable("Too many requests are waiting. Send the request again.")
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._waiting.append(_Waiting(change, answer, self._loop.time()))
        self._wake.set()
        return await answer

    async def _run_lane(self) -> None:
        try:
            while self._waiting or not self._closing:
                group = self._next_group()
                if group:
                    await self._work(group)
                else:
                    self._wake.clear()
                    await self._wake.wait()
                await asyncio.sleep(0)  # whatever the loop has read already may join
        finally:
            self._closing = True
            self._wake.set()
            if not self._groups:  # or the other lanes answer what still waits
                self._fail_all(self._all_waiting(), Unavailable("The service has stopped."))

    def _next_group(self) -> Group:
        """The first that waits, and who may go with it; who is passed over keeps its place."""
        if self._groups and not self._is_worth_a_further_lane():
            return []
        group: Group = []
        passed: Group = []
        wanted: set[str] = set()
        tokens = 0
        while self._waiting:
            change = self._waiting[0].change
            tokens += _weight(change)
            if group and tokens > self._bounds.group_tokens:
                break
            waiting = self._waiting.popleft()
            if self._may_join(group, change, wanted):
                group.append(waiting)
            else:
                passed.append(waiting)
            wanted.update(change.tokens)
        self._waiting.extendleft(reversed(passed))
        return group

    def _is_worth_a_further_lane(self) -> bool:
        tokens = 0
        long_ago = self._loop.time() - LOOK_SECONDS
        for waiting in self._waiting:
            tokens += _weight(waiting.change)
            if tokens >= FURTHER_LANE_TOKENS or waiting.since < long_ago:
                return True
        return False

    def _may_join(self, group: Group, change: Change[Any], wanted: set[str]) -> bool:
        of_a_kind = not group or self._store.mixes_kinds or type(group[0].change) is type(change)
        return (
            of_a_kind
            and wanted.isdisjoint(change.tokens)
            and self._tokens_in_work.isdisjoint(change.tokens)
        )

    async def _work(self, group: Group) -> None:
        tokens = [token for waiting in group for token in waiting.change.tokens]
        self._groups.append(group)
        self._tokens_in_work.update(tokens)
        try:
            await self._commit(group, [])
        finally:
            self._tokens_in_work.difference_update(tokens)
            self._groups.remove(group)
            if self._waiting or self._closing:
                self._wake.set()

    async def _commit(self, group: Group, behind: Group) -> None:
        """Commit a group; if it fails by itself, its parts. Those `behind` are parted already."""
        group = [w for w in group if w.answer.cancelled() or not w.answer.done()]
        if not group:
            return
        started = perf_counter()
        try:
            answers = await self._store.commit(partial(work_off, [w.change for w in group]))
        except TicketsBusy as busy:
            self._answered_at = self._loop.time()
            await self._part_in_use(group, behind, in_use(busy))
        except Unavailable as refusal:
            self._failed(refusal)
            # Whoever waits while the database is away is told so too, rather than to wait in turn.
            self._fail_all([*group, *behind, *self._all_waiting()], refusal)
        except Exception as error:
            await self._part(group, behind, error)
        else:
            self._answered_at = self._loop.time()
            for waiting, answer in zip(group, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(answer)
            tokens = sum(len(waiting.change.tokens) for waiting in group)
            self._observer.group_committed(len(group), tokens, perf_counter() - started)

    async def _part(self, group: Group, behind: Group, error: Exception) -> None:
        """Commit each alone."""
        if len(group) > 1:
            for following, waiting in enumerate(group, 1):
                await self._commit([waiting], [*group[following:], *behind])
        elif not group[0].answer.done():
            group[0].answer.set_exception(error)

    async def _part_in_use(self, group: Group, behind: Group, refusal: Unavailable) -> None:
        """Commit those whose tickets are free, then those who want one that others hold.

        Trying each alone would wait once for every such ticket. A group of which every request
        wants one has waited for them in vain.
        """
        taken = await self._tokens_in_use(group) if len(group) > 1 else frozenset()
        held = [w for w in group if not taken.isdisjoint(w.change.tokens)]
        free = [w for w in group if taken.isdisjoint(w.change.tokens)]
        if not held:
            await self._part(group, behind, refusal)
        elif not free:
            self._fail_all(group, refusal)
        else:
            await self._commit(free, [*held, *behind])
            await self._commit(held, behind)

    async def _tokens_in_use(self, group: Group) -> frozenset[str]:
        """Empty if the database does not answer: committing each alone then reports why."""
        tokens = [token for waiting in group for token in waiting.change.tokens]
        try:
            return frozenset(await self._store.tokens_in_use(tokens))
        except Exception:
            return frozenset()

    def _all_waiting(self) -> Group:
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting

    def _look_for_patience(self) -> None:
        """Tell whoever has waited for too long, so that nobody waits for a database that hangs.

        Who still waits for a group is taken out of the queue, and nothing of it is done. A group
        in work goes on: a COMMIT is never broken off, and what becomes of it is not known here.
        """
        long_ago = self._loop.time() - self._bounds.wait_seconds
        late = [w for group in self._groups for w in group if w.since < long_ago]
        while self._waiting and self._waiting[0].since < long_ago:
            late.append(self._waiting.popleft())
        self._fail_all(
            late, Unavailable("The database did not confirm in time. Send the request again.")
        )
        if self._waiting:
            self._wake.set()
        self._watch = self._loop.call_later(LOOK_SECONDS, self._look_for_patience)

    def _fail_all(self, group: Sequence[_Waiting], refusal: Unavailable) -> None:
        for waiting in group:
            if not waiting.answer.done():
                waiting.answer.set_exception(refusal.again())


def _weight(change: Change[Any]) -> int:
    """In tokens. What is about no ticket takes its time too."""
    return len(change.tokens) or TICKETLESS_TOKENS
