"""The client gets and renews tokens by itself: once, for all, and loses none."""

import asyncio
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.client import (
    AsyncClient,
    Client,
    TokenFile,
    TokenPair,
    TokenRefused,
    TokenStoreFailed,
    Unauthorized,
)
from seatlatch.client.tokens import early, parse_timestamp
from seatlatch.store.tokens import Code
from tests.client.client_kinds import HURRIED, KEYS, Making
from tests.client.scripted import Asked, Script, answer, answering
from tests.serving import ACCESS_TOKEN, APPLICATION, Served

CODE = "the-authorization-code"


@pytest.fixture
def code(service: Served) -> str:
    """A code that nobody has used yet."""
    with service.database.provisioning() as provisioning:
        later = datetime.now(UTC) + timedelta(hours=1)
        provisioning.add_code(hash_secret(CODE.encode()), Code(APPLICATION, later))
    return CODE


def forget_access_tokens(service: Served) -> None:
    """Let all access tokens have ended."""
    for token in service.database.table("access_tokens"):
        assert token
    service.database.execute("DELETE FROM access_tokens")


def unlocked(client: object) -> list[str]:
    """Unlock a ticket; which ones succeeded."""
    result = client.tickets.unlock(["listed-1"])  # type: ignore[attr-defined]
    return [row.token for row in result.success]


def test_a_code_is_exchanged_at_the_first_call(service: Served, make: Making, code: str) -> None:
    client = make(service.url, authorization_code=code)
    assert unlocked(client) == unlocked(client) == ["listed-1"]


def test_a_refused_token_is_renewed_and_the_call_goes_on(
    service: Served, make: Making, code: str
) -> None:
    client = make(service.url, authorization_code=code)
    unlocked(client)
    forget_access_tokens(service)
    assert unlocked(client) == ["listed-1"]


def test_without_another_the_refusal_is_told(service: Served, make: Making) -> None:
    with pytest.raises(Unauthorized):
        unlocked(make(service.url, access_token="wrong"))


def test_a_spent_code_is_told_in_the_words_of_the_service(
    service: Served, make: Making, code: str
) -> None:
    unlocked(make(service.url, authorization_code=code))
    with pytest.raises(TokenRefused, match="wrong, spent or expired") as raised:
        unlocked(make(service.url, authorization_code=code))
    assert raised.value.request_id is not None
    assert code not in str(raised.value)


def test_no_token_at_all_is_told_before_anything_is_sent(make: Making, tmp_path: Path) -> None:
    client = make("http://127.0.0.1:1", token_store=TokenFile(tmp_path / "t"), access_token=None)
    with pytest.raises(TokenRefused, match="no way to get one"):
        unlocked(client)


def tokens(number: int, life: timedelta = timedelta(hours=1)) -> bytes:
    """The token call's answer."""
    now = datetime.now(UTC)
    ends = f"{now + life:%Y-%m-%dT%H:%M:%S}.548608815Z"
    return answer(
        200,
        f'{{"accessToken": "access-{number}", "refreshToken": "refresh-{number}",'
        f' "expiration": "{ends}", "tokenType": "Bearer"}}',
        f"Date: {now:%a, %d %b %Y %H:%M:%S} GMT",
    )


GOOD = answer(200, '{"success": [{"token": "listed-1"}]}')
STALE = answer(401, '{"error": {"type": "UNAUTHORIZED", "appErrorCode": "MS-401"}}')


def giving_tokens(life: timedelta = timedelta(hours=1)) -> Script:
    """Gives pair after pair, and lets in only who has the latest."""
    given = 0

    def script(asked: Asked) -> bytes:
        nonlocal given
        if "/auth/token " in asked.head:
            given += 1
            return tokens(given, life)
        return GOOD if asked.header("authorization") == f"Bearer access-{given}" else STALE

    return script


def exchanges(asked: list[Asked]) -> list[Asked]:
    """The token calls among what was asked."""
    return [request for request in asked if "/auth/token " in request.head]


def test_many_at_once_refresh_once_on_asyncio() -> None:
    async def run(url: str) -> None:
        async with AsyncClient(url, access_token="old", refresh_token="r", **KEYS) as client:
            await asyncio.gather(*(client.tickets.unlock(["listed-1"]) for _ in range(50)))

    with answering(giving_tokens()) as server:
        asyncio.run(run(server.url))
    (exchange,) = exchanges(server.asked)
    assert exchange.body == b'{"grantType":"refresh_token","refreshToken":"r"}'
    assert "pac-api-key" not in exchange.head.lower()


