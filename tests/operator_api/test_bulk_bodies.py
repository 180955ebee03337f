"""Bulk changes over HTTP: members that exclude or require each other, and wrong filters."""

from typing import Any

from tests.cases import all_cases
from tests.http.wire import message_of
from tests.operator_api.box_office import operate, show
from tests.operator_api.bulk import (
    HOLD,
    UNLOCK,
    VOID,
    Call,
)
from tests.serving import (
    CHANNEL,
    Served,
)

MINE_LISTED = {"channelCode": CHANNEL}

BODIES: dict[str, tuple[dict[str, Any], str]] = {
    "both": ({"tokens": ["listed-1"]}, "either `tokens` or `filter`"),
    "neither": ({"filter": ...}, "either `tokens` or `filter`"),
    "no confirmation": ({"dryRun": ...}, '`"dryRun": true` first'),
    "dryRun false": ({"dryRun": False}, '`"dryRun": true` first'),
    "dryRun with a confirmation": ({"confirmation": "0"}, "A dry run has no `confirmation`"),
    "dryRun with tokens": ({"filter": ..., "tokens": ["listed-1"]}, "only for a `filter`"),
    "a confirmation of tokens": (
        {"filter": ..., "dryRun": ..., "tokens": ["listed-1"], "confirmation": "0"},
        "only for a `filter`",
    ),
    "dryRun as text": ({"dryRun": "yes"}, "$.dryRun"),
    "dryRun null": ({"dryRun": None}, "$.dryRun"),
    "confirmation null": ({"confirmation": None}, "$.confirmation"),
    "an empty filter": ({"filter": {}}, "The filter is empty"),
    "an unknown filter": ({"filter": {"channel": CHANNEL}}, "channel"),
    "a place as a filter": ({"filter": {"after": "x"}}, "after"),
    "a filter that is no object": ({"filter": "all"}, "$.filter"),
    "a filter null": ({"filter": None}, "$.filter"),
    "a member null": ({"filter": {"section": None}}, "$.filter.section"),
    "an empty member": ({"filter": {"section": ""}}, "`section` is empty"),
    "an unknown state": ({"filter": {"state": "sold"}}, "$.filter.state"),
    "mpreserve as text": ({"filter": {"mpreserve": "true"}}, "$.filter.mpreserve"),
    "free and listed": ({"filter": {"state": "free", "mpreserve": True}}, "No ticket can match"),
    "void and of a channel": (
        {"filter": {"state": "voided", "channelCode": CHANNEL}},
        "No ticket can match",
    ),
    "a member twice in two ways": (
        {"filter": {"mpreserve": False, "externalListingId": "L"}},
        "No ticket can match",
    ),
}


@all_cases("name", BODIES)
@all_cases("call", [UNLOCK, VOID, HOLD])
def test_contradictory_members_are_422_and_change_nothing(
    shared: Served, call: Call, name: str
) -> None:
    changes, word = BODIES[name]
    path, body = call
    body = {**body, "filter": MINE_LISTED, "dryRun": True, **changes}
    given = {member: value for member, value in body.items() if value is not ...}
    answer = operate(shared, "PUT", path, given)
    assert word in message_of(answer, 422, "UNPROCESSABLE_ENTITY")
    assert show(shared, "listed-1")["version"] == 1
