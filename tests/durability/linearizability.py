"""A judge of histories: whether the responses about one ticket fit one order of the operations.

In a linearizable history each operation takes effect at one moment between its request and its
response. An operation without a response may take effect at any time after its request, or never.
"""

from collections.abc import Sequence
from math import inf
from typing import Literal, NamedTuple

Verb = Literal["lock", "unlock", "hold", "release", "verify"]

HELD, OPEN = "held", "open"
"""The results of a verify, beside the number of the listing."""

DONE, REFUSED = "done", "refused"
"""The results of the other verbs."""


class Operation(NamedTuple):
    """One request about a ticket. `number`: of its listing, like no other.

    `result` None and `answered` infinite: there was no response.
    """

    verb: Verb
    number: int
    sent: float
    answered: float
    result: str | None


class State(NamedTuple):
    """A ticket that one channel and the box office change."""

    listing: str | None = None
    is_held: bool = False


def after(state: State, operation: Operation) -> tuple[State, str]:
    """The state after an operation, and its result."""
    listing, is_held = state
    if operation.verb == "verify":
        return state, HELD if is_held else listing or OPEN
    if operation.verb == "release":
        return State(listing, False), DONE
    if operation.verb == "hold":
        if listing and not is_held:
            return state, REFUSED
        return State(listing, True), DONE
    if is_held:
        return state, REFUSED
    return State(str(operation.number) if operation.verb == "lock" else None, False), DONE


def is_linearizable(history: Sequence[Operation]) -> bool:
    """Whether there is an order of the operations that explains all results.

    Tries every order that the times allow, and none of them twice.
    """
    operations = sorted(history, key=lambda one: one.sent)
    answered = sum(1 << n for n, one in enumerate(operations) if one.result is not None)
    everything = (1 << len(operations)) - 1
    seen: set[tuple[int, State]] = set()
    waiting = [(everything, State())]
    while waiting:
        left, state = waiting.pop()
        if not left & answered:
            return True
        if (left, state) in seen:
            continue
        seen.add((left, state))
        rest = [n for n in range(len(operations)) if left >> n & 1]
        first_answer = min((operations[n].answered for n in rest), default=inf)
        for n in rest:
            if operations[n].sent > first_answer:
                break
            becomes, result = after(state, operations[n])
            if operations[n].result in (None, result):
                waiting.append((left & ~(1 << n), becomes))
    return False


def planted(history: Sequence[Operation], kind: int) -> list[Operation] | None:
    """A copy with one wrong response, which no order can explain; None if it can't be made so.

    The last operation of the history must be a verify after all others.
    """
    return (_phantom, _stale, _forgotten)[kind % 3](list(history))


def _phantom(history: list[Operation]) -> list[Operation] | None:
    """A verify returns a listing that nobody has made."""
    return [*history[:-1], history[-1]._replace(result="0")]


def _stale(history: list[Operation]) -> list[Operation] | None:
    """A verify returns a listing that another one had replaced before the verify was sent."""
    done = [one for one in history if one.verb in ("lock", "unlock") and one.result == DONE]
    for place, read in enumerate(history):
        if read.verb != "verify" or read.result is None:
            continue
        before = [one for one in done if one.answered < read.sent]
        for old in before:
            is_replaced = any(old.answered < one.sent for one in before)
            if old.verb == "lock" and is_replaced and read.result != str(old.number):
                wrong = read._replace(result=str(old.number))
                return [*history[:place], wrong, *history[place + 1 :]]
    return None


def _forgotten(history: list[Operation]) -> list[Operation] | None:
    """A lock is acknowledged before the last verify, which does not show it."""
    last = history[-1]
    known = {str(one.number) for one in history if one.verb == "lock" and one.result == DONE}
    if last.result not in known:
        return None
    began = max(one.sent for one in history[:-1])
    latest = max(one.answered for one in history[:-1] if one.result is not None)
    sent = max(began, latest) + (last.sent - max(began, latest)) / 3
    answered = sent + (last.sent - sent) / 2
    if not max(began, latest) < sent < answered < last.sent:
        return None
    return [*history[:-1], Operation("lock", 0, sent, answered, DONE), last]
