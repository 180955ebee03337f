"""Many values as one parameter: a PostgreSQL array, written as text.

psycopg would write it element by element in Python, which takes longer for 100 tokens than the rest
of the request.
"""

from collections.abc import Sequence

import msgspec

_encode = msgspec.json.Encoder().encode

_NUL = "\0"
"""No text in PostgreSQL can contain it."""


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can store a text. A text that it can't store matches no row."""
    return _NUL not in text


def array(values: Sequence[str | int | bool | None]) -> bytes:
    """The values as the text of an array; None = NULL. All of them must be storable.

    PostgreSQL's form differs from a JSON array only in the brackets and in escapes.
    """
    written = _encode(values)
    if b"\\" in written:
        return _escaped(values)
    return b"{%b}" % written[1:-1]


def _escaped(values: Sequence[str | int | bool | None]) -> bytes:
    elements = ("NULL" if value is None else _quoted(str(value)) for value in values)
    return f"{{{','.join(elements)}}}".encode()


def _quoted(text: str) -> str:
    quoted = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{quoted}"'
