"""The contract's table of whole-request errors: the faults of a body, and their place."""

import json

import pytest

from tests.cases import all_cases
from tests.databases import ON_SQLITE
from tests.http.wire import Wire, message_of, put, put_chunked, tokens_body
from tests.serving import LOCK, UNLOCK, VERIFY, Served

pytestmark = ON_SQLITE

TOO_MANY = "The request payload cannot contain more than 100 tokens"
MEBIBYTE = 1024 * 1024

MISSHAPEN = {
    "no entries": (b'{"tokens":[]}', ["$.tokens", "length >= 1"]),
    "tokens absent": (b'{"token":["a"]}', ["tokens", "missing"]),
    "tokens null": (b'{"tokens":null}', ["$.tokens", "array"]),
    "tokens a string": (b'{"tokens":"a"}', ["$.tokens", "array"]),
    "tokens an object": (b'{"tokens":{"0":"a"}}', ["$.tokens", "array"]),
    "an entry is a number": (b'{"tokens":["a","b",98973476444]}', ["$.tokens[2]", "int"]),
    "an entry is a fraction": (b'{"tokens":[1.5]}', ["$.tokens[0]", "str"]),
    "an entry is null": (b'{"tokens":["a",null]}', ["$.tokens[1]", "null"]),
    "an entry is an array": (b'{"tokens":[["a"]]}', ["$.tokens[0]", "array"]),
    "an entry is an object": (b'{"tokens":[{"token":"a"}]}', ["$.tokens[0]", "object"]),
    "an entry is true": (b'{"tokens":[true]}', ["$.tokens[0]", "bool"]),
    "body an array": (b'["a"]', ["object", "array"]),
    "body a string": (b'"a"', ["object", "str"]),
    "body a number": (b"1", ["object", "int"]),
    "body null": (b"null", ["object", "null"]),
    "body an empty object": (b"{}", ["tokens", "missing"]),
}
NOT_UTF_8 = {
    "at the start": b'\xff{"tokens":["not-listed"]}',
    "in a token": b'{"tokens":["not-listed\xff"]}',
    "in an unknown member": b'{"tokens":["not-listed"],"x":"\xc0\xaf"}',
    "in a key": b'{"tokens":["not-listed"],"\xff":1}',
    "an encoded surrogate": b'{"tokens":["not-listed\xed\xa0\x80"]}',
    "UTF-16": '{"tokens":["not-listed"]}'.encode("utf-16"),
    "beyond Unicode": b'{"tokens":["\xf4\x90\x80\x80"]}',
}
NOT_JSON = {
    "spaces": b"  \n",
    "a word": b"tokens",
    "a form": b"tokens=not-listed",
    "half": b'{"tokens":["not-listed"',
    "a comma too many": b'{"tokens":["not-listed",]}',
    "single quotes": b"{'tokens':['not-listed']}",
    "a comment": b'{"tokens":["not-listed"]} // why',
    "trailing garbage": b'{"tokens":["not-listed"]} x',
    "two documents": b'{"tokens":["not-listed"]}{"tokens":["not-listed"]}',
    "two byte order marks": b'\xef\xbb\xbf\xef\xbb\xbf{"tokens":["not-listed"]}',
    "a byte order mark after a space": b' \xef\xbb\xbf{"tokens":["not-listed"]}',
    "UTF-16 without a mark": '{"tokens":["not-listed"]}'.encode("utf-16-le"),
    "NaN": b'{"tokens":["not-listed"],"x":NaN}',
    "Infinity": b'{"tokens":["not-listed"],"x":-Infinity}',
    "a leading zero": b'{"tokens":["not-listed"],"x":01}',
    "a raw NUL in a token": b'{"tokens":["not-listed\0"]}',
    "a raw line end in a token": b'{"tokens":["not\nlisted"]}',
}
LONE_SURROGATE = {
    "in a token": rb'{"tokens":["not-listed\ud800"],"x":"some more"}',
    "in a token at the end": rb'{"tokens":["not-listed\ud800"]}',
    "the second half": rb'{"tokens":["not-listed\udc00"]}',
    "two first halves": rb'{"tokens":["not-listed\ud83d\ud83d"]}',
    "in an unknown member": rb'{"tokens":["not-listed"],"x":"\uD800 and more"}',
    "in a key": rb'{"tokens":["not-listed"],"\uDFFF":1}',
}
UNKNOWN_MEMBERS = {
    "any value": b'{"x":null,"tokens":["not-listed"],"y":{"tokens":[1]},"":[true,"a",-0.5e-7]}',
    "a number beyond a double": b'{"tokens":["not-listed"],"x":1e999}',
    "infinite numbers": (
        b'{"tokens":["not-listed"],"x":[1e99999999999999999999,-1e-99999999999999999999]}'
    ),
    "a long number": b'{"tokens":["not-listed"],"x":' + b"9" * 1000 + b"." + b"9" * 9000 + b"}",
    "200 deep": b'{"tokens":["not-listed"],"x":' + b"[" * 200 + b"]" * 200 + b"}",
    "a key twice": b'{"x":1,"tokens":["not-listed"],"x":2}',
    "a byte order mark before": b'\xef\xbb\xbf{"tokens":["not-listed"]}',
    "spaces around": b' \r\n\t{ "tokens" : [ "not-listed" ] }\n ',
    "a surrogate pair": rb'{"tokens":["not-listed"],"x":"\ud83c\udf9f"}',
    "escapes in tokens": rb'{"tokens":["\u006eot\u002Dlisted"]}',
}


