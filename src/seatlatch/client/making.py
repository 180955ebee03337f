"""The base URL, headers and time limits of a client.

Source: the contract's table of request headers.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import httpx

from .arguments import wrong_type
from .errors import InvalidArgument

Timeout = float | httpx.Timeout | None
"""Seconds for each step of a request, httpx's own kind, or None for no limit."""

PACKAGE = __name__.partition(".")[0]


def base_url_of(text: str) -> httpx.URL:
    """The address before /v1. Raises `InvalidArgument` for an invalid one."""
    if not isinstance(text, str):
        raise wrong_type("base_url", "a str", text)
    if "@" in text:
        raise InvalidArgument(
            "base_url", "must be without a user and a password; the client sends its own token"
        )
    try:
        url = httpx.URL(text.rstrip("/").removesuffix("/v1"))
        host = url.host
        host.encode("idna")
    except (httpx.InvalidURL, UnicodeError) as error:
        raise InvalidArgument("base_url", f"must be a URL, not {text!r} ({error})") from None
    if url.scheme not in ("http", "https") or not host:
        raise InvalidArgument("base_url", f"must be like https://api.example.com, not {text!r}")
    if url.query or url.fragment:
        raise InvalidArgument("base_url", f"must end before any ? or #: {text!r}")
    return url


def common_headers(user_agent: str | None, application_id: str) -> dict[str, str]:
    """The headers of every call."""
    return {
        "User-Agent": user_agent or own_user_agent(),
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "PAC-Application-ID": application_id,
    }


def key_headers(api_key: str, channel_code: str) -> dict[str, str]:
    """The headers of every call but the token call."""
    return {"PAC-API-Key": api_key, "PAC-Channel-Code": channel_code}


def own_user_agent() -> str:
    """The name of this package and its version."""
    try:
        number = version(PACKAGE)
    except PackageNotFoundError:
        number = "0"
    return f"{PACKAGE}-client/{number}"


class Limits(NamedTuple):
    """The limits of one attempt: seconds in all, and bytes of the uncompressed response."""

    max_attempt_seconds: float
    max_response_bytes: int


def timeout_of(timeout: httpx.Timeout, wait_seconds: int, limits: Limits) -> httpx.Timeout:
    """The timeout of each step of an attempt, at most that of the whole attempt.

    The timeout of the response is longer if the service itself waits (`wait_seconds`).
    """
    longest = limits.max_attempt_seconds
    return httpx.Timeout(
        _shorter(timeout.read, longest) + wait_seconds,
        connect=_shorter(timeout.connect, longest),
        write=_shorter(timeout.write, longest),
        pool=_shorter(timeout.pool, longest),
    )


def _shorter(seconds: float | None, longest: float) -> float:
    return longest if seconds is None else min(seconds, longest)
