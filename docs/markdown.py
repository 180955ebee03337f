"""Writing Markdown, and finding in it what links and what is code. Touches nothing."""

import re
from collections.abc import Callable, Iterable, Sequence

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A block of code: the language after its fence, and its text."""

LINK = re.compile(r"(?<=\]\()([^)\s]+)(?=\))")
"""Where a link leads."""


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; what would end a cell is escaped."""
    lines = [list(columns), ["---"] * len(columns)]
    lines += [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def prose(text: str) -> str:
    """A page without its blocks of code."""
    return BLOCK.sub("", text)


def links(text: str) -> list[str]:
    """Where a page's links lead, in order, but for those out of the project."""
    return [target for target in LINK.findall(prose(text)) if "://" not in target]


def relinked(text: str, lead: Callable[[str], str]) -> str:
    """A page whose links within the project lead where `lead` says. Blocks of code stay."""
    parts, at = [], 0
    for block in BLOCK.finditer(text):
        parts += [_relinked(text[at : block.start()], lead), block[0]]
        at = block.end()
    return "".join([*parts, _relinked(text[at:], lead)])


def _relinked(prose_text: str, lead: Callable[[str], str]) -> str:
    return LINK.sub(lambda to: to[0] if "://" in to[0] else lead(to[0]), prose_text)
