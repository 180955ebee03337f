"""Content negotiation: the media types and encodings that a caller accepts and sends.

Source: RFC 9110, 12.5 and 8.3. Callers repeat a few values, so the results are cached.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

from seatlatch.http.headers import Headers
from seatlatch.http.refusals import MediaTypeUnsupported, ResponseNotAcceptable

REMEMBERED_VALUES = 256
JSON_RANGES = (b"application/json", b"application/*", b"*/*")
"""The ranges that cover application/json, the most specific first."""

HTML_RANGES = (b"text/html", b"text/*", b"*/*")
NOT_ACCEPTED = (0.0, -len(HTML_RANGES))

NDJSON_TYPES = frozenset({b"application/x-ndjson", b"application/ndjson", b"application/jsonl"})


def check_accept(headers: Headers) -> None:
    """Raise `ResponseNotAcceptable` if the header Accept excludes application/json."""
    accept = headers.get(b"accept")
    if accept and not accepts_json(accept):
        raise ResponseNotAcceptable(
            "Responses are application/json; the Accept header must allow it."
        )


def check_content(headers: Headers, accepts: Callable[[bytes], bool], media_types: str) -> None:
    """Raise `MediaTypeUnsupported` unless the body has an accepted type and no encoding.

    `media_types` names the types that `accepts` accepts. A body with an encoding in its header is
    refused even if it is not encoded: a proxy may rely on the header and change the body.
    """
    if not accepts(headers.get(b"content-type")):
        raise MediaTypeUnsupported(f"Send the body as Content-Type: {media_types}.")
    name = b"content-encoding"
    if name in headers.repeated or not is_identity(headers.get(name)):
        raise MediaTypeUnsupported(
            "The header Content-Encoding is not supported. Send the body uncompressed, without it."
        )


@lru_cache(REMEMBERED_VALUES)
def accepts_json(accept: bytes) -> bool:
    """Whether a header Accept allows application/json. The most specific range decides."""
    qualities = _qualities(accept)
    return next((qualities[name] > 0 for name in JSON_RANGES if name in qualities), False)


@lru_cache(REMEMBERED_VALUES)
def prefers_json(accept: bytes) -> bool:
    """Whether a header Accept prefers application/json to text/html, where both are offered.

    With equal qualities the more specific range decides, and HTML is the default: browsers name it,
    and programs that want JSON name that.
    """
    qualities = _qualities(accept)
    return _preference(qualities, JSON_RANGES) > _preference(qualities, HTML_RANGES)


@lru_cache(REMEMBERED_VALUES)
def prefers_gzip(accept_encoding: bytes) -> bool:
    """Whether a header Accept-Encoding allows gzip and prefers it no less than identity."""
    qualities = _qualities(accept_encoding)
    gzip = qualities.get(b"gzip", qualities.get(b"x-gzip", qualities.get(b"*", 0.0)))
    identity = qualities.get(b"identity", qualities.get(b"*", 0.0))
    return gzip > 0 and gzip >= identity


@lru_cache(REMEMBERED_VALUES)
def is_json(content_type: bytes) -> bool:
    """Whether a header Content-Type says application/json, with any parameters."""
    return media_type(content_type) == b"application/json"


@lru_cache(REMEMBERED_VALUES)
def is_ndjson(content_type: bytes) -> bool:
    """Whether a header Content-Type is one of the unregistered types for JSON lines."""
    return media_type(content_type) in NDJSON_TYPES


def is_identity(content_encoding: bytes) -> bool:
    """Whether a header Content-Encoding leaves the body as it is; an absent one does."""
    return content_encoding.lower() in (b"", b"identity")


def media_type(content_type: bytes) -> bytes:
    """The type that a header Content-Type says, in lower case and without parameters."""
    return content_type.partition(b";")[0].strip().lower()


def _preference(qualities: dict[bytes, float], ranges: Sequence[bytes]) -> tuple[float, int]:
    """The quality of a type, and how specific the range is that it comes from."""
    for place, name in enumerate(ranges):
        if name in qualities:
            return (qualities[name], -place) if qualities[name] else NOT_ACCEPTED
    return NOT_ACCEPTED


def _qualities(value: bytes) -> dict[bytes, float]:
    """Each listed name (lower case) with its q; a name with an unreadable q counts as 0.

    An exclusion with parameters only excludes a narrower type, which this service never sends.
    """
    qualities: dict[bytes, float] = {}
    for entry in value.lower().split(b","):
        name, *parameters = (part.strip() for part in entry.split(b";"))
        quality = 1.0
        for parameter in parameters:
            key, _, text = parameter.partition(b"=")
            if key.strip() == b"q":
                quality = _quality(text.strip())
        narrower = any(not parameter.startswith(b"q") for parameter in parameters)
        if name and not (narrower and quality == 0):
            qualities[name] = max(quality, qualities.get(name, 0.0))
    return qualities


def _quality(text: bytes) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0
