"""Secrets are made by chance, kept as hashes, and compared in constant time."""

from hashlib import sha256
from hmac import compare_digest
from secrets import token_urlsafe

SECRET_BYTES = 32


def new_secret() -> str:
    """A secret that nobody can guess: 43 characters that need no quoting anywhere."""
    return token_urlsafe(SECRET_BYTES)


def hash_secret(secret: bytes) -> bytes:
    """The hash under which a key or token is kept.

    Plain SHA-256: our secrets are random and long, so there is nothing to guess that a slow hash
    would protect.
    """
    return sha256(secret).digest()


def same_hash(one: bytes, other: bytes) -> bool:
    """Whether two hashes are equal, in a time that tells nothing."""
    return compare_digest(one, other)
