"""No log, message, traceback or representation shows a credential."""

import dataclasses
import importlib
import inspect
import json
import logging
import pkgutil
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from rich.pretty import pretty_repr

import seatlatch.client
from seatlatch.cli.remote.settings import RemoteSettings
from seatlatch.client import ClientError, TokenPair, TokenStoreFailed
from seatlatch.client.forms import Form
from tests.client.client_kinds import HURRIED, KEYS, Making
from tests.client.scripted import Asked, Script, answer, answering
from tests.client.test_arguments import everything_said
from tests.client.test_token_trouble import Store

SECRET = "s3cr3t-value"

SECRETIVE = ("access_token", "refresh_token", "authorization_code", "api_key", "body", "content")
"""Fields that can hold a credential."""


def leaking_responses() -> Iterator[tuple[str, bytes]]:
    """Responses to the token call that hold tokens in odd ways."""
    pair = f'{{"accessToken": "{SECRET}", "refreshToken": "{SECRET}", "expiration": ""}}'
    yield "another status", answer(201, pair)
    yield "a proxy's status", answer(502, pair)
    yield "a repeated request", answer(400, pair)
    yield "a page", answer(404, f"<pre>{SECRET}</pre>", kind="text/html")
    yield "cut off", answer(200, pair[:-3], "Connection: close")
    yield "a token with a newline", answer(200, pair.replace(SECRET, f"{SECRET}\\n", 1))
    yield "no HTTP", f"{SECRET}\r\n\r\n".encode()
    yield "a bad header", f"HTTP/1.1 200 OK\r\n{SECRET}\r\n\r\n".encode()
    short = answer(200, pair).replace(b"Content-Length: ", b"Content-Length: 1\r\nX: ")
    yield "a length that is too short", short
    yield "a body after its end", answer(503, "", "Retry-After: 0") + pair.encode()


@pytest.mark.parametrize("case", dict(leaking_responses()))
def test_a_response_of_the_token_call_is_never_quoted(
    make: Making, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "httpcore")  # on DEBUG it logs what it cannot parse
    response = dict(leaking_responses())[case]
    with answering([response]) as server, pytest.raises(ClientError) as raised:
        client = make(server.url, refresh_token=SECRET, retries=HURRIED)
        client.tickets.unlock(["a"])
    assert SECRET not in everything_said(raised.value)
    assert SECRET not in caplog.text


def test_a_call_that_is_repeated_logs_no_credential(
    make: Making, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def script(asked: Asked) -> bytes | None:
        if asked.number == 0:
            return None
        if "/auth/token " in asked.head:
            names = ("accessToken", "refreshToken", "expiration")
            return answer(200, json.dumps(dict.fromkeys(names, f"{SECRET}-1")))
        if asked.header("authorization") != f"Bearer {SECRET}-1":
            return answer(401, '{"error": {"type": "UNAUTHORIZED", "developerMessage": "No."}}')
        return answer(200, '{"success": [{"token": "a"}]}')

    tokens = {"access_token": SECRET, "refresh_token": SECRET}
    with answering(script) as server:
        client = make(server.url, **{**KEYS, "api_key": SECRET}, **tokens, retries=HURRIED)
        client.tickets.unlock(["a"])
    assert len(server.asked) == 4
    assert "trying again" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("pair", [TokenPair(f"{SECRET}\n"), TokenPair("a", f"{SECRET}\u00a0")])
def test_a_stored_token_that_no_header_can_hold(make: Making, pair: TokenPair) -> None:
    script: Script = lambda _asked: answer(500, "")  # noqa: E731
    with answering(script) as server, pytest.raises(TokenStoreFailed) as raised:
        make(server.url, access_token=None, token_store=Store(pair)).tickets.unlock(["a"])
    assert server.asked == []
    assert "token must not end with whitespace" in str(raised.value)
    assert SECRET not in everything_said(raised.value)


def records() -> list[type]:
    """All records of the client, and the command's settings. A form's body is a function."""
    found: set[type] = {RemoteSettings}
    prefix = f"{seatlatch.client.__name__}."
    for module in pkgutil.walk_packages(seatlatch.client.__path__, prefix):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if kind.__module__.startswith(prefix) and kind is not Form and fields_of(kind):
                found.add(kind)
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


def fields_of(kind: type) -> tuple[str, ...]:
    """The names of a record's fields."""
    if dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    if issubclass(kind, msgspec.Struct):
        return kind.__struct_fields__
    names: tuple[str, ...] = getattr(kind, "_fields", ())
    return names


SECRET_RECORDS = [kind for kind in records() if set(fields_of(kind)) & set(SECRETIVE)]


def test_the_records_with_secrets_are_found() -> None:
    assert {kind.__name__ for kind in SECRET_RECORDS} >= {
        *("Call", "RemoteSettings", "TokenBody", "TokenPair", "WholeResponse")
    }


@pytest.mark.parametrize("kind", SECRET_RECORDS)
def test_no_record_shows_its_secrets(kind: Any) -> None:
    values = {name: SECRET if name in SECRETIVE else "seen" for name in fields_of(kind)}
    if "content" in values:
        values["content"] = SECRET.encode()  # type: ignore[assignment]
    record = kind(**values)
    for shown in (repr(record), str(record), f"{record}", pretty_repr(record)):
        assert SECRET not in shown
