"""Encrypted texts that callers carry for the service, such as cursors.

A text is encrypted with a random nonce: two texts with the same content differ. What it is bound
to, such as its kind and its caller, is authenticated with it, so it is accepted for nothing else.

See decision 88.
"""

import binascii
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
from secrets import token_bytes

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

VERSION = b"\x01"
"""The first byte of a sealed text."""

NONCE_BYTES = 16


class NotSealed(Exception):
    """A text was not sealed with this key, or was bound to something else."""


class Seal:
    """Seals and opens texts with one key."""

    def __init__(self, key: bytes) -> None:
        self.cipher = AESSIV(key)

    def close(self, text: bytes, bound: Sequence[bytes]) -> str:
        """A text, encrypted; only with the same key and `bound` it can be opened."""
        nonce = token_bytes(NONCE_BYTES)
        return to_text(VERSION + nonce + self.cipher.encrypt(text, [*bound, nonce]))

    def open(self, sealed: str, bound: Sequence[bytes]) -> bytes:
        """The text that was sealed. Raises `NotSealed`."""
        data = from_text(sealed)
        nonce, encrypted = data[1 : 1 + NONCE_BYTES], data[1 + NONCE_BYTES :]
        if not data.startswith(VERSION):
            raise NotSealed
        try:
            return self.cipher.decrypt(encrypted, [*bound, nonce])
        except (InvalidTag, ValueError):
            raise NotSealed from None


def is_sealed(text: str) -> bool:
    """Whether a text has the form of a sealed one. Raises `NotSealed` if it is not even base64."""
    return from_text(text).startswith(VERSION)


def to_text(data: bytes) -> str:
    """Bytes as URL-safe text."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_text(text: str) -> bytes:
    """The bytes of such a text. Raises `NotSealed`."""
    try:
        return b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise NotSealed from None
