"""Rights that a caller loses while its body is being received have no effect afterwards."""

from collections.abc import Callable
from datetime import UTC, datetime
from math import inf
from typing import NamedTuple

import pytest

from seatlatch.auth import credentials_cache
from seatlatch.channel_api import admission
from tests.channel_api.listings import NOTHING, kept
from tests.http.wire import Wire, message_of
from tests.provisioning import Provisioning
from tests.serving import (
    APPLICATION,
    CHANNEL,
    LOCK,
    ORGANIZATION,
    UNLOCK,
    VERIFY,
    Answered,
    Served,
    raw_request,
    valid_headers,
)


class Call(NamedTuple):
    """A call with a ticket for which it succeeds, and whether the ticket is listed afterwards."""

    method: str
    target: str
    body: bytes
    token: str
    leaves_listed: bool


CALLS = {
    "unlock": Call("PUT", UNLOCK, b'{"tokens":["listed-1"]}', "listed-1", False),
    "lock": Call(
        "PUT",
        LOCK,
        b'{"source":"MY_ACCOUNT","listing":{"tokens":[{"token":"not-listed"}]}}',
        "not-listed",
        True,
    ),
    "verify": Call("POST", VERIFY, b'{"tickets":{"tokens":["listed-1"]}}', "listed-1", True),
}
ENDS: dict[str, Callable[[Provisioning], None]] = {
    "key": lambda store: store.end_api_keys(APPLICATION, datetime.now(UTC)),
    "application": lambda store: store.remove_application(APPLICATION),
}


@pytest.fixture(autouse=True)
def every_body_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Confirm the caller after every body, however fast it arrives, with current data."""
    monkeypatch.setattr(admission, "MAX_AGE_SECONDS", 0.0)
    monkeypatch.setattr(credentials_cache, "MAX_AGE_SECONDS", 0.0)


def nothing_happens(_store: Provisioning) -> None:
    """Remove nothing."""


def answer_after(served: Served, call: Call, happens: Callable[[Provisioning], None]) -> Answered:
    """The response to a call, with an action while its body is being received.

    100 Continue shows that the caller was authenticated before.
    """
    length = ("Content-Length", str(len(call.body)))
    headers = [*valid_headers().items(), length, ("Expect", "100-continue")]
    with Wire(served.port) as wire:
        wire.send(raw_request(headers, b"", target=call.target, method=call.method))
        assert wire.answer().status == 100
        wire.send(call.body[:5])
        with served.database.provisioning() as provisioning:
            happens(provisioning)
        wire.send(call.body[5:])
        return wire.answer()


def assert_unchanged(served: Served) -> None:
    """Neither the unlock nor the lock was done."""
    assert served.database.mpreserve_of()["listed-1"]
    assert kept(served.database, "not-listed") == NOTHING


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_caller_who_is_shut_out_midway_is_401(
    served: Served, call: Call, end: Callable[[Provisioning], None]
) -> None:
    message_of(answer_after(served, call, end), 401, "UNAUTHORIZED")
    assert_unchanged(served)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_grant_that_is_withdrawn_midway_leaves_the_ticket_unknown(
    served: Served, call: Call
) -> None:
    answer = answer_after(served, call, lambda store: store.remove_grant(CHANNEL, ORGANIZATION))
    assert answer.status == 422
    assert b'"type":"INVALID_TOKEN"' in answer.body
    assert b"ownerId" not in answer.body
    assert_unchanged(served)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_whose_credentials_stay_is_answered_however_late_the_body_is(
    served: Served, call: Call
) -> None:
    """The control of the tests above."""
    assert answer_after(served, call, nothing_happens).status == 200
    assert served.database.mpreserve_of()[call.token] == call.leaves_listed


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_without_being_asked_again_it_would_go_through(
    served: Served, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the first test."""
    monkeypatch.setattr(admission, "MAX_AGE_SECONDS", inf)
    assert answer_after(served, call, ENDS["key"]).status == 200
