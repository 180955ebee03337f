"""Commands that repeat what the inspector has received."""

from typing import Any

import pytest

from seatlatch.presentation.curl import (
    BODY_IS_INCOMPLETE,
    SECRETS_ARE_HIDDEN,
    curl_of_received,
)
from seatlatch.presentation.inspection import InspectedRequest
from seatlatch.sandbox import data
from seatlatch.sandbox.masking import BODY_BYTES_MAX
from tests.databases import ON_SQLITE
from tests.sandbox.sandboxes import Sandbox
from tests.sandbox.test_inspector import latest
from tests.serving import UNLOCK
from tests.shell import run_in_shell

pytestmark = ON_SQLITE  # no engine can influence it

REPEATED: list[tuple[dict[str, str | None], Any]] = [
    ({}, {"tokens": ["98973476444", "unknown"]}),
    ({}, b'\'; touch x; `id` "$(id)" \\ <script>\n\ttab'),
    ({}, b"@/etc/passwd"),
    ({}, b""),
    ({"user_agent": None}, {"tokens": []}),
    ({"accept": None, "content_type": None}, {"tokens": ["x"]}),
    ({"authorization": None}, {"tokens": ["x"]}),
    ({"pac_channel_code": ""}, {"tokens": ["x"]}),
    ({"pac_channel_code": "'$(id)'"}, {"tokens": ["x"]}),
]


@pytest.mark.parametrize(("changes", "body"), REPEATED)
def test_a_command_repeats_what_was_received(
    sandbox: Sandbox, changes: dict[str, str | None], body: Any
) -> None:
    sandbox.call("PUT", f"{UNLOCK}?a[]={{b}}&c='$d", body, **changes)
    command = curl_of_received(latest(sandbox))
    assert command.notes == []
    variables = {"URL": sandbox.url, "API_KEY": data.API_KEY, "ACCESS_TOKEN": data.ACCESS_TOKEN}
    run_in_shell(command.command, **variables)
    second, first = sandbox.inspector.latest()
    assert (second.method, second.target, second.body) == (first.method, first.target, first.body)
    assert sent_headers(second) == sent_headers(first)
    assert second.status == first.status


def sent_headers(request: InspectedRequest) -> list[tuple[str, str]]:
    """The headers in order of their names. Curl does not announce that there is no body."""
    return sorted(one for one in request.headers if one != ("content-length", "0"))


def test_a_command_says_what_it_does_not_have(sandbox: Sandbox) -> None:
    sandbox.put({"tokens": ["x" * BODY_BYTES_MAX]})
    assert curl_of_received(latest(sandbox)).notes == [BODY_IS_INCOMPLETE]
    sandbox.reset()
    sandbox.token({"code": data.AUTHORIZATION_CODE}, pac_application_id=data.APPLICATION)
    assert curl_of_received(latest(sandbox)).notes == [SECRETS_ARE_HIDDEN]
    sandbox.reset()
    sandbox.put(b'{"tokens":["\x1b"]}')
    assert curl_of_received(latest(sandbox)).notes == [BODY_IS_INCOMPLETE]
