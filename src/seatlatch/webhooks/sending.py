"""Sends one message to one endpoint: to an address that was looked at, within bounds of time and
size, and without following where it is sent on to.
"""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from time import monotonic
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import httpcore

from seatlatch.webhooks.addresses import AddressRefused, Allowed, Resolve, checked_addresses

CONNECT_SECONDS = 5.0
EXCHANGE_SECONDS = 15.0
"""From the beginning to the answer's status. A connection is part of it."""

REST_SECONDS = 1.0
"""How long the rest of an answer is read, which says nothing, so that the connection can go on."""

KEEP_ALIVE_SECONDS = 10.0
CONNECTIONS_MAX = 8
READ_BYTES_MAX = 4 * 1024
ANSWER_BYTES_MAX = 64 * 1024
ADDRESSES_TRIED_MAX = 4
PORTS = {"http": 80, "https": 443}


class Times(NamedTuple):
    """How long is waited: for a connection, for an answer, and for the rest of it."""

    connect_seconds: float = CONNECT_SECONDS
    exchange_seconds: float = EXCHANGE_SECONDS
    rest_seconds: float = REST_SECONDS


TIMES = Times()


class Answer(NamedTuple):
    """What a receiver answered. `retry_after`: that header as it came."""

    status: int
    retry_after: str | None


def problem_of(status: int) -> str | None:
    """Why an answer is none that takes a message; None = it does."""
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"The receiver answered {status}, and redirects are not followed."
    return f"The receiver answered {status}."


class NoAnswer(Exception):
    """There was none. The message is a sentence for people, without a secret."""


class Sends(Protocol):
    """Sends messages to one endpoint."""

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST it. Raises `NoAnswer`."""

    async def close(self) -> None:
        """Let go of the connections."""


class AnswerTooLong(httpcore.ReadError):
    """More came than an answer may have."""


class ClosedWithoutResponse(httpcore.ReadError):
    """The receiver closed the connection before it sent a byte."""


class BoundedStream(httpcore.AsyncNetworkStream):
    """A connection of which no more is read for a request than an answer may have, and no more at
    once than is taken apart while nobody notices that the event loop stands still.
    """

    def __init__(self, inside: httpcore.AsyncNetworkStream) -> None:
        self._inside = inside
        self._read_bytes = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Some bytes. Raises `AnswerTooLong` and `ClosedWithoutResponse`."""
        if self._read_bytes > ANSWER_BYTES_MAX:
            raise AnswerTooLong
        try:
            data = await self._inside.read(min(max_bytes, READ_BYTES_MAX), timeout)
        except httpcore.ReadError:  # a receiver that closes before it has read all resets
            if self._read_bytes:
                raise
            raise ClosedWithoutResponse from None
        if not data and not self._read_bytes:
            raise ClosedWithoutResponse
        self._read_bytes += len(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """A part of the next request."""
        self._read_bytes = 0
        await self._inside.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close it."""
        await self._inside.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        """The same within TLS. Closed if that is broken off, which httpcore would forget."""
        try:
            inside = await self._inside.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            await self._inside.aclose()
            raise
        return BoundedStream(inside)

    def get_extra_info(self, info: str) -> Any:
        """See httpcore."""
        return self._inside.get_extra_info(info)


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects to nothing but an address that was looked at right before."""

    def __init__(self, resolve: Resolve, allowed: Allowed) -> None:
        self._resolve = resolve
        self._allowed = allowed
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own surface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to one of the host's addresses. Each has its share of the time.

        Raises `AddressRefused` and httpcore's errors.
        """
        deadline = monotonic() + (timeout or CONNECT_SECONDS)
        try:
            async with asyncio.timeout(timeout):
                found = await checked_addresses(host, port, self._allowed, self._resolve)
        except TimeoutError:
            raise AddressRefused("The host's name was not resolved in time.") from None
        addresses = found[:ADDRESSES_TRIED_MAX]
        for left in range(len(addresses), 0, -1):
            share = max(deadline - monotonic(), 0.001) / left
            try:
                stream = await self._network.connect_tcp(addresses[-left], port, timeout=share)
                return BoundedStream(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if left == 1:
                    raise
        raise AssertionError("a host that was let through has an address")


@cache
def tls() -> ssl.SSLContext:
    """A context that trusts what the system trusts, read once.

    `ssl.create_default_context` would also open the file that SSLKEYLOGFILE names, and write the
    keys of every connection to it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    return context


class Sender:
    """See `Sends`. It has connections of its own, so that no other endpoint waits for its."""

    def __init__(self, allowed: Allowed, resolve: Resolve, times: Times = TIMES) -> None:
        self._times = times
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls(),
            max_connections=CONNECTIONS_MAX,
            max_keepalive_connections=CONNECTIONS_MAX,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
            network_backend=CheckedBackend(resolve, allowed),
        )

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST it, and take the answer's status. What else is answered is not looked at."""
        request = self._request(url, headers, body)
        try:
            async with asyncio.timeout(self._times.exchange_seconds):
                response = await self._pool.handle_async_request(request)
        except AddressRefused as refused:
            raise NoAnswer(str(refused)) from None
        except (TimeoutError, httpcore.TimeoutException):
            raise NoAnswer("There was no answer in time.") from None
        except httpcore.ConnectError as error:
            raise NoAnswer(_unconnected(error)) from None
        except AnswerTooLong:
            raise NoAnswer("The answer's head is too long.") from None
        except ClosedWithoutResponse:
            raise NoAnswer("The receiver closed without a response.") from None
        except (httpcore.NetworkError, OSError):
            raise NoAnswer("The connection was lost before there was an answer.") from None
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol):
            raise NoAnswer("What was answered is not HTTP.") from None
        try:
            return Answer(response.status, _retry_after(response))
        finally:
            await self._let_go(response)

    def _request(self, url: str, headers: Mapping[str, str], body: bytes) -> httpcore.Request:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        own = {"Host": parts.netloc, "Content-Length": str(len(body))}
        return httpcore.Request(
            "POST",
            httpcore.URL(
                scheme=parts.scheme,
                host=parts.hostname or "",
                port=parts.port or PORTS[parts.scheme],
                target=target,
            ),
            headers=list({**own, **headers}.items()),
            content=body,
            extensions={"timeout": {"connect": self._times.connect_seconds}},
        )

    async def _let_go(self, response: httpcore.Response) -> None:
        """Read the rest of a short answer, so that its connection is free for the next one."""
        with suppress(TimeoutError, httpcore.NetworkError, httpcore.ProtocolError):
            try:
                async with asyncio.timeout(self._times.rest_seconds):
                    await response.aread()
            finally:
                await response.aclose()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._pool.aclose()


def _retry_after(response: httpcore.Response) -> str | None:
    return next(
        (
            value.decode("latin-1")
            for name, value in response.headers
            if name.lower() == b"retry-after"
        ),
        None,
    )


def _unconnected(error: httpcore.ConnectError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"The host's certificate is not good ({cause.verify_message})."
        if isinstance(cause, ssl.SSLError):
            return "The host does not speak TLS as it should."
        cause = cause.__cause__ or cause.__context__
    return "The host does not let us connect."
