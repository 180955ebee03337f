"""Many values as one parameter: a PostgreSQL array, written as text.

psycopg would write it element by element in Python, which for 100 tokens takes longer than all the
rest of a request.
"""

from collections.abc import Sequence

import msgspec

_encode = msgspec.json.Encoder().encode

_NUL = "\0"
"""No text in PostgreSQL can hold it, so that it can stand for what is not text."""


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold a text; what it can't hold is not in it, either."""
    return _NUL not in text


def array(values: Sequence[str | int | bool | None]) -> bytes:
    """The values as the text of an array; None = NULL. All of them must be storable.

    An array is written as in JSON, but for its brackets and for what is escaped and how.
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
