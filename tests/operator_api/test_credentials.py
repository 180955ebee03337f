"""Only operators may call as the box office, until they are removed."""

from collections.abc import Mapping
from time import monotonic
from typing import Any

import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.domain.operator import Operator, Role
from seatlatch.logs import make_log
from tests.cases import all_cases
from tests.databases import ON_SQLITE
from tests.http.wire import Wire, message_of
from tests.operator_api.box_office import TICKETS, head, operate, record
from tests.serving import (
    ACCESS_TOKEN,
    API_KEY,
    OPERATOR,
    OPERATOR_KEY,
    Served,
    serving,
    valid_headers,
)

REMOVAL_SECONDS_MAX = 1.0
TOKENS = {"tokens": ["listed-1"], "status": "LOCK", "reason": "why"}
CALLS: dict[str, tuple[str, str, Any]] = {
    "put": ("POST", "", [record("new")]),
    "page": ("GET", "?organizationId=1001", b""),
    "status": ("PUT", "/status", TOKENS),
    "void": ("PUT", "/void", TOKENS),
    "unlock": ("PUT", "/unlock", TOKENS),
    "show": ("GET", "/listed-1", b""),
    "show without a ticket": ("GET", "/unknown", b""),
}
WRONG: dict[str, Mapping[str, str | None]] = {
    "a marketplace's access token": {"authorization": f"Bearer {ACCESS_TOKEN}"},
    "a marketplace's API key": {"authorization": f"Bearer {API_KEY}"},
    "all that a marketplace sends": {
        name.lower().replace("-", "_"): value for name, value in valid_headers().items()
    },
    "an unknown key": {"authorization": "Bearer unknown-operator-key"},
    "the key in another case": {"authorization": f"Bearer {OPERATOR_KEY.upper()}"},
    "the key and more": {"authorization": f"Bearer {OPERATOR_KEY}x"},
    "the operator's name": {"authorization": f"Bearer {OPERATOR}"},
    "the key's hash": {"authorization": f"Bearer {hash_secret(OPERATOR_KEY.encode()).hex()}"},
}
NONE: dict[str, Mapping[str, str | None]] = {
    "absent": {"authorization": None},
    "empty": {"authorization": ""},
    "no key": {"authorization": "Bearer"},
    "basic": {"authorization": "Basic dGVzdDp0ZXN0"},
    "the key alone": {"authorization": OPERATOR_KEY},
    "a marketplace's header": {"authorization": None, "PAC_API_Key": OPERATOR_KEY},
}


@all_cases("call", CALLS.values(), ids=CALLS)
@all_cases("changes", WRONG.values(), ids=WRONG)
def test_other_credentials_than_an_operators_are_401(
    shared: Served, call: tuple[str, str, Any], changes: Mapping[str, str | None]
) -> None:
    method, path, body = call
    answer = operate(shared, method, path, body, **changes)
    message_of(answer, 401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert shared.database.mpreserve_of()["listed-1"]
    assert "new" not in shared.database.mpreserve_of()


def test_bytes_that_are_no_text_are_no_key(shared: Served) -> None:
    with Wire(shared.port) as wire:
        wire.send(head("GET", "/listed-1", authorization="Bearer \xff\xfe"))
        message_of(wire.answer(), 401, "UNAUTHORIZED")


@ON_SQLITE
@all_cases("call", CALLS.values(), ids=CALLS)
@all_cases("changes", NONE.values(), ids=NONE)
def test_no_key_is_401_without_an_error_in_www_authenticate(
    shared: Served, call: tuple[str, str, Any], changes: Mapping[str, str | None]
) -> None:
    method, path, body = call
    answer = operate(shared, method, path, body, **changes)
    assert "Authorization" in message_of(answer, 401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_operator_key_is_not_valid_for_a_marketplaces_calls(shared: Served) -> None:
    for changes in ({"authorization": f"Bearer {OPERATOR_KEY}"}, {"pac_api_key": OPERATOR_KEY}):
        assert shared.unlock("not-listed", **changes).status_code == 401


def test_a_removed_operator_is_401_within_a_second(served: Served) -> None:
    assert operate(served, "GET", "/listed-1").status_code == 200
    with served.database.provisioning() as provisioning:
        provisioning.remove_operator(OPERATOR)
    removed_at = monotonic()
    while operate(served, "GET", "/listed-1").status_code == 200:
        assert monotonic() - removed_at < REMOVAL_SECONDS_MAX
    assert operate(served, "PUT", "/void", {"tokens": ["listed-1"]}).status_code == 401
    assert served.database.mpreserve_of()["listed-1"]


def test_a_new_operator_is_let_in_at_once(served: Served) -> None:
    second = {"authorization": "Bearer second-key"}
    assert operate(served, "GET", "/listed-1", **second).status_code == 401
    with served.database.provisioning() as provisioning:
        provisioning.add_operator(Operator("second", Role.BOX_OFFICE))
        provisioning.add_operator_key("second", hash_secret(b"second-key"))
    assert operate(served, "GET", "/listed-1", **second).status_code == 200


def test_no_secret_and_no_seller_is_in_the_log(
    served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    listing = {
        "source": "INDIVIDUAL",
        "listing": {"tokens": [{"token": "not-listed"}]},
        "seller": {"lastName": "Sellerova", "firstName": "Anna"},
    }
    with serving(served.database, log=make_log("json", "debug")) as running:
        assert running.call("PUT", "/v1/tickets/lock", listing).status_code == 200
        assert "Sellerova" in operate(running, "GET", "/not-listed").text
        assert "Sellerova" in operate(running, "GET", "?organizationId=1001").text
        operate(running, "PUT", "/unlock", {"tokens": ["not-listed"], "reason": "why"})
        operate(running, "GET", "/not-listed", authorization="Bearer wrong-secret")
    log = capfd.readouterr().err
    assert log.count('"event":"request"') == 5
    assert [word for word in ("Sellerova", OPERATOR_KEY, "wrong-secret") if word in log] == []
    assert f'"operator":"{OPERATOR}"' in log
    assert f'"route":"{TICKETS}/{{token}}"' in log
