"""One request to receivers that misbehave in every way: each ends in bounded time."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from time import monotonic

import pytest

from seatlatch.domain.webhook import RESPONSE_BYTES_KEPT
from seatlatch.webhooks.addresses import LOOPBACK, PUBLIC, Allowed, Resolve, Resolver
from seatlatch.webhooks.http_sender import (
    RESPONSE_BYTES_MAX,
    HttpSender,
    NoResponse,
    Timeouts,
    WebhookResponse,
)
from tests.cases import all_cases
from tests.webhooks.receivers import Received, Respond, answering, receiving
from tests.webhooks.webhook_harness import run

SHORT = Timeouts(connect_seconds=0.5, attempt_seconds=0.5, body_seconds=0.2)
HEADERS = {"Content-Type": "application/json", "webhook-id": "msg_1"}
GIBIBYTE = 2**30

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def sending(
    allowed: Allowed = LOOPBACK, resolve: Resolve | None = None, timeouts: Timeouts = SHORT
) -> AsyncIterator[HttpSender]:
    sender = HttpSender(allowed, resolve or Resolver(), timeouts)
    try:
        yield sender
    finally:
        await sender.close()


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    """A server with any behavior; yields its port."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve_and_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve_and_end, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def writing(*parts: bytes, more: bytes = b"", silent: bool = False) -> Serve:
    """A server that writes these bytes to any request; then `more` repeatedly, or nothing with the
    connection open.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
            await writer.drain()
        while more:
            writer.write(more)
            await writer.drain()
        if silent:
            await asyncio.Event().wait()

    return serve


async def closing_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that closes when a request starts, which resets the connection."""
    await reader.readexactly(1)
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def attempt(serve: Serve) -> tuple[WebhookResponse | str, float]:
    """The response or the problem, and how many seconds it took."""
    found: list[WebhookResponse | str] = []
    seconds: list[float] = []

    async def test() -> None:
        async with listening(serve) as port, sending() as sender:
            started = monotonic()
            try:
                found.append(await sender.send(f"http://127.0.0.1:{port}/", HEADERS, b"{}"))
            except NoResponse as problem:
                found.append(str(problem))
            seconds.append(monotonic() - started)

    run(test())
    return found[0], seconds[0]


def send(respond: Respond, path: str = "") -> tuple[list[Received], WebhookResponse]:
    """What a receiver got, and its response as it was understood."""
    found: list[tuple[list[Received], WebhookResponse]] = []

    async def test() -> None:
        async with receiving(respond) as receiver, sending() as sender:
            response = await sender.send(receiver.url + path, HEADERS, b'{"a":1}')
            found.append((receiver.received, response))

    run(test())
    return found[0]


def test_a_message_arrives_as_it_was_sent() -> None:
    (received,), response = send(answering(200), "?key=value&x=%20")
    assert received.target == "/seats?key=value&x=%20"
    assert received.body == b'{"a":1}'
    assert received.message_id == "msg_1"
    assert received.headers["content-type"] == "application/json"
    assert response == WebhookResponse(200, None)
    assert send(answering(503, "Retry-After: 120"))[1] == WebhookResponse(503, "120")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    """Neither to the same host nor to a forbidden address."""
    received, response = send(answering(status, "Location: /elsewhere"))
    assert (len(received), response.status) == (1, status)
    received, response = send(answering(status, "Location: http://169.254.169.254/latest"))
    assert (len(received), response.status) == (1, status)


HEAD = b"HTTP/1.1 200 OK\r\n"


@all_cases(
    ("serve", "problem"),
    [
        (writing(silent=True), "in time"),
        (writing(HEAD, silent=True), "in time"),
        (writing(HEAD, more=b"X-Header: more\r\n" * 1_000), "too long"),
        (writing(more=b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000), "too long"),
        (writing(), "closed the connection without a response"),
        (closing_at_once, "closed the connection without a response"),
        (writing(b"rubbish\r\n\r\n"), "not HTTP"),
        (writing(b"\x00\xff" * 40_000), "not HTTP"),
        (writing(b"SSH-2.0-OpenSSH_9.9\r\n"), "not HTTP"),
        (writing(b"HTTP/1.1 99999 What\r\n\r\n"), "not HTTP"),
        (writing(HEAD + b"Content-Length: -1\r\n\r\n"), "not HTTP"),
        (writing(HEAD + b"no colon here\r\n\r\n"), "not HTTP"),
        (writing(b"\x15\x03\x01\x00\x02\x02\x28"), "not HTTP"),
    ],
    ids=[
        *("silent", "half a head", "endless head", "endless informing", "closed", "closed unread"),
        *("rubbish", "much rubbish", "another protocol", "no status", "negative length"),
        *("no header", "TLS"),
    ],
)
def test_a_bad_response_is_a_failure_in_bounded_time(serve: Serve, problem: str) -> None:
    found, seconds = attempt(serve)
    assert isinstance(found, str)
    assert problem in found
    assert seconds < 3


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
FULL = b"x" * RESPONSE_BYTES_KEPT


