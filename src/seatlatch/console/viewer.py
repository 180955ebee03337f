"""A person who is signed in to the console, and the proof that a form came from a page of theirs.

See decision 174.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hmac import compare_digest, digest
from secrets import token_bytes
from typing import Any, NamedTuple

from seatlatch.domain.audit import Actor
from seatlatch.domain.operator import Operator
from seatlatch.http.routes import Call
from seatlatch.secrecy import hides

CSRF_BYTES = 32


@hides("secret")
class Viewer(NamedTuple):
    """An operator who is signed in. `secret`: the session's, which no page may show."""

    operator: Operator
    secret: str

    @property
    def csrf(self) -> str:
        """A CSRF token for a form."""
        return csrf_token(self.secret)


def actor_of(call: Call[Viewer, Any]) -> Actor:
    """The operator of a request as the author of a change."""
    context, operator = call.context, call.caller.operator
    return Actor(operator.name, context.request_id.lower(), context.recorded_address, operator)


def csrf_token(secret: str) -> str:
    """A CSRF token of a session. Each is different, so that the size of a compressed page says
    nothing about it.
    """
    mask = token_bytes(CSRF_BYTES)
    return urlsafe_b64encode(mask + _xor(mask, _proof(secret))).decode("ascii")


def is_csrf_token(token: str, secret: str) -> bool:
    """Whether a text is a CSRF token of a session."""
    try:
        both = urlsafe_b64decode(token.encode("ascii"))
    except ValueError:
        return False
    mask, masked = both[:CSRF_BYTES], both[CSRF_BYTES:]
    return len(masked) == CSRF_BYTES and compare_digest(_xor(mask, masked), _proof(secret))


def _proof(secret: str) -> bytes:
    return digest(secret.encode(), b"console form", "sha256")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
