"""What is masked in a request, wherever it is."""

import json

import pytest

from seatlatch.sandbox.masking import ESCAPED, Mask
from tests.cases import all_cases

HEADERS = [("authorization", "Bearer top-secret-1"), ("pac-api-key", 'quo"ted-secret')]
MASK = Mask(HEADERS)


@all_cases(
    "name",
    [
        *("Authorization", "PAC-API-Key", "X-Api-Key", "Cookie", "Set-Cookie", "X-Auth"),
        *("X-Token", "Client-Secret", "Password", "Proxy-Authorization", "X-Credentials"),
    ],
)
def test_a_header_that_may_be_secret_is_masked(name: str) -> None:
    ((_, shown),) = Mask([(name, "s3cr3t-value")]).request_headers()
    assert shown == "*** (12 characters)"


@all_cases("name", ["PAC-Application-ID", "PAC-Channel-Code", "Request-ID", "Accept", "User-Agent"])
def test_others_are_shown(name: str) -> None:
    assert Mask([(name, "public-value")]).request_headers() == [(name, "public-value")]


@all_cases(
    "text",
    [
        "a top-secret-1 b",
        json.dumps({"x": 'quo"ted-secret'}),
        "/v1/requests/quo%22ted-secret",
        "/v1?access_token=other&x=1",
        "code=other",
        "whsec_abcDEF123+/=",
    ],
)
def test_a_secret_elsewhere_is_masked(text: str) -> None:
    shown = MASK.text(text)
    assert "***" in shown
    for secret in ("top-secret", "ted-secret", "other", "abcDEF"):
        assert secret not in shown


def test_a_short_secret_is_only_masked_in_its_place() -> None:
    mask = Mask([("pac-api-key", "1001")])
    assert mask.request_headers() == [("pac-api-key", "*** (4 characters)")]
    assert mask.text("ticket 1001") == "ticket 1001"


@all_cases(
    "body",
    [
        {"code": "hidden"},
        {"refreshToken": "hidden", "grantType": "refresh_token"},
        {"x": [{"y": "hidden"}]},
        {"code": 123456},
        ["hidden"],
        "hidden",
        123456,
    ],
)
def test_of_a_body_that_may_have_secrets_the_structure_is_shown(body: object) -> None:
    text = json.dumps(body).encode()
    shown = MASK.body(text, len(text), may_have_secrets=True)
    assert "hidden" not in shown.text
    assert "123456" not in shown.text
    assert '"***"' in shown.text
    assert json.loads(shown.text)


@all_cases("body", [b"code=hidden", b'{"code":"hidden', b"\xffhidden", b"'hidden'"])
def test_what_is_no_json_is_not_shown(body: bytes) -> None:
    shown = MASK.body(body, len(body), may_have_secrets=True)
    assert shown.text == ""
    assert shown.note == f"{len(body)} bytes that are not JSON, hidden because they may be secrets."


def test_members_with_a_secret_s_name_are_masked_everywhere() -> None:
    body = b'{"api_key":"hidden","accessToken" : "hidden","secret":"hid\\"den", "token":"ticket"}'
    shown = MASK.body(body, len(body), may_have_secrets=False)
    assert shown == ('{"api_key":"***","accessToken" : "***","secret":"***", "token":"ticket"}', "")


@pytest.mark.parametrize("body", [b'"\xff"', b'"\x00"', '"\u202e"'.encode(), b'"\x1b[31m"'])
def test_what_cannot_be_shown_is_escaped(body: bytes) -> None:
    shown = MASK.body(body, len(body), may_have_secrets=False)
    assert shown.text.isprintable()
    assert "\\" in shown.text
    assert shown.note == ESCAPED