def of_length(length: int) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % length


@all_cases(
    ("serve", "body"),
    [
        (writing(of_length(100), b"slow", silent=True), b"slow"),
        (writing(of_length(GIBIBYTE), more=b"x" * 65536), FULL),
        (writing(CHUNKED, more=b"1\r\nx\r\n" * 10_000), FULL),
        (writing(CHUNKED, b"rubbish"), b""),
        (writing(HEAD + b"\r\n", more=b"for ever" * 8_000), b"for ever" * 128),
        (writing(HEAD + b"Content-Encoding: gzip\r\n\r\n", b"oops"), b"oops"),
        (writing(of_length(3), b"\x00\xff\n"), b"\x00\xff\n"),
    ],
    ids=["slow", "1 GiB", "forever", "rubbish", "until the end", "no gzip", "no text"],
)
def test_the_start_of_a_responses_body_is_kept(serve: Serve, body: bytes) -> None:
    """Whatever the body is, only the status decides."""
    found, seconds = attempt(serve)
    assert found == WebhookResponse(200, None, body)
    assert seconds < 3


def test_only_a_little_of_a_large_response_is_read() -> None:
    written: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(of_length(GIBIBYTE))
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            written.append(65536)

    attempt(serve)
    assert sum(written) < 100 * RESPONSE_BYTES_MAX  # the system's buffers hold the rest


def test_connections_are_reused_after_short_responses() -> None:
    async def test() -> None:
        async with receiving(answering(200)) as receiver, sending() as sender:
            for _ in range(5):
                await sender.send(receiver.url, HEADERS, b"{}")
            assert receiver.connections == 1

    run(test())


def test_each_connection_uses_exactly_the_address_that_was_checked() -> None:
    """The name resolves to an allowed address first, and to a private one right after."""
    asked: list[str] = []
    numbers = count()

    async def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if next(numbers) == 0 else ["10.0.0.1"]

    async def test() -> None:
        async with receiving(answering(200, "Connection: close")) as receiver:
            url = receiver.url.replace("127.0.0.1", "rebind.example")
            async with sending(resolve=rebinding) as sender:
                assert (await sender.send(url, HEADERS, b"{}")).status == 200
                assert asked == ["rebind.example"]  # once: the checked address is used
                with pytest.raises(NoResponse, match="neither public"):
                    await sender.send(url, HEADERS, b"{}")
            assert len(receiver.received) == 1
            assert receiver.received[0].headers["host"] == url.split("/")[2]

    run(test())


def test_nothing_reaches_a_private_address() -> None:
    async def test() -> None:
        async with receiving() as receiver, sending(PUBLIC) as sender:
            for url in (receiver.url, receiver.url.replace("127.0.0.1", "localhost")):
                with pytest.raises(NoResponse, match="neither public"):
                    await sender.send(url, HEADERS, b"{}")
            assert receiver.connections == 0

    run(test())


def test_the_next_address_is_tried_when_one_refuses() -> None:
    async def two(_host: str, _port: int) -> Sequence[str]:
        return ["::1", "127.0.0.1"]

    async def test() -> None:
        async with receiving(answering(200)) as receiver, sending(resolve=two) as sender:
            url = receiver.url.replace("127.0.0.1", "two.example")
            assert (await sender.send(url, HEADERS, b"{}")).status == 200

    run(test())


def test_a_hanging_resolver_ends_the_attempt_in_time() -> None:
    async def hanging(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    async def test() -> None:
        async with sending(resolve=hanging) as sender:
            with pytest.raises(NoResponse, match="in time"):
                await sender.send("http://slow.example/", HEADERS, b"{}")

    run(test())


def test_nobody_listens() -> None:
    async def test() -> None:
        async with receiving() as receiver:
            url = receiver.url
        async with sending() as sender:
            with pytest.raises(NoResponse, match="refused the connection"):
                await sender.send(url, HEADERS, b"{}")

    run(test())
