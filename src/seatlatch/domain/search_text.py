"""Readings of a text that a person types to find seats. Pure.

See decision 178.
"""

import re
from collections.abc import Iterator, Sequence

from seatlatch.domain.label import without_invisible_ends
from seatlatch.domain.ticket_filter import TicketFilter

SEAT_FIELDS = ("section", "row", "seat")
FIELDS = ("access_id", *SEAT_FIELDS)

LABELS = {
    "event": "access_id",
    "section": "section",
    "sec": "section",
    "row": "row",
    "seat": "seat",
}

_WORD = re.compile(r'"([^"]+)"|([^\s,;]+)')
_COMMA = re.compile("[,;]")
_JOINT = re.compile("[-/]")


def cleaned(text: str) -> str:
    """A text as it was meant: without the blanks and invisible characters of a copy at its ends."""
    return without_invisible_ends(text)


def seat_readings(text: str) -> Sequence[TicketFilter]:
    """The seats, rows and sections that a text may name, the likeliest first.

    `GAME-1 101 B 3` is an event, section, row and seat; `101 B 3` leaves out the event. Fields may
    be separated by commas, have labels (`section 101 row B`), or be in quotes if they contain
    blanks.
    """
    words = [quoted or word for quoted, word in _WORD.findall(text)]
    if labelled := _labelled(words):
        return [labelled]
    if _COMMA.search(text) and '"' not in text:
        parts = [part.strip() for part in _COMMA.split(text)]
        readings = [*_unlabelled(parts)] if all(parts) else []
    elif len(words) <= 1:
        parts = _JOINT.split("".join(words))
        is_seat = len(parts) == len(SEAT_FIELDS) and all(parts)
        readings = [_reading(SEAT_FIELDS, parts)] if is_seat else []
    else:
        readings = [*_unlabelled(words), *_with_long_section(words)]
    return list(dict.fromkeys(readings))


def _labelled(words: Sequence[str]) -> TicketFilter | None:
    labels = [LABELS.get(word.rstrip(".:").lower(), "") for word in words[::2]]
    if not labels or len(words) % 2 or not all(labels) or len(set(labels)) < len(labels):
        return None
    return _reading(labels, words[1::2])


def _unlabelled(parts: Sequence[str]) -> Iterator[TicketFilter]:
    """The first fields, one for each part: without an event, and with one."""
    for fields in (SEAT_FIELDS, FIELDS):
        if 2 <= len(parts) <= len(fields):
            yield _reading(fields, parts)


def _with_long_section(words: Sequence[str]) -> Iterator[TicketFilter]:
    """A seat whose section has several words, such as `Club Level A 3`."""
    *before, row, seat = words
    if len(before) >= 2:
        yield _reading(SEAT_FIELDS, (" ".join(before), row, seat))
    if len(before) > 2:
        event, *section = before
        yield _reading(FIELDS, (event, " ".join(section), row, seat))


def _reading(fields: Sequence[str], values: Sequence[str]) -> TicketFilter:
    """The filters of the first fields, one for each value."""
    return TicketFilter(**dict(zip(fields, values, strict=False)))  # type: ignore[arg-type]
