"""The choice of a group: order of arrival, its size, and changes that stay in the queue."""

import asyncio
from typing import Any

from seatlatch.change_queue import ChangeQueue, Group, WaitingChange
from tests.group_commit import Wanted


def wanted(*tokens: str) -> Wanted:
    """A change of these tickets."""
    return Wanted("", *tokens)


def queue_of(*changes: Wanted) -> ChangeQueue:
    """A queue of changes that came one second after another."""
    queue = ChangeQueue()
    loop = asyncio.new_event_loop()
    for number, change in enumerate(changes):
        queue.append(WaitingChange(change, loop.create_future(), float(number)))
    loop.close()
    return queue


def tokens_of(group: Group) -> list[Any]:
    """The tokens of each change."""
    return [waiting.change.tokens for waiting in group]


def test_a_change_does_not_overtake_a_skipped_one_of_the_same_ticket() -> None:
    queue = queue_of(wanted("a"), wanted("a", "b"), wanted("b"), wanted("c"))
    group = queue.take_group(100, lambda group, change: True)
    assert tokens_of(group) == [("a",), ("c",)]
    assert tokens_of(list(queue)) == [("a", "b"), ("b",)]


def test_a_change_that_may_not_join_keeps_its_position() -> None:
    queue = queue_of(wanted("a"), wanted("busy"), wanted("b"))
    group = queue.take_group(100, lambda group, change: "busy" not in change.tokens)
    assert tokens_of(group) == [("a",), ("b",)]
    assert tokens_of(queue.take_group(100, lambda group, change: True)) == [("busy",)]


def test_a_group_ends_at_its_size_and_a_larger_change_is_alone() -> None:
    queue = queue_of(wanted("a", "b", "c"), wanted("d"), wanted("e", "f"))
    sizes = [len(queue.take_group(2, lambda group, change: True)) for _ in range(4)]
    assert sizes == [1, 1, 1, 0]


def test_old_changes_are_taken_first() -> None:
    queue = queue_of(wanted("a"), wanted("b"), wanted("c"))
    assert tokens_of(queue.take_older(1.5)) == [("a",), ("b",)]
    assert tokens_of(queue.take_all()) == [("c",)]
    assert len(queue) == 0
