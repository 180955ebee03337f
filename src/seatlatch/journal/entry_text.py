"""An entry of the journal as JSON text, as every engine stores it.

See decisions 94, 95 and 151.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec import Raw, Struct

from seatlatch.domain.journal import NewEntry, Verb
from seatlatch.domain.outcome import Outcome

TOKEN_CHARACTERS_MAX = 200
"""No ticket has a longer token. Requests may contain longer ones, of which the journal stores this
much.
"""


LISTING = '"listing":'
"""A text that the entries of locks with a listing contain, and no others."""


class _Text(Struct, omit_defaults=True):
    """An entry as it is stored. Members are written in this order."""

    verb: str
    application: str | None = None
    channel: str | None = None
    operator: str | None = None
    reason: str | None = None
    seconds: int | None = None
    listing: str | None = None
    outcomes: dict[str, list[str]] = {}
    changes: Raw | None = None
    refusal: str | None = None


class _Mark(NamedTuple):
    """The mark of a changed ticket: its version, the entry of its previous change, and, if the box
    office changed it, the channel that had set mpreserve.
    """

    version: int
    previous_entry_id: int
    channel_code: str | None = None


class EntryText(Struct):
    """An entry as it is read."""

    verb: Verb
    application: str | None = None
    channel: str | None = None
    operator: str | None = None
    reason: str | None = None
    seconds: int | None = None
    listing: str | None = None
    outcomes: dict[Outcome, list[str]] = {}
    changes: list[_Mark] = []
    refusal: str | None = None


class OutcomesText(Struct):
    """The part of an entry that says what it changed. `changes`: the marks, as text."""

    verb: str
    channel: str | None = None
    seconds: int | None = None
    outcomes: dict[str, list[str]] = {}
    changes: Raw = Raw(b"[]")


class ChangerText(Struct):
    """The part of an entry that says who changed tickets. `changes`: the marks, as text; empty =
    it changed none.
    """

    verb: str
    channel: str | None = None
    changes: Raw = Raw(b"")


_encode = msgspec.json.Encoder().encode

read_text = msgspec.json.Decoder(EntryText).decode
"""Read an entry from its text. Raises `msgspec.DecodeError`."""

read_outcomes = msgspec.json.Decoder(OutcomesText).decode
"""Read from the text of an entry only what it changed, which takes half the time. Raises
`msgspec.DecodeError`.
"""

read_changer = msgspec.json.Decoder(ChangerText).decode
"""Read from the text of an entry only who made it, which takes still less. Raises the same."""

_read_marks = msgspec.json.Decoder(list[_Mark]).decode


def channels_of(changes: Raw) -> list[str | None]:
    """The channels that had set mpreserve on the changed tickets, before the box office changed
    them. Raises `msgspec.DecodeError`.
    """
    return [mark.channel_code for mark in _read_marks(changes)]


def text_of_channel(channel_code: str) -> str:
    """A text that the entries of a channel contain, and no others: within a value, JSON escapes the
    quotes.
    """
    return f'"channel":{_encode(channel_code).decode()}'


def text_of_verb(verb: Verb) -> str:
    """A text that the entries of a verb contain, and no others."""
    return f'"verb":"{verb}"'


def text_of_token(token: str) -> str:
    """A text that the entries about a ticket contain, and few others."""
    return _encode(token).decode()


def has_listing(entry: str, listing: str | None) -> bool:
    """Whether this is the listing of an entry, given as its text; None = it has none."""
    if listing is None:
        return LISTING not in entry
    return LISTING + _encode(listing).decode() in entry


def mark_with_channel(mark: str, channel_code: str | None) -> str:
    """A mark that also names the channel that had set mpreserve."""
    return f"{mark[:-1]},{_encode(channel_code).decode()}]"


def text_of(new: NewEntry) -> bytes:
    """An entry as JSON."""
    (verb, asker, reason, hold_seconds, listing), outcomes, marks, refusal = new
    return _encode(
        _Text(
            verb,
            asker.application_id,
            asker.channel_code,
            asker.operator,
            reason,
            hold_seconds,
            listing,
            {outcome: _shortened(tokens) for outcome, tokens in outcomes.items()},
            Raw(f"[{','.join(marks)}]".encode()) if marks else None,
            refusal,
        )
    )


def _shortened(tokens: Sequence[str]) -> list[str]:
    if max(map(len, tokens), default=0) <= TOKEN_CHARACTERS_MAX:
        return list(tokens)
    return [
        token
        if len(token) <= TOKEN_CHARACTERS_MAX
        else f"{token[:TOKEN_CHARACTERS_MAX]}... ({len(token)} characters)"
        for token in tokens
    ]
