"""The contract's table of HTTP status, and the document's four examples to the letter."""

from collections.abc import Callable, Iterator

import pytest

from seatlatch.sandbox.data import ACCESS_TOKEN, API_KEY, APPLICATION, CHANNEL, fill
from tests.cases import all_cases
from tests.channel_api.rows import INVALID_ERROR, LOCKED_ERROR, locked, success, unknown, voided
from tests.databases import Databases
from tests.serving import Served, serving

ALL_UNLOCKED_EXAMPLE = (
    b'{"tokens":["98973476444","54457347644"]}',
    200,
    b'{"success":[{"token":"98973476444","ownerId":"234567"},'
    b'{"token":"54457347644","ownerId":"234567"}]}',
)
PARTIAL_EXAMPLE = (
    b'{"tokens":["98973476444","54457347644","67889833903898","35293252542428"]}',
    207,
    b'{"success":[{"token":"98973476444","ownerId":"234567"},'
    b'{"token":"54457347644","ownerId":"234567"}],'
    b'"failure":[{"token":"67889833903898","status":null,"appErrorCode":"MS-422",'
    b'"developerMessage":"Token is invalid","type":"INVALID_TOKEN","ownerId":"234567"},'
    b'{"token":"35293252542428","status":"LOCK","appErrorCode":"MS-409",'
    b'"developerMessage":"Seat is locked","type":"SEAT_RECORD_LOCKED","ownerId":"234567"}]}',
)
NONE_EXAMPLE = (
    b'{"tokens":["56789983390560","56689833903898"]}',
    422,
    b'{"error":{"type":"UNPROCESSABLE_ENTITY","appErrorCode":"MS-422",'
    b'"developerMessage":"Unable to process the request."},'
    b'"failure":[{"token":"56789983390560","status":null,"appErrorCode":"MS-422",'
    b'"developerMessage":"Token is invalid","type":"INVALID_TOKEN"},'
    b'{"token":"56689833903898","status":null,"appErrorCode":"MS-422",'
    b'"developerMessage":"Token is invalid","type":"INVALID_TOKEN"}]}',
)
TOO_MANY_EXAMPLE = (
    b'{"tokens":[' + b",".join(b'"%011d"' % number for number in range(101)) + b"]}",
    422,
    b'{"error":{"type":"UNPROCESSABLE_ENTITY","appErrorCode":"MS-422",'
    b'"developerMessage":"The request payload cannot contain more than 100 tokens"}}',
)


@pytest.fixture
def sandbox(databases: Databases) -> Iterator[Served]:
    """A server on a fresh sandbox."""
    database = databases.new("sandbox")
    with database.provisioning() as provisioning:
        provisioning.do(fill)
    with serving(database) as running:
        yield running


def test_all_succeeded_is_200(served: Served) -> None:
    answer = served.unlock("listed-1", "not-listed")
    rows = success("listed-1") + b"," + success("not-listed")
    assert (answer.status_code, answer.content) == (200, b'{"success":[%b]}' % rows)


@all_cases(
    ("token", "row"),
    [("unknown", unknown), ("locked", locked), ("listed-elsewhere", locked), ("voided", voided)],
    ids=["unknown", "locked", "another channel's", "voided"],
)
def test_some_succeeded_is_207(shared: Served, token: str, row: Callable[[str], bytes]) -> None:
    answer = shared.unlock(token, "not-listed")
    body = b'{"success":[%b],"failure":[%b]}' % (success("not-listed"), row(token))
    assert (answer.status_code, answer.content) == (207, body)


def test_none_succeeded_and_every_failure_a_lock_is_409(shared: Served) -> None:
    tokens = ["locked-and-listed", "listed-elsewhere", "locked"]
    answer = shared.unlock(*tokens)
    rows = b",".join(locked(token) for token in tokens)
    assert (answer.status_code, answer.content) == (409, LOCKED_ERROR + rows + b"]}")


@pytest.mark.parametrize(
    "tokens",
    [["unknown"], ["locked", "unknown"], ["unknown", "locked", "listed-elsewhere"]],
    ids=["no lock", "a lock first", "a lock last"],
)
def test_none_succeeded_otherwise_is_422(shared: Served, tokens: list[str]) -> None:
    answer = shared.unlock(*tokens)
    rows = b",".join((unknown if token == "unknown" else locked)(token) for token in tokens)
    assert (answer.status_code, answer.content) == (422, INVALID_ERROR + rows + b"]}")


def test_the_documents_examples_answer_to_the_letter(sandbox: Served) -> None:
    for body, status, answer_body in (
        ALL_UNLOCKED_EXAMPLE,
        PARTIAL_EXAMPLE,
        NONE_EXAMPLE,
        TOO_MANY_EXAMPLE,
        ALL_UNLOCKED_EXAMPLE,
    ):
        answer = sandbox.put(
            body,
            authorization=f"Bearer {ACCESS_TOKEN}",
            pac_application_id=APPLICATION,
            pac_api_key=API_KEY,
            pac_channel_code=CHANNEL,
        )
        assert (answer.status_code, answer.content) == (status, answer_body)


def test_the_sandboxes_credentials_are_the_contracts() -> None:
    assert (APPLICATION, CHANNEL, API_KEY, ACCESS_TOKEN) == (
        "com.mycompany.myapp",
        "my-application",
        "sandbox-api-key",
        "sandbox-access-token",
    )
