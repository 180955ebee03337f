"""Reading settings: their defaults, and values that are refused."""

import pytest

from seatlatch.setting_values import RateSetting
from seatlatch.settings import SettingProblem, Settings, read_settings


def test_the_defaults_are_the_contracts() -> None:
    assert read_settings({}) == Settings(
        database_url="sqlite:///seatlatch.db",
        database_pooler="none",
        host="127.0.0.1",
        port=8080,
        workers=1,
        max_connections=10_000,
        keep_alive_seconds=75,
        drain_seconds=0,
        shutdown_seconds=10,
        root_path="",
        rate_limit=RateSetting(200, 400),
        trusted_proxies=(),
        client_address_days=30,
        authorization_code_seconds=86_400,
        access_token_seconds=3_600,
        refresh_token_seconds=2_592_000,
        refresh_reuse_seconds=0,
        webhook_addresses="public",
        webhook_networks=(),
        console="auto",
        console_user_header=None,
        log_format="auto",
        log_level="info",
        actor=None,
    )


@pytest.mark.parametrize("value", ["61", "-1", "1.5", "off"])
def test_a_bad_reuse_time_stops_the_start(value: str) -> None:
    expected = "SEATLATCH_REFRESH_REUSE_SECONDS must be a whole number from 0 to 60"
    with pytest.raises(SettingProblem, match=expected):
        read_settings({"SEATLATCH_REFRESH_REUSE_SECONDS": value})


def test_trusted_proxies_are_addresses_and_networks() -> None:
    settings = read_settings({"SEATLATCH_TRUSTED_PROXIES": "10.0.0.1, 10.1.0.0/16,fd00::/8"})
    assert [str(network) for network in settings.trusted_proxies] == [
        "10.0.0.1/32",
        "10.1.0.0/16",
        "fd00::/8",
    ]


@pytest.mark.parametrize("value", ["proxy", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.1,", "*", "::g"])
def test_bad_trusted_proxies_stop_the_start(value: str) -> None:
    with pytest.raises(SettingProblem, match="SEATLATCH_TRUSTED_PROXIES must be addresses or net"):
        read_settings({"SEATLATCH_TRUSTED_PROXIES": value})


@pytest.mark.parametrize("path", ["", "/seatlatch", "/a/b-c_d.e~f"])
def test_a_root_path(path: str) -> None:
    assert read_settings({"SEATLATCH_ROOT_PATH": path}).root_path == path


@pytest.mark.parametrize("path", ["/", "seatlatch", "/a/", "//a", "/a b", "/a?b", "https://a/b"])
def test_a_root_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(SettingProblem, match="SEATLATCH_ROOT_PATH must be a path"):
        read_settings({"SEATLATCH_ROOT_PATH": path})
