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

from seatlatch.domain.feed import CursorKey, Position
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

CURSOR, REQUESTS, ENTRY = b"cursor", b"requests", b"entry"
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
        return self._sealed(place, [CURSOR, place.channel_code.encode()])

    def place_of(self, cursor: str, channel_code: str) -> Place:
        """The place that a channel's cursor represents. Raises `InvalidRequest`, and `PlaceLost`
        for an unencrypted one that version 0.1 can't have issued.
        """
        if not _from_text(cursor).startswith(VERSION):
            return self._plain_place(cursor)
        text = self._opened(cursor, [CURSOR, channel_code.encode()])
        return msgspec.json.decode(text, type=Place)

    def requests_cursor(self, position: Position, channel_code: str, query: str) -> str:
        """The start of a page of requests as an opaque text. `query`: the digest of the query."""
        return self._sealed(position, [REQUESTS, channel_code.encode(), query.encode()])

    def requests_position(self, cursor: str, channel_code: str, query: str) -> Position:
        """The position that a channel's cursor of the same query represents.

        Raises `InvalidRequest`.
        """
        text = self._opened(cursor, [REQUESTS, channel_code.encode(), query.encode()])
        return msgspec.json.decode(text, type=dict[int, int])

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
        return _to_text(self._cipher.encrypt(number, [ENTRY, channel_code.encode()]))

    def _sealed(self, place: object, bound: Sequence[bytes]) -> str:
        """A place, encrypted; only with the same `bound` it can be decrypted."""
        text = msgspec.json.encode(place)
        nonce = token_bytes(NONCE_BYTES)
        padded = text + b" " * (-len(text) % PADDED_BYTES)
        return _to_text(VERSION + nonce + self._cipher.encrypt(padded, [*bound, nonce]))

    def _opened(self, cursor: str, bound: Sequence[bytes]) -> bytes:
        data = _from_text(cursor)
        nonce, sealed = data[1 : 1 + NONCE_BYTES], data[1 + NONCE_BYTES :]
        try:
            return self._cipher.decrypt(sealed, [*bound, nonce])
        except (InvalidTag, ValueError):
            raise _no_cursor() from None


def _to_text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _from_text(cursor: str) -> bytes:
    try:
        return b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise _no_cursor() from None


def _no_cursor() -> InvalidRequest:
    return InvalidRequest(
        "`after` is not the `next` of an earlier page with the same parameters. Start without it."
    )
