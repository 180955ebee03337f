"""The token call while another process writes: who guesses waits for nobody and keeps nobody."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import httpx
import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.store.interface import Code
from seatlatch.store.sqlite import store as sqlite_store
from seatlatch.wiring import open_provisioning
from tests.api.test_probes import samples, value
from tests.api.wire import Wire, put, tokens_body
from tests.serving import APPLICATION, Served, database_url, mpreserve_of

CODE = "a-code-that-waits"
GUESSES = 1_000
LONGER_THAN_ANY_TEST = 60.0


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Hold the write lock of a database."""
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


def with_code(served: Served, code: str) -> httpx.Response:
    """Exchange a code."""
    return served.token({"grantType": "authorization_code", "code": code})


def refresh(served: Served, token: str) -> httpx.Response:
    """Exchange a refresh token."""
    return served.token({"grantType": "refresh_token", "refreshToken": token})


def add_code(path: Path) -> None:
    """A code that the application may exchange."""
    later = datetime.now(UTC) + timedelta(days=1)
    with open_provisioning(database_url(path)) as provisioning:
        provisioning.add_code(hash_secret(CODE.encode()), Code(APPLICATION, later))


def test_who_guesses_is_refused_at_once_and_takes_nobodys_place(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "LOCK_WAIT_SECONDS", LONGER_THAN_ANY_TEST)
    with Wire(served.port) as wire:
        with writing(served.path):
            for number in range(GUESSES):
                guess = with_code if number % 2 else refresh
                assert guess(served, f"guess-{number}").status_code == 400
            wire.send(put(tokens_body("listed-1")))
            assert with_code(served, "one more").status_code == 400
            assert value(samples(served), "seatlatch_waiting_requests") == 0
            assert mpreserve_of(served.path)["listed-1"]
        assert wire.answer().status == 200
    assert not mpreserve_of(served.path)["listed-1"]


def test_what_is_right_needs_the_write_lock_and_is_good_still_if_nothing_was_written(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "LOCK_WAIT_SECONDS", 0.05)
    add_code(served.path)
    with writing(served.path):
        refused = with_code(served, CODE)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    first = with_code(served, CODE)
    assert first.status_code == 200
    with writing(served.path):
        refused = refresh(served, first.json()["refreshToken"])
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert refresh(served, first.json()["refreshToken"]).status_code == 200
