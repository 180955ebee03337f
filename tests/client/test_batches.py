"""Many tickets in one call: how they are split, what of it fails, and what is known then."""

import threading
from collections.abc import Iterator
from itertools import count

import msgspec
import pytest

from seatlatch.client import (
    ClientError,
    InvalidArgumentType,
    ServiceUnavailable,
    TokensUnreadable,
    UnexpectedAnswer,
)
from tests.client.client_kinds import HURRIED, MANY, Making
from tests.client.scripted import Asked, Script, answer, answering
from tests.serving import Served


def succeeding(asked: Asked) -> bytes:
    """All tokens of a request succeed."""
    tokens = msgspec.json.decode(asked.body)["tokens"]
    rows = [{"token": token, "ownerId": "1"} for token in tokens]
    return answer(200, msgspec.json.encode({"success": rows}))


def failing_from(number: int, failure: bytes) -> Script:
    """As `succeeding`, but the request with this number and all later ones fail."""
    return lambda asked: succeeding(asked) if asked.number < number else failure


BUSY = answer(503, '{"error": {"type": "SERVICE_UNAVAILABLE"}}', "Retry-After: 0")


def test_requests_hold_100_and_no_repeats(make: Making) -> None:
    tokens = [*MANY[:250], *MANY[:250]]
    with answering(succeeding) as server:
        make(server.url).tickets.unlock(tokens)
    sizes = [len(msgspec.json.decode(asked.body)["tokens"]) for asked in server.asked]
    assert sorted(sizes) == [50, 100, 100]


def test_what_was_answered_is_told_with_what_was_not(make: Making) -> None:
    with answering(failing_from(3, BUSY)) as server, pytest.raises(ServiceUnavailable) as raised:
        make(server.url, retries=HURRIED, concurrency=1).tickets.unlock(MANY)
    problem = raised.value
    assert [row.token for row in problem.answered.success] == MANY[:300]
    assert problem.unanswered == MANY[300:]
    assert problem.attempts == 3
    assert len(server.asked) == 3 + 3


def test_after_a_failure_nothing_more_is_sent(make: Making) -> None:
    with answering(failing_from(2, BUSY)) as server, pytest.raises(ServiceUnavailable) as raised:
        make(server.url, retries=HURRIED, concurrency=4).tickets.unlock(MANY)
    done = [row.token for row in raised.value.answered.success]
    assert sorted([*done, *raised.value.unanswered]) == MANY
    assert len(done) == 200
    assert len(server.asked) <= 2 + 4 * 3


def test_what_is_wrong_with_the_client_comes_out_at_the_first_request(make: Making) -> None:
    refusal = answer(403, '{"error": {"type": "FORBIDDEN", "appErrorCode": "MS-403"}}')
    with answering([refusal]) as server, pytest.raises(ClientError) as raised:
        make(server.url).tickets.unlock(MANY)
    assert len(server.asked) == 1
    assert raised.value.unanswered == MANY


def test_retry_failed_that_is_cut_off_keeps_what_succeeded(make: Making) -> None:
    rows = '[{"token": "a", "ownerId": "1"}]'
    failed = '[{"token": "b", "type": "X", "appErrorCode": "Y", "developerMessage": "Z"}]'
    partial = answer(207, f'{{"success": {rows}, "failure": {failed}}}')
    with answering([partial, BUSY]) as server:
        result = make(server.url, retries=HURRIED).tickets.unlock(["a", "b"])
        with pytest.raises(ServiceUnavailable) as raised:
            result.retry_failed()
    assert [row.token for row in raised.value.answered.success] == ["a"]
    assert raised.value.unanswered == ["b"]


