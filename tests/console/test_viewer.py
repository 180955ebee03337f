"""CSRF tokens."""

import pytest

from seatlatch.console.viewer import csrf_token, is_csrf_token


def test_each_token_of_a_session_is_different_and_valid() -> None:
    tokens = {csrf_token("secret") for _ in range(10)}
    assert len(tokens) == 10
    assert all(is_csrf_token(token, "secret") for token in tokens)


@pytest.mark.parametrize("token", ["", "x", "ä", "A" * 88])
def test_other_texts_are_no_tokens(token: str) -> None:
    assert not is_csrf_token(token, "secret")


def test_a_token_of_another_session_is_none_of_this_one() -> None:
    assert not is_csrf_token(csrf_token("another secret"), "secret")