def test_many_at_once_refresh_once_in_threads() -> None:
    with (
        answering(giving_tokens()) as server,
        Client(server.url, access_token="old", refresh_token="r", **KEYS) as client,
    ):
        threads = [threading.Thread(target=unlocked, args=(client,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(exchanges(server.asked)) == 1
    assert len(server.asked) >= 20


def test_a_token_is_renewed_before_its_end(make: Making) -> None:
    with answering(giving_tokens(timedelta(seconds=-1))) as server:
        client = make(server.url, authorization_code="code")
        assert unlocked(client) == unlocked(client) == ["listed-1"]
    assert len(exchanges(server.asked)) == 2
    assert len(server.asked) == 4


def test_a_token_that_lives_on_is_not_renewed(make: Making) -> None:
    with answering(giving_tokens()) as server:
        client = make(server.url, authorization_code="code")
        assert unlocked(client) == unlocked(client) == ["listed-1"]
    assert len(exchanges(server.asked)) == 1


def test_a_lost_answer_to_a_refresh_is_asked_for_again(make: Making) -> None:
    pair = tokens(1)
    with answering([None, pair, GOOD]) as server:
        client = make(server.url, authorization_code="code", retries=HURRIED)
        assert unlocked(client) == ["listed-1"]


def test_cancelling_a_call_loses_no_pair(tmp_path: Path) -> None:
    began = threading.Event()
    go_on = threading.Event()

    def script(asked: Asked) -> bytes:
        if "/auth/token " not in asked.head:
            return GOOD
        began.set()
        assert go_on.wait(10)
        return tokens(1)

    async def run(url: str) -> None:
        store = TokenFile(tmp_path / "tokens.json")
        async with AsyncClient(url, authorization_code="c", token_store=store, **KEYS) as client:
            call = asyncio.create_task(client.tickets.unlock(["listed-1"]))
            await asyncio.to_thread(began.wait, 10)
            call.cancel()
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await call
            await client.tickets.unlock(["listed-1"])

    with answering(script) as server:
        asyncio.run(run(server.url))
    assert len(exchanges(server.asked)) == 1
    kept = TokenFile(tmp_path / "tokens.json").take()
    assert kept is not None
    assert (kept.access_token, kept.refresh_token) == ("access-1", "refresh-1")


def test_the_next_client_goes_on_with_what_was_kept(
    service: Served, make: Making, code: str, tmp_path: Path
) -> None:
    store = TokenFile(tmp_path / "folder" / "tokens.json")
    unlocked(make(service.url, authorization_code=code, token_store=store))
    assert (tmp_path / "folder" / "tokens.json").stat().st_mode & 0o777 == 0o600
    forget_access_tokens(service)
    assert unlocked(make(service.url, token_store=store, access_token=None)) == ["listed-1"]
    again = make(service.url, authorization_code=code, token_store=store)
    assert unlocked(again) == ["listed-1"]


def test_what_another_process_got_is_taken(make: Making, tmp_path: Path) -> None:
    store = TokenFile(tmp_path / "tokens.json")
    with answering(giving_tokens()) as server:
        first = make(server.url, authorization_code="code", token_store=store)
        second = make(server.url, authorization_code="code", token_store=store)
        unlocked(first)
        unlocked(second)
        assert len(exchanges(server.asked)) == 1
        unlocked(make(server.url, authorization_code="another"))  # ends what both of them have
        unlocked(second)
        unlocked(first)
    assert [b"refresh-1" in asked.body for asked in exchanges(server.asked)] == [False, False, True]


PROCESS = """
import sys
from seatlatch.client import Client, TokenFile
url, file, code = sys.argv[1:]
keys = dict(application_id="com.example.test", api_key="test-api-key", channel_code="test-channel")
with Client(url, authorization_code=code, token_store=TokenFile(file), **keys) as client:
    for _ in range(5):
        client.tickets.unlock(["listed-1"]).raise_for_failures()
"""


def test_processes_that_share_a_file_spend_no_token_twice(
    service: Served, code: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", PROCESS, service.url, str(tmp_path / "tokens.json"), code]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    ended = [(process.communicate(timeout=60)[1], process.returncode) for process in processes]
    assert ended == [("", 0)] * 4


def test_a_damaged_file_is_told(make: Making, tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text("{")
    client = make("http://127.0.0.1:1", token_store=TokenFile(tmp_path / "tokens.json"))
    with pytest.raises(TokenStoreFailed, match="damaged"):
        unlocked(client)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-02-18T19:39:39.548608815Z", datetime(2023, 2, 18, 19, 39, 39, 548608, UTC)),
        ("2023-02-18T19:39:39.5Z", datetime(2023, 2, 18, 19, 39, 39, 500000, UTC)),
        ("2023-02-18T19:39:39Z", datetime(2023, 2, 18, 19, 39, 39, 0, UTC)),
        ("2023-02-18T19:39:39.548608815+02:00", datetime(2023, 2, 18, 17, 39, 39, 548608, UTC)),
    ],
)
def test_moments(text: str, expected: datetime) -> None:
    assert parse_timestamp(text) == expected


def test_a_pair_is_renewed_a_tenth_before_its_end_or_half_a_minute() -> None:
    assert [early(100), early(3600)] == [90, 3570]


def test_secrets_are_not_shown() -> None:
    assert ACCESS_TOKEN not in repr(TokenPair(ACCESS_TOKEN, "refresh"))
