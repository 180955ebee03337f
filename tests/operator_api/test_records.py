"""Records of a wrong shape: the whole request is refused, with the place and the fault."""

import json
from typing import Any

import pytest

from tests.cases import all_cases
from tests.databases import ON_SQLITE
from tests.http.wire import Wire, message_of
from tests.operator_api.box_office import (
    NDJSON,
    head,
    operate,
    put,
    put_lines,
    record,
    show,
)
from tests.serving import Served

pytestmark = ON_SQLITE  # no engine can influence it

MEBIBYTE = 1024 * 1024
TOO_LONG = "x" * 201

MISSHAPEN: dict[str, tuple[Any, list[str]]] = {
    "a number for a token": (record("a") | {"token": 7}, ["token", "int"]),
    "null for a token": (record("a") | {"token": None}, ["token", "null"]),
    "no token": ({"organizationId": "1001", "ownerId": "1"}, ["token", "missing"]),
    "no organization": ({"token": "a", "ownerId": "1"}, ["organizationId", "missing"]),
    "no owner": ({"token": "a", "organizationId": "1001"}, ["ownerId", "missing"]),
    "a number for a seat": (record("a", seat=7), ["seat", "int"]),
    "an array for a row": (record("a", row=["1"]), ["row", "array"]),
    "an object for a barcode": (record("a", barcode={}), ["barcode", "object"]),
    "true for a section": (record("a", section=True), ["section", "bool"]),
    "an empty token": (record(""), ["token", "must not be empty"]),
    "an empty owner": (record("a", ownerId=""), ["ownerId", "must not be empty"]),
    "an empty organization": (
        record("a", organizationId=""),
        ["organizationId", "must not be empty"],
    ),
    "a long token": (record(TOO_LONG), ["token", "longer than 200 characters"]),
    "a long access id": (record("a", accessId=TOO_LONG), ["accessId", "longer than 200"]),
    "NUL in a token": (record("a\0b"), ["token", "control character"]),
    "a line end in a section": (record("a", section="S\n1"), ["section", "control character"]),
    "a space after an access id": (record("a", accessId="GAME-1 "), ["accessId", "ends", "U+0020"]),
    "a no-break space before a barcode": (
        record("a", barcode="\u00a0B1"),
        ["barcode", "starts", "U+00A0 (NO-BREAK SPACE)"],
    ),
    "a zero width space after a token": (record("a\u200b"), ["token", "ends", "U+200B"]),
    "a byte order mark before an owner": (record("a", ownerId="\ufeff7"), ["ownerId", "U+FEFF"]),
    "a blank seat": (record("a", seat=" "), ["seat", "only whitespace", "U+0020"]),
    "a string": ("a", ["object", "str"]),
    "null": (None, ["object", "null"]),
    "an array": ([], ["object", "array"]),
}


def nothing_was_changed(served: Served) -> bool:
    return "good" not in served.database.mpreserve_of()


@all_cases(("bad", "words"), MISSHAPEN.values(), ids=MISSHAPEN)
def test_a_misshapen_record_is_named_by_its_index(
    shared: Served, bad: Any, words: list[str]
) -> None:
    message = message_of(put(shared, record("good"), bad), 422, "UNPROCESSABLE_ENTITY")
    assert [word for word in ["$[1]", *words] if word not in message] == []
    assert nothing_was_changed(shared)


@all_cases(("bad", "words"), MISSHAPEN.values(), ids=MISSHAPEN)
def test_a_misshapen_record_is_named_by_its_line(
    shared: Served, bad: Any, words: list[str]
) -> None:
    body = b"\n".join(json.dumps(each).encode() for each in (record("good"), bad))
    message = message_of(put_lines(shared, body), 422, "UNPROCESSABLE_ENTITY")
    assert [word for word in ["line 2", *words] if word not in message] == []
    assert nothing_was_changed(shared)


