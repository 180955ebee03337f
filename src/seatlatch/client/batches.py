"""Splits the tickets of a call into batches of 100, and collects the answers in order.

Several lanes take batches and report answers, in one thread or in many.
"""

from collections.abc import Callable, Collection, Iterable
from inspect import iscoroutinefunction
from threading import Lock
from typing import Any, Generic, NamedTuple

from .answers import Answered
from .arguments import wrong_type
from .errors import InvalidArgumentType, TokensUnreadable, UnexpectedAnswer
from .forms import BATCH_TOKENS_MAX
from .models import Body, Row

OnAnswer = Callable[[Answered[Row]], object]
"""A function that is called with each answer as soon as it arrives."""


class Batch(NamedTuple):
    """The items of one request, without repeats. `number`: its position, from 0."""

    number: int
    items: list[Any]
    keys: list[str]


class Batches(Generic[Row]):
    """The batches of one call, and their answers.

    No more batches are taken after an error, or after the caller has gone away.
    """

    def __init__(
        self,
        items: Iterable[Any],
        key: Callable[[Any], str],
        on_answer: OnAnswer[Row] | None = None,
    ) -> None:
        """`items` are read when needed, one ahead. Raises `InvalidArgumentType` for a string, and
        for an `on_answer` that must be awaited.
        """
        if isinstance(items, str | bytes) or not isinstance(items, Iterable):
            raise wrong_type("tokens", "a list of strings, or another iterable", items)
        if iscoroutinefunction(on_answer):
            raise InvalidArgumentType("on_answer", "must be a plain function; it is not awaited")
        self._can_be_read_on = isinstance(items, Collection)
        self._items = iter(items)
        self._key = key
        self._on_answer = on_answer
        self._seen: set[str] = set()
        self._taken: list[Batch] = []
        self._answers: dict[int, Answered[Row]] = {}
        self._unreadable: Exception | None = None
        self._problem: Exception | None = None
        self._is_stopped = False
        self._lock = Lock()
        self._callback_lock = Lock()
        self._ahead = self._read()

    @property
    def has_more(self) -> bool:
        """Whether `take` returns a batch."""
        return not self._is_stopped and self._ahead is not None

    def take(self) -> Batch | None:
        """Take the next batch; None = there is no more."""
        with self._lock:
            return self._next() if self.has_more else None

    def done(self, batch: Batch, answer: Answered[Row]) -> None:
        """Record the answer to a batch."""
        with self._lock:
            self._answers[batch.number] = answer
        if self._on_answer is not None:
            with (
                self._callback_lock
            ):  # another lock than for `take`: a generator may wait for `on_answer`
                self._on_answer(answer)

    def fail(self, problem: Exception) -> None:
        """Record the problem of a batch. The call reports the first problem."""
        with self._lock:
            self._problem = self._problem or problem
            self._is_stopped = True

    def stop(self) -> None:
        """Take no more batches: the caller has gone away."""
        self._is_stopped = True

    def end(self) -> Exception | None:
        """The problem that ended the call early; None = it is complete."""
        return self._problem or self._unreadable

    def answers(self) -> list[Answered[Row]]:
        """The answers so far, in the order of the batches."""
        return [self._answers[number] for number in sorted(self._answers)]

    def answered_items(self) -> list[Any]:
        """The items of the answered batches, in the same order."""
        return [
            item for batch in self._taken if batch.number in self._answers for item in batch.items
        ]

    def unanswered(self) -> list[str]:
        """The keys of all other items, in their order.

        A list is read to its end for that; a generator is not, because it may be endless. The item
        that was read ahead is included.
        """
        if self._can_be_read_on:
            while self._ahead is not None:
                self._next()
        ahead = [] if self._ahead is None else [self._ahead[1]]
        unanswered = [batch for batch in self._taken if batch.number not in self._answers]
        return [key for batch in unanswered for key in batch.keys] + ahead

    def _next(self) -> Batch:
        batch = Batch(len(self._taken), [], [])
        while self._ahead is not None and len(batch.items) < BATCH_TOKENS_MAX:
            item, key = self._ahead
            batch.items.append(item)
            batch.keys.append(key)
            self._ahead = self._read()
        self._taken.append(batch)
        return batch

    def _read(self) -> tuple[Any, str] | None:
        """The next new item with its key; None = there is no more, or reading failed."""
        try:
            for item in self._items:
                key = self._key(item)
                if key not in self._seen:
                    self._seen.add(key)
                    return item, key
        except Exception as error:
            self._unreadable = TokensUnreadable(f"The tokens can't be read to their end: {error}.")
            self._unreadable.__cause__ = error
        return None


def matched(batch: Batch, body: Body[Row], request_id: str) -> Answered[Row]:
    """The answer to a batch. Raises `UnexpectedAnswer` unless it has each ticket once."""
    success = body.success or []
    failure = body.failure or []
    named = [row.asked_for for row in success]
    named += [failed.asked_for or "" for failed in failure]
    if len(named) != len(batch.keys) or set(named) != set(batch.keys):
        problem = UnexpectedAnswer(
            f"The response has {len(named)} tickets, but not once each of the {len(batch.keys)}"
            " that were requested. Check the proxies in front of the API."
        )
        problem.request_id = request_id
        raise problem
    for failed in failure:
        failed.request_id = request_id
    return Answered(success, failure, request_id)
