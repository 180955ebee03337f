"""Injects faults into the calls of /v1, requested by a token in the body or by the settings."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from seatlatch.http.request_context import RequestContext
from seatlatch.http.routes import ApiRoute, Endpoint
from seatlatch.sandbox.disconnect import disconnect
from seatlatch.sandbox.fault_settings import FaultPlan
from seatlatch.sandbox.faults import (
    SLOW_SECONDS,
    Fault,
    OnceTracker,
    refusal_of,
    requested_fault,
)
from seatlatch.webhooks.http_sender import NoResponse, Sender, WebhookResponse

FAULTY_PATHS = "/v1/"
SETTINGS = "the sandbox's behaviour"

Sleep = Callable[[float], Awaitable[None]]


class FaultInjector:
    """Wraps routes and webhook senders so that they fail as the plan and tokens request."""

    def __init__(self, plan: FaultPlan, once: OnceTracker, sleep: Sleep = asyncio.sleep) -> None:
        self.plan = plan
        self.once = once
        self.sleep = sleep

    def route(self, route: ApiRoute) -> ApiRoute:
        """The route with fault injection; a route outside of /v1 stays as it is."""
        if not route.path.startswith(FAULTY_PATHS):
            return route
        return route.with_endpoint(self._wrapped(route.endpoint))

    def sender(self, sender: Sender) -> Sender:
        """A sender that sends some messages twice."""
        return _DuplicatingSender(sender, self.plan)

    def _wrapped(self, endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def with_faults(request: Request) -> Response:
            injection = self.plan.next_request()
            if injection.delay_seconds:
                await self.sleep(injection.delay_seconds)
            faulty = _FaultyRequest(self, request, injection.retry_after_seconds)
            await faulty.inject(injection.fault, SETTINGS)
            response = await endpoint(Request(request.scope, faulty.receive))
            if faulty.loses_its_response:
                disconnect(request, faulty.requested_by)
            return response

        return with_faults


class _FaultyRequest:
    """A request whose body may request a fault.

    A fault token takes effect when the whole body has been read: by then the caller is
    authenticated, and nothing has been changed yet.
    """

    def __init__(self, injector: FaultInjector, request: Request, retry_after_seconds: int) -> None:
        self._injector = injector
        self._request = request
        self._pieces: list[bytes] = []
        self._retry_after_seconds = retry_after_seconds
        self.loses_its_response = False
        self.requested_by = ""

    async def receive(self) -> Message:
        message = await self._request.receive()
        self._pieces.append(message.get("body", b""))
        if message["type"] == "http.request" and not message.get("more_body", False):
            RequestContext.of(self._request).body_was_read = True
            await self._inject_by_token(b"".join(self._pieces))
        return message

    async def _inject_by_token(self, body: bytes) -> None:
        found = requested_fault(body)
        if found is None:
            return
        path = self._request.scope["path"]
        if not found.once or self._injector.once.fails_now(path, body):
            await self.inject(found.fault, f"the token {found.token}")

    async def inject(self, fault: Fault | None, requested_by: str) -> None:
        """Cause the fault now, or remember to cause it after the work."""
        if fault is None:
            return
        if fault is Fault.SLOW:
            await self._injector.sleep(SLOW_SECONDS)
        elif fault is Fault.CUT:
            disconnect(self._request, requested_by)
        elif fault is Fault.LOST:
            self.loses_its_response, self.requested_by = True, requested_by
        else:
            raise refusal_of(fault, requested_by, self._retry_after_seconds)


class _DuplicatingSender:
    """A `webhooks.http_sender.Sender` that sends some messages a second time."""

    def __init__(self, inner: Sender, plan: FaultPlan) -> None:
        self._inner = inner
        self._plan = plan

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> WebhookResponse:
        response = await self._inner.send(url, headers, body)
        if self._plan.is_next_delivery_duplicated():
            with suppress(NoResponse):
                await self._inner.send(url, headers, body)
        return response

    async def close(self) -> None:
        await self._inner.close()
