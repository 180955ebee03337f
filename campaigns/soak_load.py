"""The load of a soak: a constant rate of changes and reads, and clients that break off.

Changes are checked against their responses and, at the end, against the database.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, suppress
from itertools import cycle
from random import Random
from typing import Any

from tests.durability.callers import Wire
from tests.durability.mixed_load import Asked, Client, hold
from tests.serving import OPERATOR_KEY, VERIFY, raw_request, valid_headers
from tests.webhooks.receivers import OK, Received, Receiver

CLIENTS = 4
CHANGES_PER_SECOND = 3.0
"""The rate of each client."""

READS_PER_SECOND = 4.0
"""The rate of each of the three readers."""

BREAKS_PER_SECOND = 1.0
CONNECTION_CHANGES = 40
"""After this many changes a client opens another connection."""

FEED_WAIT_SECONDS = 1
OPERATOR = {"Authorization": f"Bearer {OPERATOR_KEY}"}
OPERATOR_READS = (
    "/operator/v1/tickets?limit=20",
    "/operator/v1/requests?limit=20",
    "/operator/v1/webhooks",
    "/readyz",
)
BROKEN = (
    b"PUT /v1/tickets/unlock HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
    b"GET /readyz HTTP/1.1\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"",
)
"""The bytes that a client sends before it closes its connection."""


class SoakClient(Client):
    """A client whose holds have no end, because it runs for longer than they would."""

    def next_change(self) -> tuple[list[str], Asked]:
        """Some tickets, and what is to become of them."""
        tokens, asked = super().next_change()
        if asked.state.ends:
            number = int(asked.state.hold_reason[1:]) if asked.state.hold_reason else 0
            asked = hold(tokens, number + 1)
        return tokens, asked


class Load:
    """The load on a server. `counts`: what was done, by kind; `failures`: as text."""

    def __init__(self, tokens: list[str], seed: int) -> None:
        self.clients = [SoakClient(tokens[n::CLIENTS], seed + n) for n in range(CLIENTS)]
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []
        self._tokens = tokens
        self._chance = Random(seed)
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Finish what is begun."""
        self._ending.set()

    async def run(self, port: int, receiver: Receiver) -> None:
        """Send requests until the end."""
        receiver.respond = self._respond(receiver)
        reads = [self._verify, self._feed(), self._operate()]
        async with asyncio.TaskGroup() as group:
            for client in self.clients:
                group.create_task(self._change(port, client))
            for read in reads:
                group.create_task(self._read(port, read))
            group.create_task(self._break_off(port))

    def _respond(self, receiver: Receiver) -> Callable[[Received], Awaitable[bytes]]:
        async def respond(_received: Received) -> bytes:
            self.counts["webhooks"] += 1
            receiver.received.clear()
            return OK

        return respond

    async def _pause(self, per_second: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), 1 / per_second)

    async def _change(self, port: int, client: Client) -> None:
        while not self._ending.is_set():
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(CONNECTION_CHANGES):
                before = client.acknowledged
                await client.change_once(reader, writer)
                self.counts["changes" if client.acknowledged > before else "refused"] += 1
                await self._pause(CHANGES_PER_SECOND)
                if self._ending.is_set():
                    break
            writer.close()

    async def _read(self, port: int, read: Callable[[Wire], Awaitable[None]]) -> None:
        async with aclosing(Wire([port, port])) as wire:
            while not self._ending.is_set():
                await read(wire)
                await self._pause(READS_PER_SECOND)

    async def _ask(self, wire: Wire, kind: str, request: bytes) -> Any:
        status, _, document = await wire.ask(request)
        self.counts["refused" if status == 503 else kind] += 1
        if status not in (200, 503) and not document.keys() & {"success", "failure"}:
            self.failures.append(f"{kind}: {status} {document}"[:300])
        return document

    async def _verify(self, wire: Wire) -> None:
        tokens = self._chance.sample(self._tokens, 5)
        body = json.dumps({"tickets": {"tokens": tokens}}).encode()
        headers = {**valid_headers(), "Content-Length": str(len(body))}
        await self._ask(
            wire, "verifies", raw_request(headers.items(), body, target=VERIFY, method="POST")
        )

    def _feed(self) -> Callable[[Wire], Awaitable[None]]:
        place = "latest"

        async def read(wire: Wire) -> None:
            nonlocal place
            target = f"/v1/events?after={place}&wait={FEED_WAIT_SECONDS}"
            page = await self._ask(wire, "pages of the feed", _get(target, _reading_headers()))
            place = page.get("next", place)
            self.counts["events"] += len(page.get("events", ()))

        return read

    def _operate(self) -> Callable[[Wire], Awaitable[None]]:
        targets = cycle(OPERATOR_READS)

        async def read(wire: Wire) -> None:
            await self._ask(wire, "operator's reads", _get(next(targets), OPERATOR))

        return read

    async def _break_off(self, port: int) -> None:
        for sent in cycle(BROKEN):
            if self._ending.is_set():
                return
            async with AsyncExitStack() as stack:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                stack.callback(writer.transport.abort)
                writer.write(sent)
                self.counts["broken connections"] += 1
                await self._pause(BREAKS_PER_SECOND)


def _reading_headers() -> Mapping[str, str]:
    return valid_headers(content_type=None)


def _get(target: str, headers: Mapping[str, str]) -> bytes:
    return raw_request(headers.items(), b"", target=target, method="GET")
