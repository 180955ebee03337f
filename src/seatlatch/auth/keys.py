"""Secrets: random, stored as hashes, and compared in constant time.

See decision 25.
"""

from hashlib import sha256
from hmac import compare_digest
from secrets import token_urlsafe

SECRET_BYTES = 32


def new_secret() -> str:
    """A random secret of 43 characters, none of which needs quoting in a shell or URL."""
    return token_urlsafe(SECRET_BYTES)


def hash_secret(secret: bytes) -> bytes:
    """The hash under which a key or token is stored.

    Plain SHA-256 is enough: a slow hash protects secrets that can be guessed, and these are
    long and random.
    """
    return sha256(secret).digest()


def same_hash(one: bytes, other: bytes) -> bool:
    """Whether two hashes are equal; takes the same time for any difference."""
    return compare_digest(one, other)
