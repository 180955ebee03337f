"""What `seatlatch remote` is told: one table, read from the environment and from a TOML file.

The same table makes a part of `docs/guides/remote.md`.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from seatlatch.settings import REMOTE_PREFIX, SettingProblem

CONFIG_FILE = Path("seatlatch") / "remote.toml"
"""Within the folder of the user's configuration."""


class RemoteSettings(NamedTuple):
    """How to reach a service, and as whom; each field a row of `TABLE`."""

    url: str
    application_id: str
    api_key: str
    channel_code: str
    access_token: str | None
    authorization_code: str | None
    refresh_token: str | None
    token_file: str | None
    user_agent: str | None

    def __repr__(self) -> str:
        """Without the credentials."""
        return f"RemoteSettings(url={self.url!r}, application_id={self.application_id!r})"


class RemoteSetting(NamedTuple):
    """One row: its name in the file, and what it means."""

    field: str
    sentence: str
    required: bool = False

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return REMOTE_PREFIX + self.field.upper()


TABLE = (
    RemoteSetting("url", "The service's address, with or without /v1.", required=True),
    RemoteSetting("application_id", "The application's identifier.", required=True),
    RemoteSetting("api_key", "The application's key.", required=True),
    RemoteSetting("channel_code", "The channel's identifier.", required=True),
    RemoteSetting("access_token", "An access token, for as long as it is good."),
    RemoteSetting(
        "authorization_code", "A code, once; what comes of it is kept in `token_file` and renewed."
    ),
    RemoteSetting("refresh_token", "A refresh token, once; likewise."),
    RemoteSetting(
        "token_file",
        "Where the tokens are kept that were had for a code or refresh token. If it is not set, by"
        " application and host in the folder `seatlatch` of the user's state"
        " (`~/.local/state/seatlatch`).",
    ),
    RemoteSetting("user_agent", "Your product and version, as in `MyApplication/1.0`."),
)


def read_remote_settings(
    environment: Mapping[str, str], config: Path | None, url: str | None
) -> RemoteSettings:
    """What is set: in the file, overruled by the environment, overruled by `url`.

    `config` None = the file of the user, if there is one. Raises `SettingProblem` for an unknown
    name, a value that is no text, a file that can't be read, and what is required and absent.
    """
    file = config or config_folder(environment) / CONFIG_FILE
    values = _read_file(file, must_exist=config is not None)
    known = {setting.variable: setting.field for setting in TABLE}
    for name, value in environment.items():
        if name.startswith(REMOTE_PREFIX):
            if name not in known:
                raise SettingProblem(
                    f"There is no setting {name}; those of remote are {', '.join(known)}."
                )
            values[known[name]] = value
    if url is not None:
        values["url"] = url
    for setting in TABLE:
        if setting.required and not values.get(setting.field):
            raise SettingProblem(
                f"{setting.variable} is not set. Set it, or {setting.field} in {file}."
            )
    given: dict[str, Any] = {setting.field: values.get(setting.field) or None for setting in TABLE}
    return RemoteSettings(**given)


def config_folder(environment: Mapping[str, str]) -> Path:
    """Where the user's configuration is."""
    return Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def token_file(environment: Mapping[str, str], application_id: str, host: str) -> Path:
    """Where tokens are kept if nothing else was said."""
    state = Path(environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "seatlatch" / f"{application_id}@{host}.json".replace(os.sep, "_")


def _read_file(file: Path, *, must_exist: bool) -> dict[str, str]:
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        if must_exist:
            raise SettingProblem(f"There is no file {file}. Give --config one that is.") from None
        return {}
    except OSError as error:
        raise SettingProblem(f"Can't read {file} ({error.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingProblem(f"{file} is not TOML: {error}.") from None
    known = [setting.field for setting in TABLE]
    for name, value in document.items():
        if name not in known:
            raise SettingProblem(f"{file} has an unknown {name}; known are {', '.join(known)}.")
        if not isinstance(value, str):
            raise SettingProblem(f"{name} in {file} must be a text in quotes.")
    return document
