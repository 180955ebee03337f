"""HAProxy and nginx of `deploy/` in front of a server: what they pass on, and to whom."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from seatlatch.settings import read_settings
from tests.cases import all_cases
from tests.deploy.deploying import DEPLOY
from tests.deploy.proxied import FRONTS, ONE, SEVERAL, STRANGER, Front, front
from tests.operator_api.box_office import operator_headers
from tests.serving import (
    ORGANIZATION,
    UNLOCK,
    Served,
    listed,
    make_inventory,
    serving,
    valid_headers,
)

pytestmark = pytest.mark.slow

MEBIBYTE = 1024 * 1024
FORGED = "203.0.113.9"
PRIVATE = ("/metrics", "/readyz", "/livez", "/console", "/operator/v1/tickets", "/docs/", "/")
DISGUISED = ("/%6Detrics", "//metrics", "/v1/../metrics", "/v1/%2e%2e/metrics", "/V1/../metrics")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that trusts the proxy of its machine, as the settings of `deploy/` say."""
    database = make_inventory(tmp_path_factory.mktemp("inventory") / "inventory.db", [listed("t1")])
    with serving(database, trusted_proxies="127.0.0.1", console="on") as running:
        yield running


@pytest.fixture(scope="module", params=FRONTS)
def proxy(
    request: pytest.FixtureRequest, served: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    """Each proxy in front of it. Where there are two servers, both are this one."""
    ports = [served.port] * (2 if request.param == SEVERAL else 1)
    with front(request.param, ports, tmp_path_factory.mktemp("proxy")) as running:
        yield running


def test_a_callers_address_cannot_be_forged(proxy: Front, served: Served) -> None:
    forged = {"X-Forwarded-For": FORGED, "Forwarded": f"for={FORGED}"}
    with proxy.client(STRANGER) as client:
        answer = client.put(UNLOCK, headers={**valid_headers(), **forged}, json={"tokens": ["t1"]})
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"]
    listing = served.send("/operator/v1/requests?limit=1", "GET", operator_headers()).json()
    assert listing["requests"][0]["requestId"] == answer.headers["request-id"]
    assert listing["requests"][0]["clientAddress"] == STRANGER


def test_only_the_calls_of_channels_are_public(proxy: Front) -> None:
    with proxy.client(STRANGER) as client:
        assert {path: client.get(path).status_code for path in PRIVATE} == dict.fromkeys(
            PRIVATE, 403
        )
        for path in DISGUISED:
            answer = client.get(httpx.URL(proxy.url, raw_path=path.encode()))
            assert answer.status_code in (400, 403, 404), path
            assert "seatlatch_" not in answer.text
        assert client.get("/v1/events").status_code != 403
    with proxy.client() as client:
        assert client.get("/readyz").json() == {"status": "ready"}
        assert "seatlatch_requests_total" in client.get("/metrics").text


def test_a_body_over_the_limit_gets_the_services_own_response(proxy: Front) -> None:
    large = b" " * (2 * MEBIBYTE)
    with proxy.client() as client:
        for body in (large, iter([large[:MEBIBYTE], large[MEBIBYTE:]])):
            answer = client.put(UNLOCK, headers=valid_headers(), content=body)
            assert answer.status_code == 413
            assert answer.json()["error"]["type"] == "PAYLOAD_TOO_LARGE"


def test_a_large_body_that_is_allowed_arrives(proxy: Front) -> None:
    ticket = {"token": "put-1", "organizationId": ORGANIZATION, "ownerId": "o"}
    body = json.dumps([ticket]).encode() + b" " * (2 * MEBIBYTE)
    headers = operator_headers()
    with proxy.client() as client:
        answer = client.post("/operator/v1/tickets", headers=headers, content=body)
    assert answer.status_code == 200, answer.text


@all_cases("name", FRONTS)
def test_a_proxy_closes_idle_connections_before_the_service_does(name: str) -> None:
    text = (DEPLOY / name).read_text()
    found = re.findall(r"(?:keepalive_timeout|timeout http-keep-alive) (\d+)s", text)
    assert found
    assert all(int(seconds) < read_settings({}, {}).keep_alive_seconds for seconds in found)


def test_requests_in_progress_are_never_cut() -> None:
    for name in (ONE, SEVERAL):
        settings = re.sub(r"#.*", "", (DEPLOY / name).read_text())
        assert "on-marked-down" not in settings


def test_both_files_for_haproxy_have_the_same_frontend() -> None:
    def shared(name: str) -> str:
        text = (DEPLOY / name).read_text()
        return text[text.index("\nglobal\n") : text.index("\nbackend ")]

    assert shared(ONE) == shared(SEVERAL)
