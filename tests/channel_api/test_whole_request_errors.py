"""The contract's table of whole-request errors; headers and bodies have modules of their own."""

import json
from functools import partial
from uuid import uuid4

import httpx
import pytest

from seatlatch.logs import make_log
from tests.cases import all_cases
from tests.databases import ON_SQLITE, Database
from tests.http.wire import message_of, tokens_body
from tests.serving import UNLOCK, Served, serving, valid_headers
from tests.stores import Broken
from tests.waiting import until

HEAL_SECONDS_MAX = 3.0


def assert_unavailable(answer: httpx.Response) -> None:
    """503, with the time to retry."""
    assert "Retry" in message_of(answer, 503, "SERVICE_UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) >= 1


def assert_heals(served: Served, token: str) -> None:
    """The same request soon succeeds, without a restart."""

    def answered() -> httpx.Response | None:
        answer = served.unlock(token)
        return answer if answer.status_code != 503 else None

    answer = until(answered, HEAL_SECONDS_MAX)
    assert answer
    assert answer.content == b'{"success":[{"token":"%s","ownerId":"234567"}]}' % token.encode()
    assert not served.database.mpreserve_of()[token]


@ON_SQLITE
@all_cases(
    "path",
    ["/v1/", "/v1/tickets", "/v1/tickets/unlock/", "/v1/tickets/UNLOCK", "/v2/tickets/unlock"],
)
@all_cases("method", ["PUT", "GET", "DELETE"])
def test_unknown_route_is_404(shared: Served, method: str, path: str) -> None:
    answer = shared.send(path, method, valid_headers(), tokens_body("listed-1"))
    message_of(answer, 404, "NOT_FOUND")
    assert shared.database.mpreserve_of()["listed-1"]


@ON_SQLITE
@all_cases(
    ("path", "method", "allow"),
    [
        *[(UNLOCK, method, "PUT") for method in ("GET", "POST", "PATCH", "DELETE")],
        *[(path, "POST", "GET, HEAD") for path in ("/livez", "/readyz", "/metrics")],
    ],
)
def test_unknown_method_is_405_with_allow(
    shared: Served, path: str, method: str, allow: str
) -> None:
    answer = shared.send(path, method, valid_headers(), tokens_body("listed-1"))
    message_of(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"] == allow
    assert shared.database.mpreserve_of()["listed-1"]


@ON_SQLITE
@all_cases(
    ("path", "allow"),
    [
        (UNLOCK, "PUT"),
        ("/v1/auth/token", "POST"),
        ("/v1/requests/7d444840-9dc0-41d1-b245-5ffdce74fad2", "GET, HEAD"),
        ("/operator/v1/tickets", "GET, HEAD, POST"),
        *((page, "GET, HEAD") for page in ("/", "/docs", "/reference")),
        *((probe, "GET, HEAD") for probe in ("/livez", "/readyz", "/metrics")),
    ],
)
@all_cases("version", ["1.0", "1.1"])
def test_options_is_204_with_allow(shared: Served, path: str, allow: str, version: str) -> None:
    answer = shared.raw(f"OPTIONS {path} HTTP/{version}\r\nHost: x\r\n\r\n".encode())
    assert (answer.status, answer.body) == (204, b"")
    assert answer.header("Allow") == allow
    assert answer.header("Request-ID")
    assert answer.header("Content-Type") is None


@ON_SQLITE
def test_options_of_an_unknown_route_is_404(shared: Served) -> None:
    message_of(shared.send("/v1/nothing", "OPTIONS", {}), 404, "NOT_FOUND")


@ON_SQLITE
def test_over_the_applications_rate_is_429_with_retry_after(inventory: Database) -> None:
    with serving(inventory, rate_limit="1:2") as served:
        answers = [served.unlock("not-listed") for _ in range(3)]
        refused = served.unlock("listed-1")
        other = served.unlock("not-listed", pac_application_id="com.example.unknown")
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    for answer in (answers[2], refused):
        message_of(answer, 429, "TOO_MANY_REQUESTS")
        assert answer.headers["Retry-After"] == "1"
    assert other.status_code == 401
    assert inventory.mpreserve_of()["listed-1"]


def answers(served: Served, status: int) -> bool:
    return served.unlock("not-listed").status_code == status


@ON_SQLITE
def test_rate_lets_through_again_when_time_has_passed(inventory: Database) -> None:
    with serving(inventory, rate_limit="5:1") as served:
        for status in (200, 429, 200):
            until(partial(answers, served, status), 5)


def test_database_locked_by_another_process_is_503_until_it_is_free(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.database.wait_for_locks(monkeypatch, 0.1)
    with served.database.writing():
        assert_unavailable(served.unlock("listed-1"))
    assert served.database.mpreserve_of()["listed-1"]
    assert_heals(served, "listed-1")


def test_database_moved_away_is_503_until_it_is_back(served: Served) -> None:
    with served.database.away():
        assert_unavailable(served.unlock("listed-1"))
        assert_unavailable(served.unlock("listed-2"))
    assert_heals(served, "listed-1")


def test_no_confirmed_commit_without_the_database_even_with_fresh_credentials(
    served: Served,
) -> None:
    """Right after a request the credentials are not read again: the commit itself must notice."""
    assert served.unlock("not-listed").status_code == 200
    with served.database.away():
        assert_unavailable(served.unlock("listed-1"))


def test_a_bug_is_500_and_tells_nothing_but_is_logged_under_the_request_id(
    inventory: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    request_id = str(uuid4())
    with serving(inventory, around=Broken, log=make_log("json", "error")) as served:
        answer = served.unlock("listed-1", request_id=request_id)
        alive = served.client.get("/livez")
    message = message_of(answer, 500, "INTERNAL_ERROR")
    assert answer.headers["Request-ID"] == request_id
    for text in (message, str(answer.headers)):
        assert Broken.DETAIL not in text
        assert "Error(" not in text
        assert "Traceback" not in text
    assert alive.status_code == 200
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    bugs = [line for line in lines if line["event"] == "bug"]
    (bug,) = [line for line in bugs if line.get("requestId") == request_id]
    assert Broken.DETAIL in bug["exception"]
    assert inventory.mpreserve_of()["listed-1"]


def test_the_log_line_of_a_request_with_a_failure_has_level_error(
    inventory: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(inventory, log=make_log("json", "info")) as served:
        served.unlock("listed-1")
        served.unlock("listed-1", "unknown")
        served.unlock()
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [(line["status"], line["level"]) for line in lines] == [
        (200, "info"),
        (207, "error"),
        (422, "error"),
    ]
