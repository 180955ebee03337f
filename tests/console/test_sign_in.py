"""Where a sign-in leads."""

import pytest

from seatlatch.console.sign_in import local_path


@pytest.mark.parametrize("path", ["/console", "/console/tickets/a%2Fb?x=1", "/console?q=1"])
def test_a_page_of_the_console_is_opened(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "//evil.example/console",
        "https://evil.example/console",
        "/console//evil.example",
        "/console/\\evil.example",
        "/consoles",
        "/console/\r\nSet-Cookie: a=b",
        "/console/sign-in?next=/console",
        "/v1/tickets",
        "/console/ä",
    ],
)
def test_anything_else_opens_the_first_page(path: str) -> None:
    assert local_path(path) == "/console"
