"""How often an application may call: a bucket for changes and one for reads, reported in each
response.
"""

from collections.abc import Callable

import httpx
import pytest

from tests.channel_api.listings import THEIRS
from tests.databases import ON_SQLITE, Database
from tests.http.wire import message_of
from tests.serving import UNLOCK, Served, serving

pytestmark = ON_SQLITE  # no engine can influence it

Call = Callable[[Served], httpx.Response]

CHANGES: list[Call] = [
    lambda served: served.unlock("not-listed"),
    lambda served: served.lock("not-listed"),
]
READS: list[Call] = [
    lambda served: served.verify("not-listed"),
    lambda served: served.verify_barcodes("x", "y"),
]
KNOWN_CALLER: dict[int, Call] = {
    207: lambda served: served.unlock("not-listed", "unknown"),
    409: lambda served: served.unlock("locked"),
    422: lambda served: served.unlock(7),
    400: lambda served: served.put(b"{"),
    406: lambda served: served.unlock("not-listed", accept="text/html"),
    413: lambda served: served.unlock("x" * 1024 * 1024),
    415: lambda served: served.unlock("not-listed", content_type="text/plain"),
}
UNKNOWN_CALLER: dict[str, Call] = {
    "400": lambda served: served.unlock("not-listed", user_agent=None),
    "401": lambda served: served.unlock("not-listed", pac_api_key="wrong"),
    "403": lambda served: served.unlock("not-listed", pac_channel_code="wrong"),
    "404": lambda served: served.send("/nowhere", "GET", {}),
    "405": lambda served: served.send(UNLOCK, "GET", {}),
    "token": lambda served: served.token({}),
    "/livez": lambda served: served.send("/livez", "GET", {}),
}


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing refills, however slow the machine is."""
    monkeypatch.setattr("seatlatch.assembly.monotonic", lambda: 100.0)


def reported(answer: httpx.Response) -> tuple[str | None, str | None]:
    """The limit in a response: the policy, and the remaining requests."""
    headers = answer.headers
    assert len(headers.get_list("RateLimit")) == len(headers.get_list("RateLimit-Policy")) <= 1
    return headers.get("RateLimit-Policy"), headers.get("RateLimit")


def test_each_answer_tells_the_policy_and_what_is_left(inventory: Database) -> None:
    with serving(inventory, rate_limit="1:7") as served:
        changes, reads = '"changes";q=7;w=7', '"reads";q=7;w=7'
        assert reported(served.unlock("not-listed")) == (changes, '"changes";r=6;t=0')
        assert reported(served.verify("not-listed")) == (reads, '"reads";r=6;t=0')
        assert reported(served.lock("not-listed")) == (changes, '"changes";r=5;t=0')


def test_the_default_is_reported_as_400_in_2_seconds(inventory: Database) -> None:
    with serving(inventory, rate_limit="200:400") as served:
        policy, left = reported(served.unlock("not-listed"))
    assert (policy, left) == ('"changes";q=400;w=2', '"changes";r=399;t=0')


@pytest.mark.parametrize(("status", "call"), KNOWN_CALLER.items(), ids=map(str, KNOWN_CALLER))
def test_so_does_every_refusal_once_the_caller_is_known(
    inventory: Database, status: int, call: Call
) -> None:
    with serving(inventory, rate_limit="1:7") as served:
        answer = call(served)
    assert answer.status_code == status
    assert reported(answer) == ('"changes";q=7;w=7', '"changes";r=6;t=0')


def test_nobody_else_learns_of_it(inventory: Database) -> None:
    with serving(inventory, rate_limit="1:7") as served:
        answers = {name: reported(call(served)) for name, call in UNKNOWN_CALLER.items()}
    assert answers == dict.fromkeys(UNKNOWN_CALLER, (None, None))


def test_there_is_nothing_to_tell_when_the_limit_is_off(shared: Served) -> None:
    for call in [*CHANGES[:1], *READS, *KNOWN_CALLER.values()]:
        assert reported(call(shared)) == (None, None)


def test_429_tells_that_nothing_is_left_and_when_there_is(inventory: Database) -> None:
    with serving(inventory, rate_limit="1:1") as served:
        assert reported(served.unlock("not-listed"))[1] == '"changes";r=0;t=1'
        answer = served.unlock("listed-1")
        assert "1 changes a second" in message_of(answer, 429, "TOO_MANY_REQUESTS")
        assert reported(answer) == ('"changes";q=1;w=1', '"changes";r=0;t=1')
        assert answer.headers["Retry-After"] == "1"
        assert served.unlock("not-listed", **THEIRS).status_code == 200


@pytest.mark.parametrize(
    ("used_up", "left"), [(READS, CHANGES), (CHANGES, READS)], ids=["reads", "changes"]
)
def test_one_kind_does_not_use_up_the_other(
    inventory: Database, used_up: list[Call], left: list[Call]
) -> None:
    with serving(inventory, rate_limit="1:4") as served:
        statuses = [call(served).status_code for call in used_up * 3]
        assert statuses.count(429) >= 1
        assert statuses[-1] == 429
        assert 429 not in [call(served).status_code for call in left * 2]


def test_both_calls_of_a_kind_share_its_bucket(inventory: Database) -> None:
    with serving(inventory, rate_limit="1:2") as served:
        assert [call(served).status_code for call in [*CHANGES, CHANGES[0]]] == [200, 200, 429]
