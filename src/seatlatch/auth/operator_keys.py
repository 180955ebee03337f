"""Finds an operator by a key."""

from datetime import datetime

from seatlatch.domain.application import Credentials
from seatlatch.domain.operator import Operator
from seatlatch.domain.refusal import NotAuthenticated


def find_operator(credentials: Credentials, key_hash: bytes, now: datetime) -> Operator:
    """The operator whose valid key has this hash. Raises `NotAuthenticated`."""
    key = credentials.operators.get(key_hash)
    if key is None or (key.expires_at is not None and key.expires_at <= now):
        raise NotAuthenticated(
            "The key in Authorization is not an operator's, has expired or was removed.",
            token_sent=True,
        )
    return key.operator
