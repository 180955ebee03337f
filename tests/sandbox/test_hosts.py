"""The header Host on every route of the sandbox: no page of another site reaches it by a name."""

from collections.abc import Iterator

import pytest

from seatlatch.sandbox.hosts import AllowedHosts
from seatlatch.settings import SettingProblem
from tests.cases import all_cases
from tests.cli.commands import run
from tests.databases import ON_SQLITE, Databases
from tests.sandbox.sandboxes import Sandbox, sandbox_on
from tests.serving import TOKEN, UNLOCK

pytestmark = ON_SQLITE

ROUTES = (
    ("PUT", UNLOCK),
    ("GET", "/v1/events"),
    ("GET", "/operator/v1/tickets"),
    ("POST", "/operator/v1/tickets"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/reference"),
    ("GET", "/docs/index.html"),
    ("GET", "/openapi.json"),
    ("GET", "/sandbox/behaviour"),
    ("POST", "/sandbox/reset"),
)
REFUSED = (
    "example.com",
    "localhost.example.com",
    "tickets.test.",
    "127.0.0.1.nip.io",
    "[::1",
    "a@b",
)


@pytest.fixture(scope="module")
def named(databases: Databases) -> Iterator[Sandbox]:
    """A sandbox that was started with names."""
    hosts = AllowedHosts(["Tickets.Test", "seatlatch.internal."])
    with sandbox_on(databases.new("sandbox"), hosts=hosts) as sandbox:
        yield sandbox


@all_cases(("method", "path"), ROUTES)
@all_cases("host", REFUSED)
def test_another_name_is_refused_on_every_route(
    sandbox: Sandbox, method: str, path: str, host: str
) -> None:
    answer = sandbox.client.request(method, path, headers={"Host": host})
    assert answer.status_code == 400
    assert "--allowed-host NAME" in answer.json()["error"]["developerMessage"]


def test_the_token_call_refuses_in_its_own_shape(sandbox: Sandbox) -> None:
    answer = sandbox.client.post(TOKEN, headers={"Host": "example.com"})
    assert answer.status_code == 400
    assert "--allowed-host NAME" in answer.json()["error"]


@all_cases(
    "host",
    ["localhost", "LOCALHOST:8080", "seats.localhost", "127.0.0.1:1", "[::1]:8080", "10.0.0.7"],
)
def test_local_names_and_addresses_are_accepted(sandbox: Sandbox, host: str) -> None:
    assert sandbox.client.get("/livez", headers={"Host": host}).status_code == 200


@all_cases("host", ["tickets.test", "TICKETS.test.:8080", "seatlatch.internal"])
def test_a_name_it_was_started_with_is_accepted(named: Sandbox, host: str) -> None:
    assert named.client.get("/livez", headers={"Host": host}).status_code == 200
    assert named.client.get("/livez", headers={"Host": f"x.{host}"}).status_code == 400


def test_a_request_without_host_is_accepted(sandbox: Sandbox) -> None:
    assert sandbox.raw(b"OPTIONS /readyz HTTP/1.0\r\n\r\n").status == 204
    assert sandbox.raw(b"GET /readyz HTTP/1.0\r\n\r\n").status == 200


@all_cases("name", ["", "http://tickets.test", "tickets.test:8080", "a b", "-a", "a/b"])
def test_a_name_that_no_host_can_have_is_refused(name: str) -> None:
    with pytest.raises(SettingProblem, match="--allowed-host"):
        AllowedHosts([name])


def test_the_command_refuses_it_too() -> None:
    result = run("sandbox", "--port", "0", "--allowed-host", "tickets.test:8080")
    assert result.returncode == 2
    assert "--allowed-host must be a host name" in result.stderr
