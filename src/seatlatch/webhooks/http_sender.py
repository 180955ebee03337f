"""Sends one message to one endpoint over HTTP.

It connects only to checked addresses, limits time and size, and follows no redirect.
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

from seatlatch.domain.webhook import RESPONSE_BYTES_KEPT
from seatlatch.secrecy import hides
from seatlatch.webhooks.addresses import AddressRefused, Allowed, Resolve, checked_addresses

CONNECT_SECONDS = 5.0
ATTEMPT_SECONDS = 15.0
"""From the start of an attempt to the response's headers; connecting is part of it."""

BODY_SECONDS = 1.0
"""How long to read a response's body. Its start is kept for support, and the connection can be used
again only after its end."""

KEEP_ALIVE_SECONDS = 10.0
CONNECTIONS_MAX = 8
READ_BYTES_MAX = 4 * 1024
RESPONSE_BYTES_MAX = 64 * 1024
ADDRESSES_TRIED_MAX = 4
PORTS = {"http": 80, "https": 443}


class Timeouts(NamedTuple):
    """How long to wait for a connection, for a response's headers, and for its body."""

    connect_seconds: float = CONNECT_SECONDS
    attempt_seconds: float = ATTEMPT_SECONDS
    body_seconds: float = BODY_SECONDS


TIMEOUTS = Timeouts()


@hides("body")
class WebhookResponse(NamedTuple):
    """A receiver's response. `retry_after`: the value of that header, unparsed. `body`: its first
    bytes, as far as they arrived.
    """

    status: int
    retry_after: str | None
    body: bytes = b""


def problem_of(status: int) -> str | None:
    """The reason why a response with this status does not accept a message; None = it does."""
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"The receiver answered {status}, and redirects are not followed."
    return f"The receiver answered {status}."


class NoResponse(Exception):
    """The receiver sent no response. The message is a sentence for people, without a secret."""


class Sender(Protocol):
    """Sends messages to one endpoint."""

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> WebhookResponse:
        """Send a POST request. Raises `NoResponse`."""

    async def close(self) -> None:
        """Close the connections."""


class ResponseTooLong(httpcore.ReadError):
    """The receiver sent more bytes than a response may have."""


class ClosedWithoutResponse(httpcore.ReadError):
    """The receiver closed the connection before it sent a byte."""


class BoundedStream(httpcore.AsyncNetworkStream):
    """A connection that limits how many bytes are read for a response.

    It also limits each single read: parsing it must not hold up the event loop.
    """

    def __init__(self, inside: httpcore.AsyncNetworkStream) -> None:
        self._inside = inside
        self._read_bytes = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Some bytes. Raises `ResponseTooLong` and `ClosedWithoutResponse`."""
        if self._read_bytes > RESPONSE_BYTES_MAX:
            raise ResponseTooLong
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
        """Write a part of the next request."""
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
        """The same connection within TLS. It is closed if the handshake is cancelled or fails:
        httpcore would leave it open.
        """
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
    """Connects only to an address that it has just checked.

    Name resolution and connection are one step here. If they were two, a name could resolve to an
    allowed address for the check and to another one for the connection.
    """

    def __init__(self, resolve: Resolve, allowed: Allowed) -> None:
        self._resolve = resolve
        self._allowed = allowed
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first of the host's addresses that accepts one.

        Each address gets an equal share of the remaining time. Raises `AddressRefused` and
        httpcore's errors.
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
        raise AssertionError("a host that passed the check has an address")


@cache
def tls() -> ssl.SSLContext:
    """A TLS context that trusts the system's certificates, read once.

    `ssl.create_default_context` would also open the file that SSLKEYLOGFILE names, and write the
    keys of every connection to it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    return context


class HttpSender:
    """A `Sender` with its own connections, so that no endpoint waits for those of another."""

    def __init__(self, allowed: Allowed, resolve: Resolve, timeouts: Timeouts = TIMEOUTS) -> None:
        self._timeouts = timeouts
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls(),
            max_connections=CONNECTIONS_MAX,
            max_keepalive_connections=CONNECTIONS_MAX,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
            network_backend=CheckedBackend(resolve, allowed),
        )

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> WebhookResponse:
        """Send a POST request and return the response with the start of its body.

        Raises `NoResponse`.
        """
        request = self._request(url, headers, body)
        try:
            async with asyncio.timeout(self._timeouts.attempt_seconds):
                response = await self._pool.handle_async_request(request)
        except AddressRefused as refused:
            raise NoResponse(str(refused)) from None
        except (TimeoutError, httpcore.TimeoutException):
            raise NoResponse("The receiver did not respond in time.") from None
        except httpcore.ConnectError as error:
            raise NoResponse(_connect_problem(error)) from None
        except ResponseTooLong:
            raise NoResponse("The response's headers are too long.") from None
        except ClosedWithoutResponse:
            raise NoResponse("The receiver closed the connection without a response.") from None
        except (httpcore.NetworkError, OSError):
            raise NoResponse("The connection was lost before the response.") from None
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol):
            raise NoResponse("The response is not HTTP.") from None
        body = await self._read_start(response)
        return WebhookResponse(response.status, _retry_after(response), body)

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
            extensions={"timeout": {"connect": self._timeouts.connect_seconds}},
        )

    async def _read_start(self, response: httpcore.Response) -> bytes:
        """The first bytes of a response's body. A short one is read to its end, so that its
        connection can be used again.
        """
        start = bytearray()
        with suppress(TimeoutError, httpcore.NetworkError, httpcore.ProtocolError):
            try:
                async with asyncio.timeout(self._timeouts.body_seconds):
                    async for part in response.aiter_stream():
                        start += part[: RESPONSE_BYTES_KEPT - len(start)]
            finally:
                await response.aclose()
        return bytes(start)

    async def close(self) -> None:
        """Close the connections."""
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


def _connect_problem(error: httpcore.ConnectError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"The host's certificate is not valid ({cause.verify_message})."
        if isinstance(cause, ssl.SSLError):
            return "The TLS handshake with the host failed."
        cause = cause.__cause__ or cause.__context__
    return "The host refused the connection or cannot be reached."
