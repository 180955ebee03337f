"""Masks the secrets of a request and its response, before the inspector keeps them.

A secret may also be where it does not belong: in a query, in another header, or in the body of a
request for a path that does not exist. So bodies are shown only for the calls about tickets, which
have no secrets; of other bodies only the structure is shown.

See decision 179.
"""

import json
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from urllib.parse import quote

from seatlatch.domain.refusal import Refusal
from seatlatch.http.body import check_syntax, check_utf_8
from seatlatch.presentation.inspection import Header, InspectedBody
from seatlatch.secrecy import HIDDEN
from seatlatch.text import visible

BODY_BYTES_MAX = 32 * 1024
"""How much of a body is shown."""

SECRET_CHARACTERS_MIN = 8
"""A shorter secret is masked only in its own place: it may be a part of many words."""

SECRET_TOKENS_MAX = 50
"""The most words of a request's secret headers that are searched for elsewhere."""

ESCAPED = "Bytes that cannot be shown are written as escapes."

_SECRET_HEADER = re.compile("auth|cookie|credential|key|password|secret|token", re.IGNORECASE)
_SCHEME = re.compile("(bearer|basic)[ \t]+(.*)", re.IGNORECASE)
_NAMES = (
    "code|secret|client_secret|password|authorization|(access|refresh|bearer|auth)[_-]?token"
    "|(pac[_-]?)?api[_-]?key"
)
_MEMBER = re.compile(rf'("(?:{_NAMES})"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s",\]}}]+)', re.IGNORECASE)
_PARAMETER = re.compile(rf"(^|[?&])({_NAMES}|token)=[^&\s]*", re.IGNORECASE)
_WEBHOOK_SECRET = re.compile("whsec_[A-Za-z0-9+/=_-]+")
_VALUE = re.compile(r'"(?:[^"\\]|\\.)*"(\s*:)?|-?[0-9][0-9.eE+-]*')
_PUBLIC_VALUES = ('"authorization_code"', '"refresh_token"', '"Bearer"')
_VISIBLE_RUN = re.compile("[^\n\t]+")


class Mask:
    """Masks one request and its response. `headers`: those of the request."""

    def __init__(self, headers: Iterable[Header]) -> None:
        self._headers = tuple(headers)
        words = (
            word
            for name, value in self._headers
            if _SECRET_HEADER.search(name)
            for word in _split(value)[1].split()
            if len(word) >= SECRET_CHARACTERS_MIN
        )
        secrets = {
            form
            for word in islice(words, SECRET_TOKENS_MAX)
            for form in (word, json.dumps(word)[1:-1], quote(word, safe=""))
        }
        longest_first = sorted(secrets, key=len, reverse=True)
        self._presented = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")

    def text(self, text: str) -> str:
        """Any text."""
        text = self._presented.sub(HIDDEN, text)
        text = _PARAMETER.sub(rf"\1\2={HIDDEN}", text)
        return _WEBHOOK_SECRET.sub(HIDDEN, text)

    def line(self, text: str) -> str:
        """A text of one line, such as a header."""
        return visible(self.text(text))

    def request_headers(self) -> Sequence[Header]:
        """The request's headers. The length of a secret may show the caller its mistake."""
        return [
            (name, _described(value) if _SECRET_HEADER.search(name) else self.line(value))
            for name, value in self._headers
        ]

    def response_headers(self, headers: Iterable[Header]) -> Sequence[Header]:
        """The response's headers."""
        return [
            (name, HIDDEN if name.lower() == "set-cookie" else self.line(value))
            for name, value in headers
        ]

    def body(self, body: bytes, body_bytes: int, *, may_have_secrets: bool) -> InspectedBody:
        """A body of this length, of which `body` is the beginning.

        `may_have_secrets`: show only its structure.
        """
        if may_have_secrets and body and not _is_json(body):
            note = f"{body_bytes:,} bytes that are not JSON, hidden because they may be secrets."
            return InspectedBody("", note)
        text = body[:BODY_BYTES_MAX].decode(errors="backslashreplace")
        if may_have_secrets:
            text = _VALUE.sub(_masked_value, text)
        text = _MEMBER.sub(rf'\1"{HIDDEN}"', self.text(text))
        hidden_bytes = body_bytes - min(len(body), BODY_BYTES_MAX)
        note = f"{hidden_bytes:,} more bytes are not shown." if hidden_bytes > 0 else ""
        shown = _VISIBLE_RUN.sub(lambda run: visible(run[0]), text)
        if not note and (shown != text or not _is_text(body)):
            note = ESCAPED
        return InspectedBody(shown, note)


def _split(value: str) -> tuple[str, str]:
    """A header's scheme, if it has a known one, and the rest."""
    match = _SCHEME.fullmatch(value)
    return (match[1] + " ", match[2]) if match else ("", value)


def _described(value: str) -> str:
    scheme, secret = _split(value)
    count = len(secret)
    return f"{scheme}{HIDDEN} ({count} character{'' if count == 1 else 's'})"


def _masked_value(match: re.Match[str]) -> str:
    """A JSON string or number; the names of members stay, and words that are no secrets."""
    return match[0] if match[1] or match[0] in _PUBLIC_VALUES else f'"{HIDDEN}"'


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_json(body: bytes) -> bool:
    try:
        check_utf_8(body)
        check_syntax(body)
    except Refusal:
        return False
    return True
