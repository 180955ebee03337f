"""The queue of changes that wait for group commit, and the choice of the next group."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from seatlatch.commit import Change

TICKETLESS_TOKENS = 20
"""The weight of a change without tickets, such as an exchange of access tokens."""


class WaitingChange(NamedTuple):
    """A change, its future result, and when it came, in seconds of the event loop's clock."""

    change: Change[Any]
    result: asyncio.Future[Any]
    since: float

    @property
    def weight(self) -> int:
        """Its size in tokens. A change without tickets also takes time."""
        return len(self.change.tokens) or TICKETLESS_TOKENS


Group = list[WaitingChange]


class ChangeQueue:
    """Changes in the order of their arrival."""

    def __init__(self) -> None:
        self._changes: deque[WaitingChange] = deque()

    def __len__(self) -> int:
        return len(self._changes)

    def __iter__(self) -> Iterator[WaitingChange]:
        return iter(self._changes)

    def append(self, waiting: WaitingChange) -> None:
        """Add a change at the end."""
        self._changes.append(waiting)

    def take_group(self, tokens_max: int, may_join: Callable[[Group, Change[Any]], bool]) -> Group:
        """Take the next group, in the order of arrival; it may be empty.

        Its weight is `tokens_max` at most, unless its only change is heavier. `may_join` decides
        whether a group can take a change. Changes that cannot join stay at their positions.
        """
        group: Group = []
        skipped: Group = []
        # The tokens of all changes that were examined. Those of the skipped ones, because a later
        # change of the same ticket must not overtake them; those of the group, because one
        # statement makes all its changes of a kind and can change a ticket only once.
        wanted: set[str] = set()
        tokens = 0
        while self._changes:
            # Skipped changes count as well: otherwise each search would examine every change that
            # waits for a busy ticket.
            tokens += self._changes[0].weight
            if group and tokens > tokens_max:
                break
            waiting = self._changes.popleft()
            change = waiting.change
            if wanted.isdisjoint(change.tokens) and may_join(group, change):
                group.append(waiting)
            else:
                skipped.append(waiting)
            wanted.update(change.tokens)
        self._changes.extendleft(reversed(skipped))
        return group

    def take_older(self, before: float) -> Group:
        """Take the changes that came before a time."""
        older: Group = []
        while self._changes and self._changes[0].since < before:
            older.append(self._changes.popleft())
        return older

    def take_all(self) -> Group:
        """Take every change."""
        changes = list(self._changes)
        self._changes.clear()
        return changes