@all_cases(("body", "words"), MISSHAPEN.values(), ids=MISSHAPEN)
def test_wrong_shape_is_422_and_says_which_and_where(
    shared: Served, body: bytes, words: list[str]
) -> None:
    message = message_of(shared.put(body), 422, "UNPROCESSABLE_ENTITY")
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize("body", [b"", b"\xef\xbb\xbf"], ids=["nothing", "a byte order mark"])
def test_body_empty_is_400(shared: Served, body: bytes) -> None:
    assert "empty" in message_of(shared.put(body), 400, "BAD_REQUEST")


def test_a_byte_order_mark_that_arrives_in_two_chunks_is_skipped(shared: Served) -> None:
    chunks = (b"\xef\xbb", b'\xbf{"tokens":["not-listed"]}')
    with Wire(shared.port) as wire:
        wire.send(put_chunked(*chunks))
        assert wire.answer().status == 200


def test_lock_and_verify_skip_a_byte_order_mark_too(served: Served) -> None:
    tokens = b'{"tokens":["not-listed"]}'
    lock = b'{"source":"MY_ACCOUNT","listing":{"tokens":[{"token":"not-listed"}]}}'
    for method, path, body in (
        ("PUT", LOCK, lock),
        ("POST", VERIFY, b'{"tickets":' + tokens + b"}"),
        ("PUT", UNLOCK, tokens),
    ):
        assert served.call(method, path, b"\xef\xbb\xbf" + body).status_code == 200


@pytest.mark.parametrize("body", NOT_UTF_8.values(), ids=NOT_UTF_8)
def test_body_not_utf_8_is_400(shared: Served, body: bytes) -> None:
    assert "not UTF-8" in message_of(shared.put(body), 400, "BAD_REQUEST")


@all_cases("body", NOT_JSON.values(), ids=NOT_JSON)
def test_body_not_json_is_400(shared: Served, body: bytes) -> None:
    assert "not valid JSON" in message_of(shared.put(body), 400, "BAD_REQUEST")


@pytest.mark.parametrize("body", LONE_SURROGATE.values(), ids=LONE_SURROGATE)
def test_body_with_a_lone_surrogate_escape_is_400(shared: Served, body: bytes) -> None:
    assert "surrogate" in message_of(shared.put(body), 400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"tokens":' * 100_000,
        b'{"tokens":["not-listed"],"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=["arrays left open", "arrays", "objects left open", "in an unknown member"],
)
def test_body_100_000_deep_is_400(shared: Served, body: bytes) -> None:
    assert "deep" in message_of(shared.put(body), 400, "BAD_REQUEST")


@all_cases("body", UNKNOWN_MEMBERS.values(), ids=UNKNOWN_MEMBERS)
def test_unknown_members_are_ignored(shared: Served, body: bytes) -> None:
    answer = shared.put(body)
    assert answer.content == b'{"success":[{"token":"not-listed","ownerId":"234567"}]}'


@pytest.mark.parametrize(
    "tokens",
    [[f"token-{number}" for number in range(101)], ["listed-1"] * 101, ["listed-1"] * 5000],
    ids=["101 tokens", "one token 101 times", "one token 5,000 times"],
)
def test_more_than_100_entries_are_422_and_nothing_changed(
    shared: Served, tokens: list[str]
) -> None:
    assert message_of(shared.unlock(*tokens), 422, "UNPROCESSABLE_ENTITY") == TOO_MANY
    assert shared.database.mpreserve_of()["listed-1"]


def test_100_entries_are_accepted(shared: Served) -> None:
    tokens = [f"token-{number}" for number in range(99)]
    answer = shared.unlock(*tokens, "not-listed")
    assert answer.status_code == 207
    assert [entry["token"] for entry in answer.json()["failure"]] == tokens


def test_100_times_one_token_is_accepted(shared: Served) -> None:
    answer = shared.unlock(*["not-listed"] * 100)
    assert answer.content == b'{"success":[{"token":"not-listed","ownerId":"234567"}]}'


def padded(size: int, token: str) -> bytes:
    """A valid body of this size."""
    body = tokens_body(token)
    return body + b" " * (size - len(body))


def test_body_of_1_mebibyte_is_accepted(shared: Served) -> None:
    assert shared.put(padded(MEBIBYTE, "not-listed")).status_code == 200


def test_body_over_1_mebibyte_is_413_and_nothing_changed(shared: Served) -> None:
    answer = shared.put(padded(MEBIBYTE + 1, "listed-1"))
    assert "1048576 bytes" in message_of(answer, 413, "PAYLOAD_TOO_LARGE")
    assert shared.database.mpreserve_of()["listed-1"]


def test_body_announced_over_1_mebibyte_is_413_before_any_of_it_is_sent(shared: Served) -> None:
    head = put(padded(MEBIBYTE + 1, "listed-1")).partition(b"\r\n\r\n")[0]
    with Wire(shared.port) as wire:
        wire.send(head + b"\r\n\r\n")
        message_of(wire.answer(), 413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("end", [b"0\r\n\r\n", b""], ids=["whole", "without end"])
def test_body_in_chunks_over_1_mebibyte_is_413_and_nothing_changed(
    shared: Served, end: bytes
) -> None:
    chunks = [tokens_body("listed-1"), *[b" " * 65536] * 16]
    with Wire(shared.port) as wire:
        wire.send(put_chunked(*chunks, end=end))
        message_of(wire.answer(), 413, "PAYLOAD_TOO_LARGE")
    assert shared.database.mpreserve_of()["listed-1"]


def test_body_in_chunks_is_accepted(shared: Served) -> None:
    body = tokens_body("not-listed")
    with Wire(shared.port) as wire:
        wire.send(put_chunked(*(body[at : at + 1] for at in range(len(body)))))
        answer = wire.answer()
    assert answer.status == 200
    assert json.loads(answer.body)["success"][0]["token"] == "not-listed"
