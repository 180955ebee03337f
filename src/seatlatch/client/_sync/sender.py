# Made from ../_async by `make client`: change it there.
"""Sends one request until it is answered, or until it is not worth another attempt."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import random
from typing import Generic
from uuid import uuid4

import httpx

from ..answers import Reader, Told, lost
from ..errors import ClientError, ConnectionFailed
from ..making import patient
from ..retries import Retries
from .ways import sleep

log = logging.getLogger(__name__.partition("._")[0])


@dataclass(frozen=True)
class Call(Generic[Told]):
    """One request, and how its answer is read. All its attempts have the same Request-ID.

    `wait_seconds`: for so long the service itself may wait before it answers.
    """

    method: str
    path: str
    read: Reader[Told]
    body: bytes | None = field(default=None, repr=False)
    query: Mapping[str, str] = field(default_factory=dict)
    wait_seconds: int = 0
    request_id: str = field(default_factory=lambda: str(uuid4()))


class Sender:
    """Sends over a client of httpx. `chance` gives a number from 0 to 1."""

    def __init__(
        self,
        http: httpx.Client,
        base_url: httpx.URL,
        headers: Mapping[str, str],
        retries: Retries,
        chance: Callable[[], float] = random,
    ) -> None:
        self._http = http
        self._base_url = str(base_url)
        self._headers = headers
        self._retries = retries
        self._chance = chance

    def send(self, call: Call[Told], headers: Mapping[str, str]) -> Told:
        """What was answered. Raises a `ClientError`, which has the call's Request-ID."""
        attempt = 1
        while True:
            try:
                return self._attempt(call, headers)
            except ClientError as problem:
                problem.request_id = call.request_id
                problem.attempts = attempt
                wait_seconds = self._retries.wait_seconds(problem, attempt, self._chance)
                if wait_seconds is None:
                    raise
                log.info("%s; trying again in %.2f s", problem, wait_seconds)
            attempt += 1
            sleep(wait_seconds)

    def _attempt(self, call: Call[Told], headers: Mapping[str, str]) -> Told:
        request = self._http.build_request(
            call.method,
            self._base_url + call.path,
            params=call.query or None,
            content=call.body,
            headers={**self._headers, **headers, "Request-ID": call.request_id},
            timeout=patient(self._http.timeout, call.wait_seconds),
        )
        if call.body is not None:
            request.headers["Content-Type"] = "application/json"
        try:
            response = self._http.send(request, auth=None, follow_redirects=False)
        except httpx.TransportError as error:
            raise ConnectionFailed(lost(error)) from error
        except httpx.DecodingError as error:
            raise ConnectionFailed(f"The answer can't be unpacked ({error}).") from error
        return call.read(response)
