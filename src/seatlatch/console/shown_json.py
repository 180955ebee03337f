"""Texts of others that are shown as blocks: indented if they are JSON, and never too long."""

from typing import NamedTuple

import msgspec

from seatlatch.text import visible_lines

SHOWN_CHARACTERS_MAX = 50_000


class ShownText(NamedTuple):
    """A text to show. `is_cut`: only its start."""

    text: str
    is_cut: bool


def shown_json(text: str) -> ShownText:
    """A text, indented if it is JSON. Nothing in it can reorder or hide the rest of the page."""
    try:
        msgspec.json.decode(text.encode())
        text = msgspec.json.format(text.encode(), indent=2).decode()
    except (msgspec.DecodeError, ValueError, RecursionError):
        pass
    return ShownText(visible_lines(text[:SHOWN_CHARACTERS_MAX]), len(text) > SHOWN_CHARACTERS_MAX)
