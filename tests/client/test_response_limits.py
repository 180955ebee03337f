"""A response that is too large or too slow ends with an error, in bounded memory and time."""

import gzip
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain, repeat
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest

from seatlatch.client import (
    AttemptTimedOut,
    ConnectionFailed,
    ResponseTooLarge,
    Retries,
    UnexpectedAnswer,
)
from tests.client.client_kinds import Making
from tests.client.scripted import answer, answering

ONCE = Retries(attempts=1)

MIB = 1_048_576

GOOD = b'{"success": [{"token": "a"}]}'


@cache
def bomb(mebibytes: int) -> bytes:
    """This much of spaces, as gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return b"".join(packer.compress(b" " * MIB) for _ in range(mebibytes)) + packer.flush()


def test_a_gzip_bomb_takes_bounded_memory(make: Making) -> None:
    body = bomb(256)
    assert len(body) < MIB
    with answering([answer(200, body, "Content-Encoding: gzip")]) as server:
        client = make(server.url, max_response_bytes=MIB)
        tracemalloc.start()
        try:
            with pytest.raises(ResponseTooLarge, match=r"max_response_bytes \(1,048,576 bytes\)"):
                client.tickets.unlock(["a"])
            peak_bytes = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak_bytes < 8 * MIB
    assert len(server.asked) == 1


@pytest.mark.parametrize("headers", [(), ("Content-Encoding: gzip",)])
def test_the_limit_is_exact(make: Making, headers: tuple[str, ...]) -> None:
    body = GOOD + b" " * (1_000 - len(GOOD))
    packed = gzip.compress(body) if headers else body
    with answering([answer(200, packed, *headers)]) as server:
        make(server.url, max_response_bytes=1_000).tickets.unlock(["a"])
        with pytest.raises(ResponseTooLarge):
            make(server.url, max_response_bytes=999).tickets.unlock(["a"])


def test_a_response_without_an_end(make: Making) -> None:
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 40
    with answering([whole]) as server, pytest.raises(ResponseTooLarge):
        make(server.url, max_response_bytes=MIB).tickets.unlock(["a"])


def test_gzip_that_unpacks_to_nothing_has_a_limit_too(make: Making) -> None:
    packer = zlib.compressobj(0, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    body = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    body += b"".join(packer.flush(zlib.Z_FULL_FLUSH) or b"\0\0\0\xff\xff" for _ in range(20_000))
    told = answer(200, body, "Content-Encoding: gzip")
    with answering([told]) as server, pytest.raises(ResponseTooLarge):
        make(server.url, max_response_bytes=50_000).tickets.unlock(["a"])


def test_gzip_that_ends_early(make: Making) -> None:
    body = gzip.compress(GOOD)[:-9]
    told = answer(200, body, "Content-Encoding: gzip")
    with answering([told]) as server, pytest.raises(ConnectionFailed, match="it ends early"):
        make(server.url, retries=ONCE).tickets.unlock(["a"])


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "rot13"])
def test_a_coding_that_was_not_asked_for(make: Making, coding: str) -> None:
    told = answer(200, GOOD, f"Content-Encoding: {coding}")
    with answering([told]) as server, pytest.raises(UnexpectedAnswer, match="did not ask for"):
        make(server.url).tickets.unlock(["a"])


@pytest.mark.parametrize("coding", ["identity", "GZIP", "x-gzip", ""])
def test_a_coding_that_is_understood(make: Making, coding: str) -> None:
    body = gzip.compress(GOOD) if "gzip" in coding.lower() else GOOD
    with answering([answer(200, body, f"Content-Encoding: {coding}")]) as server:
        assert len(make(server.url).tickets.unlock(["a"]).success) == 1


@contextmanager
def dripping(drops: Sequence[bytes] = ()) -> Iterator[str]:
    """A server that sends its response slowly, a part every 20 ms: `drops`, or headers and then a
    body that never ends.
    """
    ended = threading.Event()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)
            head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
            try:
                for drop in drops or chain([head], repeat(b" ")):
                    self.wfile.write(drop)
                    if ended.wait(0.02):
                        break
            except OSError:
                pass  # the client has closed the connection

    class Server(ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            ended.set()
            server.shutdown()
            thread.join()


def test_a_dripping_response_ends(make: Making) -> None:
    began = time.monotonic()
    with dripping() as url, pytest.raises(AttemptTimedOut, match=r"within max_attempt_seconds"):
        make(url, max_attempt_seconds=0.3, timeout=10, retries=ONCE).tickets.unlock(["a"])
    assert 0.3 <= time.monotonic() - began < 5


def test_dripping_headers_end_too(make: Making) -> None:
    """`Client` notices it when the headers are complete, also if there is no body."""
    drops = [b"HTTP/1.1 204 No Content\r\n", *[b"a: b\r\n"] * 25, b"\r\n"]
    with dripping(drops) as url, pytest.raises(AttemptTimedOut):
        make(url, max_attempt_seconds=0.3, timeout=10, retries=ONCE).tickets.unlock(["a"])


def test_each_attempt_has_its_own_time(make: Making) -> None:
    with dripping() as url, pytest.raises(AttemptTimedOut) as raised:
        retries = Retries(attempts=2, first_wait_seconds=0)
        make(url, max_attempt_seconds=0.2, retries=retries).tickets.unlock(["a"])
    assert raised.value.attempts == 2
    assert raised.value.may_have_been_processed


def test_a_step_is_never_longer_than_the_attempt(make: Making) -> None:
    released = threading.Event()

    def script(_asked: object) -> bytes:
        assert released.wait(10)
        return answer(200, GOOD)

    began = time.monotonic()
    with answering(script) as server:
        with pytest.raises(ConnectionFailed):
            make(server.url, max_attempt_seconds=0.2, timeout=None, retries=ONCE).tickets.unlock(
                ["a"]
            )
        assert time.monotonic() - began < 5
        released.set()
