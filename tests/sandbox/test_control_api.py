"""Every program on this machine can control the sandbox, but no other site's page can."""

import httpx

from tests.cases import all_cases
from tests.databases import ON_SQLITE, Database
from tests.sandbox.sandboxes import Sandbox
from tests.serving import serving

pytestmark = ON_SQLITE

AS_JSON = {"Content-Type": "application/json"}
CALLS = (
    ("GET", "/sandbox/behaviour"),
    ("PUT", "/sandbox/behaviour"),
    ("DELETE", "/sandbox/behaviour"),
    ("POST", "/sandbox/reset"),
)


def send(sandbox: Sandbox, method: str, path: str, **headers: str) -> httpx.Response:
    content = b"{}" if method == "PUT" else b""
    return sandbox.client.request(method, path, content=content, headers={**AS_JSON, **headers})


@all_cases(("method", "path"), CALLS)
@all_cases("name", ["127.0.0.1", "localhost", "[::1]", "192.168.1.1"])
def test_this_machine_may(sandbox: Sandbox, method: str, path: str, name: str) -> None:
    host = f"{name}:{sandbox.port}"
    assert send(sandbox, method, path, Host=host).status_code == 200
    own_page = send(sandbox, method, path, Host=host, Origin=f"http://{host}")
    assert own_page.status_code == 200


@all_cases(("method", "path"), CALLS)
@all_cases("origin", ["http://example.com", "null", "https://127.0.0.1", "http://127.0.0.1:1", ""])
def test_another_sites_page_may_not(sandbox: Sandbox, method: str, path: str, origin: str) -> None:
    assert_refused(send(sandbox, method, path, Origin=origin), "Origin")


@all_cases(("method", "path"), CALLS)
@all_cases("host", ["example.com", "127.0.0.1.example.com", "", "[", "localhost@example.com"])
def test_a_name_that_leads_here_may_not(
    sandbox: Sandbox, method: str, path: str, host: str
) -> None:
    same_site = send(sandbox, method, path, Host=host, Origin=f"http://{host}")
    assert_refused(same_site, "Host")


def assert_refused(answer: httpx.Response, header: str) -> None:
    assert answer.status_code == 400
    assert header in answer.json()["error"]["developerMessage"]
    assert answer.headers["Request-ID"]


@all_cases(("method", "path"), [CALLS[1], CALLS[3]])
@all_cases("media", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_form_can_send_is_refused(
    sandbox: Sandbox, method: str, path: str, media: str
) -> None:
    sandbox.behave(_503=1, seed=1)
    headers = {"Content-Type": media} if media else {}
    answer = sandbox.client.request(method, path, content=b"{}", headers=headers)
    assert answer.status_code == 415
    assert sandbox.behaviour["503"] == 1


def test_a_browser_that_asks_first_is_not_let_in(sandbox: Sandbox) -> None:
    asks = {"Origin": "http://example.com", "Access-Control-Request-Method": "DELETE"}
    answer = sandbox.client.options("/sandbox/behaviour", headers=asks)
    assert answer.status_code == 204
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_serve_has_none_of_it(inventory: Database) -> None:
    with serving(inventory) as served:
        for method, path in CALLS:
            answer = served.client.request(method, path, content=b"{}", headers=AS_JSON)
            assert answer.status_code == 404
        answer = served.unlock("sandbox-503", "sandbox-cut", "sandbox-voided")
        assert answer.status_code == 422
        assert {failed["type"] for failed in answer.json()["failure"]} == {"INVALID_TOKEN"}
