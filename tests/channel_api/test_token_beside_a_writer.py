"""The token call while another process writes: a caller that guesses neither waits nor delays
others.
"""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.store.tokens import Code
from tests.databases import Database
from tests.http.test_probes import samples, value
from tests.http.wire import Wire, put, tokens_body
from tests.serving import APPLICATION, Served
from tests.waiting import until

CODE = "a-code-that-waits"
GUESSES = 1_000
LONGER_THAN_ANY_TEST = 60.0


def with_code(served: Served, code: str) -> httpx.Response:
    """Exchange a code."""
    return served.token({"grantType": "authorization_code", "code": code})


def refresh(served: Served, token: str) -> httpx.Response:
    """Exchange a refresh token."""
    return served.token({"grantType": "refresh_token", "refreshToken": token})


def add_code(database: Database) -> None:
    """A code that the application may exchange."""
    later = datetime.now(UTC) + timedelta(days=1)
    with database.provisioning() as provisioning:
        provisioning.add_code(hash_secret(CODE.encode()), Code(APPLICATION, later))


def test_who_guesses_is_refused_at_once_and_takes_nobodys_place(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.database.wait_for_locks(monkeypatch, LONGER_THAN_ANY_TEST)
    with Wire(served.port) as wire:
        with served.database.writing():
            for number in range(GUESSES):
                guess = with_code if number % 2 else refresh
                assert guess(served, f"guess-{number}").status_code == 400
            wire.send(put(tokens_body("listed-1")))
            assert with_code(served, "one more").status_code == 400
            until(lambda: value(samples(served), "seatlatch_waiting_requests") == 0)
            assert served.database.mpreserve_of()["listed-1"]
        assert wire.answer().status == 200
    assert not served.database.mpreserve_of()["listed-1"]


def test_what_is_right_needs_the_write_lock_and_is_good_still_if_nothing_was_written(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.database.wait_for_locks(monkeypatch, 0.05)
    add_code(served.database)
    with served.database.writing():
        refused = with_code(served, CODE)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    first = with_code(served, CODE)
    assert first.status_code == 200
    with served.database.writing():
        refused = refresh(served, first.json()["refreshToken"])
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert refresh(served, first.json()["refreshToken"]).status_code == 200
