"""An operator who is removed while the body is being received changes nothing."""

import json
from math import inf
from typing import Any, NamedTuple

import pytest

from seatlatch.auth import credentials_cache
from seatlatch.operator_api import admission
from tests.http.wire import Wire, message_of
from tests.operator_api.box_office import NDJSON, head, record
from tests.serving import OPERATOR, Answered, Served

WHY = {"tokens": ["listed-1"], "reason": "why"}


class Call(NamedTuple):
    """A call that changes a ticket."""

    method: str
    path: str
    body: Any
    content_type: str = "application/json"


CALLS = {
    "put": Call("POST", "", [record("not-listed", seat="9")]),
    "put in lines": Call("POST", "", record("not-listed", seat="9"), NDJSON),
    "hold": Call(
        "PUT", "/status", {"tokens": ["not-listed"], "status": "LOCK", "reason": "moving"}
    ),
    "release": Call("PUT", "/status", {"tokens": ["locked"], "status": "UNLOCK"}),
    "void": Call("PUT", "/void", WHY),
    "unlock": Call("PUT", "/unlock", WHY),
}


@pytest.fixture(autouse=True)
def every_body_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Confirm the caller after every body, however fast it arrives, with the current keys."""
    monkeypatch.setattr(admission, "MAX_AGE_SECONDS", 0.0)
    monkeypatch.setattr(credentials_cache, "MAX_AGE_SECONDS", 0.0)


def answer_to(served: Served, call: Call, *, removed: bool) -> Answered:
    """The response to a call whose operator may be `removed` after 100 Continue."""
    body = json.dumps(call.body).encode()
    more = [("content-length", str(len(body))), ("expect", "100-continue")]
    with Wire(served.port) as wire:
        wire.send(head(call.method, call.path, *more, content_type=call.content_type))
        assert wire.answer().status == 100
        wire.send(body[:5])
        with served.database.provisioning() as provisioning:
            if removed:
                provisioning.remove_operator(OPERATOR)
        wire.send(body[5:])
        return wire.answer()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_operator_removed_midway_is_401_and_changes_nothing(served: Served, call: Call) -> None:
    before = served.database.rows()
    message_of(answer_to(served, call, removed=True), 401, "UNAUTHORIZED")
    assert served.database.rows() == before


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_operator_who_stays_is_served_however_late_the_body_is(
    served: Served, call: Call
) -> None:
    """The control of the test above."""
    before = served.database.rows()
    assert answer_to(served, call, removed=False).status == 200
    assert served.database.rows() != before


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_without_being_asked_again_it_would_go_through(
    served: Served, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the first test."""
    monkeypatch.setattr(admission, "MAX_AGE_SECONDS", inf)
    assert answer_to(served, call, removed=True).status == 200
