"""Bulk changes as tests ask for them: a dry run, and the request with its confirmation."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import httpx

from seatlatch.operations.change_tickets import TicketChange
from seatlatch.store.interface import Result, Store, Transaction
from tests.operator_api.box_office import KEY, operate
from tests.serving import Served
from tests.stores import Around

UNLOCK: tuple[str, dict[str, Any]] = ("/unlock", {"reason": "the channel was closed"})
VOID: tuple[str, dict[str, Any]] = ("/void", {})
HOLD: tuple[str, dict[str, Any]] = ("/status", {"status": "LOCK", "reason": "moving"})
RELEASE: tuple[str, dict[str, Any]] = ("/status", {"status": "UNLOCK"})

Call = tuple[str, dict[str, Any]]


def request(
    served: Served, call: Call, wanted: dict[str, Any], authorization: str = KEY, **more: Any
) -> httpx.Response:
    """A request with a filter, and `more` members."""
    path, body = call
    whole = {**body, "filter": wanted, **more}
    return operate(served, "PUT", path, whole, authorization=authorization)


def dry_run(served: Served, call: Call, wanted: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The count and the confirmation."""
    answer = request(served, call, wanted, dryRun=True, **more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert list(found) == ["count", "confirmation"]
    return found


def confirmed(
    served: Served, call: Call, wanted: dict[str, Any], count: int, **more: Any
) -> httpx.Response:
    """The response to a request that repeats the confirmation of a dry run with this count."""
    found = dry_run(served, call, wanted, **more)
    assert found["count"] == count
    return request(served, call, wanted, confirmation=found["confirmation"], **more)


class Interfered(Around):
    """A store on which something happens just before one of its commits of changed tickets:
    `happens` by the number of the commit, from 1.
    """

    def __init__(self, inside: Store) -> None:
        super().__init__(inside)
        self.commits = 0
        self.happens: dict[int, Callable[[Store], Awaitable[Any]]] = {}

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """See `Store.commit`."""
        changes = work.args[0] if isinstance(work, partial) else []
        if any(isinstance(change, TicketChange) for change in changes):
            self.commits += 1
            if happens := self.happens.get(self.commits):
                await happens(self.inside)
        return await super().commit(work)
