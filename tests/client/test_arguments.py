"""Arguments that cannot be used are refused at once, by name and without their value."""

import math
import traceback
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from seatlatch.client import (
    AsyncClient,
    Client,
    ClientError,
    InvalidArgument,
    InvalidArgumentType,
    ListedTicket,
    Retries,
)
from tests.cases import all_cases
from tests.client.client_kinds import KEYS, Kind, Making
from tests.client.scripted import answer, answering

NOWHERE = "http://127.0.0.1:1"

CREDENTIALS = ("application_id", "api_key", "channel_code")
GRANTS = ("access_token", "authorization_code", "refresh_token")

BAD_TEXTS = {
    "s3cr3t ": "must not end with whitespace",
    "s3cr3t\n": "must not end with whitespace",
    "s3cr3t\u00a0": "must not end with whitespace",
    "\ts3cr3t": "must not begin with whitespace",
    "s3c\r\nr3t: a": "must not contain control characters",
    "s3cr\x003t": "must not contain control characters",
    "s3cr3t\x7f": "must not contain control characters",
    "s3cr3t-\u00fc": "must contain only ASCII characters",
    "\ufeffs3cr3t": "must contain only ASCII characters",
    "": "must not be empty",
    " \t ": "must not be empty",
}


def everything_said(error: BaseException) -> str:
    """All that a log, a traceback or a debugger's summary shows of an error and its causes."""
    parts = traceback.format_exception(error)
    cause: BaseException | None = error
    while cause is not None:
        parts += [str(cause), repr(cause), repr(cause.args), repr(vars(cause))]
        cause = cause.__cause__ or cause.__context__
    return "\n".join(parts)


@all_cases("name", [*CREDENTIALS, *GRANTS, "user_agent"])
@all_cases("value", BAD_TEXTS)
def test_a_text_that_no_header_can_hold(make: Making, name: str, value: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        make(NOWHERE, **{name: value})
    assert str(raised.value) == f"{name} {BAD_TEXTS[value]}"
    assert raised.value.argument == name
    assert isinstance(raised.value, ValueError)
    for part in ("s3c", "r3t", "\u00fc"):
        assert part not in everything_said(raised.value)


@all_cases("name", ["base_url", *CREDENTIALS, *GRANTS, "user_agent"])
@all_cases("value", [b"s3cr3t", 7, ["s3cr3t"]])
def test_a_text_that_is_no_str(make: Making, name: str, value: object) -> None:
    options: dict[str, Any] = {"base_url": NOWHERE, name: value}
    with pytest.raises(InvalidArgumentType, match=f"{name} must be a str, not ") as raised:
        make(options.pop("base_url"), **options)
    assert isinstance(raised.value, TypeError)
    assert "s3cr3t" not in everything_said(raised.value)


@all_cases("name", CREDENTIALS)
def test_what_is_required_is_not_none(make: Making, name: str) -> None:
    with pytest.raises(InvalidArgumentType, match=f"{name} must be a str, not NoneType"):
        make(NOWHERE, **{name: None})


@all_cases(
    ("name", "value"),
    [
        ("concurrency", 0),
        ("concurrency", 1.5),
        ("concurrency", True),
        ("timeout", 0),
        ("timeout", -1.0),
        ("timeout", math.nan),
        ("timeout", "30"),
        ("max_attempt_seconds", 0),
        ("max_attempt_seconds", math.inf),
        ("max_attempt_seconds", None),
        ("max_response_bytes", -1),
        ("max_response_bytes", 1e6),
        ("http", "http"),
    ],
)
def test_a_value_that_cannot_be(make: Making, name: str, value: object) -> None:
    with pytest.raises(InvalidArgument, match=f"^{name} must be "):
        make(NOWHERE, **{name: value})


def test_the_other_kind_of_httpx_client_is_named(kind: Kind) -> None:
    with httpx.Client() as sync:
        other: Any = sync if kind == "async" else httpx.AsyncClient()
        expected = "AsyncClient, not httpx.Client" if kind == "async" else "Client, not httpx.Async"
        maker: Any = Client if kind == "sync" else AsyncClient
        with pytest.raises(InvalidArgumentType, match=rf"^http must be an httpx\.{expected}"):
            maker(NOWHERE, http=other, access_token="a", **KEYS)


def bad_calls() -> Iterator[tuple[str, str, tuple[Any, ...], dict[str, Any]]]:
    """Calls with arguments that cannot be used: noun, verb and what they are given."""
    ticket = ["a"]
    of_account = {"source": "MY_ACCOUNT"}
    yield "tickets", "unlock", ("98973476444",), {}
    yield "tickets", "unlock", (7,), {}
    yield "tickets", "unlock", ([7],), {}
    yield "tickets", "unlock", (["\ud800"],), {}
    yield "tickets", "verify", (), {}
    yield "tickets", "verify", (ticket,), {"access_id": "GAME-1"}
    yield "tickets", "verify", (), {"barcodes": ticket, "access_id": "\ud800"}
    yield "tickets", "lock", (ticket,), {**of_account, "total_price": 9.5}
    yield "tickets", "lock", (ticket,), {**of_account, "total_price": Decimal("NaN")}
    yield "tickets", "lock", (ticket,), {**of_account, "external_listing_id": object()}
    yield "tickets", "lock", ([ListedTicket("a", 9.5)],), of_account  # type: ignore[arg-type]
    yield "requests", "get", ("\ud800",), {}
    yield "requests", "get", (7,), {}
    yield "requests", "get", ("x" * 100_000,), {}
    yield "events", "read", ("\ud800",), {}
    yield "events", "read", ("x" * 100_000,), {}


@all_cases(("noun", "verb", "given", "named"), list(bad_calls()))
def test_a_call_that_cannot_be_sent_is_a_client_error(
    make: Making, noun: str, verb: str, given: tuple[Any, ...], named: dict[str, Any]
) -> None:
    with answering([answer(500, "")]) as server:
        client = make(server.url)
        with pytest.raises(ClientError) as raised:
            getattr(getattr(client, noun), verb)(*given, **named)
    assert server.asked == []
    assert not raised.value.may_have_been_processed


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"attempts": 1.5}, {"wait_seconds_max": -1}])
def test_retries_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match=next(iter(wrong))):
        Retries(**wrong)
