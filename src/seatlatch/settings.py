"""Every setting: one table of name, default and sentence. Reads the environment it is given.

Touches nothing else. The same table makes `docs/reference/settings.md`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

PREFIX = "SEATLATCH_"
REMOTE_PREFIX = "SEATLATCH_REMOTE_"
"""Of what `seatlatch remote` is told, which calls a service and is none."""

YEAR_SECONDS = 31_536_000

WebhookAddresses = Literal["public", "loopback"]
Pooler = Literal["none", "transaction"]
LogFormat = Literal["auto", "console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


class SettingProblem(Exception):
    """A setting is unknown or has a bad value. The message is one sentence that names it."""


class RateSetting(NamedTuple):
    """Requests per second and burst, per application."""

    per_second: float
    burst: int


class Settings(NamedTuple):
    """How this process is set, each field a row of `TABLE`."""

    database_url: str
    database_pooler: Pooler
    host: str
    port: int
    workers: int
    rate_limit: RateSetting | None
    authorization_code_seconds: int
    access_token_seconds: int
    refresh_token_seconds: int
    webhook_addresses: WebhookAddresses
    log_format: LogFormat
    log_level: LogLevel


class Setting(NamedTuple):
    """One row: the field it fills, its default as text, what it means, and how to read it."""

    field: str
    default: str
    sentence: str
    read: Callable[[str], Any]
    secret: bool = False
    """Never shown: there may be a password in it, wherever it was put."""

    @property
    def name(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.field.upper()


def _text(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    return value


def _whole_number(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not (value.isascii() and value.isdigit() and low <= int(value[:9]) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(value)

    return read


def _one_of(*words: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in words:
            raise ValueError(f"must be one of: {', '.join(words)}")
        return value

    return read


def _rate(value: str) -> RateSetting | None:
    if value == "off":
        return None
    per_second, _, burst = value.partition(":")
    number = _whole_number(1, 1_000_000)
    try:
        return RateSetting(number(per_second), number(burst))
    except ValueError:
        raise ValueError(
            "must be off, or requests per second and burst such as 200:400, each 1 to 1000000"
        ) from None


def _database_url(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("must be text in UTF-8") from None
    scheme, _, path = value.partition(":///")
    if scheme == "sqlite" and path and not re.search(r"[?\0]|^:memory:$", path):
        return value
    if re.match(r"postgres(ql)?://", value) and "\0" not in value:
        return value
    raise ValueError(
        "must be sqlite:///relative.db, sqlite:////absolute.db"
        " or postgresql://user:password@host:5432/database"
    )


TABLE = (
    Setting(
        "database_url",
        "sqlite:///seatlatch.db",
        "Where the data lives: sqlite:///relative.db, sqlite:////absolute.db or"
        " postgresql://user:password@host:5432/database."
        " The sandbox ignores it and brings a database of its own.",
        _database_url,
        secret=True,
    ),
    Setting(
        "database_pooler",
        "none",
        "transaction if a pooler in transaction mode, such as pgbouncer, stands before PostgreSQL:"
        " then nothing is kept from one transaction to the next, prepared statements above all.",
        _one_of("none", "transaction"),
    ),
    Setting("host", "127.0.0.1", "The address on which the server listens.", _text),
    Setting(
        "port", "8080", "The port on which it listens; 0 takes a free one.", _whole_number(0, 65535)
    ),
    Setting(
        "workers",
        "1",
        "How many processes serve on the port; begin with the number of cores. SQLite has one"
        " writer, so with it only 1.",
        _whole_number(1, 64),
    ),
    Setting(
        "rate_limit",
        "200:400",
        "off, or what one application may send to this machine: requests per second and burst.",
        _rate,
    ),
    Setting(
        "authorization_code_seconds",
        "86400",
        "How long an authorization code waits to be used. People hand it on, so a day.",
        _whole_number(1, YEAR_SECONDS),
    ),
    Setting(
        "access_token_seconds",
        "3600",
        "How long an access token is good for.",
        _whole_number(1, YEAR_SECONDS),
    ),
    Setting(
        "refresh_token_seconds",
        "2592000",
        "How long a refresh token is good for: who does not call for so long needs a new code.",
        _whole_number(1, YEAR_SECONDS),
    ),
    Setting(
        "webhook_addresses",
        "public",
        "To which addresses webhooks are sent: public, or loopback for this machine's own,"
        " too. Other private addresses are always refused. The sandbox takes loopback.",
        _one_of("public", "loopback"),
    ),
    Setting(
        "log_format",
        "auto",
        "console for people, json for machines: one object a line. auto is console if standard"
        " error is a terminal, else json.",
        _one_of("auto", "console", "json"),
    ),
    Setting(
        "log_level",
        "info",
        "The least level that is logged. At debug, also the tokens of each request.",
        _one_of("debug", "info", "warning", "error"),
    ),
)


def read_settings(
    environment: Mapping[str, str], options: Mapping[str, str | None] | None = None
) -> Settings:
    """The settings by `environment`, overruled by the command line's `options` (by field).

    Raises `SettingProblem` for an unknown SEATLATCH_ name or a bad value.
    """
    known = {setting.name for setting in TABLE}
    for name in sorted(environment):
        is_ours = name.startswith(PREFIX) and not name.startswith(REMOTE_PREFIX)
        if is_ours and name not in known:
            raise SettingProblem(
                f"There is no setting {name}; the settings are {', '.join(sorted(known))}."
            )
    given = {field: value for field, value in (options or {}).items() if value is not None}
    values: dict[str, Any] = {}
    for setting in TABLE:
        value = _read(setting, setting.name, environment.get(setting.name, setting.default))
        if setting.field in given:
            option = "--" + setting.field.removesuffix("_url").replace("_", "-")
            value = _read(setting, option, given[setting.field])
        values[setting.field] = value
    return Settings(**values)


def _read(setting: Setting, called: str, text: str) -> Any:
    """A setting's value; what is wrong with it is told by the name under which it was given."""
    try:
        return setting.read(text)
    except ValueError as problem:
        shown = "" if setting.secret else f", not {text!r}"
        raise SettingProblem(f"{called} {problem}{shown}.") from None
