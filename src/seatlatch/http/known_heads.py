"""Heads that a connection has parsed before. A client repeats its head in each request, except for
the values of Request-ID and Content-Length; such a head is compared instead of parsed.

See decision 187.
"""

import re
from collections import deque
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from seatlatch.http.headers import UUID_VERSION_4, Headers
from seatlatch.http.request_head import HEADERS, RequestHead

REMEMBERED_HEADS = 4
"""The number of heads that a connection remembers: a client may alternate between some calls."""

HEAD_BYTES_MAX = 2 * 1024
"""A longer head is not remembered."""

NEW_HEADS = 16
"""After this many new heads in a row a connection remembers no further ones: some clients send a
header that differs in every request."""

REQUEST_ID, CONTENT_LENGTH = b"request-id", b"content-length"
FORMS = {REQUEST_ID: UUID_VERSION_4, CONTENT_LENGTH: re.compile(rb"[0-9]{1,7}")}
LINES = {
    name: re.compile(rb"\r\n" + name + rb":[ \t]*(" + form.pattern + rb")(?=\r\n)", re.IGNORECASE)
    for name, form in FORMS.items()
}

NEVER_KNOWN = frozenset({b"expect", b"transfer-encoding"})
"""Headers with which a request is not just a head and a body of a known length."""


class KnownRequest(NamedTuple):
    """A request with a known head: `body_at` is where its body begins."""

    head: RequestHead
    body_at: int
    body_bytes: int


class _Value(NamedTuple):
    """A part of a head that may differ: the bytes before it, and its form."""

    before: bytes
    form: re.Pattern[bytes]
    name: bytes
    place: int
    """Its place among the headers."""


class KnownHead:
    """A head that was parsed and served before."""

    __slots__ = ("__weakref__", "_headers", "_rest", "_scope", "_values")

    def __init__(self, values: list[_Value], rest: bytes, head: RequestHead) -> None:
        self._values = values
        self._rest = rest
        self._scope = head.scope
        self._headers: Headers = head.scope[HEADERS]

    def match(self, data: bytes, at: int) -> KnownRequest | None:
        """The request at this place, if it has this head."""
        found: dict[bytes, bytes] = {}
        for before, form, name, _ in self._values:
            if not data.startswith(before, at):
                return None
            match = form.match(data, at + len(before))
            if match is None:
                return None
            found[name] = match[0]
            at = match.end()
        if not data.startswith(self._rest, at):
            return None
        return KnownRequest(self._head(found), at + len(self._rest), int(found[CONTENT_LENGTH]))

    def _head(self, found: dict[bytes, bytes]) -> RequestHead:
        raw: list[tuple[bytes, bytes]] = self._scope["headers"].copy()
        for _, _, name, place in self._values:
            raw[place] = (name, found[name])
        scope: dict[str, Any] = {
            **self._scope,
            "headers": raw,
            HEADERS: self._headers.with_values(found, found[REQUEST_ID].decode()),
        }
        return RequestHead(scope, keep_alive=True, expects_continue=False)


SharedHeads = WeakValueDictionary[bytes, KnownHead]
"""The heads that some connection knows, so that the connections of a client share them."""


class KnownHeads:
    """The latest heads of one connection."""

    __slots__ = ("_heads", "_new_heads", "_shared")

    def __init__(self, shared: SharedHeads) -> None:
        self._heads: deque[KnownHead] = deque(maxlen=REMEMBERED_HEADS)
        self._new_heads = 0
        self._shared = shared

    def match(self, data: bytes, at: int) -> KnownRequest | None:
        """The request that begins at this place, if its head is complete and known."""
        for known in self._heads:
            if (request := known.match(data, at)) is not None:
                self._new_heads = 0
                return request
        return None

    def add(self, raw: bytes, head: RequestHead) -> None:
        """Remember a head; `raw` is exactly its bytes."""
        if self._new_heads >= NEW_HEADS or len(raw) > HEAD_BYTES_MAX:
            return
        self._new_heads += 1
        names = [name for name, _ in head.scope["headers"]]
        if not head.keep_alive or not NEVER_KNOWN.isdisjoint(names):
            return
        if names.count(REQUEST_ID) != 1 or names.count(CONTENT_LENGTH) != 1:
            return
        if (parts := _parts_of(raw, names)) is None:
            return
        values, rest = parts
        key = b"\0".join([*(value.before for value in values), rest])
        known = self._shared.get(key)
        if known is None:
            known = self._shared[key] = KnownHead(values, rest, head)
        self._heads.appendleft(known)


def _parts_of(raw: bytes, names: list[bytes]) -> tuple[list[_Value], bytes] | None:
    """The values in a head that may differ, in their order, and the bytes behind the last one.
    None if they are written in an unusual way.
    """
    matches = {name: line.search(raw) for name, line in LINES.items()}
    at = 0
    values = []
    for name, match in sorted(matches.items(), key=lambda item: item[1].start() if item[1] else 0):
        if match is None:
            return None
        values.append(_Value(raw[at : match.start(1)], FORMS[name], name, names.index(name)))
        at = match.end(1)
    return values, raw[at:]
