"""Writes Markdown, and finds links and code blocks in it. Touches no file."""

import re
from collections.abc import Callable, Iterable, Sequence

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A code block: the language after its fence, and its text."""

LINK = re.compile(r"(?<=\]\()([^)\s]+)(?=\))")
"""The target of a link."""


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; pipes in cells are escaped."""
    lines = [list(columns), ["---"] * len(columns)]
    lines += [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def prose(text: str) -> str:
    """A page without its code blocks."""
    return BLOCK.sub("", text)


def links(text: str) -> list[str]:
    """The targets of a page's links within the project, in order."""
    return [target for target in LINK.findall(prose(text)) if "://" not in target]


def relinked(text: str, retarget: Callable[[str], str]) -> str:
    """A page with the targets of its links within the project changed by `retarget`.

    Code blocks stay as they are.
    """
    parts, at = [], 0
    for block in BLOCK.finditer(text):
        parts += [_relinked(text[at : block.start()], retarget), block[0]]
        at = block.end()
    return "".join([*parts, _relinked(text[at:], retarget)])


def _relinked(prose_text: str, retarget: Callable[[str], str]) -> str:
    return LINK.sub(lambda to: to[0] if "://" in to[0] else retarget(to[0]), prose_text)
