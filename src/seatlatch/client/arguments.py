"""Checks what a caller passes to the client; no message contains a value, which can be a secret."""

import math
from collections.abc import Mapping
from typing import Any

import httpx

from .errors import InvalidArgument, InvalidArgumentType


def check_header_text(argument: str, value: object) -> None:
    """Raise an `InvalidArgument` for what no request header can hold as it is.

    HTTP drops whitespace around a header's value, so such a value would arrive as another one.
    Access tokens and authorization codes are printable ASCII as well. Source: RFC 9110, section
    5.5, and RFC 6749, appendix A.
    """
    if not isinstance(value, str):
        raise wrong_type(argument, "a str", value)
    rule = _broken_rule(value)
    if rule is not None:
        raise InvalidArgument(argument, rule)


def check_credentials(
    required: Mapping[str, object], optional: Mapping[str, object | None]
) -> None:
    """Raise an `InvalidArgument` for the first text that no header can hold."""
    given = {name: text for name, text in optional.items() if text is not None}
    for argument, text in {**required, **given}.items():
        check_header_text(argument, text)


def _broken_rule(value: str) -> str | None:
    if not value.strip():
        return "must not be empty"
    if value[0].isspace():
        return "must not begin with whitespace"
    if value[-1].isspace():
        return "must not end with whitespace"
    if not value.isascii():
        return "must contain only ASCII characters"
    if not value.isprintable():
        return "must not contain control characters"
    return None


def check_positive(argument: str, value: object, *, whole: bool = False) -> None:
    """Raise an `InvalidArgument` for what is not a number above 0."""
    kinds: Any = int if whole else int | float
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise wrong_type(argument, "an int" if whole else "a number", value)
    if not value > 0 or not math.isfinite(value):
        raise InvalidArgument(argument, f"must be greater than 0, not {value}")


def check_not_negative(argument: str, value: object) -> None:
    """Raise an `InvalidArgument` for what is not a number of at least 0."""
    if value != 0:
        check_positive(argument, value)


def check_timeout(value: object) -> None:
    """Raise an `InvalidArgument` for what is no `Timeout`."""
    if value is not None and not isinstance(value, httpx.Timeout):
        check_positive("timeout", value)


def check_http(value: object, expected: type[httpx.Client] | type[httpx.AsyncClient]) -> None:
    """Raise an `InvalidArgumentType` for an `http` of the other kind, or of none."""
    if value is not None and not isinstance(value, expected):
        raise wrong_type("http", f"an httpx.{expected.__name__}", value)


def wrong_type(argument: str, expected: str, value: object) -> InvalidArgumentType:
    """The error for an argument of the wrong type."""
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    name = kind.__name__ if package == "builtins" else f"{package}.{kind.__name__}"
    return InvalidArgumentType(argument, f"must be {expected}, not {name}")
