"""Which URLs a webhook may have, and which secrets sign when."""

from datetime import UTC, datetime, timedelta

from seatlatch.domain.webhook import URL_CHARACTERS_MAX, Webhook, url_problem, without_query
from tests.cases import all_cases

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@all_cases(
    "url",
    [
        "https://example.com",
        "https://example.com/seats?key=a&b=%20",
        "http://example.com:8080/",
        "https://xn--bcher-kva.example/",
        "https://[2606:4700:4700::1111]:8443/x",
        "HTTPS://EXAMPLE.COM/",
        "https://example.com/" + "a" * (URL_CHARACTERS_MAX - 20),
        "http://my_host/",
    ],
)
def test_valid_urls(url: str) -> None:
    assert url_problem(url) is None


@all_cases(
    ("url", "problem"),
    [
        ("", "visible"),
        ("example.com/seats", "https://"),
        ("ftp://example.com/", "https://"),
        ("file:///etc/passwd", "https://"),
        ("javascript:alert(1)", "https://"),
        ("gopher://example.com/", "https://"),
        ("https://", "host"),
        ("https:///seats", "host"),
        ("https:example.com", "host"),
        ("https://user@example.com/", "password"),
        ("https://user:secret@example.com/", "password"),
        ("https://example.com@127.0.0.1/", "password"),
        ("https://@example.com/", "password"),
        ("https://example.com/#part", "fragment"),
        ("https://example.com#@127.0.0.1/", "fragment"),
        ("https://example.com/#", "fragment"),
        ("https://example.com\\@127.0.0.1/", "visible"),
        ("https://exa mple.com/", "visible"),
        ("https://example.com/\r\nHost: other", "visible"),
        ("https://example.com/\t", "visible"),
        ("https://bücher.example/", "visible"),
        ("https://127。0。0。1/", "visible"),
        ("https://example.com:0/", "host"),
        ("https://example.com:99999/", "not a URL"),
        ("https://example.com:port/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://[what]/", "not a URL|host"),
        ("https://exa%6dple.com/", "host"),
        ("https://example.com/" + "a" * URL_CHARACTERS_MAX, "2,000"),
    ],
)
def test_invalid_urls(url: str, problem: str) -> None:
    found = url_problem(url)
    assert found
    assert any(word in found for word in problem.split("|"))


def test_the_query_is_not_logged() -> None:
    assert without_query("https://example.com:1/a?key=secret") == "https://example.com:1/a"


def test_the_old_secret_signs_until_its_end() -> None:
    webhook = Webhook("wh", "c", "https://example.com/", False, NOW, "new", {})
    assert webhook.secrets_at(NOW) == ["new"]
    rotated = webhook._replace(old_secret="old", old_secret_ends_at=NOW)
    assert rotated.secrets_at(NOW - timedelta(microseconds=1)) == ["new", "old"]
    assert rotated.secrets_at(NOW) == ["new"]
