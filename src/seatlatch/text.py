"""Text that is safe to show: nothing in it can control a terminal or end a line of a log."""

import json
import re

DELETE = 0x7F
"""The one ASCII control character that JSON does not escape."""

_NOT_ASCII_PRINTABLE = re.compile(r"[^ -~]")


def visible(text: str) -> str:
    """Replace each character that can't be printed by its escape sequence.

    Tokens and names come from others, and the name of a seller comes from a marketplace.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def visible_lines(text: str) -> str:
    """The same, but line feeds stay: for a traceback."""
    return "\n".join(map(visible, text.split("\n")))


def visible_json(document: bytes) -> bytes:
    """Escape each character of an encoded JSON document that can't be printed.

    JSON lets U+2028, U+2029, U+0085 and most other control characters stand as they are, but some
    programs that read a log take them for the end of a line. The meaning stays the same.
    """
    if document.isascii() and DELETE not in document:
        return document
    return _NOT_ASCII_PRINTABLE.sub(_json_escape, document.decode()).encode()


def _json_escape(match: re.Match[str]) -> str:
    character = match[0]
    return character if character.isprintable() else json.dumps(character)[1:-1]
