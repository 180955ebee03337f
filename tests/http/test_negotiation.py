"""Media types and encodings: the corners of RFC 9110 that need no socket."""

from seatlatch.http.negotiation import accepts_json, is_json, prefers_gzip, prefers_json
from tests.cases import all_cases


@all_cases(
    ("accept", "verdict"),
    [
        (b"application/json", True),
        (b"application/json;q=1.000", True),
        (b"application/json; Q=0.5", True),
        (b"application/json;q=0.001", True),
        (b"application/json;q=0.0", False),
        (b"application/json;q=2", False),
        (b"application/json;q=-1", False),
        (b"application/json;q=nan", False),
        (b"application/json;q=inf", False),
        (b"application/json;q=", False),
        (b"application/json;q", False),
        (b"application/json;q=0, application/json", True),
        (b"application/*;q=0, */*", False),
        (b"*/*;q=0, application/*;q=0.1", True),
        (b"text/*, */*;q=0", False),
        (b" , ,application/json, ", True),
        (b"application/json;version=1;q=0", False),
        (b"", False),
        (b",", False),
        (b";q=1", False),
        (b"*", False),
        (b"\xff", False),
    ],
)
def test_accept(accept: bytes, verdict: bool) -> None:
    assert accepts_json(accept) is verdict


@all_cases(
    ("accept_encoding", "verdict"),
    [
        (b"gzip", True),
        (b"gzip, deflate, br", True),
        (b"*;q=0.1", True),
        (b"identity, gzip", True),
        (b"identity;q=1, gzip;q=0.9", False),
        (b"*;q=0, gzip", True),
        (b"gzip;q=0, *;q=1", False),
        (b"gzip;q=nan", False),
        (b"", False),
        (b"deflate", False),
        (b"\xff\xfe", False),
    ],
)
def test_accept_encoding(accept_encoding: bytes, verdict: bool) -> None:
    assert prefers_gzip(accept_encoding) is verdict


@all_cases(
    ("content_type", "verdict"),
    [
        (b"application/json", True),
        (b"application/JSON ;charset=utf-8", True),
        (b"application/json;", True),
        (b"application/json, text/plain", False),
        (b"application/json text", False),
        (b"text/json", False),
        (b"", False),
        (b"\xff", False),
    ],
)
def test_content_type(content_type: bytes, verdict: bool) -> None:
    assert is_json(content_type) is verdict


@all_cases(
    ("accept", "verdict"),
    [
        (b"", False),
        (b"*/*", False),
        (b"application/json", True),
        (b"application/*", True),
        (b"application/json, */*", True),
        (b"text/html, application/json", False),
        (b"text/html;q=0.9, application/json", True),
        (b"text/*, application/json", True),
        (b"application/json;q=0", False),
        (b"application/json;q=0.4, */*;q=0.5", False),
        (b"\xff", False),
    ],
)
def test_json_beside_html(accept: bytes, verdict: bool) -> None:
    assert prefers_json(accept) is verdict
