"""The list of requests in the sandbox: also those that never reach the journal."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import httpx
import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.domain.operator import Operator, Role
from seatlatch.sandbox import data
from tests.console.console_client import Console
from tests.console.request_pages import ID, REQUESTS, listed, live, rows, show, text_of
from tests.databases import ON_SQLITE, Databases
from tests.sandbox.sandboxes import Sandbox, sandbox_on

LIMITED_KEY = "limited-key"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def running(databases: Databases) -> Iterator[Sandbox]:
    """A sandbox for all tests of a module."""
    with sandbox_on(databases.new("sandbox"), rate_limit="off") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    """The same, reset."""
    assert running.reset().status_code == 200
    return running


@pytest.fixture
def console(sandbox: Sandbox) -> Console:
    """Its operator, who has signed in."""
    return Console(sandbox, data.OPERATOR_KEY)


def make_requests(sandbox: Sandbox) -> None:
    """Requests of which only the second and the last one reach the journal."""
    sandbox.unlock("98973476444", authorization=None)
    sandbox.unlock("98973476444")
    sandbox.verify("98973476444")
    sandbox.unlock("sandbox-429")
    sandbox.unlock("sandbox-503")
    sandbox.put({"tokens": []})


ALL = [
    ("unlock", "422 refused"),
    ("unlock", "503 refused"),
    ("unlock", "429 refused"),
    ("POST /v1/tickets/verify", "200 answered"),
    ("unlock", "200 1 done"),
    ("unlock", "401 refused"),
]


def test_the_search_finds_requests_that_are_not_in_the_journal(
    sandbox: Sandbox, console: Console
) -> None:
    sandbox.unlock("98973476444", authorization=None, request_id=ID)
    answer = console.get("/console/search", q=f" {ID.upper()} ")
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"] == f"{REQUESTS}/{ID}"


def test_refused_requests_are_listed_too(sandbox: Sandbox, console: Console) -> None:
    make_requests(sandbox)
    page = console.get(REQUESTS)
    assert [(row[1], row[2]) for row in rows(page)] == ALL
    details = [row[4] for row in rows(page)]
    assert ["not in the journal" in one for one in details] == [
        False,
        True,
        True,
        True,
        False,
        True,
    ]
    assert details[5].startswith("Send the header Authorization: Bearer <access token>.")


def test_filters_apply_to_them(sandbox: Sandbox, console: Console) -> None:
    make_requests(sandbox)
    sandbox.unlock("x", pac_channel_code=HOSTILE)
    assert listed(console, status="401") == [ALL[5]]
    assert listed(console, type="unlock", channelCode=data.CHANNEL) == [*ALL[:3], *ALL[4:]]
    assert listed(console, type="lock") == []
    assert listed(console, channelCode=HOSTILE) == [("unlock", "403 refused")]
    times = re.findall(r'<td><time datetime="([^"]+)"', console.get(REQUESTS).text)
    assert len(listed(console, since=times[2], until=times[0])) == 2


def test_the_list_follows_them(sandbox: Sandbox, console: Console) -> None:
    page = console.get(REQUESTS)
    assert live(console, page).status_code == 204
    sandbox.unlock("x", user_agent=None)
    assert [row[2] for row in rows(live(console, page))] == ["400 refused"]


@ON_SQLITE
def test_pages_show_each_request_once(sandbox: Sandbox, console: Console) -> None:
    for number in range(60):
        sandbox.unlock(f"unknown-{number}")
        sandbox.unlock(f"unknown-{number}", authorization=None)
    first = console.get(REQUESTS)
    older = re.search(r'<a href="([^"]+)">Older requests', first.text)
    assert older is not None
    second = console.get(unescape(older[1]))
    counts = [len(rows(page)) for page in (first, second)]
    assert counts == [100, 20]
    ids = {row[5] for page in (first, second) for row in rows(page)}
    assert len(ids) == 120
    sandbox.unlock("later", authorization=None)
    assert rows(console.get(unescape(older[1]))) == rows(second)


def test_attempts_are_shown_with_what_was_received_and_sent(
    sandbox: Sandbox, console: Console
) -> None:
    sandbox.unlock("sandbox-503-once", request_id=ID)
    sandbox.unlock("sandbox-503-once", request_id=ID)
    page = show(console, ID)
    shown = [
        unescape(one)
        for one in re.findall(r'<pre class="message"[^>]*>(.*?)</pre>', page.text, re.DOTALL)
    ]
    first_lines = [one.partition("\n")[0] for one in shown]
    assert first_lines == ["PUT /v1/tickets/unlock", "503", "PUT /v1/tickets/unlock", "200"]
    assert shown[0].endswith('\n\n{"tokens":["sandbox-503-once"]}')
    assert "authorization: Bearer *** (20 characters)" in shown[0]
    assert f"request-id: {ID}" in shown[1]
    assert '"type":"SERVICE_UNAVAILABLE"' in shown[1]
    text = text_of(page.text)
    assert "2 attempts with this Request-ID" in text
    assert "This failure is on purpose, requested by the token sandbox-503-once." in text
    assert "What to do: Wait as Retry-After says, then retry. That is safe." in text


def test_a_lost_response_is_shown_beside_what_was_done(sandbox: Sandbox, console: Console) -> None:
    with pytest.raises(httpx.TransportError):
        sandbox.unlock("sandbox-lost", request_id=ID)
    with pytest.raises(httpx.TransportError):
        sandbox.unlock("sandbox-cut", request_id=ID)
    text = text_of(show(console, ID).text)
    assert text.count("No response was sent. Connection closed on purpose") == 2
    assert text.count("The journal has no entry for this request") == 1
    assert "unlocked 1 ticket" in text
    assert listed(console) == [("unlock", "no response"), ("unlock", "200 1 done")]


SECRETS = (data.API_KEY, data.ACCESS_TOKEN, data.AUTHORIZATION_CODE, data.WEBHOOK_SECRET)


def test_no_page_shows_a_secret(sandbox: Sandbox, console: Console) -> None:
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/v1/tickets/verify", {"tickets": {"tokens": [data.API_KEY]}}),
        ("POST", "/v1/tickets/verify", {"tickets": {"tokens": [data.WEBHOOK_SECRET]}}),
        ("PUT", f"/v1/tickets/unlock?token={data.ACCESS_TOKEN}", {"tokens": []}),
        ("POST", "/v1/auth/token", {"grantType": "code", "code": data.AUTHORIZATION_CODE}),
        ("POST", "/v1/auth/token", b"code=" + data.AUTHORIZATION_CODE.encode()),
    ]
    for number, (method, path, body) in enumerate(calls):
        request_id = ID[:-1] + str(number)
        sandbox.call(method, path, body, request_id=request_id)
        for page in (show(console, request_id), console.get(REQUESTS)):
            assert not any(secret in page.text for secret in SECRETS)


def test_hostile_values_are_escaped(sandbox: Sandbox, console: Console) -> None:
    sandbox.call(
        "PUT",
        "/v1/<script>alert(1)</script>",
        {"tokens": [HOSTILE]},
        request_id=ID,
        user_agent=f"{HOSTILE}/1.0",
        pac_channel_code=HOSTILE,
        pac_application_id=HOSTILE,
    )
    sandbox.put({"tokens": [HOSTILE]}, user_agent=HOSTILE, request_id=ID)
    for page in (
        console.get(REQUESTS),
        show(console, ID),
        console.get(REQUESTS, channelCode=HOSTILE),
    ):
        assert "alert(1)" in page.text
        assert "<script>alert" not in page.text


def test_who_is_limited_sees_only_the_journal(sandbox: Sandbox) -> None:
    with sandbox.database.provisioning() as provisioning:
        organizations = frozenset({data.ORGANIZATION})
        provisioning.add_operator(Operator("limited", Role.ADMIN, organizations))
        provisioning.add_operator_key("limited", hash_secret(LIMITED_KEY.encode()))
    console = Console(sandbox, LIMITED_KEY)
    make_requests(sandbox)
    sandbox.unlock("98973476444", authorization=None, request_id=ID)
    assert listed(console) == [ALL[4]]
    page = console.get(f"{REQUESTS}/{ID}", {"Accept": "text/html"})
    assert page.status_code == 404
    assert "Nothing matches." in console.get("/console/search", q=ID).text
