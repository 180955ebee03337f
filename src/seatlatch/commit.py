"""Group commit: concurrent requests become one durable transaction, each gets its own answer.

While one group is being made durable, the next one gathers. So the cost of a commit is shared
by all that wait for it, and an answer is given only after the transaction that holds it is safe.
Knows the store by its interface only.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple, Protocol, TypeVar, cast

from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import Store, Transaction

Answer = TypeVar("Answer")

TICKETLESS_TOKENS = 20
"""A change that is about no ticket, such as an exchange of tokens, counts as one of so many."""


class Change(Protocol[Answer]):
    """A request that wants something changed, of tickets above all."""

    @property
    def tokens(self) -> Collection[str]:
        """The tickets that it is about, each once; it may be about none."""

    @staticmethod
    def work_off(transaction: Transaction, changes: Sequence[Any]) -> list[Answer]:
        """Work changes of this kind, no two of which want the same ticket; an answer for each.

        May run more than once, in a new transaction each time.
        """


class Commits(Protocol):
    """Makes changes durable."""

    async def submit(self, change: Change[Answer]) -> Answer:
        """The answer to `change`, after it was made durable. Raises `Unavailable`."""


class Observer(Protocol):
    """Is told of every group that was made durable."""

    def group_committed(self, requests: int, tokens: int, seconds: float) -> None:
        """`seconds`: from the start of the transaction to the end of its commit."""


class _Waiting(NamedTuple):
    change: Change[Any]
    answer: asyncio.Future[Any]


class GroupCommit:
    """Gathers changes and commits them in groups, in the order in which they came.

    `group_tokens_max` bounds a group (a single change above it goes alone);
    `waiting_requests_max` bounds those who wait, above it a request is refused at once.
    """

    def __init__(
        self,
        store: Store,
        observer: Observer,
        *,
        group_tokens_max: int,
        waiting_requests_max: int,
    ) -> None:
        self._store = store
        self._observer = observer
        self._group_tokens_max = group_tokens_max
        self._waiting_requests_max = waiting_requests_max
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._alone_requests = 0
        self._runner: asyncio.Task[None] | None = None

    @property
    def waiting_requests(self) -> int:
        """How many changes wait for a group."""
        return len(self._waiting)

    def start(self) -> None:
        """Begin to commit. To be called once, in the event loop that will submit."""
        self._loop = asyncio.get_running_loop()
        self._runner = self._loop.create_task(self._run(), name="group-commit")

    async def close(self) -> None:
        """Refuse what comes from now on, answer what was accepted, then stop."""
        self._closing = True
        self._wake.set()
        if self._runner is not None:
            await self._runner

    async def submit(self, change: Change[Answer]) -> Answer:
        """The answer to `change`, after it was made durable.

        The change goes through even if the caller stops waiting. Raises `Unavailable` if too
        many wait, if the service is stopping, or if the database did not confirm the commit.
        """
        if self._closing:
            raise Unavailable("The service is stopping. Send the request again.")
        if len(self._waiting) >= self._waiting_requests_max:
            raise Unavailable("Too many requests are waiting. Send the request again.")
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._waiting.append(_Waiting(change, answer))
        self._wake.set()
        return await answer

    async def _run(self) -> None:
        try:
            while self._waiting or not self._closing:
                await self._wake.wait()
                while self._waiting:
                    await self._commit(self._next_group())
                if not self._closing:
                    self._wake.clear()
        finally:
            self._closing = True
            self._fail_all(self._all_waiting(), Unavailable("The service has stopped."))

    def _next_group(self) -> list[_Waiting]:
        group = [self._waiting.popleft()]
        if self._alone_requests:
            self._alone_requests -= 1
            return group
        tokens = _weight(group[0].change)
        while self._waiting:
            tokens += _weight(self._waiting[0].change)
            if tokens > self._group_tokens_max:
                break
            group.append(self._waiting.popleft())
        return group

    def _all_waiting(self) -> list[_Waiting]:
        waiting = list(self._waiting)
        self._waiting.clear()
        self._alone_requests = 0
        return waiting

    async def _commit(self, group: list[_Waiting]) -> None:
        """Commit a group; if it fails by itself, each alone, so that one can't harm the others."""
        started = perf_counter()
        try:
            answers = await self._store.commit(partial(work_off, [w.change for w in group]))
        except Unavailable as refusal:
            # Whoever waits while the database is away is told so too, rather than to wait in turn.
            self._fail_all([*group, *self._all_waiting()], refusal)
        except Exception as error:
            if len(group) > 1:
                self._waiting.extendleft(reversed(group))
                self._alone_requests = len(group)
            elif not group[0].answer.done():
                group[0].answer.set_exception(error)
        else:
            for waiting, answer in zip(group, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(answer)
            tokens = sum(len(waiting.change.tokens) for waiting in group)
            self._observer.group_committed(len(group), tokens, perf_counter() - started)

    def _fail_all(self, group: Sequence[_Waiting], refusal: Unavailable) -> None:
        for waiting in group:
            if not waiting.answer.done():
                waiting.answer.set_exception(refusal.again())


def _weight(change: Change[Any]) -> int:
    """In tokens. What is about no ticket takes its time too."""
    return len(change.tokens) or TICKETLESS_TOKENS


class CommitEach:
    """Commits each change by itself: for a command, which has only one at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def submit(self, change: Change[Answer]) -> Answer:
        """The answer to `change`, after it was made durable."""
        (answer,) = await self._store.commit(partial(work_off, [change]))
        return cast(Answer, answer)


def work_off(changes: Sequence[Change[Any]], transaction: Transaction) -> list[Any]:
    """The work of one group inside its transaction; an answer for each change, in their order.

    What is wanted of one ticket is worked in the order in which it came. Changes of different
    tickets don't depend on each other, so that those of a kind are worked together.
    """
    answers: dict[int, Any] = {}
    for turn in _turns(changes):
        kinds: defaultdict[type[Change[Any]], list[int]] = defaultdict(list)
        for number in turn:
            kinds[type(changes[number])].append(number)
        for kind, numbers in kinds.items():
            worked = kind.work_off(transaction, [changes[number] for number in numbers])
            answers.update(zip(numbers, worked, strict=True))
    return [answers[number] for number in range(len(changes))]


def _turns(changes: Sequence[Change[Any]]) -> Iterator[list[int]]:
    """The numbers of the changes in their order; who wants a ticket that is taken begins a turn."""
    turn: list[int] = []
    taken: set[str] = set()
    for number, change in enumerate(changes):
        if not taken.isdisjoint(change.tokens):
            yield turn
            turn, taken = [], set()
        turn.append(number)
        taken.update(change.tokens)
    yield turn