@all_cases(
    ("body", "word"),
    [(b"{}", "array"), (b'"a"', "array"), (b"null", "array"), (b"[]", "no tickets")],
)
def test_a_body_that_is_no_array_of_tickets_is_422(shared: Served, body: bytes, word: str) -> None:
    answer = operate(shared, "POST", "", body)
    assert word in message_of(answer, 422, "UNPROCESSABLE_ENTITY")


@all_cases(
    ("body", "word"),
    [
        (b"", "empty"),
        (b"[", "JSON"),
        (b'{"token":"good"', "JSON"),
        (b"[" * 100_000, "nested"),
        (b'[{"token":"\xc3"}]', "UTF-8"),
        (rb'[{"token":"\ud800"}]', "surrogate"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\xef\xbb\xbf\xef\xbb\xbf[]", "JSON"),
        (b'{"token":"a"}\n{"token":"b"}', "JSON"),
    ],
)
def test_a_body_that_is_no_json_is_400(shared: Served, body: bytes, word: str) -> None:
    assert word in message_of(operate(shared, "POST", "", body), 400, "BAD_REQUEST")


GOOD = json.dumps(record("good")).encode()
OTHER = json.dumps(record("other", section="Süd")).encode()
LINES = {
    "LF": GOOD + b"\n" + OTHER,
    "an LF at the end": GOOD + b"\n" + OTHER + b"\n",
    "CRLF": GOOD + b"\r\n" + OTHER + b"\r\n",
    "blank lines": b"\n\n" + GOOD + b"\n \t\r\n\n" + OTHER + b"\n\n\n",
    "a byte order mark": b"\xef\xbb\xbf" + GOOD + b"\n" + OTHER,
    "a byte order mark on a line of its own": b"\xef\xbb\xbf\r\n" + GOOD + b"\n" + OTHER,
    "spaces around": b"  " + GOOD + b"  \n\t" + OTHER + b"\t",
}


@pytest.mark.parametrize("body", LINES.values(), ids=LINES)
def test_lines_are_read_however_they_end(served: Served, body: bytes) -> None:
    answer = put_lines(served, body)
    assert answer.status_code == 200, answer.text
    assert [entry["token"] for entry in answer.json()["success"]] == ["good", "other"]


BROKEN_LINES = {
    "half a character": (GOOD + b"\n" + OTHER[:-4] + b"\xc3", "line 2", "UTF-8"),
    "half a character before a line's end": (b'{"token":"\xc3\n"}', "line 1", "UTF-8"),
    "two marks": (b"\xef\xbb\xbf\xef\xbb\xbf" + GOOD, "line 1", "JSON"),
    "a mark later on": (GOOD + b"\n\xef\xbb\xbf" + OTHER, "line 2", "JSON"),
    "two on one line": (GOOD + OTHER, "line 1", "JSON"),
    "one on two lines": (json.dumps(record("good"), indent=1).encode(), "line 1", "JSON"),
    "a comma": (GOOD + b",\n" + OTHER, "line 1", "JSON"),
    "CR alone": (GOOD + b"\r" + OTHER, "line 1", "JSON"),
    "half a pair": (GOOD + b'\n\n{"token":"\\ud800"}', "line 3", "surrogate"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "line 1", "UTF-8"),
    "a vertical tab": (GOOD + b"\n\x0b\n", "line 2", "JSON"),
}


@all_cases(("body", "place", "word"), BROKEN_LINES.values(), ids=BROKEN_LINES)
def test_a_line_that_is_no_json_is_400_with_its_number(
    shared: Served, body: bytes, place: str, word: str
) -> None:
    message = message_of(put_lines(shared, body), 400, "BAD_REQUEST")
    assert place in message
    assert word in message
    assert nothing_was_changed(shared)


def test_the_first_bad_line_is_reported_whatever_comes_later(shared: Served) -> None:
    body = GOOD + b'\n{"token":7}\nno JSON\n'
    message = message_of(put_lines(shared, body), 422, "UNPROCESSABLE_ENTITY")
    assert message.startswith("The ticket at line 2 has the wrong shape")
    body = GOOD + b'\nno JSON\n{"token":7}\n'
    assert "line 2" in message_of(put_lines(shared, body), 400, "BAD_REQUEST")
    assert nothing_was_changed(shared)


def test_the_first_bad_record_of_an_array_is_reported_before_their_number(shared: Served) -> None:
    entries = [GOOD, b"{}", *[b"7"] * 10_000]
    answer = operate(shared, "POST", "", b"[" + b",".join(entries) + b"]")
    message = message_of(answer, 422, "UNPROCESSABLE_ENTITY")
    assert message.startswith("The ticket at $[1] has the wrong shape")
    assert nothing_was_changed(shared)


def test_an_array_may_begin_with_a_byte_order_mark(served: Served) -> None:
    assert operate(served, "POST", "", b"\xef\xbb\xbf[" + GOOD + b"]").status_code == 200
    body = b'\xef\xbb\xbf{"tokens":["good"]}'
    assert operate(served, "PUT", "/void", body).status_code == 200


@pytest.mark.parametrize("unknown", [b"1e999", b"-1e99999999999999999999", b"9" * 100_000])
def test_an_unknown_member_may_be_any_number(served: Served, unknown: bytes) -> None:
    body = GOOD[:-1] + b',"price":' + unknown + b"}"
    assert operate(served, "POST", "", b"[" + body + b"]").status_code == 200
    assert put_lines(served, body).status_code == 200
    assert show(served, "good")["version"] == 1


def test_lines_that_are_all_blank_hold_no_tickets(shared: Served) -> None:
    answer = put_lines(shared, b"\n \r\n")
    assert "no tickets" in message_of(answer, 422, "UNPROCESSABLE_ENTITY")


def test_a_line_of_2_mebibytes_is_refused_for_what_is_in_it(shared: Served) -> None:
    long = json.dumps(record("x" * 2 * MEBIBYTE)).encode()
    message = message_of(put_lines(shared, GOOD + b"\n" + long), 422, "UNPROCESSABLE_ENTITY")
    assert "line 2" in message
    assert "token is longer than 200 characters" in message
    assert len(message) < 200


def test_a_line_of_2_mebibytes_is_fine_if_its_ticket_is(served: Served) -> None:
    long = json.dumps(record("long", comment="x" * 2 * MEBIBYTE)).encode()
    assert put_lines(served, long).status_code == 200
    assert show(served, "long")["version"] == 1


@pytest.mark.parametrize("content_type", [NDJSON, "application/jsonl", "APPLICATION/ndjson; x=y"])
def test_lines_have_several_names(served: Served, content_type: str) -> None:
    answer = operate(served, "POST", "", GOOD + b"\n" + OTHER, content_type=content_type)
    assert answer.status_code == 200


def test_a_body_just_below_16_mebibytes_is_read(served: Served) -> None:
    records = [record(f"t{number:05}", comment="x" * 1500) for number in range(10_000)]
    body = json.dumps(records).encode()
    body += b" " * (16 * MEBIBYTE - len(body))
    assert operate(served, "POST", "", body).status_code == 200


def test_a_body_over_16_mebibytes_is_413_without_being_read(shared: Served) -> None:
    with Wire(shared.port) as wire:
        wire.send(head("POST", "", ("content-length", str(16 * MEBIBYTE + 1))))
        message = message_of(wire.answer(), 413, "PAYLOAD_TOO_LARGE")
    assert str(16 * MEBIBYTE) in message


@pytest.mark.parametrize("path", ["/status", "/void", "/unlock"])
def test_the_other_calls_take_1_mebibyte(shared: Served, path: str) -> None:
    answer = operate(shared, "PUT", path, b" " * (MEBIBYTE + 1))
    assert str(MEBIBYTE) in message_of(answer, 413, "PAYLOAD_TOO_LARGE")


def test_a_body_without_length_is_refused_at_its_limit(shared: Served) -> None:
    chunk = b" " * MEBIBYTE
    with Wire(shared.port) as wire:
        wire.send(head("POST", "", ("transfer-encoding", "chunked")))
        for _ in range(17):
            wire.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        message_of(wire.answer(), 413, "PAYLOAD_TOO_LARGE")
