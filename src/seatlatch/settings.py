"""All settings in one table: name, default, meaning, and how to read the value.

The same table makes `docs/reference/settings.md`.
"""

from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Literal, NamedTuple, TypeVar

from seatlatch.environment import PREFIX, select_variables
from seatlatch.networks import Network
from seatlatch.secrecy import hides
from seatlatch.setting_values import (
    RateSetting,
    database_url,
    networks,
    one_of,
    optional_header_name,
    optional_label,
    rate,
    root_path,
    text,
    text_problem,
    webhook_networks,
    whole_number,
)

Value = TypeVar("Value")

YEAR_SECONDS = 31_536_000

WebhookAddresses = Literal["public", "loopback"]
Pooler = Literal["none", "transaction"]
ConsoleSetting = Literal["auto", "on", "off"]
LogFormat = Literal["auto", "console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


class SettingProblem(Exception):
    """A setting is unknown or has a bad value. The message is one sentence that names it."""


@hides("database_url")
class Settings(NamedTuple):
    """The settings of this process, one field for each row of `TABLE`."""

    database_url: str
    database_pooler: Pooler
    host: str
    port: int
    workers: int
    max_connections: int
    keep_alive_seconds: int
    drain_seconds: int
    shutdown_seconds: int
    root_path: str
    rate_limit: RateSetting | None
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]
    client_address_days: int
    authorization_code_seconds: int
    access_token_seconds: int
    refresh_token_seconds: int
    refresh_reuse_seconds: int
    webhook_addresses: WebhookAddresses
    webhook_networks: Sequence[Network]
    console: ConsoleSetting
    console_user_header: str | None
    log_format: LogFormat
    log_level: LogLevel
    actor: str | None


