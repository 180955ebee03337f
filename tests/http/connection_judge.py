"""The rules for the responses to the requests of one connection, and their violations."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.http.response_stream import Content, OutOfForm, Response, check_form, read_responses
from tests.http.rfc_9112 import Grade, SeenRequest

_UUID = re.compile(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Sentinel(NamedTuple):
    """A valid request, the last one of its connection, and the body of its response."""

    request: bytes
    request_id: str
    body: bytes


class Heard(NamedTuple):
    """The bytes received until the end of a connection. `was_reset`: it ended with a reset."""

    received: bytes
    was_reset: bool = False


class Verdict(NamedTuple):
    """The result for the responses: `violations` in words, and `statuses` in their order."""

    violations: list[str]
    statuses: list[int]
    sentinel_answered: bool


def judge(
    seen: Sequence[SeenRequest], sentinel: Sentinel, heard: Heard, *, is_patient: bool = False
) -> Verdict:
    """Compare the responses with the requests, as `requests_in` reads them.

    `is_patient`: the client did not close its side, so even a cut request gets a response.
    """
    try:
        responses = read_responses(heard.received, [_content_of(one) for one in seen])
        found = list(_violations(seen, responses, is_patient))
        found += _misplaced(seen, responses, sentinel.request_id)
        answers = [one for one in responses if one.request_id == sentinel.request_id]
        for answer in answers:
            found += _of_sentinel(answer, sentinel, seen)
    except OutOfForm as error:
        return Verdict([str(error)], [], False)
    if heard.was_reset and not any(_may_be_the_last(one) for one in seen):
        found.append("the connection was reset")
    is_answered = any(one.status == 200 for one in answers)
    return Verdict(found, [one.status for one in responses], is_answered)


def _content_of(request: SeenRequest) -> Content:
    """Whether the response has no body, as to HEAD. A refusal may know the method when this reader
    does not.
    """
    if request.method not in (b"HEAD", b""):
        return "always"
    is_known = request.method and request.head_grade is Grade.SOUND
    return "never" if is_known else "of errors"


def _may_be_the_last(request: SeenRequest) -> bool:
    """Whether the connection may end after it, although it was served. Later bytes are reset."""
    return request.is_last or request.is_tentative or request.grade is Grade.REFUSABLE


def _violations(
    seen: Sequence[SeenRequest], responses: list[Response], is_patient: bool
) -> Iterator[str]:
    left = list(responses)
    may_have_ended = False
    for number, request in enumerate(seen, 1):
        if not left:
            if not may_have_ended and (is_patient or not request.is_cut):
                yield f"request {number} is not answered"
            return
        # It got its response before its body, which was then refused: there is no second response.
        may_have_ended = request.is_body_doubtful
        response = left.pop(0)
        check_form(response)
        yield from (f"request {number}: {text}" for text in _of_answer(request, response))
        if response.is_last:
            break
    if left:
        yield f"{len(left)} responses more than requests"


def _of_answer(request: SeenRequest, response: Response) -> Iterator[str]:
    if response.status >= 500:
        yield f"status {response.status}"
    if response.invitations > request.may_be_invited:
        yield f"{response.invitations} responses 100"
    is_served = request.lacks == "nothing" or (request.lacks == "body" and not response.is_refusal)
    if not is_served and not response.is_refusal:
        yield f"status {response.status} to what has no complete head ({request.reason})"
    if request.lacks == "nothing" and response.is_last and not _may_be_the_last(request):
        yield f"status {response.status} ends the connection after a sound request"
    if request.lacks == "nothing" and request.is_last and not response.is_last:
        yield "no `Connection: close`, though the client wants the end"
    if is_served and not response.is_refusal:
        yield from _of_request_id(request, response)


def _of_request_id(request: SeenRequest, response: Response) -> Iterator[str]:
    if len(request.request_ids) == 1 and _UUID.fullmatch(request.request_ids[0]):
        expected = request.request_ids[0].decode()
        if response.request_id != expected:
            yield f"Request-ID {response.request_id}, expected {expected}"


def _misplaced(
    seen: Sequence[SeenRequest], responses: list[Response], sentinel_id: str
) -> Iterator[str]:
    """A response under the Request-ID of another request than its own."""
    for number, response in enumerate(responses):
        asked_by = response.request_id.encode()
        owners = [index for index, one in enumerate(seen) if asked_by in one.request_ids]
        if owners and number not in owners:
            yield f"response {number + 1} has the Request-ID of request {owners[0] + 1}"
        if not owners and response.request_id == sentinel_id:
            yield "the valid request is answered, though it is none of its own"


def _of_sentinel(
    answer: Response, sentinel: Sentinel, seen: Sequence[SeenRequest]
) -> Iterator[str]:
    """Only if the valid request is a separate request may it get its result."""
    own = (sentinel.request_id.encode(),)
    request = next((one for one in seen if one.request_ids == own), None)
    if request is None or request.lacks != "nothing":
        return
    if not sentinel.request.startswith(b"%s %s " % (request.method, request.target)):
        return  # it has become a header of the request before it, and its headers that one's
    is_as_sent = answer.status == 200 and answer.body == sentinel.body
    if request.grade is Grade.SOUND and not is_as_sent:
        yield f"the valid request got {answer.status} {answer.body[:200]!r}"
