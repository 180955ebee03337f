"""What is not this API's answer, or none at all: each a clear error of its kind."""

import pickle
import socket

import pytest

from seatlatch.client import (
    BadRequest,
    ClientError,
    ConnectionFailed,
    Forbidden,
    Gone,
    NotFound,
    RequestRefused,
    ServerFailed,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnexpectedAnswer,
    Unprocessable,
)
from tests.client.client_kinds import HURRIED, Making
from tests.client.scripted import answer, answering

ERROR = '{{"error": {{"type": "{}", "appErrorCode": "MS-1", "developerMessage": "So it is."}}}}'


def unlocking(make: Making, told: bytes | None, kind: type[ClientError]) -> ClientError:
    """The error that an answer becomes, always the same."""
    with answering([told]) as server, pytest.raises(kind) as raised:
        make(server.url, retries=HURRIED).tickets.unlock(["a"])
    problem = raised.value
    assert type(problem) is kind
    assert problem.request_id == server.asked[0].header("request-id")
    assert problem.request_id in str(problem)
    assert problem.attempts == len(server.asked)
    assert problem.unanswered == ["a"]
    return problem


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (405, RequestRefused),
        (406, RequestRefused),
        (408, RequestRefused),
        (409, RequestRefused),
        (410, Gone),
        (413, RequestRefused),
        (415, RequestRefused),
        (418, RequestRefused),
        (422, Unprocessable),
        (431, RequestRefused),
        (500, ServerFailed),
        (501, ServerFailed),
    ],
)
def test_each_refusal_has_its_class_and_is_sent_once(
    make: Making, status: int, kind: type[RequestRefused]
) -> None:
    problem = unlocking(make, answer(status, ERROR.format("A_NEW_TYPE")), kind)
    assert isinstance(problem, RequestRefused)
    assert (problem.status, problem.type, problem.app_error_code) == (status, "A_NEW_TYPE", "MS-1")
    assert problem.developer_message == "So it is."
    assert str(problem).startswith(f"{status} A_NEW_TYPE: So it is.")
    assert problem.attempts == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, TooManyRequests),
        (502, ServiceUnavailable),
        (503, ServiceUnavailable),
        (504, ServiceUnavailable),
    ],
)
@pytest.mark.parametrize("body", [ERROR.format("BUSY"), "<html>busy</html>", ""])
def test_what_may_pass_is_sent_again(
    make: Making, status: int, kind: type[RequestRefused], body: str
) -> None:
    problem = unlocking(make, answer(status, body, "Retry-After: 0"), kind)
    assert problem.attempts == 3


@pytest.mark.parametrize("status", [200, 201, 302, 403, 404, 409, 422, 500])
def test_html_of_a_proxy_tells_where_to_look(make: Making, status: int) -> None:
    page = "<!doctype html><title>Sign in</title>"
    told = answer(status, page, "Location: /login", kind="text/html")
    problem = unlocking(make, told, UnexpectedAnswer)
    assert isinstance(problem, UnexpectedAnswer)
    assert (problem.status, problem.excerpt) == (status, page)
    assert "Check the service's address" in str(problem)


@pytest.mark.parametrize(
    "body",
    [
        b'{"success": [{"token": "a"',
        b"[]",
        b"null",
        b"{}",
        b'{"success": []}',
        b'{"success": [{"ownerId": "1"}]}',
        b'{"success": "all"}',
        b'{"success": [{"token": "\xff"}]}',
        b"",
    ],
)
def test_a_200_that_can_not_be_read(make: Making, body: bytes) -> None:
    unlocking(make, answer(200, body), UnexpectedAnswer)


DEEP = b'{"success":' + b"[" * 100_000


@pytest.mark.parametrize("body", [DEEP, b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"])
@pytest.mark.parametrize("status", [200, 404, 500])
def test_json_that_nests_too_deep(make: Making, status: int, body: bytes) -> None:
    unlocking(make, answer(status, body), UnexpectedAnswer)


@pytest.mark.parametrize("kind", [BadRequest, ServiceUnavailable, TooManyRequests])
def test_an_error_goes_to_another_process_whole(kind: type[RequestRefused]) -> None:
    problem = kind(400, "TYPE", "MS-400", "So it is.", 1.5)
    problem.request_id, problem.unanswered = "an-id", ["a"]
    again = pickle.loads(pickle.dumps(problem))  # noqa: S301 - our own
    assert (type(again), str(again)) == (kind, str(problem))
    assert vars(again) == vars(problem)


def test_a_200_with_half_a_body_is_sent_again_and_told(make: Making) -> None:
    whole = answer(200, '{"success": [{"token": "a"}]}', "Connection: close")
    problem = unlocking(make, whole[:-10], ConnectionFailed)
    assert problem.attempts == 3
    assert "may have been processed; it is safe to send it again" in str(problem)


@pytest.mark.parametrize("told", [None, b"SSH-2.0-OpenSSH_9.2\r\nConnection: close\r\n", b""])
def test_no_http_at_all(make: Making, told: bytes | None) -> None:
    told = told if told else None
    assert unlocking(make, told, ConnectionFailed).attempts == 3


def test_what_can_not_be_unpacked(make: Making) -> None:
    told = answer(200, b"not gzip", "Content-Encoding: gzip")
    assert "can't be unpacked" in str(unlocking(make, told, ConnectionFailed))


def test_a_cut_connection_is_no_loss_if_the_next_attempt_is_answered(make: Making) -> None:
    good = answer(200, '{"success": [{"token": "a"}]}')
    with answering([None, good[:-3] + b"", good]) as server:
        client = make(server.url, retries=HURRIED, timeout=0.3)
        result = client.tickets.unlock(["a"])
    assert [row.token for row in result.success] == ["a"]
    assert len({asked.header("request-id") for asked in server.asked}) == 1


def test_no_network(make: Making) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConnectionFailed, match="Check the service's address") as raised:
            make(url, retries=HURRIED).tickets.unlock(["a"])
    assert raised.value.attempts == 3


def test_a_server_that_does_not_answer_in_time(make: Making) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ConnectionFailed, match="No response in time") as raised:
            make(url, retries=HURRIED, timeout=0.05).tickets.unlock(["a"])
    assert raised.value.attempts == 3


def test_a_wrong_path_of_the_service(make: Making) -> None:
    told = answer(404, ERROR.format("NOT_FOUND"))
    with answering([told]) as server, pytest.raises(NotFound):
        make(server.url + "/elsewhere/v1/").tickets.unlock(["a"])
    assert server.asked[0].head.startswith("PUT /elsewhere/v1/tickets/unlock ")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "127.0.0.1:8080",
            "ftp://a",
            "http://",
            "https://a?b=c",
            "https://a#b",
            "http://[::1",
        ),
        *("http://" + "a" * 70, "http://a..b", "http://.", "http://xn--a", "http://me:secret@a"),
    ],
)
def test_an_address_that_is_none(make: Making, url: str) -> None:
    with pytest.raises(ValueError, match="base_url") as raised:
        make(url)
    assert "secret" not in str(raised.value)
