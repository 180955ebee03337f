"""Callers over HTTP who go on through a bad day, and hold every answer against the promise.

They lock and unlock tickets of their own, verify them, and ask the probes. A request that gets 503
is sent again until it is answered, as the reference tells callers to do.
"""

import asyncio
import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager, suppress
from itertools import pairwise
from time import monotonic
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.databases import Row
from tests.durability.mixed_load import Asked, Client, State, headers_for, lock, unlock
from tests.serving import UNLOCK, VERIFY, raw_request, valid_headers

PROMISED_SECONDS = 5
"""Within so many every request is answered, whatever has happened to the database."""

ALIVE_SECONDS = 2
"""The process itself answers at once; here it shares two cores with a server and its callers."""

PAUSE_SECONDS = 0.05
"""Between two requests of a caller that was refused, or that only looks."""

LIVE, READY = "/livez", "/readyz"


class Answer(NamedTuple):
    """`sent`: when the request went out; `seconds`: until it was answered."""

    route: str
    status: int
    sent: float
    seconds: float


class Sent(NamedTuple):
    """A change that was asked for."""

    request_id: str
    tokens: Sequence[str]
    state: State


class Caller(Client):
    """Locks and unlocks its tickets, one request after the other, each until it is acknowledged.

    `sent` has its changes in order, of which the first `acknowledged` ones have their response.
    """

    def __init__(self, tokens: Iterable[str], seed: int) -> None:
        super().__init__(tokens, seed)
        self.sent: list[Sent] = []
        self.acknowledged_at: list[float] = []

    def next_change(self) -> tuple[list[str], Asked]:
        """Some tickets that are alike, and what is to become of them."""
        listed = self._chance.choice(list(self.model.values())).mpreserve
        alike = [token for token, state in self.model.items() if state.mpreserve == listed]
        tokens = self._chance.sample(alike, min(len(alike), self._chance.choice((1, 2, 10))))
        verb = unlock if listed and self._chance.random() < 0.8 else lock
        return tokens, verb(tokens, next(self.numbers))


