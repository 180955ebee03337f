"""Both clients behind one face, so that each test runs on the one and on the other."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from seatlatch.client import AsyncClient, AsyncTicketsResult, Client, Retries
from tests.serving import ACCESS_TOKEN, API_KEY, APPLICATION, CHANNEL

Kind = Literal["sync", "async"]

KEYS: dict[str, Any] = {"application_id": APPLICATION, "api_key": API_KEY, "channel_code": CHANNEL}

MANY = [f"many-{number:05}" for number in range(1_050)]
"""Tokens of tickets that are listed."""

HURRIED = Retries(attempts=3, first_wait_seconds=0, wait_seconds_max=1)


class Waiting:
    """An object of the async client: what it would have awaited is waited for."""

    def __init__(self, behind: Any, runner: asyncio.Runner) -> None:
        self._behind = behind
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        return self._faced(getattr(self._behind, name))

    def __repr__(self) -> str:
        return repr(self._behind)

    def _faced(self, value: Any) -> Any:
        if inspect.isawaitable(value):
            return self._faced(self._runner.run(_awaited(value)))
        if isinstance(value, AsyncIterator):
            return self._each(value)
        if isinstance(value, AsyncTicketsResult):
            return Waiting(value, self._runner)
        if callable(value):
            return lambda *args, **kwargs: self._faced(value(*args, **kwargs))
        if type(value).__module__.startswith("seatlatch.client._async"):
            return Waiting(value, self._runner)
        return value

    def _each(self, values: AsyncIterator[Any]) -> Iterator[Any]:
        while True:
            try:
                yield self._runner.run(_awaited(anext(values)))
            except StopAsyncIteration:
                return


async def _awaited(value: Any) -> Any:
    return await value


Making = Callable[..., Any]
"""Makes a client for an address: with `ACCESS_TOKEN` and no waits, unless told otherwise."""


@contextmanager
def making(kind: Kind) -> Iterator[Making]:
    """A maker of clients of one kind, which are closed at the end."""
    made: list[Any] = []
    with asyncio.Runner() as runner:

        def make(url: str, **options: Any) -> Any:
            if not options.keys() & {"access_token", "authorization_code", "refresh_token"}:
                options["access_token"] = ACCESS_TOKEN
            whole = {**KEYS, "timeout": 10, **options}
            client = Client(url, **whole) if kind == "sync" else _make_async(url, whole, runner)
            made.append(client)
            return client

        yield make
        for client in made:
            client.close() if kind == "sync" else client.aclose()


def _make_async(url: str, options: dict[str, Any], runner: asyncio.Runner) -> Waiting:
    async def make() -> AsyncClient:
        return AsyncClient(url, **options)

    return Waiting(runner.run(make()), runner)
