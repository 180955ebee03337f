"""Changes of callers and what they may see, in a transaction that a test holds open."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from seatlatch.store.interface import Store, Transaction
from seatlatch.store.tickets import NewTicket
from tests.running_loops import running_loop


class Provisioning:
    """The methods of `transaction.access`, and a few others, without `await`."""

    def __init__(
        self, run: Callable[[Coroutine[Any, Any, Any]], Any], transaction: Transaction
    ) -> None:
        self._run = run
        self._transaction = transaction

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._transaction.access, name)
        return lambda *arguments: self._run(method(*arguments))

    def add_tickets(self, tickets: Iterable[NewTicket]) -> None:
        """See `TicketWriter.add`."""
        self._run(self._transaction.tickets.add(tickets))

    def do(self, work: Callable[[Transaction], Coroutine[Any, Any, Any]]) -> None:
        """Run `work` in the transaction."""
        self._run(work(self._transaction))


@contextmanager
def provisioning(store: Store) -> Iterator[Provisioning]:
    """A transaction on a store, which it closes at the end.

    It is committed, unless the test raises an error inside. Not for use in a coroutine.
    """
    with running_loop(None), asyncio.Runner() as runner:
        loop = runner.get_loop()
        begun: asyncio.Future[Transaction] = loop.create_future()
        ended: asyncio.Future[None] = loop.create_future()

        async def work(transaction: Transaction) -> None:
            await transaction.access.lock()
            begun.set_result(transaction)
            await ended

        async def begin() -> Transaction:
            either: list[asyncio.Future[Any]] = [begun, committing]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if committing.done():
                committing.result()
            return begun.result()

        async def commit() -> None:
            await store.commit(work)

        async def end() -> None:
            await committing

        committing = loop.create_task(commit())
        try:
            transaction = runner.run(begin())
            try:
                yield Provisioning(runner.run, transaction)
            except BaseException as error:
                ended.set_exception(error)
                runner.run(end())
            else:
                ended.set_result(None)
                runner.run(end())
        finally:
            runner.run(store.close())
