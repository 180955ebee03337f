"""The contract's table of whole-request errors; headers and bodies have modules of their own."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from uuid import uuid4

import apsw
import httpx
import pytest

from seatlatch.store.interface import Result, Transaction
from seatlatch.store.sqlite.store import SqliteStore
from seatlatch.telemetry import make_log
from tests.api.wire import message_of, tokens_body
from tests.serving import UNLOCK, Served, mpreserve_of, serving, valid_headers

HEAL_SECONDS_MAX = 3.0
SECRET_DETAIL = "detail-that-must-not-leak"


class BrokenStore(SqliteStore):
    """A store with a bug in it."""

    async def commit(self, work: Callable[[Transaction], Result]) -> Result:
        """Fail as no database does."""
        raise RuntimeError(SECRET_DETAIL)


@contextmanager
def locked(path: Path, mode: str) -> Iterator[None]:
    """Another process's transaction on the database."""
    connection = apsw.Connection(str(path))
    try:
        connection.execute(f"BEGIN {mode}")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


@contextmanager
def moved_away(path: Path) -> Iterator[None]:
    """Somebody moves the database file and brings it back."""
    elsewhere = path.with_name("elsewhere.db")
    path.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(path)


def assert_unavailable(answer: httpx.Response) -> None:
    """503, with when to come again."""
    assert "again" in message_of(answer, 503, "SERVICE_UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) >= 1


def assert_heals(served: Served, token: str) -> None:
    """The same request is answered soon, without a restart."""
    deadline = monotonic() + HEAL_SECONDS_MAX
    while (answer := served.unlock(token)).status_code == 503:
        assert monotonic() < deadline
    assert answer.content == b'{"success":[{"token":"%s","ownerId":"234567"}]}' % token.encode()
    assert not mpreserve_of(served.path)[token]


@pytest.mark.parametrize(
    "path",
    ["/", "/v1/tickets", "/v1/tickets/unlock/", "/v1/tickets/UNLOCK", "/v2/tickets/unlock"],
)
@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_unknown_route_is_404(shared: Served, method: str, path: str) -> None:
    answer = shared.send(path, method, valid_headers(), tokens_body("listed-1"))
    message_of(answer, 404, "NOT_FOUND")
    assert mpreserve_of(shared.path)["listed-1"]


@pytest.mark.parametrize(
    ("path", "method", "allow"),
    [
        *[(UNLOCK, method, "PUT") for method in ("GET", "POST", "PATCH", "DELETE", "OPTIONS")],
        *[(path, "POST", "GET, HEAD") for path in ("/livez", "/readyz", "/metrics")],
    ],
)
def test_unknown_method_is_405_with_allow(
    shared: Served, path: str, method: str, allow: str
) -> None:
    answer = shared.send(path, method, valid_headers(), tokens_body("listed-1"))
    message_of(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"] == allow
    assert mpreserve_of(shared.path)["listed-1"]


def test_over_the_applications_rate_is_429_with_retry_after(inventory: Path) -> None:
    with serving(inventory, rate_limit="1:2") as served:
        answers = [served.unlock("not-listed") for _ in range(3)]
        refused = served.unlock("listed-1")
        other = served.unlock("not-listed", pac_application_id="com.example.unknown")
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    for answer in (answers[2], refused):
        message_of(answer, 429, "TOO_MANY_REQUESTS")
        assert answer.headers["Retry-After"] == "1"
    assert other.status_code == 401
    assert mpreserve_of(inventory)["listed-1"]


def test_rate_lets_through_again_when_time_has_passed(inventory: Path) -> None:
    with serving(inventory, rate_limit="5:1") as served:
        deadline = monotonic() + 5
        for status in (200, 429, 200):
            while served.unlock("not-listed").status_code != status:
                assert monotonic() < deadline


@pytest.mark.parametrize("mode", ["IMMEDIATE", "EXCLUSIVE"])
def test_database_locked_by_another_process_is_503_until_it_is_free(
    served: Served, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seatlatch.store.sqlite.store.LOCK_WAIT_SECONDS", 0.1)
    with locked(served.path, mode):
        assert_unavailable(served.unlock("listed-1"))
    assert mpreserve_of(served.path)["listed-1"]
    assert_heals(served, "listed-1")


def test_database_moved_away_is_503_until_it_is_back(served: Served) -> None:
    with moved_away(served.path):
        assert_unavailable(served.unlock("listed-1"))
        assert_unavailable(served.unlock("listed-2"))
    assert_heals(served, "listed-1")


def test_database_replaced_by_another_file_is_503(served: Served) -> None:
    with moved_away(served.path):
        served.path.write_bytes(b"")
        assert_unavailable(served.unlock("listed-1"))
    assert_heals(served, "listed-1")


def test_no_confirmed_commit_without_the_database_even_with_fresh_credentials(
    served: Served,
) -> None:
    """Right after a request nobody asks for credentials anew: the commit itself must notice."""
    assert served.unlock("not-listed").status_code == 200
    with moved_away(served.path):
        assert_unavailable(served.unlock("listed-1"))


def test_a_bug_is_500_and_tells_nothing_but_is_logged_under_the_request_id(
    inventory: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    request_id = str(uuid4())
    with serving(inventory, store=BrokenStore, log=make_log("json", "error")) as served:
        answer = served.unlock("listed-1", request_id=request_id)
        alive = served.client.get("/livez")
    message = message_of(answer, 500, "INTERNAL_ERROR")
    assert answer.headers["Request-ID"] == request_id
    for text in (message, str(answer.headers)):
        assert SECRET_DETAIL not in text
        assert "Error(" not in text
        assert "Traceback" not in text
    assert alive.status_code == 200
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    (bug,) = [line for line in lines if line["event"] == "bug"]
    assert bug["requestId"] == request_id
    assert SECRET_DETAIL in bug["exception"]
    assert mpreserve_of(inventory)["listed-1"]


def test_the_log_line_of_a_request_with_a_failure_has_level_error(
    inventory: Path, capfd: pytest.CaptureFixture[str]
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
