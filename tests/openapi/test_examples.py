"""The server returns exactly the documents' examples, and every documented refusal."""

from collections.abc import Callable
from typing import Any

import msgspec

from seatlatch.openapi import channel_operations as channel
from seatlatch.openapi import operator_operations as box_office
from seatlatch.openapi.document import channel_document, operator_document
from seatlatch.openapi.examples.example import Example
from seatlatch.openapi.field_descriptions import PATH_PARAMETERS
from seatlatch.openapi.operations import Operation
from seatlatch.sandbox.data import fill
from tests.databases import Database
from tests.openapi.asking import Ask, asked_by
from tests.openapi.test_document import operations, resolved
from tests.serving import Served, serving

OPERATIONS = [*channel.OPERATIONS, *box_office.OPERATIONS]
ANSWERED = [
    (call, example)
    for call in (
        *(channel.UNLOCK, channel.LOCK, channel.VERIFY),
        *(box_office.PUT, box_office.STATUS, box_office.UNLOCK, box_office.VOID),
        box_office.PUT_EVENTS,
    )
    for example in call.examples
]
"""The examples whose responses are always the same."""


TOO_MANY = msgspec.json.encode({"tokens": [f"{number:011}" for number in range(101)]})


def test_the_examples_are_answered_to_the_letter_by_a_fresh_sandbox(sandbox: Served) -> None:
    for call, example in ANSWERED:
        with sandbox.database.provisioning() as provisioning:
            provisioning.do(fill)
        ask = asked_by(call, example)
        if example.name == "tooMany":
            ask = ask._replace(
                content=msgspec.json.encode({"tokens": [str(n) for n in range(101)]})
            )
        answer = ask.send(sandbox)
        reported = msgspec.json.encode(example.response)
        assert (answer.status_code, answer.content) == (example.status, reported), example.name


def members(body: Any) -> Any:
    """The names in a body, in their order."""
    if isinstance(body, dict):
        return {name: members(value) for name, value in body.items()}
    return [members(value) for value in body] if isinstance(body, list) else None


def test_what_is_read_back_has_the_members_of_its_example(sandbox: Served) -> None:
    first = asked_by(channel.TOKEN).send(sandbox)
    assert list(first.json()) == list(channel.TOKEN.examples[0].response)
    for call in (box_office.PUT, box_office.STATUS):
        assert asked_by(call).send(sandbox).status_code == 200
    for call in (box_office.SHOW, box_office.FIND, box_office.LIST_EVENTS, box_office.HISTORY):
        answer = asked_by(call).send(sandbox).json()
        example = call.examples[0].response
        if call is box_office.SHOW:
            answer["hold"] = None
        if call is box_office.FIND:
            answer["tickets"] = [{**answer["tickets"][0], "hold": None}]
        if call is box_office.LIST_EVENTS:
            answer["events"] = answer["events"][:1]
        assert members(answer) == members(example), call.operation_id


Fault = Callable[[Operation, Ask], Ask]

FAULTS: dict[str, tuple[int, Fault]] = {
    "a header of the wrong form": (400, lambda call, ask: ask.given(Request_ID="1")),
    "no credentials": (401, lambda call, ask: ask.without("Authorization")),
    "a wrong channel": (403, lambda call, ask: ask.given(PAC_Channel_Code="other")),
    "nothing there": (404, lambda call, ask: ask._replace(path=absent(call, ask))),
    "another method": (405, lambda call, ask: ask._replace(method="SEARCH")),
    "no JSON wanted": (406, lambda call, ask: ask.given(Accept="text/html")),
    "too large": (413, lambda call, ask: ask.given(Content_Length=str(17 * 1024 * 1024))),
    "no JSON sent": (415, lambda call, ask: ask.given(Content_Type="text/plain")),
    "the wrong shape": (422, lambda call, ask: ask._replace(content=b'"x"')),
    "a long head": (431, lambda call, ask: ask.given(X_Long="x" * 70_000)),
}
"""Faults of a request: the status, and how to cause them."""


def absent(call: Operation, ask: Ask) -> str:
    """The same path with an unknown value in it."""
    assert call.route.path_value
    example = PATH_PARAMETERS[call.route.path_value.name]["example"]
    return ask.path.replace(example, "0b0f2a86-3c1d-4f7e-8a95-0d6b7c2e4f10")


def can_be_tried(call: Operation, fault: str) -> bool:
    """Whether the fault is possible for a call."""
    if fault in ("too large", "no JSON sent", "the wrong shape"):
        route = call.route
        return bool(route.body) and not (route.has_plain_errors and fault == "the wrong shape")
    needs = {
        "no credentials": call.route.access.scheme,
        "a wrong channel": call.has_rate_headers,
        "nothing there": call.route.path_value,
    }
    return bool(needs.get(fault, True))


def is_reported(call: Operation, answer: Any) -> None:
    """Check a response against the document."""
    document = channel_document() if call in channel.OPERATIONS else operator_document()
    reported = operations(document)[f"{call.route.method} {call.route.path}"]["responses"]
    response = resolved(document, reported[str(answer.status_code)])
    for name, header in response["headers"].items():
        if resolved(document, header).get("required"):
            assert name in answer.headers, name
    schema = resolved(document, response["content"]["application/json"]["schema"])
    error = schema["properties"]["error"]
    if "properties" in error:
        assert answer.json()["error"]["type"] == error["properties"]["type"]["const"]
    else:
        assert isinstance(answer.json()["error"], str)


def test_every_fault_is_reported_as_the_document_says(sandbox: Served) -> None:
    for call in OPERATIONS:
        for fault, (status, break_it) in FAULTS.items():
            if can_be_tried(call, fault):
                answer = break_it(call, asked_by(call)).send(sandbox)
                assert answer.status_code == status, f"{call.operation_id}: {fault}"
                is_reported(call, answer)


def test_over_the_rate_is_reported_as_the_document_says(sandbox_database: Database) -> None:
    with serving(sandbox_database, rate_limit="1:1") as served:
        for call in OPERATIONS:
            if call.has_rate_headers:
                answers = (asked_by(call).send(served) for _ in range(10))
                is_reported(call, next(one for one in answers if one.status_code == 429))


def test_a_database_that_is_away_is_reported_as_the_document_says(
    sandbox_database: Database,
) -> None:
    with serving(sandbox_database) as served, sandbox_database.away():
        for call in OPERATIONS:
            answer = asked_by(call).send(served)
            assert answer.status_code == 503, call.operation_id
            is_reported(call, answer)


def test_the_documents_own_examples_are_there() -> None:
    responses = operations(channel_document())["PUT /v1/tickets/unlock"]["responses"]
    named = {
        status: set(answer["content"]["application/json"]["examples"])
        for status, answer in responses.items()
        if "content" in answer
    }
    assert named["200"] == {"allUnlocked"}
    assert named["207"] == {"someUnlocked"}
    assert {"noneUnlocked", "tooMany"} <= named["422"]


def test_an_example_has_a_name_of_its_own() -> None:
    for call in OPERATIONS:
        names = [example.name for example in call.examples]
        assert len(names) == len(set(names))
        assert all(isinstance(example, Example) for example in call.examples)
