"""A real store whose commits wait until the test lets them continue."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Any

from seatlatch.store.interface import Result, Store, TicketsBusy, Transaction
from tests.stores import Around


class GatedStore(Around):
    """`groups`: the changes of each commit, in order of arrival."""

    def __init__(self, inside: Store) -> None:
        super().__init__(inside)
        self.groups: list[list[Any]] = []
        self.is_open = False
        self.busy: set[str] = set()
        self._gates: list[asyncio.Event] = []

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        assert isinstance(work, partial)
        changes = work.args[0]
        self.groups.append(changes)
        self._gates.append(asyncio.Event())
        if not self.is_open:
            await self._gates[-1].wait()
        if any(not self.busy.isdisjoint(change.tokens) for change in changes):
            raise TicketsBusy
        return await super().commit(work)

    async def tokens_in_use(self, tokens: Collection[str]) -> Collection[str]:
        return self.busy.intersection(tokens)

    def let(self, number: int) -> None:
        """Let this commit continue."""
        self._gates[number].set()

    def let_all(self) -> None:
        """Let all commits continue, also later ones."""
        self.is_open = True
        for gate in self._gates:
            gate.set()
