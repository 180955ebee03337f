"""Encrypted cursors and entry ids, which a channel gets in place of the journal's numbers.

The numbers count the requests of all channels, so a channel must not be able to read them. A cursor
is encrypted with a random nonce: two cursors for the same place differ, so they do not reveal
whether other channels were active in between. An entry id is encrypted without a nonce, so it is
always the same.

See decision 88.
"""

import binascii
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
from secrets import token_bytes

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from seatlatch.domain.feed import CursorKey
from seatlatch.domain.refusal import InvalidRequest, PlaceLost
from seatlatch.http.query import from_cursor
from seatlatch.journal.rows import place_of
from seatlatch.operations.read_events import AHEAD_OF_THE_JOURNAL, Place

VERSION = b"\x01"
"""The first byte of an encrypted cursor. Version 0.1 issued JSON, whose first byte is `[`."""

NONCE_BYTES = 16
PADDED_BYTES = 128
"""The text of a place is padded to a multiple of this, so that a cursor's length does not reveal
the number of its digits or chains.
"""

CURSOR, ENTRY = b"cursor", b"entry"
"""The kinds of encrypted text. Kind and channel are authenticated with it, so that no text is
accepted as one of another kind or channel.
"""


class Cursors:
    """Encrypts and decrypts with one key."""

    def __init__(self, key: CursorKey) -> None:
        self._cipher = AESSIV(key.key)
        self._plain_until = key.plain_until

    def cursor_of(self, place: Place) -> str:
        """A reader's place in the feed as an opaque text."""
        text = msgspec.json.encode(place)
        nonce = token_bytes(NONCE_BYTES)
        padded = text + b" " * (-len(text) % PADDED_BYTES)
        sealed = self._cipher.encrypt(padded, _bound(CURSOR, place.channel_code, nonce))
        return _to_text(VERSION + nonce + sealed)

    def place_of(self, cursor: str, channel_code: str) -> Place:
        """The place that a channel's cursor represents. Raises `InvalidRequest`, and `PlaceLost`
        for an unencrypted one that version 0.1 can't have issued.
        """
        data = _from_text(cursor)
        if not data.startswith(VERSION):
            return self._plain_place(cursor)
        nonce, sealed = data[1 : 1 + NONCE_BYTES], data[1 + NONCE_BYTES :]
        try:
            text = self._cipher.decrypt(sealed, _bound(CURSOR, channel_code, nonce))
        except (InvalidTag, ValueError):
            raise _no_cursor() from None
        return msgspec.json.decode(text, type=Place)

    def _plain_place(self, cursor: str) -> Place:
        # Cursors of version 0.1 are plain text that anyone can write. Only places that the journal
        # had reached when it got its key are accepted: a forged cursor reveals nothing.
        place = from_cursor(cursor, Place)
        seen = dict(place.position)
        if place.entry_id:
            chain, number = place_of(place.entry_id)
            seen[chain] = max(seen.get(chain, 0), number)
        if any(number > self._plain_until.get(chain, 0) for chain, number in seen.items()):
            raise PlaceLost(AHEAD_OF_THE_JOURNAL)
        return place

    def entry_id_of(self, entry_id: int, channel_code: str) -> str:
        """An entry's id in the form for its channel: always the same, and not countable."""
        number = entry_id.to_bytes(8, signed=True)
        return _to_text(self._cipher.encrypt(number, _bound(ENTRY, channel_code)))


def _bound(kind: bytes, channel_code: str, *more: bytes) -> Sequence[bytes]:
    return [kind, channel_code.encode(), *more]


def _to_text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _from_text(cursor: str) -> bytes:
    try:
        return b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise _no_cursor() from None


def _no_cursor() -> InvalidRequest:
    return InvalidRequest(
        "`after` is not the `next` of an earlier page of this feed. Start without it."
    )
