"""Calls about any number of tickets: split into requests, sent, and joined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic

from ..batches import Batch, Batches, OnAnswer, matched
from ..errors import ClientError, TicketsFailed
from ..forms import Form
from ..models import Failure, Row
from .caller import AsyncCaller
from .sender import Call
from .ways import together


class AsyncTicketsResult(Generic[Row]):
    """The outcome of each ticket, in the order of the call, without repeats.

    `success`: the tickets in the requested state. `failure`: all others, with the reason.
    `request_ids`: of the requests, each of up to 100 tickets.
    """

    def __init__(
        self,
        verb: AsyncVerb[Row],
        items: Sequence[Any],
        success: list[Row],
        failure: list[Failure],
        request_ids: list[str],
    ) -> None:
        self._verb = verb
        self._items = items
        self.success = success
        self.failure = failure
        self.request_ids = request_ids

    def __getstate__(self) -> dict[str, Any]:
        """The state to pickle. A result in another process cannot retry its failures."""
        return {**self.__dict__, "_verb": None}

    def __repr__(self) -> str:
        return f"<{len(self.success)} succeeded, {len(self.failure)} failed>"

    def raise_for_failures(self) -> AsyncTicketsResult[Row]:
        """Return itself if no ticket failed. Raises `TicketsFailed`."""
        if self.failure:
            raise TicketsFailed(self)
        return self

    async def retry_failed(self) -> AsyncTicketsResult[Row]:
        """Send the failed tickets again, and join the answers with the earlier ones.

        A hold by the box office may have ended; an invalid token stays invalid. Raises a
        `ClientError`; its `answered` also has the earlier successes.
        """
        failed = {failure.asked_for for failure in self.failure}
        again = [item for item in self._items if self._verb.key(item) in failed]
        try:
            return self._joined(await self._verb.ask(again))
        except ClientError as problem:
            problem.answered = self._joined(problem.answered)
            raise

    def _joined(self, again: AsyncTicketsResult[Row]) -> AsyncTicketsResult[Row]:
        """The earlier successes and all of `again`, in the order of the first call."""
        success = {row.asked_for: row for row in (*self.success, *again.success)}
        failure = {row.asked_for: row for row in again.failure}
        keys = [self._verb.key(item) for item in self._items]
        known = success.keys() | failure.keys()
        return AsyncTicketsResult(
            self._verb,
            [item for item, key in zip(self._items, keys, strict=True) if key in known],
            [success[key] for key in keys if key in success],
            [failure[key] for key in keys if key in failure],
            self.request_ids + again.request_ids,
        )


class AsyncVerb(Generic[Row]):
    """Unlock, lock or verify. `lanes`: how many requests are sent at once."""

    def __init__(self, caller: AsyncCaller, form: Form[Row], lanes: int) -> None:
        self._caller = caller
        self._form = form
        self._lanes = lanes
        self.key = form.key

    async def ask(
        self, items: Iterable[Any], on_answer: OnAnswer[Row] | None = None
    ) -> AsyncTicketsResult[Row]:
        """Send all items in batches. The first batch is sent alone, so that a wrong client fails
        once. Raises a `ClientError` with the answered and the unanswered items.
        """
        batches = Batches(items, self._form.key, on_answer)
        first = batches.take()
        if first is not None:
            await self._work(batches, first)
        if batches.has_more:
            try:
                await together(lambda: self._lane(batches), self._lanes)
            except BaseException:
                batches.stop()
                raise
        result = self._result(batches)
        problem = batches.end()
        if problem is None:
            return result
        if isinstance(problem, ClientError):
            problem.answered = result
            problem.unanswered = batches.unanswered()
        raise problem

    def _result(self, batches: Batches[Row]) -> AsyncTicketsResult[Row]:
        answers = batches.answers()
        return AsyncTicketsResult(
            self,
            batches.answered_items(),
            [row for answer in answers for row in answer.success],
            [row for answer in answers for row in answer.failure],
            [answer.request_id for answer in answers],
        )

    async def _lane(self, batches: Batches[Row]) -> None:
        while (batch := batches.take()) is not None:
            await self._work(batches, batch)

    async def _work(self, batches: Batches[Row], batch: Batch) -> None:
        form = self._form
        try:
            call = Call(form.method, form.path, form.read, form.body(batch.items))
            body = await self._caller.ask(call)
            batches.done(batch, matched(batch, body, call.request_id))
        except Exception as problem:  # raised when the other lanes have ended as well
            batches.fail(problem)
