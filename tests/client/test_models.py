"""What the client returns is short when it is printed, and a type checker knows its types."""

import subprocess
import sys
from pathlib import Path

import pytest

from seatlatch.client import Answered, Failure, Ticket, Unprocessable
from tests.cli.remoting import document, remote
from tests.client.client_kinds import MANY, Making
from tests.serving import Served
from tools.sync_client import CLIENT

TYPED = """
from models import Failure, FailureType

def kind(failure: Failure) -> FailureType | None:
    if failure.known_type == "{name}":
        return failure.known_type
    return None
"""


def test_an_answer_is_short_when_it_is_printed(service: Served, make: Making) -> None:
    client = make(service.url)
    answers: list[Answered[Ticket]] = []
    result = client.tickets.unlock([*MANY[:99], "unknown"], on_answer=answers.append)
    (request_id,) = result.request_ids
    assert [repr(answer) for answer in answers] == [
        f"Answered(99 succeeded, 1 failed, request_id='{request_id}')"
    ]
    (traced,) = client.requests.get(request_id)
    assert repr(traced) == (
        f"TracedRequest(request_id='{request_id}', verb='unlock', 99 succeeded, 1 failed)"
    )
    page = client.events.read(limit=2)
    assert repr(page) == f"EventPage(2 events, next={page.next!r}, more=True)"


def test_requests_are_listed_page_by_page(service: Served, make: Making) -> None:
    client = make(service.url)
    ids = [client.tickets.unlock([token]).request_ids[0] for token in [*MANY[:2], "unknown"]]
    page = client.requests.read(limit=2)
    assert repr(page) == f"RequestPage(2 requests, next={page.next!r})"
    assert [one.request_id for one in page.requests] == ids[:0:-1]
    rest = client.requests.read(page.next, limit=2)
    assert ([one.request_id for one in rest.requests], rest.next) == (ids[:1], None)
    (failed,) = client.requests.read(status=422, verb="unlock").requests
    assert (failed.status, failed.succeeded, failed.failed) == (422, 0, 1)
    assert client.requests.read(verb="lock").requests == []
    with pytest.raises(Unprocessable):
        client.requests.read(verb="hold")


BAD_TIMESTAMP = "moment = 9223372036854775807"
BAD_VERB = 'entry = replace(entry, \'"verb":"\', \'"verb":"x\')'


@pytest.mark.parametrize("edit", [BAD_VERB, BAD_TIMESTAMP])
def test_a_damaged_request_is_shown_as_far_as_it_can_be_read(
    service: Served, make: Making, edit: str
) -> None:
    client = make(service.url)
    (request_id,) = client.tickets.unlock([MANY[0]]).request_ids
    (traced,) = client.requests.get(request_id)
    assert (traced.damaged, traced.verb) == (False, "unlock")
    service.database.execute(f"UPDATE journal SET {edit}")
    (traced,) = client.requests.get(request_id)
    assert (traced.damaged, traced.verb, traced.success, traced.failure) == (True, None, [], [])
    known = (traced.request_id, traced.timestamp is not None)
    assert known == ((request_id, True) if edit == BAD_VERB else (None, False))


def test_the_command_shows_a_damaged_request(service: Served) -> None:
    request_id = document(remote(service.url, "unlock", MANY[0], "--json"))["requestIds"][0]
    service.database.execute(f"UPDATE journal SET {BAD_TIMESTAMP}")
    ran = remote(service.url, "request", request_id)
    assert (ran.returncode, ran.stdout) == (0, "?  ?  (damaged)\n")


def test_a_type_that_a_newer_server_has_is_kept() -> None:
    failures = [Failure(kind, "MS-1", "So it is.") for kind in ("INVALID_TOKEN", "A_NEW_TYPE")]
    assert [failure.type for failure in failures] == ["INVALID_TOKEN", "A_NEW_TYPE"]
    assert [failure.known_type for failure in failures] == ["INVALID_TOKEN", None]


def test_a_type_checker_finds_a_typing_error(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(TYPED.format(name="SEAT_RECORD_LOCKED"))
    (tmp_path / "wrong.py").write_text(TYPED.format(name="SEAT_RECORD_LOKED"))
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary"]
    command += ["--config-file", "", "--cache-dir", str(tmp_path), "right.py", "wrong.py"]
    checked = subprocess.run(
        command,
        cwd=tmp_path,
        env={"MYPYPATH": str(CLIENT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert checked.stdout.splitlines() == [
        'wrong.py:5: error: Non-overlapping equality check (left operand type: "Literal['
        "'INVALID_TOKEN', 'SEAT_RECORD_LOCKED'] | None\", right operand type: "
        "\"Literal['SEAT_RECORD_LOKED']\")  [comparison-overlap]"
    ]
