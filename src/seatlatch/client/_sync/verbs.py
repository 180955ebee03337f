# Made from ../_async by `make client`: change it there.
"""A call about tickets, of as many as there are: split, sent, and joined again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic

from ..batches import Batch, Batches, OnAnswer, matched
from ..errors import ClientError, TicketsFailed
from ..forms import Form
from ..models import Failure, Row
from .caller import Caller
from .sender import Call
from .ways import together


class TicketsResult(Generic[Row]):
    """What became of each ticket, in the order in which they were asked for; repeats count once.

    `success`: those that are as they were to be. `failure`: all others, and why. `request_ids`:
    of the requests that it took, up to 100 tickets each.
    """

    def __init__(
        self,
        verb: Verb[Row],
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
        """What goes to another process, where it can't be sent again."""
        return {**self.__dict__, "_verb": None}

    def __repr__(self) -> str:
        return f"<{len(self.success)} succeeded, {len(self.failure)} failed>"

    def raise_for_failures(self) -> TicketsResult[Row]:
        """Itself if no ticket failed. Raises `TicketsFailed`."""
        if self.failure:
            raise TicketsFailed(self)
        return self

    def retry_failed(self) -> TicketsResult[Row]:
        """Send those that failed again, as they were, and join the answers with these.

        A hold by the box office may have ended; a token that is invalid stays so. Raises a
        `ClientError`, whose `answered` then has what succeeded before, too.
        """
        failed = {failure.asked_for for failure in self.failure}
        again = [item for item in self._items if self._verb.key(item) in failed]
        try:
            return self._joined(self._verb.ask(again))
        except ClientError as problem:
            problem.answered = self._joined(problem.answered)
            raise

    def _joined(self, again: TicketsResult[Row]) -> TicketsResult[Row]:
        """What succeeded here, and all of `again`, in the order of the first asking."""
        success = {row.asked_for: row for row in (*self.success, *again.success)}
        failure = {row.asked_for: row for row in again.failure}
        keys = [self._verb.key(item) for item in self._items]
        known = success.keys() | failure.keys()
        return TicketsResult(
            self._verb,
            [item for item, key in zip(self._items, keys, strict=True) if key in known],
            [success[key] for key in keys if key in success],
            [failure[key] for key in keys if key in failure],
            self.request_ids + again.request_ids,
        )


class Verb(Generic[Row]):
    """Unlock, lock or verify. `lanes`: how many requests are on their way at once."""

    def __init__(self, caller: Caller, form: Form[Row], lanes: int) -> None:
        self._caller = caller
        self._form = form
        self._lanes = lanes
        self.key = form.key

    def ask(
        self, items: Iterable[Any], on_answer: OnAnswer[Row] | None = None
    ) -> TicketsResult[Row]:
        """Ask for these, in portions. The first goes alone: what is wrong with the client itself
        comes out then. Raises a `ClientError` that has what was answered, and what was not.
        """
        batches = Batches(items, self._form.key, on_answer)
        first = batches.take()
        if first is not None:
            self._work(batches, first)
        if batches.has_more:
            try:
                together(lambda: self._lane(batches), self._lanes)
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

    def _result(self, batches: Batches[Row]) -> TicketsResult[Row]:
        answers = batches.answers()
        return TicketsResult(
            self,
            batches.answered_items(),
            [row for answer in answers for row in answer.success],
            [row for answer in answers for row in answer.failure],
            [answer.request_id for answer in answers],
        )

    def _lane(self, batches: Batches[Row]) -> None:
        while (batch := batches.take()) is not None:
            self._work(batches, batch)

    def _work(self, batches: Batches[Row], batch: Batch) -> None:
        form = self._form
        try:
            call = Call(form.method, form.path, form.read, form.body(batch.items))
            body = self._caller.ask(call)
            batches.done(batch, matched(batch, body, call.request_id))
        except Exception as problem:  # told when the other lanes have ended, too
            batches.fail(problem)
