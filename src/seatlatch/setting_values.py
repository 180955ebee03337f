"""Reads the values of settings: each reader turns text into a value.

A reader raises `ValueError` with the end of a sentence that starts with the setting's name.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple

from seatlatch.domain.label import code_point, label_problem, without_invisible_ends
from seatlatch.networks import EMBEDDING, NEVER_4, NEVER_6, Network

NETWORKS_MAX = 100

HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
NAMES = {"\t": "tab", "\n": "line feed", "\r": "carriage return"}
"""Unicode gives control characters no name. Files and shells leave these behind."""


class RateSetting(NamedTuple):
    """Requests per second and burst, per application."""

    per_second: float
    burst: int


def text_problem(value: str) -> str | None:
    """The end of a sentence about text that no setting can have; None = there is no problem.

    It names one character and never shows the value, which may be a secret.
    """
    if any("\ud800" <= character <= "\udfff" for character in value):
        return "must be text in UTF-8"
    visible = without_invisible_ends(value)
    if visible != value:
        at_end = visible and value.startswith(visible)
        place, character = ("end", value[-1]) if at_end else ("begin", value[0])
        return f"must not {place} with {_shown(character)}"
    if found := CONTROL_CHARACTER.search(value):
        return f"must not contain {_shown(found[0])}"
    return None


def _shown(character: str) -> str:
    """A character by code point and name, for a message: it may be invisible."""
    kind = "control character" if CONTROL_CHARACTER.match(character) else "invisible character"
    name: str = unicodedata.name(character, NAMES.get(character, kind))
    return f"{code_point(character)} ({name.lower()})"


def text(value: str) -> str:
    """Any text but an empty one."""
    if not value:
        raise ValueError("must not be empty")
    return value


def optional_header_name(value: str) -> str | None:
    """The name of a header in lower case, or None for an empty text."""
    if value and not HEADER_NAME.fullmatch(value):
        raise ValueError("must be the name of a header, such as X-Remote-User")
    return value.lower() or None


def optional_label(value: str) -> str | None:
    """A name for people; None if it is empty."""
    if value and (problem := label_problem(value)):
        raise ValueError(problem)
    return value or None


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A reader of whole numbers from `low` to `high`."""

    def read(value: str) -> int:
        if not (re.fullmatch(r"[0-9]{1,9}", value) and low <= int(value) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(value)

    return read


def one_of(*words: str) -> Callable[[str], str]:
    """A reader of one of these words."""

    def read(value: str) -> str:
        if value not in words:
            raise ValueError(f"must be one of: {', '.join(words)}")
        return value

    return read


def rate(value: str) -> RateSetting | None:
    """`off` (None), or requests per second and burst."""
    if value == "off":
        return None
    per_second, _, burst = value.partition(":")
    number = whole_number(1, 1_000_000)
    try:
        return RateSetting(number(per_second), number(burst))
    except ValueError:
        raise ValueError(
            "must be off, or requests per second and burst such as 200:400, each 1 to 1000000"
        ) from None


def networks(value: str) -> tuple[Network, ...]:
    """Addresses or networks such as 10.0.0.0/8, separated by commas; an empty text has none."""
    parts = [part.strip() for part in value.split(",")] if value else []
    if len(parts) > NETWORKS_MAX:
        raise ValueError(f"must have no more than {NETWORKS_MAX} networks")
    return tuple(map(_network, parts))


def webhook_networks(value: str) -> tuple[Network, ...]:
    """Networks to which webhooks can be allowed."""
    found = networks(value)
    for network in found:
        never: Sequence[Network] = NEVER_4 if isinstance(network, IPv4Network) else NEVER_6
        if any(_is_within(network, one) for one in never):
            raise ValueError(
                f"must not have {network}: loopback, link-local, multicast and metadata addresses"
                " are never allowed"
            )
        if any(_is_within(network, one) for one in EMBEDDING):
            raise ValueError(
                f"must not have {network}: write the IPv4 network that its addresses lead to"
            )
    return found


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as problem:
        raise ValueError(
            "must be addresses or networks such as 10.0.0.0/8,fd00::/8, separated by commas"
            f" ({problem})"
        ) from None


def _is_within(network: Network, other: Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(other, IPv4Network) and network.subnet_of(other)
    return isinstance(other, IPv6Network) and network.subnet_of(other)


def root_path(value: str) -> str:
    """A path without a slash at its end, or an empty text."""
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", value):
        raise ValueError("must be a path such as /seatlatch, without a slash at its end")
    return value


def database_url(value: str) -> str:
    """A database URL of a supported engine."""
    scheme, _, path = value.partition(":///")
    if scheme == "sqlite" and path and not re.search(r"\?|^:memory:$", path):
        return value
    if re.match(r"postgres(ql)?://", value):
        return value
    raise ValueError(
        "must be sqlite:///relative.db, sqlite:////absolute.db"
        " or postgresql://user:password@host:5432/database"
    )
