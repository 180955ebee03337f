"""Encrypted cursors and entry ids, which a channel gets in place of the journal's numbers.

The numbers count the requests of all channels, so a channel must not be able to read them. A cursor
is encrypted with a random nonce: two cursors for the same place differ, so they do not reveal
whether other channels were active in between. An entry id is encrypted without a nonce, so it is
always the same.

See decision 88.
"""

from collections.abc import Sequence

import msgspec

from seatlatch.domain.feed import CursorKey, Position
from seatlatch.domain.refusal import InvalidRequest, PlaceLost
from seatlatch.http.query import from_cursor
from seatlatch.http.sealing import NotSealed, Seal, is_sealed, to_text
from seatlatch.journal.rows import place_of
from seatlatch.operations.read_events import AHEAD_OF_THE_JOURNAL, Place
from seatlatch.store.interface import Store

PADDED_BYTES = 128
"""The text of a place is padded to a multiple of this, so that a cursor's length does not reveal
the number of its digits or chains.
"""

CURSOR, REQUESTS, DELIVERIES, ENTRY = b"cursor", b"requests", b"deliveries", b"entry"
"""The kinds of encrypted text. Kind and channel are authenticated with it, so that no text is
accepted as one of another kind or channel.
"""


class Cursors:
    """Encrypts and decrypts with one key."""

    def __init__(self, key: CursorKey) -> None:
        self._seal = Seal(key.key)
        self._plain_until = key.plain_until

    def cursor_of(self, place: Place) -> str:
        """A reader's place in the feed as an opaque text."""
        return self._sealed(place, [CURSOR, place.channel_code.encode()])

    def place_of(self, cursor: str, channel_code: str) -> Place:
        """The place that a channel's cursor represents. Raises `InvalidRequest`, and `PlaceLost`
        for an unencrypted one that version 0.1 can't have issued.
        """
        try:
            is_plain = not is_sealed(cursor)
        except NotSealed:
            raise _no_cursor() from None
        if is_plain:  # version 0.1 issued JSON, whose first byte is `[`
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

    def deliveries_cursor(self, number: int, channel_code: str, query: str) -> str:
        """The start of a page of deliveries, which follows the one with this number."""
        return self._sealed(number, [DELIVERIES, channel_code.encode(), query.encode()])

    def deliveries_place(self, cursor: str, channel_code: str, query: str) -> int:
        """The number that a channel's cursor of the same query represents.

        Raises `InvalidRequest`.
        """
        text = self._opened(cursor, [DELIVERIES, channel_code.encode(), query.encode()])
        return msgspec.json.decode(text, type=int)

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
        return to_text(self._seal.cipher.encrypt(number, [ENTRY, channel_code.encode()]))

    def _sealed(self, place: object, bound: Sequence[bytes]) -> str:
        """A place, encrypted; only with the same `bound` it can be decrypted."""
        text = msgspec.json.encode(place)
        return self._seal.close(text + b" " * (-len(text) % PADDED_BYTES), bound)

    def _opened(self, cursor: str, bound: Sequence[bytes]) -> bytes:
        try:
            return self._seal.open(cursor, bound)
        except NotSealed:
            raise _no_cursor() from None


async def read_cursors(store: Store) -> Cursors:
    """The cursors of the store's journal. Raises `Unavailable`."""
    return Cursors(await store.read(lambda snapshot: snapshot.journal.read_cursor_key()))


def _no_cursor() -> InvalidRequest:
    return InvalidRequest(
        "`after` is not the `next` of an earlier page with the same parameters. Start without it."
    )
