"""Texts that people write for other people: names, and the reason of a hold.

See decision 132.
"""

import re
import unicodedata
from collections.abc import Sequence

LABEL_CHARACTERS_MAX = 200
SHOWN_CHARACTERS_MAX = 40
UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters, line ends, and halves of a surrogate pair, which are not text."""

_TEXT = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]"
_VISIBLE = r"[^\s\u0000-\u001f\u007f-\u009f]"
READABLE = f"^{_TEXT}*$"
"""Text without these, as a JSON Schema pattern. Halves of a pair are refused earlier."""

NOT_BLANK = f"^{_TEXT}*{_VISIBLE}{_TEXT}*$"
"""The same, and not only blanks."""

_INVISIBLE = (
    r"\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f"
    r"\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb"
)
"""Whitespace, control and format characters, and letters that show nothing. A table rather than
`unicodedata.category`, which depends on Python's version and lacks the letters."""

_SELECTORS = r"\u180b-\u180d\u180f\ufe00-\ufe0f"
"""Variation selectors, which choose the look of the character before them, such as an emoji's."""

_FIRST = f"[^{_INVISIBLE}{_SELECTORS}]"
_LAST = f"[^{_INVISIBLE}]"
TRIMMED = f"^{_FIRST}({_TEXT}*{_LAST})?$"
"""READABLE text without whitespace and invisible characters at its ends, as a pattern."""

TRIMMED_OR_EMPTY = f"^({_FIRST}({_TEXT}*{_LAST})?)?$"

_BEYOND = "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
_STARTS_INVISIBLE = re.compile(f"[{_INVISIBLE}{_SELECTORS}{_BEYOND}\U000e0100-\U000e01ef]+")
_ENDS_INVISIBLE = re.compile(rf"[{_INVISIBLE}{_BEYOND}]+\Z")
"""A variation selector may be last: emoji and ideographs end with one. The characters above U+FFFF
are left out of the schemas' patterns, where not every implementation can express them."""

_REGIONAL_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f\\Z")
"""A flag such as England's: an emoji that ends with invisible tags."""


def label_problem(text: str) -> str | None:
    """The problem with a name or a reason; None = it can be stored and shown on one line."""
    if not text.strip():
        return "must not be empty"
    if len(text) > LABEL_CHARACTERS_MAX:
        return f"is longer than {LABEL_CHARACTERS_MAX} characters"
    if UNREADABLE.search(text):
        return "contains a control character, or bytes that are not text"
    return None


def shortened(text: str) -> str:
    """A value of the caller, quoted and shortened to be part of a sentence."""
    return repr(text if len(text) <= SHOWN_CHARACTERS_MAX else text[:SHOWN_CHARACTERS_MAX] + "...")


def first_of(names: Sequence[str]) -> str:
    """The first of several names, and how many more there are."""
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def ends_problem(text: str) -> str | None:
    """The problem with the ends of `text`, by which tickets are looked up; None = no problem.

    With whitespace or an invisible character there, two different values look the same.
    """
    if text.isascii() and text.isprintable() and " " not in (text[:1], text[-1:]):
        return None
    if found := _STARTS_INVISIBLE.match(text):
        verb = "contains only" if found.end() == len(text) else "starts with"
        return f"{verb} {_described(text[0])}; remove it"
    if _invisible_end(text):
        return f"ends with {_described(text[-1])}; remove it"
    return None


def without_invisible_ends(text: str) -> str:
    """`text` without the characters that `ends_problem` rejects."""
    start = _STARTS_INVISIBLE.match(text)
    text = text[start.end() :] if start else text
    end = _invisible_end(text)
    return text[: end.start()] if end else text


def code_point(character: str) -> str:
    """The usual notation for a character: `U+00A0`."""
    return f"U+{ord(character):04X}"


def _invisible_end(text: str) -> re.Match[str] | None:
    return None if _REGIONAL_FLAG.search(text) else _ENDS_INVISIBLE.search(text)


def _described(character: str) -> str:
    name = unicodedata.name(character, "")
    kind = "whitespace" if character.isspace() else "an invisible character"
    return f"{kind}, {code_point(character)}{f' ({name})' if name else ''}"
