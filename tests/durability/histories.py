"""Clients that record what they sent and received about the same few tickets, under faults.

The clients work on a few tickets at a time, each with a fixed number of operations.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from itertools import count
from math import inf
from random import Random
from time import monotonic
from typing import Any

from tests.durability import mixed_load
from tests.durability.linearizability import DONE, HELD, OPEN, REFUSED, Operation, Verb
from tests.serving import VERIFY, raw_request, valid_headers

CLIENTS = 8
TICKETS_AT_ONCE = 4
OPERATIONS = 24
"""Of each ticket, and one verify at the end."""

VERBS: Sequence[Verb] = ("lock", "lock", "unlock", "unlock", "hold", "release", "verify", "verify")
ASKING: dict[Verb, Callable[[list[str], int], mixed_load.Asked]] = {
    "lock": mixed_load.lock,
    "unlock": mixed_load.unlock,
    "hold": lambda tokens, number: mixed_load.hold(tokens, number * 2 + 1),  # without an end
    "release": mixed_load.release,
}
SEVERAL_SHARE = 0.15
"""The share of the requests with two tickets."""

BREAK_SHARE = 0.03
"""The share of the requests after which the client closes its connection at once."""

ANSWER_SECONDS = 20
HEALED_SECONDS = 60
PAUSE_SECONDS = 0.02


class Histories:
    """The operations so far by ticket. `operations` counts them."""

    def __init__(self, ports: list[int], tokens: Sequence[str], seed: int) -> None:
        self.ports = ports
        self.of: defaultdict[str, list[Operation]] = defaultdict(list)
        self.operations = 0
        self._chance = Random(seed)
        self._numbers = count(1)
        self._begun: defaultdict[str, int] = defaultdict(int)
        self._fresh = list(reversed(tokens))
        self._current = [self._fresh.pop() for _ in range(min(TICKETS_AT_ONCE, len(tokens)))]
        self._news = asyncio.Condition()

    async def record(self, trouble: Callable[["Histories"], Coroutine[Any, Any, None]]) -> None:
        """Work on all tickets beside some trouble, and verify each of them at the end."""
        tokens = [*self._fresh, *self._current]
        async with asyncio.TaskGroup() as group:
            group.create_task(trouble(self))
            for _ in range(CLIENTS):
                group.create_task(self._work())
        connection = Connection(self.ports)
        for token in tokens:
            await self._verify(connection, [token])
        await connection.aclose()

    async def reach(self, operations: int) -> None:
        """Wait for this many operations."""
        async with self._news:
            await self._news.wait_for(lambda: self.operations >= operations)

    async def _work(self) -> None:
        connection = Connection(self.ports)
        while tokens := self._next():
            verb = self._chance.choice(VERBS)
            if not await self._ask(connection, verb, tokens):
                await self._verify(connection, tokens)
            async with self._news:
                self.operations += 1
                self._news.notify_all()
        await connection.aclose()

    async def _verify(self, connection: "Connection", tokens: list[str]) -> None:
        """Verify until it is answered.

        A change without a response may be anywhere in the order. With many of them the judge would
        have too many orders to try, so nobody asks for another one while nothing answers.
        """
        deadline = monotonic() + HEALED_SECONDS
        while not await self._ask(connection, "verify", tokens):
            assert monotonic() < deadline, f"{tokens} can't be verified"
            await asyncio.sleep(PAUSE_SECONDS)

    def _next(self) -> list[str]:
        """One current ticket or two, or none at the end."""
        wanted = 2 if self._chance.random() < SEVERAL_SHARE else 1
        tokens = self._chance.sample(self._current, min(wanted, len(self._current)))
        for token in tokens:
            self._begun[token] += 1
            if self._begun[token] >= OPERATIONS:
                self._current.remove(token)
                if self._fresh:
                    self._current.append(self._fresh.pop())
        return tokens

    async def _ask(self, connection: "Connection", verb: Verb, tokens: list[str]) -> bool:
        """Send a request and record what came of it; whether it was answered."""
        number = next(self._numbers)
        request = request_of(verb, tokens, number)
        if not await connection.opened():
            return False
        breaks = self._chance.random() < BREAK_SHARE
        sent = monotonic()
        answer = await connection.ask(request, breaks=breaks)
        answered = monotonic() if answer else inf
        for token in tokens:
            result = None if answer is None else result_of(verb, token, answer)
            if answer or verb != "verify":
                self.of[token].append(Operation(verb, number, sent, answered, result))
        return answer is not None


def request_of(verb: Verb, tokens: list[str], number: int) -> bytes:
    """A request as bytes."""
    if verb == "verify":
        body = json.dumps({"tickets": {"tokens": tokens}}).encode()
        headers = {**valid_headers(), "Content-Length": str(len(body))}
        return raw_request(headers.items(), body, target=VERIFY, method="POST")
    asked = ASKING[verb](tokens, number)
    return raw_request(
        mixed_load.headers_for(asked).items(), asked.body.encode(), target=asked.target
    )


def result_of(verb: Verb, token: str, answer: dict[str, Any]) -> str:
    """The result for one ticket."""
    done = {entry["token"]: entry for entry in answer.get("success", ())}
    if verb != "verify":
        return DONE if token in done else REFUSED
    if token not in done:
        return HELD
    listing = done[token]["externalListingId"]
    return listing.removeprefix("L") if listing else OPEN


class Connection:
    """A client's connection to one of the servers, opened again after each end."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._opened = 0

    async def opened(self) -> bool:
        """Whether it is open, or could be opened."""
        if self._streams:
            return True
        self._opened += 1
        port = self._ports[self._opened % len(self._ports)]
        with suppress(ConnectionError):
            self._streams = await asyncio.open_connection("127.0.0.1", port)
        return self._streams is not None

    async def ask(self, request: bytes, *, breaks: bool) -> dict[str, Any] | None:
        """The document of the response; None if there is none, or if it is a 503."""
        assert self._streams
        reader, writer = self._streams
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                writer.write(request)
                await writer.drain()
                if breaks:
                    await self.aclose()
                    return None
                status, document = await mixed_load.read_answer(reader)
        except (ConnectionError, asyncio.IncompleteReadError):
            await self.aclose()
            return None
        if status == 503:
            await self.aclose()
            return None
        assert document.keys() & {"success", "failure"}, (request, status, document)
        return dict(document)

    async def aclose(self) -> None:
        """End it."""
        streams, self._streams = self._streams, None
        if streams:
            streams[1].transport.abort()
