"""Edge cases that were once wrong: numbers, trailers, pauses in a body."""

from contextlib import suppress
from time import monotonic

import pytest

from seatlatch.http import connection_times
from tests.databases import ON_SQLITE
from tests.http.wire import Wire, message_of, put, tokens_body
from tests.serving import ACCESS_TOKEN, API_KEY, Served, raw_request, valid_headers

pytestmark = ON_SQLITE

BODY = tokens_body("not-listed")


@pytest.mark.parametrize("zeros", [1, 100, 5_000])
def test_a_content_length_with_leading_zeros_is_a_number(shared: Served, zeros: int) -> None:
    length = "0" * zeros + str(len(BODY))
    headers = [*valid_headers().items(), ("Content-Length", length)]
    assert shared.raw(raw_request(headers, BODY)).status == 200


def test_a_content_length_over_the_limit_is_413_however_it_is_written(shared: Served) -> None:
    headers = [*valid_headers().items(), ("Content-Length", "0" * 5_000 + "1048577")]
    message_of(shared.raw(raw_request(headers, b"")), 413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("segments", [1, 2])
def test_trailers_are_no_headers(shared: Served, segments: int) -> None:
    headers = valid_headers(pac_api_key=None, authorization=None)
    trailers = f"PAC-API-Key: {API_KEY}\r\nAuthorization: Bearer {ACCESS_TOKEN}\r\n\r\n"
    head = raw_request([*headers.items(), ("Transfer-Encoding", "chunked")], b"")
    rest = b"%x\r\n%s\r\n0\r\n" % (len(BODY), BODY) + trailers.encode()
    with Wire(shared.port) as wire:
        if segments == 1:
            wire.send(head + rest)
        else:
            wire.send(head)
            wire.wait()
            wire.send(rest)
        assert "PAC-API-Key" in message_of(wire.answer(), 400, "BAD_REQUEST")


def test_a_trailer_does_not_repeat_a_header(shared: Served) -> None:
    headers = valid_headers()
    head = raw_request([*headers.items(), ("Transfer-Encoding", "chunked")], b"")
    trailer = f"Request-ID: {headers['Request-ID']}\r\n\r\n".encode()
    answer = shared.raw(head + b"%x\r\n%s\r\n0\r\n" % (len(BODY), BODY) + trailer)
    assert answer.status == 200


def test_silence_counts_from_the_last_byte(shared: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_times, "STALL_SECONDS", 1.0)
    with Wire(shared.port, timeout=0.1) as wire:
        wire.send(put(BODY)[:-2])
        with suppress(TimeoutError):
            wire.wait()
        wire.send(put(BODY)[-2:-1])
        last_byte = monotonic()
        answer = None
        while answer is None:
            with suppress(TimeoutError):
                answer = wire.answer()
    message_of(answer, 408, "REQUEST_TIMEOUT")
    assert 0.9 < monotonic() - last_byte < 1.5


def test_a_token_with_a_blank_is_a_token_that_was_sent(shared: Served) -> None:
    answer = shared.unlock("not-listed", authorization="Bearer a b")
    message_of(answer, 401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_a_narrower_range_does_not_exclude_the_plain_one(shared: Served) -> None:
    accept = "application/json;profile=x;q=0, */*"
    assert shared.unlock("not-listed", accept=accept).status_code == 200


def test_a_path_with_nothing_at_it_is_reported_so(shared: Served) -> None:
    message = message_of(shared.call("PUT", "/v1/tickets/unlok", BODY), 404, "NOT_FOUND")
    assert message == "There is nothing at this path. Check its spelling."


def test_a_body_over_the_limit_is_reported_to_be_sent_in_parts(shared: Served) -> None:
    message = message_of(shared.put(b" " * 1_048_577), 413, "PAYLOAD_TOO_LARGE")
    assert message == "The body is over 1048576 bytes. Split the request."
