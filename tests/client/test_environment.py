"""Proxies and certificates of the environment are used, or named in a `ClientError`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from seatlatch.client import CertificateError, ClientError, InvalidEnvironment, RequestNotSent
from seatlatch.client.environment import is_excluded
from tests.client.client_kinds import HURRIED, Making
from tests.client.scripted import answer, answering
from tests.client.test_arguments import everything_said

GOOD = answer(200, '{"success": [{"token": "a"}]}')


@pytest.mark.parametrize(
    "no_proxy",
    [
        "fd07:b51a:cc66:f0::/64,127.0.0.1",
        "[::1],[fd00::1]:8080,127.0.0.0/8",
        "[::1, fd07::/129, 127.0.0.1/99, ://, :, [, ], %, *.*, 127.0.0.1",
        "http://127.0.0.1",
        "*",
    ],
)
def test_no_proxy_of_any_form_is_understood(
    make: Making, monkeypatch: pytest.MonkeyPatch, no_proxy: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    with answering([GOOD]) as server:
        assert len(make(server.url).tickets.unlock(["a"]).success) == 1


def test_the_proxy_of_the_environment_is_used(
    make: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering([GOOD]) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("NO_PROXY", "fd07:b51a:cc66:f0::/64")
        make("http://tickets.example.com").tickets.unlock(["a"])
    assert proxy.asked[0].head.startswith("PUT http://tickets.example.com/v1/tickets/unlock ")


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "All_Proxy"])
def test_a_proxy_that_cannot_be_reached_is_named(
    make: Making, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "http://me:s3cr3t@127.0.0.1:1")
    with pytest.raises(RequestNotSent, match=f"proxy that {variable} names") as raised:
        make("http://tickets.example.com", retries=HURRIED).tickets.unlock(["a"])
    assert "s3cr3t" not in everything_said(raised.value)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("socks5://me:s3cr3t@127.0.0.1:1080", "needs the package socksio"),
        ("socks9://me:s3cr3t@127.0.0.1:1080", "must be the address of a proxy"),
        ("http://me:s3cr3t@[::1", "must be the address of a proxy"),
        ("http://me:s3cr3t@127.0.0.1:s3cr3t", "must be the address of a proxy"),
        ("http://me:s3c\nr3t@127.0.0.1", "must be the address of a proxy"),
        ("http://", "must be the address of a proxy"),
        ("https://me:s3cr3t@xn--a", "must be the address of a proxy"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named(
    make: Making, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidEnvironment, match=f"^{variable} .*{said}") as raised:
        make("https://tickets.example.com")
    assert raised.value.variable == variable
    shown = everything_said(raised.value)
    assert "s3c" not in shown
    assert "r3t" not in shown


@contextmanager
def bad_certificates(variable: str, folder: Path) -> Iterator[list[str]]:
    """Values of a variable that cannot be used."""
    (folder / "empty.pem").write_text("")
    (folder / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n")
    values = ["/nowhere", str(folder / "empty.pem"), str(folder / "broken.pem")]
    if variable == "SSL_CERT_FILE":
        values.append(str(folder))
    yield values if variable != "SSLKEYLOGFILE" else ["/nowhere/log"]


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"])
def test_certificates_that_cannot_be_used_are_named(
    make: Making, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    with bad_certificates(variable, tmp_path) as values:
        for value in values:
            monkeypatch.setenv(variable, value)
            with pytest.raises(InvalidEnvironment, match=f"^{variable} must be ") as raised:
                make("https://127.0.0.1:1")
            assert raised.value.variable == variable


def test_certificates_are_not_read_for_http(make: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    with answering([GOOD]) as server:
        assert len(make(server.url).tickets.unlock(["a"]).success) == 1


@pytest.mark.parametrize(
    ("entry", "url", "excluded"),
    [
        ("fd07:b51a:cc66:f0::/64", "https://[fd07:b51a:cc66:f0::7]", True),
        ("[fd07:b51a:cc66:f0::]/64", "https://[fd07:b51a:cc66:f0::7]", True),
        ("fd07:b51a:cc66:f0::/64", "https://[fd07:b51a:cc66:f1::7]", False),
        ("[::1]", "http://[::1]:8080", True),
        ("::1", "http://[::1]", True),
        ("[::1]:8080", "http://[::1]:8080", True),
        ("[::1]:8081", "http://[::1]:8080", False),
        ("10.0.0.0/8", "http://10.1.2.3", True),
        ("10.0.0.0/8", "http://11.1.2.3", False),
        ("10.0.0.0/8", "http://ten.example.com", False),
        ("10.1.2.3", "http://10.1.2.3", True),
        ("10.1.2.3:443", "https://10.1.2.3", True),
        ("10.1.2.3:443", "http://10.1.2.3", False),
        ("example.com", "http://example.com", True),
        ("Example.COM", "http://api.example.com", True),
        ("example.com", "http://notexample.com", False),
        (".example.com", "http://api.example.com", True),
        (".example.com", "http://example.com", False),
        ("*.example.com", "http://api.example.com", True),
        ("example.com:8080", "http://example.com:8080", True),
        ("example.com:8080", "http://example.com", False),
        ("https://example.com", "http://example.com", False),
        ("https://example.com", "https://example.com", True),
        ("all://example.com/", "http://example.com", True),
        ("localhost", "http://localhost:1", True),
        ("", "http://example.com", False),
        (".", "http://example.com", False),
        ("*.", "http://example.com", False),
        (" * ", "http://example.com", True),
    ],
)
def test_no_proxy(entry: str, url: str, *, excluded: bool) -> None:
    assert is_excluded(httpx.URL(url), f"other.example.org, {entry}") is excluded


def test_an_error_of_the_environment_is_a_client_error() -> None:
    assert issubclass(InvalidEnvironment, ClientError)
    assert issubclass(CertificateError, RequestNotSent)
