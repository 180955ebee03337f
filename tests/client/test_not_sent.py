"""A failure says whether the request was sent, and is tried again only if that can help."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from seatlatch.client import (
    CertificateError,
    ClientError,
    ConnectionFailed,
    RequestNotSent,
    Retries,
    ServerFailed,
    TlsError,
    TooManyRequests,
    UnexpectedAnswer,
)
from seatlatch.client.failures import failure_of
from tests.client.certificates import answering_with_tls, make_certificate
from tests.client.client_kinds import HURRIED, Making
from tests.client.scripted import Asked, answering
from tests.client.test_batches import succeeding

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


def refused(make: Making, url: str, kind: type[ClientError]) -> ClientError:
    """The error of a call there."""
    with pytest.raises(kind) as raised:
        make(url, retries=HURRIED).tickets.unlock(["a"])
    assert type(raised.value) is kind
    return raised.value


@contextmanager
def in_background(work: Callable[[], None]) -> Iterator[None]:
    """Do this in a thread."""
    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join(10)


def closed_port() -> str:
    """An address where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_a_refused_connection_is_not_sent(make: Making) -> None:
    problem = refused(make, closed_port(), RequestNotSent)
    assert problem.attempts == HURRIED.attempts
    assert problem.message.endswith("The request was not sent.")
    assert not problem.may_have_been_processed


def test_a_host_without_an_address_is_not_sent(make: Making) -> None:
    problem = refused(make, "http://no-such-host.invalid", RequestNotSent)
    assert problem.message.endswith("The request was not sent.")


def test_an_earlier_attempt_may_have_been_processed(make: Making) -> None:
    """The last attempt was not sent, but that says nothing about the one before."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve_once() -> None:
        connection, _ = listener.accept()
        connection.recv(65_536)
        listener.close()
        connection.close()

    with listener, in_background(serve_once):
        port = listener.getsockname()[1]
        problem = refused(make, f"http://127.0.0.1:{port}", RequestNotSent)
    assert problem.may_have_been_processed
    assert "An earlier attempt may have been processed" in str(problem)
    assert "was not sent" not in str(problem)


@needs_openssl
@pytest.mark.parametrize(
    ("host", "said"),
    [("127.0.0.1", "self-signed certificate"), ("other.example.com", "IP address mismatch")],
)
def test_a_bad_certificate_is_tried_once(
    make: Making, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, said: str
) -> None:
    certificate = make_certificate(tmp_path, "server", host=host)
    if host != "127.0.0.1":
        monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    with answering_with_tls(succeeding, certificate) as server:
        problem = refused(make, server.url, CertificateError)
    assert problem.attempts == 1
    assert server.asked == []
    assert said in str(problem)
    assert problem.message.endswith("The request was not sent.")
    assert ("SSL_CERT_FILE says" in str(problem)) is (host != "127.0.0.1")


@needs_openssl
def test_a_certificate_that_the_environment_trusts(
    make: Making, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path, "server")
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    with answering_with_tls(succeeding, certificate) as server:
        assert len(make(server.url).tickets.unlock(["a"]).success) == 1


def test_a_server_without_tls_is_tried_once(make: Making) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve_once() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            while connection.recv(65_536):
                pass

    with listener, in_background(serve_once):
        port = listener.getsockname()[1]
        problem = refused(make, f"https://127.0.0.1:{port}", TlsError)
    assert problem.attempts == 1
    assert problem.message.endswith("The request was not sent.")


@pytest.mark.parametrize(
    ("error", "is_sent"),
    [
        (httpx.ConnectError("no"), False),
        (httpx.ConnectTimeout("no"), False),
        (httpx.PoolTimeout("no"), False),
        (httpx.ProxyError("407 no"), False),
        (httpx.UnsupportedProtocol("no"), False),
        (httpx.ReadError("no"), True),
        (httpx.ReadTimeout("no"), True),
        (httpx.WriteError("no"), True),
        (httpx.WriteTimeout("no"), True),
        (httpx.CloseError("no"), True),
        (httpx.RemoteProtocolError("no"), True),
        (httpx.DecodingError("no"), True),
        (OSError("no"), True),
    ],
)
def test_each_error_of_httpx(error: Exception, *, is_sent: bool) -> None:
    problem = failure_of(error, None)
    assert isinstance(problem, ConnectionFailed)
    assert problem.may_have_been_processed is is_sent
    assert isinstance(problem, RequestNotSent) is not is_sent
    assert ("may have been processed" in str(problem)) is is_sent
    assert ("was not sent" in str(problem)) is not is_sent
    assert Retries().wait_seconds(problem, 1, lambda: 0.5) is not None


def test_an_error_of_the_callers_own_code_stays_as_it_is() -> None:
    assert failure_of(KeyError("hook"), None) is None


def test_what_an_error_of_the_api_says_about_processing() -> None:
    assert ServerFailed(500, "X", "Y", "Z").may_have_been_processed
    assert UnexpectedAnswer("what?").may_have_been_processed
    assert not TooManyRequests(429, "X", "Y", "Z").may_have_been_processed


def test_a_request_that_may_have_been_processed_is_never_called_not_sent(make: Making) -> None:
    def script(asked: Asked) -> None:
        return None

    with answering(script) as server:
        problem = refused(make, server.url, ConnectionFailed)
    assert problem.may_have_been_processed
    assert "The request may have been processed" in str(problem)
