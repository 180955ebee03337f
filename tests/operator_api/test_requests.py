"""The rules for an operator's requests: methods, headers, media types, and their order."""

import json
from typing import NamedTuple
from uuid import UUID

import pytest

from tests.cases import all_cases
from tests.databases import ON_SQLITE
from tests.http.test_probes import bare, samples, value
from tests.http.wire import Wire, message_of
from tests.operator_api.box_office import TICKETS, head, hold, operate, operator_headers, record
from tests.serving import OPERATOR, Served, valid_headers

pytestmark = ON_SQLITE

OF_VERSION_4 = "7d444840-9dc0-41d1-b245-5ffdce74fad2"
OF_VERSION_1 = "86252972-e88c-11f1-8afe-02fc00000001"

PAGE = "?organizationId=1001"
NAMED = json.dumps({"tokens": ["not-listed"], "status": "UNLOCK", "reason": "why"}).encode()
MEBIBYTE = 1024 * 1024
ALLOWED = {
    "": "GET, HEAD, POST",
    "/status": "GET, HEAD, PUT",
    "/void": "GET, HEAD, PUT",
    "/unlock": "GET, HEAD, PUT",
    "/not-listed": "GET, HEAD",
}
"""GET /status shows the ticket whose token is "status"."""


@pytest.mark.parametrize(("path", "allow"), ALLOWED.items())
def test_another_method_is_405_with_all_that_are_allowed(
    shared: Served, path: str, allow: str
) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(allow.split(", ")):
        answer = operate(shared, method, path, NAMED)
        assert (
            message_of(answer, 405, "METHOD_NOT_ALLOWED")
            == f"The methods of this path are {allow}."
        )
        assert answer.headers["Allow"] == allow


@pytest.mark.parametrize("path", ["/not-listed", PAGE])
def test_head_is_get_without_its_body(shared: Served, path: str) -> None:
    wanted = operate(shared, "GET", path)
    answer = operate(shared, "HEAD", path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == wanted.headers["Content-Length"]


@pytest.mark.parametrize("path", ["", "/v1", "/v1/ticket", "/v1/tickets/a/history", "/v2/tickets"])
def test_another_path_is_404(shared: Served, path: str) -> None:
    answer = shared.send("/operator" + path, "GET", operator_headers())
    message_of(answer, 404, "NOT_FOUND")


def test_what_a_marketplace_must_send_is_not_needed(shared: Served) -> None:
    with Wire(shared.port) as wire:
        wire.send(head("GET", "/not-listed", content_type=None))
        answer = wire.answer()
    assert answer.status == 200
    assert UUID(answer.header("Request-ID")).version == 4
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("Vary") == "Accept-Encoding"


@pytest.mark.parametrize("request_id", [OF_VERSION_4, OF_VERSION_4.upper(), OF_VERSION_1])
def test_a_request_id_that_is_a_uuid_comes_back(shared: Served, request_id: str) -> None:
    answer = operate(shared, "GET", "/not-listed", request_id=request_id)
    assert (answer.status_code, answer.headers["Request-ID"]) == (200, request_id)


@pytest.mark.parametrize(
    "request_id", ["7", "garbage", OF_VERSION_4[:-1], OF_VERSION_4.replace("-", "")]
)
def test_a_request_id_that_is_none_is_400(shared: Served, request_id: str) -> None:
    answer = operate(shared, "GET", "/not-listed", request_id=request_id)
    assert "Request-ID" in message_of(answer, 400, "BAD_REQUEST")
    assert UUID(answer.headers["Request-ID"]).version == 4


REPEATED = {
    "Request-ID": OF_VERSION_4,
    "Authorization": "Bearer test-operator-key",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Content-Type": "application/json",
}


@pytest.mark.parametrize(("name", "text"), REPEATED.items())
def test_a_repeated_header_is_400(shared: Served, name: str, text: str) -> None:
    more = [(name, text), (name, text), ("content-length", str(len(NAMED)))]
    once = {"authorization": None} if name == "Authorization" else {}
    once |= {"content_type": None} if name == "Content-Type" else {}
    with Wire(shared.port) as wire:
        wire.send(head("PUT", "/void", *more, **once) + NAMED)
        message = message_of(wire.answer(), 400, "BAD_REQUEST")
    assert name in message
    assert "twice" in message


@pytest.mark.parametrize("accept", [None, "", "*/*", "application/*;q=0.1", "text/html, */*"])
def test_an_accept_that_admits_json_or_is_absent_is_fine(
    shared: Served, accept: str | None
) -> None:
    assert operate(shared, "GET", PAGE, accept=accept).status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "application/xml"])