def test_a_generator_is_read_no_further_ahead_than_it_is_sent(make: Making) -> None:
    read = answered = furthest_ahead = 0

    def tokens() -> Iterator[str]:
        nonlocal read
        for number in range(1_000_000):
            read += 1
            yield str(number)

    def note(_answer: object) -> None:
        nonlocal answered, furthest_ahead
        answered += 100
        furthest_ahead = max(furthest_ahead, read - answered)
        if answered >= 20_000:
            raise RuntimeError("enough")

    with answering(succeeding) as server, pytest.raises(RuntimeError, match="enough"):
        make(server.url, concurrency=4).tickets.unlock(tokens(), on_answer=note)
    assert furthest_ahead <= 4 * 100 + 1
    assert read <= 20_000 + 4 * 100 + 1


def test_of_a_generator_the_rest_is_left_in_it(make: Making) -> None:
    endless = (str(number) for number in count())
    with answering(failing_from(2, BUSY)) as server, pytest.raises(ServiceUnavailable) as raised:
        make(server.url, retries=HURRIED, concurrency=1).tickets.unlock(endless)
    assert len(raised.value.answered.success) == 200
    assert raised.value.unanswered == [str(number) for number in range(200, 301)]
    assert next(endless) == "301"


def test_who_would_have_to_be_awaited_is_refused(make: Making) -> None:
    async def on_answer(_answer: object) -> None: ...

    with pytest.raises(TypeError, match="plain function"):
        make("http://127.0.0.1:1").tickets.unlock(["a"], on_answer=on_answer)


def test_a_generator_may_wait_for_an_answer(make: Making) -> None:
    answered = threading.Event()

    def tokens() -> Iterator[str]:
        yield from MANY[:250]
        assert answered.wait(10)

    with answering(succeeding) as server:
        result = make(server.url).tickets.unlock(tokens(), on_answer=lambda _: answered.set())
    assert len(result.success) == 250


def test_tokens_that_end_in_an_error(make: Making) -> None:
    def tokens() -> Iterator[str]:
        yield from MANY[:150]
        raise OSError("the file is gone")

    with answering(succeeding) as server, pytest.raises(TokensUnreadable) as raised:
        make(server.url).tickets.unlock(tokens())
    assert isinstance(raised.value.__cause__, OSError)
    assert [row.token for row in raised.value.answered.success] == MANY[:150]
    assert raised.value.unanswered == []


@pytest.mark.parametrize("wrong", [None, 98973476444, b"98973476444", ["a"], "half \ud800"])
def test_a_token_that_is_no_text(make: Making, wrong: object) -> None:
    with answering(succeeding) as server, pytest.raises(TokensUnreadable) as raised:
        make(server.url).tickets.unlock(["a", wrong, "b"])
    assert isinstance(raised.value.__cause__, TypeError | UnicodeEncodeError)
    assert [row.token for row in raised.value.answered.success] == ["a"]
    assert len(server.asked) == 1


def test_one_string_is_no_list(make: Making) -> None:
    with pytest.raises(InvalidArgumentType, match="tokens must be a list of strings"):
        make("http://127.0.0.1:1").tickets.unlock("98973476444")


@pytest.mark.parametrize(
    "told",
    [
        '{"success": [{"token": "a"}]}',
        '{"success": [{"token": "a"}, {"token": "a"}]}',
        '{"success": [{"token": "a"}, {"token": "c"}]}',
        '{"success": [{"token": "a"}, {"token": "b"}, {"token": "c"}]}',
    ],
)
def test_an_answer_to_another_question(make: Making, told: str) -> None:
    with answering([answer(200, told)]) as server, pytest.raises(UnexpectedAnswer) as raised:
        make(server.url).tickets.unlock(["a", "b"])
    assert "not once each of the 2" in str(raised.value)
    assert raised.value.request_id == server.asked[0].header("request-id")
    assert raised.value.unanswered == ["a", "b"]


def test_tokens_of_any_text(service: Served, make: Making) -> None:
    odd = ["", "x" * 10_000, "\0", "🎟", "ü"]
    result = make(service.url).tickets.unlock(odd)
    assert [row.token for row in result.failure] == odd
