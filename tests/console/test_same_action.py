"""The texts that people copy into a shell mean what they say there."""

import json
import re
import shlex

import pytest

from seatlatch.console.same_action import same_action

ODD = ["plain", "a b", "it's", '"$HOME"', "`id`", "$(id)", "a\\b", "a;b&c|d", "*?[]{}~!#"]


@pytest.mark.parametrize("value", ODD)
def test_values_stay_values_in_a_shell(value: str) -> None:
    body = {"reason": value}
    same = same_action(["channel", "remove", value], "PUT", "channels", value, "x", body=body)
    assert shlex.split(same.command) == ["seatlatch", "channel", "remove", value]
    words = shlex.split(same.curl.command.replace("\\\n", ""))
    assert words[:3] == ["curl", "-X", "PUT"]
    assert words[3].startswith("$URL/operator/v1/channels/")
    assert re.fullmatch(r"[$A-Za-z0-9/%._~-]+", words[3])
    assert words[4:6] == ["-H", "Authorization: Bearer $OPERATOR_KEY"]
    assert words[6:9] == ["-H", "Content-Type: application/json", "--data-raw"]
    assert json.loads(words[9]) == body


def test_a_call_without_a_body_has_none() -> None:
    assert same_action(["org", "list"], "DELETE", "organizations", "a/b").curl.command == (
        'curl -X DELETE "$URL"/operator/v1/organizations/a%2Fb \\\n'
        '  -H "Authorization: Bearer $OPERATOR_KEY"'
    )