class Setting(NamedTuple):
    """A row: the field, its default as text, its meaning, and the reader of its value."""

    field: str
    default: str
    sentence: str
    read: Callable[[str], Any]
    secret: bool = False
    """Whether messages must not show the value, because it may contain a password."""

    option: str = ""
    """The option of commands that overrides it, if that is not named like the field."""

    @property
    def name(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.field.upper()


TABLE = (
    Setting(
        "database_url",
        "sqlite:///seatlatch.db",
        "The database: sqlite:///relative.db, sqlite:////absolute.db or"
        " postgresql://user:password@host:5432/database."
        " The sandbox ignores it and uses its own database.",
        database_url,
        secret=True,
    ),
    Setting(
        "database_pooler",
        "none",
        "transaction if a pooler in transaction mode, such as pgbouncer, is in front of PostgreSQL."
        " Then the service uses no prepared statements and no other session state.",
        one_of("none", "transaction"),
    ),
    Setting("host", "127.0.0.1", "The address on which the server listens.", text),
    Setting(
        "port",
        "8080",
        "The port on which the server listens; 0 chooses a free one.",
        whole_number(0, 65535),
    ),
    Setting(
        "workers",
        "1",
        "How many processes serve on the port; start with the number of cores. SQLite has one"
        " writer and allows only 1.",
        whole_number(1, 64),
    ),
    Setting(
        "max_connections",
        "10000",
        "How many connections each process keeps open. Further ones get 503 and are closed, and"
        " seatlatch_connections_refused_total counts them.",
        whole_number(1, 1_000_000),
    ),
    Setting(
        "keep_alive_seconds",
        "75",
        "How long a connection stays open without a request. Set it above the time that the load"
        " balancer keeps its connections, so that only the balancer closes idle ones.",
        whole_number(1, 86_400),
    ),
    Setting(
        "drain_seconds",
        "0",
        "How long the server continues to serve after SIGTERM while /readyz is 503. Set it above"
        " the interval of the load balancer's checks.",
        whole_number(0, 3600),
    ),
    Setting(
        "shutdown_seconds",
        "10",
        "How long the server then waits for requests in progress before it closes the remaining"
        " connections.",
        whole_number(1, 3600),
    ),
    Setting(
        "root_path",
        "",
        "The path under which a proxy publishes the service, such as /seatlatch. The proxy removes"
        " it from requests. The OpenAPI documents name it as the path of their server.",
        root_path,
    ),
    Setting(
        "rate_limit",
        "200:400",
        "off, or the limit of one application on this machine: requests per second and burst."
        " off also turns off the limits by client address.",
        rate,
    ),
    Setting(
        "trusted_proxies",
        "",
        "The proxies in front of the service, as addresses or networks with commas between them."
        " Only requests from these may give the client's address in X-Forwarded-For or Forwarded."
        " Let the proxy remove the header that it does not write: a client could send it.",
        networks,
    ),
    Setting(
        "client_address_days",
        "30",
        "How long the journal and the audit keep the client address of a request: personal data,"
        " shown to operators only. 0 means never: none is recorded, and the recorded ones are"
        " erased. The log is not affected.",
        whole_number(0, 3650),
    ),
    Setting(
        "authorization_code_seconds",
        "86400",
        "How long an authorization code can be used. People pass it on, so the default is a day.",
        whole_number(1, YEAR_SECONDS),
    ),
    Setting(
        "access_token_seconds",
        "3600",
        "How long an access token is valid.",
        whole_number(1, YEAR_SECONDS),
    ),
    Setting(
        "refresh_token_seconds",
        "2592000",
        "How long a refresh token is valid. A caller that stays away longer needs a new code.",
        whole_number(1, YEAR_SECONDS),
    ),
    Setting(
        "refresh_reuse_seconds",
        "0",
        "How long after a refresh the caller can use the old refresh token again, in case it lost"
        " the response. 0 means never: a second use revokes all tokens of its code.",
        whole_number(0, 60),
    ),
    Setting(
        "webhook_addresses",
        "public",
        "The addresses that webhooks may have: public, or loopback to also allow those of this"
        " machine. The sandbox uses loopback.",
        one_of("public", "loopback"),
    ),
    Setting(
        "webhook_networks",
        "",
        "Private networks that webhooks may also have, such as 10.0.0.0/8,fd00::/8."
        " Loopback, link-local, multicast and metadata addresses are never allowed.",
        webhook_networks,
    ),
    Setting(
        "console",
        "auto",
        "on, or off to remove the operators' pages at /console. auto is on for the sandbox and off"
        " for serve.",
        one_of("auto", "on", "off"),
    ),
    Setting(
        "console_user_header",
        "",
        "The header in which a trusted proxy names the operator who has signed in there, such as"
        " X-Remote-User. Absent: people sign in to the console with a key.",
        optional_header_name,
    ),
    Setting(
        "log_format",
        "auto",
        "console for people, json for programs: one object a line. auto is console if standard"
        " error is a terminal, else json.",
        one_of("auto", "console", "json"),
    ),
    Setting(
        "log_level",
        "info",
        "The lowest level that is logged. debug also logs the tokens of each request.",
        one_of("debug", "info", "warning", "error"),
    ),
    Setting(
        "actor",
        "",
        "The person who runs commands, for the journal and the audit: up to 200 characters. Absent:"
        " the system's user, or the user who called sudo. The option --as overrides it.",
        optional_label,
        option="as",
    ),
)


def read_settings(
    environment: Mapping[str, str], options: Mapping[str, str | None] | None = None
) -> Settings:
    """Read the settings from `environment`, overridden by the command line's `options` (by field).

    The variable of a given option is not read at all. Raises `SettingProblem` for an
    unknown SEATLATCH_ name or a bad value.
    """
    variables = select_variables(environment).values
    require_known(variables, [setting.name for setting in TABLE], "the settings")
    given = {field: value for field, value in (options or {}).items() if value is not None}
    values: dict[str, Any] = {}
    for setting in TABLE:
        if setting.field in given:
            name = f"--{setting.option or setting.field.removesuffix('_url').replace('_', '-')}"
            value = given[setting.field]
        else:
            name, value = setting.name, variables.get(setting.name, setting.default)
        values[setting.field] = read_value(name, value, setting.read, secret=setting.secret)
    return Settings(**values)


def require_known(variables: Mapping[str, str], known: Sequence[str], called: str) -> None:
    """Raise `SettingProblem` for a variable that is not known."""
    for name in variables:
        if name not in known:
            raise SettingProblem(
                f"There is no setting {name}; {called} are {', '.join(sorted(known))}."
            )


def read_value(name: str, value: str, read: Callable[[str], Value], *, secret: bool) -> Value:
    """Convert a text by `read`. Raises `SettingProblem`, which names the setting.

    The message shows the text unless it is `secret`.
    """
    if problem := text_problem(value):
        raise SettingProblem(f"{name} {problem}.")
    try:
        return read(value)
    except ValueError as problem:
        shown = "" if secret else f"; it is {value!r}"
        raise SettingProblem(f"{name} {problem}{shown}.") from None