def test_an_accept_that_excludes_json_is_406(shared: Served, accept: str) -> None:
    message_of(operate(shared, "GET", PAGE, accept=accept), 406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize("path", ["/status", "/void", "/unlock"])
def test_only_json_is_taken_where_tokens_are_named(shared: Served, path: str) -> None:
    body = NAMED.replace(b"not-listed", b"unknown")
    answer = operate(shared, "PUT", path, body, content_type="Application/JSON; charset=utf-8")
    assert answer.json()["failure"][0]["token"] == "unknown"
    for content_type in ("application/x-ndjson", "text/plain", "application/jsonx", "json"):
        answer = operate(shared, "PUT", path, NAMED, content_type=content_type)
        message_of(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("content_type", ["text/csv", "text/plain", "application/ndjson+x"])
def test_records_of_another_type_are_415(shared: Served, content_type: str) -> None:
    answer = operate(shared, "POST", "", b"[]", content_type=content_type)
    message = message_of(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert "application/json or application/x-ndjson" in message


class Fault(NamedTuple):
    """One fault of a request, and the mark of its response."""

    status: int
    word: str
    headers: tuple[tuple[str, str | None], ...] = ()
    body: bytes = b""


ORDER = {
    "Request-ID": Fault(400, "Request-ID", (("request_id", "garbage"),)),
    "Content-Type absent": Fault(400, "Content-Type", (("content_type", None),)),
    "key": Fault(401, "Authorization", (("authorization", "Bearer wrong"),)),
    "Accept": Fault(406, "Accept", (("accept", "text/html"),)),
    "Content-Type": Fault(415, "Content-Type", (("content_type", "text/plain"),)),
    "size": Fault(413, "bytes", body=b"\xff" * (MEBIBYTE + 1)),
    "JSON": Fault(400, "JSON", body=b'{"tokens":[1' + b',"a"' * 1001),
    "shape": Fault(422, "$.tokens[1001]", body=b'{"tokens":[' + b'"unknown",' * 1001 + b"1]}"),
    "reason": Fault(422, "reason", body=b'{"tokens":["a"' + b',"a"' * 1001 + b'],"reason":""}'),
    "count": Fault(
        422, "more than 1000", body=b'{"tokens":["a"' + b',"a"' * 1000 + b'],"reason":"why"}'
    ),
    "tokens": Fault(422, "INVALID_TOKEN", body=b'{"tokens":["unknown"],"reason":"why"}'),
}
NAMES = list(ORDER)
PAIRS = [
    (earlier, later)
    for at, earlier in enumerate(NAMES)
    for later in NAMES[at + 1 :]
    if not {key for key, _ in ORDER[earlier].headers} & {key for key, _ in ORDER[later].headers}
    and not (ORDER[earlier].body and ORDER[later].body)
]


@all_cases(("earlier", "later"), PAIRS, ids=[f"{a} - {b}" for a, b in PAIRS])
def test_of_two_faults_the_earlier_one_is_reported(
    shared: Served, earlier: str, later: str
) -> None:
    first, second = ORDER[earlier], ORDER[later]
    changes = dict([*first.headers, *second.headers])
    answer = operate(shared, "PUT", "/unlock", first.body or second.body or NAMED, **changes)
    assert answer.status_code == first.status
    assert first.word in answer.text


@all_cases("name", NAMES)
def test_each_fault_alone_is_reported(shared: Served, name: str) -> None:
    fault = ORDER[name]
    answer = operate(shared, "PUT", "/unlock", fault.body or NAMED, **dict(fault.headers))
    assert answer.status_code == fault.status
    assert fault.word in answer.text


def test_an_answer_of_500_bytes_is_gzipped_if_that_is_wanted(shared: Served) -> None:
    answer = operate(shared, "GET", PAGE, accept_encoding="gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.json()["tickets"]) == 8


def test_metrics_name_routes_by_their_template_and_count_outcomes(served: Served) -> None:
    before = samples(served)
    operate(served, "GET", "/not-listed")
    operate(served, "GET", "/unknown%2Ftoken")
    operate(served, "POST", "", [record("new")])
    operate(served, "GET", PAGE)
    hold(served, "listed-1", "not-listed", "unknown")
    after = samples(served)

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    requests = "seatlatch_requests_total"
    assert grown(requests, route=TICKETS + "/{token}", status="200") == 1
    assert grown(requests, route=TICKETS + "/{token}", status="404") == 1
    assert grown(requests, route=TICKETS, status="200") == 2
    assert grown(requests, route=TICKETS + "/status", status="207") == 1
    for outcome in ("added", "held", "reserved", "unknown"):
        assert grown("seatlatch_tokens_total", outcome=outcome) == 1
    assert "unknown%2Ftoken" not in bare(served, "/metrics").text
    assert OPERATOR not in bare(served, "/metrics").text


def test_the_marketplaces_calls_are_unchanged(shared: Served) -> None:
    answer = shared.send("/v1/tickets/unlock", "POST", valid_headers(), NAMED)
    assert answer.headers["Allow"] == "PUT"