class Callers:
    """All of them, in a thread. `ports`: of the servers, any of which will do. `answers` are in
    their order; `wrong` is what broke the promise, as text, and `late` what came too late.
    `pause_seconds`: between two changes of a caller.
    """

    def __init__(
        self,
        ports: Sequence[int],
        tokens: Sequence[str],
        callers: int = 4,
        seed: int = 0,
        *,
        pause_seconds: float = 0,
    ) -> None:
        self.ports = ports
        self.callers = [Caller(tokens[n::callers], seed + n) for n in range(callers)]
        self.answers: list[Answer] = []
        self.wrong: list[str] = []
        self.late: list[Answer] = []
        self._pause_seconds = pause_seconds
        self._news = threading.Condition()
        self._ending = threading.Event()
        self._pausing = threading.Event()
        self._at_work = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._call()), name="callers")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Let each finish what it has begun."""
        self._ending.set()
        self._thread.join(30)
        assert not self._thread.is_alive(), "a caller waits for ever"

    def wait_for(self, statuses: Mapping[str, int], seconds: float, *, times: int = 1) -> float:
        """Wait until each route has answered so `times` to requests sent from now on.

        Returns how long that took, in seconds.
        """
        began = monotonic()

        def came() -> bool:
            late = [(a.route, a.status) for a in self.answers if a.sent >= began]
            return all(late.count(wanted) >= times for wanted in statuses.items())

        with self._news:
            assert self._news.wait_for(came, seconds), self.responses_since(began)
        return monotonic() - began

    @contextmanager
    def paused(self, seconds: float) -> Iterator[None]:
        """Nothing is asked for inside, and all that was is acknowledged, which may take so long."""
        self._pausing.set()
        with self._news:
            assert self._news.wait_for(lambda: self._at_work == 0, seconds), "it does not heal"
        yield
        self._pausing.clear()

    def lost(self, states: Mapping[str, State]) -> dict[str, State]:
        """What is in the database and not as it was acknowledged; to be asked in a pause."""
        return {
            token: states[token]
            for caller in self.callers
            for token, acknowledged in caller.model.items()
            if states[token] != acknowledged
        }

    @property
    def acknowledged(self) -> list[Sent]:
        """Every change that was acknowledged."""
        return [sent for caller in self.callers for sent in caller.sent[: caller.acknowledged]]

    def longest_gap(self, since: float) -> float:
        """The longest time from then until now without an acknowledged change, in seconds."""
        changes = [a for a in self.answers if (a.route, a.status) == (UNLOCK, 200)]
        ends = sorted(a.sent + a.seconds for a in changes)
        before = max((end for end in ends if end < since), default=since)
        moments = [before, *(end for end in ends if end >= since), monotonic()]
        return max(later - earlier for earlier, later in pairwise(moments))

    def responses_since(self, began: float) -> dict[tuple[str, int], int]:
        """How often which route answered what to requests sent since then."""
        late = [(a.route, a.status) for a in self.answers if a.sent >= began]
        return {each: late.count(each) for each in sorted(set(late))}

    def check(self, states: Mapping[str, State]) -> None:
        """Every promise was kept, and what was acknowledged is in the database."""
        assert (self.wrong[:5], self.late[:5]) == ([], [])
        assert [caller.settle(states) for caller in self.callers] == [{}] * len(self.callers)

    async def _call(self) -> None:
        looking = [(LIVE, "GET"), (READY, "GET"), (VERIFY, "POST")]
        await asyncio.gather(
            *(self._change(caller) for caller in self.callers),
            *(self._look(route, method) for route, method in looking),
        )

    async def _change(self, caller: Caller) -> None:
        async with aclosing(Wire(self.ports)) as wire:
            while not self._ending.is_set():
                if self._pausing.is_set():
                    await asyncio.sleep(PAUSE_SECONDS)
                    continue
                self._at_work += 1
                await self._change_once(caller, wire)
                await asyncio.sleep(self._pause_seconds)
                with self._news:
                    self._at_work -= 1
                    self._news.notify_all()

    async def _change_once(self, caller: Caller, wire: "Wire") -> None:
        """Until it is acknowledged, or the end has come."""
        tokens, asked = caller.next_change()
        caller.pending |= dict.fromkeys(tokens, asked.state)
        headers = headers_for(asked)
        request = raw_request(headers.items(), asked.body.encode(), target=asked.target)
        caller.sent.append(Sent(headers["Request-ID"], tokens, asked.state))
        while (answer := await self._ask(wire, UNLOCK, request)) is None:
            if self._ending.is_set():
                return
            await asyncio.sleep(PAUSE_SECONDS)
        if sorted(entry["token"] for entry in answer.get("success", ())) != sorted(tokens):
            self.wrong.append(f"{asked.body} got {answer}")
        caller.model |= dict.fromkeys(tokens, asked.state)
        for token in tokens:
            del caller.pending[token]
        caller.acknowledged_at.append(monotonic())
        caller.acknowledged += 1

    async def _look(self, route: str, method: str) -> None:
        token = next(iter(self.callers[0].model))
        body = json.dumps({"tickets": {"tokens": [token]}}).encode() if method == "POST" else b""
        headers = {**valid_headers(), "Content-Length": str(len(body))}
        request = raw_request(headers.items(), body, target=route, method=method)
        async with aclosing(Wire(self.ports)) as wire:
            while not self._ending.is_set():
                await self._ask(wire, route, request)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _ask(self, wire: "Wire", route: str, request: bytes) -> Any:
        """The answer's document, None if it was refused. Notes and judges the answer."""
        sent = monotonic()
        status, retry_after, document = await wire.ask(request)
        answer = Answer(route, status, sent, monotonic() - sent)
        if answer.seconds > (ALIVE_SECONDS if route == LIVE else PROMISED_SECONDS):
            self.late.append(answer)
        if status != 200 and (status != 503 or not retry_after or route == LIVE):
            self.wrong.append(f"neither done nor refused in order: {answer} {document}")
        with self._news:
            self.answers.append(answer)
            self._news.notify_all()
        return document if status == 200 else None


class Wire:
    """A connection that is opened anew when the server has closed it, to whichever is there."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._opened = 0

    async def ask(self, request: bytes) -> tuple[int, int, Any]:
        """Status, Retry-After in seconds or 0, and the document. Asks again if a server ends, for
        as long as there is more than one.
        """
        while True:
            try:
                return await self._ask(request)
            except (ConnectionError, asyncio.IncompleteReadError):
                if len(self._ports) == 1:
                    raise
                await self.aclose()

    async def _ask(self, request: bytes) -> tuple[int, int, Any]:
        if self._streams is None:
            self._opened += 1
            port = self._ports[self._opened % len(self._ports)]
            self._streams = await asyncio.open_connection("127.0.0.1", port)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:-2])
        document = json.loads(await reader.readexactly(int(headers["content-length"])))
        if headers.get("connection") == "close":
            await self.aclose()
        return int(head.split(" ", 2)[1]), int(headers.get("retry-after", 0)), document

    async def aclose(self) -> None:
        """Done."""
        if self._streams:
            self._streams[1].close()
            with suppress(ConnectionError):
                await self._streams[1].wait_closed()
        self._streams = None


def states_of(rows: Mapping[str, Row]) -> dict[str, State]:
    """Every ticket as it stands in a database, on either engine."""
    return {token: _state(row) for token, row in rows.items()}


def _state(row: Row) -> State:
    seller = row["seller"]
    return State(
        int(row["mpreserve"]),
        row["mpreserve_channel"],
        row["listing_source"],
        row["external_listing_id"],
        row["total_price"],
        row["individual_price"],
        json.loads(seller)["lastName"] if seller else None,
        row["seat_status"],
        row["hold_reason"],
        row["hold_expires_at"] is not None,
    )
