"""What a client is made with, checked: its address and its headers.

Source: the contract's table of request headers.
"""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

import httpx

Timeout = float | httpx.Timeout | None
"""Seconds for each step of a request, httpx's own kind, or None for no limit."""

PACKAGE = __name__.partition(".")[0]


def base_url_of(text: str) -> httpx.URL:
    """The address before /v1. Raises `ValueError` for what is none."""
    if not isinstance(text, str):
        raise TypeError(f"base_url must be a str, not {text!r}")
    if "@" in text:
        raise ValueError(
            "base_url must be without a user and a password; the token stands for them"
        )
    try:
        url = httpx.URL(text.rstrip("/").removesuffix("/v1"))
        host = url.host
        host.encode("idna")
    except (httpx.InvalidURL, UnicodeError) as error:
        raise ValueError(f"base_url {text!r} is no URL: {error}") from None
    if url.scheme not in ("http", "https") or not host:
        raise ValueError(f"base_url must be like https://api.example.com, not {text!r}")
    if url.query or url.fragment:
        raise ValueError(f"base_url must end before any ? or #: {text!r}")
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


def check_headers(headers: Mapping[str, str]) -> None:
    """Raise `ValueError`, without the value, for one that is empty or can't be sent."""
    for name, value in headers.items():
        if not isinstance(value, str):
            raise TypeError(f"what goes into {name} must be a str")
        if not value.strip() or not value.isascii() or not value.isprintable():
            raise ValueError(f"what goes into {name} must be printable ASCII and not empty")


def own_user_agent() -> str:
    """This package and its version."""
    try:
        number = version(PACKAGE)
    except PackageNotFoundError:
        number = "0"
    return f"{PACKAGE}-client/{number}"


def patient(timeout: httpx.Timeout, wait_seconds: int) -> httpx.Timeout:
    """The same with so much more time for the answer."""
    if not wait_seconds or timeout.read is None:
        return timeout
    return httpx.Timeout(
        timeout.read + wait_seconds,
        connect=timeout.connect,
        write=timeout.write,
        pool=timeout.pool,
    )
