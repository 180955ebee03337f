"""Misbehaves around the calls of /v1: as a token in the request asks for it, or by the switch."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from seatlatch.api.exchange import Exchange
from seatlatch.api.routes import ApiRoute, Endpoint
from seatlatch.sandbox.behaviour import Conduct
from seatlatch.sandbox.cutting import cut
from seatlatch.sandbox.faults import SLOW_SECONDS, Fault, Turns, asked_in, refusal_of
from seatlatch.webhooks.sending import Answer, NoAnswer, Sends

MISBEHAVES = "/v1/"
SWITCH = "the sandbox's behaviour"

Sleep = Callable[[float], Awaitable[None]]


class Misbehaving:
    """Puts itself around routes and senders."""

    def __init__(self, conduct: Conduct, turns: Turns, sleep: Sleep = asyncio.sleep) -> None:
        self.conduct = conduct
        self.turns = turns
        self.sleep = sleep

    def route(self, route: ApiRoute) -> ApiRoute:
        """The same route, which misbehaves if it is one of those that do."""
        if not route.path.startswith(MISBEHAVES):
            return route
        return route.with_endpoint(self._around(route.endpoint))

    def sender(self, sends: Sends) -> Sends:
        """The same sender, which sends some messages twice."""
        return _Repeating(sends, self.conduct)

    def _around(self, endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def misbehaving(request: Request) -> Response:
            fate = self.conduct.next_request()
            if fate.delay_seconds:
                await self.sleep(fate.delay_seconds)
            heard = _Heard(self, request)
            heard.retry_after_seconds = fate.retry_after_seconds
            await heard.meet(fate.fault, SWITCH)
            response = await endpoint(Request(request.scope, heard.receive))
            if heard.loses_its_answer:
                cut(request, heard.because)
            return response

        return misbehaving


class _Heard:
    """One request. A token is heeded when the body is whole: whoever sent it was let in by then,
    and nothing is done yet.
    """

    def __init__(self, misbehaving: Misbehaving, request: Request) -> None:
        self._of = misbehaving
        self._request = request
        self._pieces: list[bytes] = []
        self.retry_after_seconds = 1
        self.loses_its_answer = False
        self.because = ""

    async def receive(self) -> Message:
        message = await self._request.receive()
        self._pieces.append(message.get("body", b""))
        if message["type"] == "http.request" and not message.get("more_body", False):
            Exchange.of(self._request).body_was_read = True
            await self._heed(b"".join(self._pieces))
        return message

    async def _heed(self, body: bytes) -> None:
        asked = asked_in(body)
        if asked is None:
            return
        if not asked.once or self._of.turns.is_to_fail(self._request.scope["path"], body):
            await self.meet(asked.fault, f"the token {asked.token}")

    async def meet(self, fault: Fault | None, because: str) -> None:
        """Let it happen, or keep in mind that it is to happen after the work."""
        if fault is None:
            return
        if fault is Fault.SLOW:
            await self._of.sleep(SLOW_SECONDS)
        elif fault is Fault.CUT:
            cut(self._request, because)
        elif fault is Fault.LOST:
            self.loses_its_answer, self.because = True, because
        else:
            raise refusal_of(fault, because, self.retry_after_seconds)


class _Repeating:
    """See `webhooks.sending.Sends`."""

    def __init__(self, inside: Sends, conduct: Conduct) -> None:
        self._inside = inside
        self._conduct = conduct

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        answer = await self._inside.send(url, headers, body)
        if self._conduct.is_next_delivery_duplicated():
            with suppress(NoAnswer):
                await self._inside.send(url, headers, body)
        return answer

    async def close(self) -> None:
        await self._inside.close()
