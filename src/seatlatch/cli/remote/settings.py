"""The settings of `seatlatch remote`, read from the environment and from a TOML file.

The same table makes a part of `docs/guides/remote.md`.
"""

import os
import pwd
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from seatlatch.cli.options import report_injected
from seatlatch.environment import REMOTE_PREFIX, select_variables
from seatlatch.secrecy import hides
from seatlatch.settings import SettingProblem, read_value, require_known

CONFIG_FILE = Path("seatlatch") / "remote.toml"
"""The path within the user's configuration folder."""


@hides("api_key", "access_token", "authorization_code", "refresh_token")
class RemoteSettings(NamedTuple):
    """The settings, one field for each row of `TABLE`, and `sources`."""

    url: str
    application_id: str
    api_key: str
    channel_code: str
    access_token: str | None
    authorization_code: str | None
    refresh_token: str | None
    token_file: str | None
    user_agent: str | None
    sources: Mapping[str, str]
    """For each field the option, variable or member of the file that set it."""


class RemoteSetting(NamedTuple):
    """A row: the name in the file, and the meaning."""

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
    RemoteSetting("access_token", "An access token, used until it expires."),
    RemoteSetting(
        "authorization_code",
        "An authorization code, used once. Its tokens are stored in `token_file` and renewed.",
    ),
    RemoteSetting("refresh_token", "A refresh token, used once, likewise."),
    RemoteSetting(
        "token_file",
        "The file that stores the tokens of a code or refresh token. By default one file for each"
        " application and host in the folder `seatlatch` of the user's state"
        " (`~/.local/state/seatlatch`).",
    ),
    RemoteSetting("user_agent", "Your product and version, such as `MyApplication/1.0`."),
)


def read_remote_settings(
    environment: Mapping[str, str], config: Path | None, url: str | None
) -> RemoteSettings:
    """Read the settings from the file, overridden by the environment, overridden by `url`.

    If `config` is None, the file is the user's, if it exists. Raises `SettingProblem` for an
    unknown name, a bad value, a file that can't be read, and a required setting that is absent.
    """
    variables, injected = select_variables(environment, remote=True)
    require_known(variables, [setting.variable for setting in TABLE], "those of remote")
    report_injected(injected)
    file = config or user_file(environment)
    in_file = _read_file(file, must_exist=config is not None) if file else {}
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for setting in TABLE:
        if setting.field == "url" and url is not None:
            name, value = "--url", url
        elif setting.variable in variables:
            name, value = setting.variable, variables[setting.variable]
        else:
            name, value = f"{setting.field} in {file}", in_file.get(setting.field, "")
        if setting.required and not value:
            place = f", or {setting.field} in {file}" if file else ""
            raise SettingProblem(f"{setting.variable} is not set. Set it{place}.")
        values[setting.field] = read_value(name, value, str, secret=True) or None
        sources[setting.field] = name
    return RemoteSettings(**values, sources=sources)


def user_file(environment: Mapping[str, str]) -> Path | None:
    """The path of the user's settings file, which may not exist. None = the user has no home."""
    folder = _user_folder(environment, "XDG_CONFIG_HOME", Path(".config"))
    return folder / CONFIG_FILE if folder else None


def token_file(environment: Mapping[str, str], application_id: str, host: str) -> Path:
    """The default file of tokens. Raises `SettingProblem` if the user has no home."""
    folder = _user_folder(environment, "XDG_STATE_HOME", Path(".local") / "state")
    if folder is None:
        raise SettingProblem(
            "There is no home directory for the tokens. Set"
            " SEATLATCH_REMOTE_TOKEN_FILE, XDG_STATE_HOME or HOME."
        )
    return folder / "seatlatch" / f"{application_id}@{host}.json".replace(os.sep, "_")


def _user_folder(environment: Mapping[str, str], variable: str, below_home: Path) -> Path | None:
    """The folder in a variable, else one below the user's home; None = there is no home.

    A container may run as a user without HOME and without an entry in the user database.
    """
    if named := environment.get(variable):
        return Path(named)
    if home := environment.get("HOME"):
        return Path(home) / below_home
    with suppress(KeyError):
        return Path(pwd.getpwuid(os.getuid()).pw_dir) / below_home
    return None


def _read_file(file: Path, *, must_exist: bool) -> dict[str, str]:
    try:
        document = tomllib.loads(file.read_text("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        if must_exist:
            raise SettingProblem(
                f"There is no file {file}. Use --config with an existing file."
            ) from None
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
            raise SettingProblem(f"{name} in {file} must be a string in quotes.")
    return document
