"""Sends a request, and sends it again as long as another attempt may help."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import random
from typing import Generic
from uuid import uuid4

import httpx

from ..answers import Reader, Value
from ..errors import ClientError, InvalidArgument, RequestNotSent
from ..failures import attempt_timed_out, failure_of
from ..making import Limits, timeout_of
from ..responses import BodyReader, WholeResponse
from ..retries import Retries
from .connections import AsyncConnections, AsyncGivenConnections
from .ways import sleep, time_limit

log = logging.getLogger(__name__.partition("._")[0])


@dataclass(frozen=True)
class Call(Generic[Value]):
    """A request, and the reader of its response. All its attempts have the same Request-ID.

    `wait_seconds`: how long the service itself may wait before it responds.
    """

    method: str
    path: str
    read: Reader[Value]
    body: bytes | None = field(default=None, repr=False)
    query: Mapping[str, str] = field(default_factory=dict)
    wait_seconds: int = 0
    request_id: str = field(default_factory=lambda: str(uuid4()))


class AsyncSender:
    """Sends requests. `chance` returns a number from 0 to 1."""

    def __init__(
        self,
        connections: AsyncConnections | AsyncGivenConnections,
        base_url: httpx.URL,
        headers: Mapping[str, str],
        retries: Retries,
        limits: Limits,
        chance: Callable[[], float] = random,
    ) -> None:
        self._connections = connections
        self._base_url = str(base_url)
        self._headers = headers
        self._retries = retries
        self._limits = limits
        self._chance = chance

    async def send(self, call: Call[Value], headers: Mapping[str, str]) -> Value:
        """Send a call and return its result. Raises a `ClientError` with the call's Request-ID."""
        attempt = 1
        may_have_been_processed = False
        while True:
            try:
                return await self._attempt(call, headers)
            except ClientError as problem:
                problem.request_id = call.request_id
                problem.attempts = attempt
                wait_seconds = self._retries.wait_seconds(problem, attempt, self._chance)
                if wait_seconds is None:
                    if may_have_been_processed and isinstance(problem, RequestNotSent):
                        problem.note_earlier_attempt()
                    raise
                may_have_been_processed |= problem.may_have_been_processed
                log.info("%s; trying again in %.2f s", problem, wait_seconds)
            attempt += 1
            await sleep(wait_seconds)

    async def _attempt(self, call: Call[Value], headers: Mapping[str, str]) -> Value:
        http = await self._connections.http()
        request = self._request(http, call, headers)
        limit_seconds = self._limits.max_attempt_seconds + call.wait_seconds
        try:
            async with time_limit(limit_seconds):
                response = await self._exchange(http, request, limit_seconds)
        except TimeoutError:
            problem: ClientError = attempt_timed_out(limit_seconds)
        except Exception as error:
            failure = failure_of(error, self._connections.proxy_variable)
            if failure is None:
                raise
            problem = failure
        else:
            return call.read(response)
        # Raised outside of `except`, so that no traceback shows httpx's message with headers.
        raise problem

    async def _exchange(
        self, http: httpx.AsyncClient, request: httpx.Request, limit_seconds: float
    ) -> WholeResponse:
        """Send one attempt. Raises `TimeoutError` if the response is not complete in time.

        The sync client checks that when the headers are complete, and then with each part of the
        body: httpx has no time limit for the headers as a whole.
        """
        deadline = time.monotonic() + limit_seconds
        response = await http.send(request, stream=True, auth=None, follow_redirects=False)
        try:
            if time.monotonic() > deadline:
                raise TimeoutError
            body = BodyReader(response, self._limits.max_response_bytes)
            async for part in response.aiter_raw():
                body.add(part)
                if time.monotonic() > deadline:
                    raise TimeoutError
        finally:
            await response.aclose()
        return body.whole()

    def _request(
        self, http: httpx.AsyncClient, call: Call[Value], headers: Mapping[str, str]
    ) -> httpx.Request:
        whole = {**self._headers, **headers, "Request-ID": call.request_id}
        if call.body is not None:
            whole["Content-Type"] = "application/json"
        try:
            return http.build_request(
                call.method,
                self._base_url + call.path,
                params=call.query or None,
                content=call.body,
                headers=whole,
                timeout=timeout_of(http.timeout, call.wait_seconds, self._limits),
            )
        except (httpx.InvalidURL, UnicodeError) as error:
            raise InvalidArgument("the request's URL", f"cannot be sent: {error}") from error
