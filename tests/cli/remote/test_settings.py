"""The settings of `seatlatch remote` from file, environment and option; its stored tokens."""

import json
from pathlib import Path

import pytest

from tests.cases import all_cases
from tests.cli.commands import run_within
from tests.cli.remoting import KEYS, remote
from tests.client.scripted import Asked, answer, answering
from tests.client.test_batches import succeeding
from tests.serving import (
    ACCESS_TOKEN,
    API_KEY,
    APPLICATION,
    CHANNEL,
    Served,
)

pytestmark = pytest.mark.usefixtures("nobody")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SSL_CERT_FILE", "/nowhere"),
        ("SSL_CERT_DIR", "/nowhere"),
        ("ALL_PROXY", "socks9://127.0.0.1:1"),
        ("all_proxy", "socks5://127.0.0.1:1"),
        ("HTTPS_PROXY", "http://[::1"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(variable: str, value: str) -> None:
    others = dict.fromkeys(("SSL_CERT_FILE", "SSL_CERT_DIR", "NO_PROXY", "no_proxy"), "")
    ran = remote("https://127.0.0.1:1", "unlock", "a", **{**others, variable: value})
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"seatlatch: {variable} ")
    assert ran.stderr.count("\n") == 1


SECRETS = ("API_KEY", "ACCESS_TOKEN", "AUTHORIZATION_CODE", "REFRESH_TOKEN")

BAD_SECRETS = ["s3cr3t ", " s3cr3t", "s3cr3t\n", "s3c\tr3t", "s3cr3t\u00a0", "s3c\u00fcr3t"]


@all_cases("name", SECRETS)
@all_cases("value", BAD_SECRETS)
def test_a_credential_that_no_header_can_hold_is_named_and_not_shown(
    tmp_path: Path, name: str, value: str
) -> None:
    variable = f"SEATLATCH_REMOTE_{name}"
    with answering(succeeding) as server:
        ran = remote(server.url, "unlock", "a", **{variable: value})
        known = {**KEYS, "SEATLATCH_REMOTE_URL": server.url}
        known.pop(variable, None)
        file = tmp_path / "remote.toml"
        file.write_text(f"{name.lower()} = {json.dumps(value)}\n", "utf-8")
        from_file = run_within("remote", "unlock", "a", "--config", str(file), **known)
    assert server.asked == []
    for result, source in ((ran, variable), (from_file, f"{name.lower()} in {file}")):
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr.startswith(f"seatlatch: {source} must ")
        for part in ("s3c", "r3t", "\u00fc"):
            assert part not in result.stderr


def test_a_byte_order_mark_before_the_file(service: Served, tmp_path: Path) -> None:
    text = CONFIG.replace("http://127.0.0.1:1", service.url).replace('"wrong"', f'"{ACCESS_TOKEN}"')
    file = tmp_path / "remote.toml"
    file.write_text(text.lstrip(), "utf-8-sig")
    ran = run_within("remote", "unlock", "listed-1", "--config", str(file))
    assert (ran.returncode, ran.stderr, ran.stdout) == (0, "", "1 unlocked.\n")


CONFIG = f"""
url = "http://127.0.0.1:1"
application_id = "{APPLICATION}"
api_key = "{API_KEY}"
channel_code = "{CHANNEL}"
access_token = "wrong"
"""


def test_the_environment_overrules_the_file_and_an_option_both(
    service: Served, tmp_path: Path
) -> None:
    (tmp_path / "seatlatch").mkdir()
    (tmp_path / "seatlatch" / "remote.toml").write_text(CONFIG)
    only_token = {"SEATLATCH_REMOTE_ACCESS_TOKEN": ACCESS_TOKEN}
    ran = run_within("remote", "unlock", "listed-1", "--url", service.url, **only_token)
    assert (ran.returncode, ran.stderr) == (0, "")
    ran = run_within("remote", "unlock", "listed-1", "--url", service.url)
    assert ran.returncode == 1
    assert "401 UNAUTHORIZED" in ran.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("url = 8080", "url in remote.toml must be a string in quotes."),
        ("uri = 'a'", "remote.toml has an unknown uri; known are url, "),
        ("url = ", "remote.toml is not TOML: "),
        ("", "SEATLATCH_REMOTE_URL is not set. Set it, or url in remote.toml."),
    ],
)
def test_a_bad_file_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("remote.toml").write_text(text)
    ran = run_within("remote", "unlock", "a", "--config", "remote.toml")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert said in ran.stderr


def test_an_unknown_variable_is_reported() -> None:
    ran = remote("http://127.0.0.1:1", "unlock", "a", SEATLATCH_REMOTE_URI="a")
    assert ran.returncode == 2
    assert "There is no setting SEATLATCH_REMOTE_URI; those of remote are" in ran.stderr


def test_a_server_does_not_mind_them(tmp_path: Path) -> None:
    ran = run_within("migrate", SEATLATCH_DATABASE_URL=f"sqlite:///{tmp_path}/a.db", **KEYS)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_tokens_for_a_code_are_kept_for_the_next_command(tmp_path: Path) -> None:
    pair = (
        '{"accessToken": "access", "refreshToken": "refresh", "tokenType": "Bearer",'
        ' "expiration": "2099-02-18T19:39:39.548608815Z"}'
    )

    def script(asked: Asked) -> bytes:
        if "/auth/token " in asked.head:
            return answer(200, pair)
        assert asked.header("authorization") == "Bearer access"
        return succeeding(asked)

    settings = {"SEATLATCH_REMOTE_ACCESS_TOKEN": "", "SEATLATCH_REMOTE_AUTHORIZATION_CODE": "code"}
    with answering(script) as server:
        for _ in range(2):
            assert remote(server.url, "unlock", "a", **settings).returncode == 0
    assert len([asked for asked in server.asked if "/auth/token " in asked.head]) == 1
    (kept,) = (tmp_path / "seatlatch").glob("*.json")
    assert kept.name.startswith(f"{APPLICATION}@127.0.0.1")
    kept.write_text("{")
    ran = remote(server.url, "unlock", "a", **settings)
    assert (ran.returncode, ran.stdout) == (1, "0 unlocked, 1 not answered.\n")
    assert "is damaged" in ran.stderr
