"""Sealed texts: they differ, and open only with the same key and what they are bound to."""

import pytest

from seatlatch.http.sealing import NotSealed, Seal, is_sealed
from tests.cases import all_cases

SEAL = Seal(bytes(range(64)))
BOUND = [b"kind", b"caller"]


def test_a_sealed_text_is_opened() -> None:
    sealed = SEAL.close(b"content", BOUND)
    assert SEAL.open(sealed, BOUND) == b"content"
    assert is_sealed(sealed)
    assert sealed != SEAL.close(b"content", BOUND)


@all_cases(
    ("key", "bound"),
    [
        (bytes(64), BOUND),
        (bytes(range(64)), [b"kind", b"another"]),
        (bytes(range(64)), [b"kindcaller"]),
        (bytes(range(64)), [b"caller", b"kind"]),
    ],
)
def test_nothing_else_opens_it(key: bytes, bound: list[bytes]) -> None:
    with pytest.raises(NotSealed):
        Seal(key).open(SEAL.close(b"content", BOUND), bound)


@all_cases("text", ["", "A", "AQ", "%", "é", "A" * 200, SEAL.close(b"content", BOUND)[:-1]])
def test_what_was_not_sealed_is_not_opened(text: str) -> None:
    with pytest.raises(NotSealed):
        SEAL.open(text, BOUND)


def test_one_changed_character_is_noticed() -> None:
    sealed = SEAL.close(b"content", BOUND)
    for place in range(len(sealed) - 1):
        changed = "B" if sealed[place] == "A" else "A"
        with pytest.raises(NotSealed):
            SEAL.open(sealed[:place] + changed + sealed[place + 1 :], BOUND)
