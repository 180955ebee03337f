"""Helpers of the HTTP tests: a raw connection, the bytes of a request, and the error envelope."""

import json
import socket
from types import TracebackType
from typing import Any

import httpx

from tests.serving import UNLOCK, Answered, raw_request, valid_headers

ERROR_MEMBERS = ["type", "appErrorCode", "developerMessage"]


class Wire:
    """A connection that sends raw bytes and reads one response after the other."""

    def __init__(self, port: int, *, timeout: float = 5.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self._received = b""

    def __enter__(self) -> "Wire":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self._socket.sendall(data)

    def end(self) -> None:
        """Close the sending side; responses can still be read."""
        self._socket.shutdown(socket.SHUT_WR)

    def wait(self) -> None:
        """Wait until there is something to read, without reading it."""
        self._socket.recv(1, socket.MSG_PEEK)

    def answer(self, *, to_head: bool = False) -> Answered:
        """The next response, status 0 if the server closed first. `to_head`: it has no body."""
        while b"\r\n\r\n" not in self._received:
            if not self._receive():
                return Answered(0, [], self._received)
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        pairs = [line.partition(":") for line in lines]
        headers = [(name.lower(), value.strip()) for name, _, value in pairs]
        answer = Answered(int(status_line.split(" ")[1]), headers, b"")
        length = 0 if to_head else int(answer.header("content-length") or 0)
        while len(self._received) < length:
            assert self._receive(), "the server closed in the middle of an answer"
        body, self._received = self._received[:length], self._received[length:]
        return answer._replace(body=body)

    def is_closed(self) -> bool:
        """Whether the server closes the connection without sending more."""
        return not self._received and not self._receive()

    def _receive(self) -> bool:
        try:
            data = self._socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        self._received += data
        return bool(data)


def put(body: bytes, *more: tuple[str, str], target: str = UNLOCK, **changes: str | None) -> bytes:
    """The bytes of a valid PUT, with `changes` (see `valid_headers`) and headers added."""
    headers: list[tuple[str, str | bytes]] = [*valid_headers(**changes).items(), *more]
    return raw_request([*headers, ("Content-Length", str(len(body)))], body, target=target)


def put_chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n", **changes: str | None) -> bytes:
    """As `put`, with the body in chunks."""
    headers: list[tuple[str, str | bytes]] = [*valid_headers(**changes).items()]
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return raw_request([*headers, ("Transfer-Encoding", "chunked")], body + end)


def tokens_body(*tokens: str) -> bytes:
    """`{"tokens": [...]}`."""
    return json.dumps({"tokens": tokens}).encode()


def message_of(answer: httpx.Response | Answered, status: int, error_type: str) -> str:
    """The developerMessage of a whole-request error, after its status and envelope were checked."""
    got, body = reported(answer)
    assert got == status, body
    members: dict[str, Any] = json.loads(body)
    assert list(members) == ["error"]
    assert list(members["error"]) == ERROR_MEMBERS
    assert members["error"]["type"] == error_type
    assert members["error"]["appErrorCode"] == f"MS-{status}"
    message = members["error"]["developerMessage"]
    assert isinstance(message, str)
    assert message
    return message


def reported(answer: httpx.Response | Answered) -> tuple[int, bytes]:
    """Status and body."""
    if isinstance(answer, Answered):
        return answer.status, answer.body
    return answer.status_code, answer.content
