"""The contract's rules on callers: application, key, token, channel, and revocation."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.logs import make_log
from tests.cases import all_cases
from tests.conftest import EVERY_CASE
from tests.databases import ON_SQLITE, Databases
from tests.http.wire import message_of
from tests.provisioning import Provisioning
from tests.serving import (
    ACCESS_TOKEN,
    API_KEY,
    APPLICATION,
    CHANNEL,
    ORGANIZATION,
    OTHER_ACCESS_TOKEN,
    OTHER_API_KEY,
    OTHER_APPLICATION,
    OTHER_CHANNEL,
    Served,
    fill,
    serving,
)

REVOCATION_SECONDS_MAX = 1.0
SECOND_API_KEY = "second-api-key"
REVOKED_API_KEY = "revoked-api-key"
EXPIRED_ACCESS_TOKEN = "expired-access-token"
REVOKED_ACCESS_TOKEN = "revoked-access-token"
LASTING_ACCESS_TOKEN = "lasting-access-token"

KEY_REFUSED = {
    "unknown application": {"pac_application_id": "com.example.unknown"},
    "application in another case": {"pac_application_id": APPLICATION.upper()},
    "wrong key": {"pac_api_key": "wrong-api-key"},
    "key in another case": {"pac_api_key": API_KEY.upper()},
    "revoked key": {"pac_api_key": REVOKED_API_KEY},
    "key of another application": {"pac_api_key": OTHER_API_KEY},
    "application of another key": {"pac_application_id": OTHER_APPLICATION},
    "the access token for a key": {"pac_api_key": ACCESS_TOKEN},
}
TOKEN_REFUSED = {
    "unknown token": "unknown-access-token",
    "expired token": EXPIRED_ACCESS_TOKEN,
    "revoked token": REVOKED_ACCESS_TOKEN,
    "another application's token": OTHER_ACCESS_TOKEN,
    "the key for a token": API_KEY,
}
REVOCATIONS: dict[str, Callable[[Provisioning], None]] = {
    "key": lambda store: store.end_api_keys(APPLICATION, datetime.now(UTC)),
    "application": lambda store: store.remove_application(APPLICATION),
    "grant": lambda store: store.remove_grant(CHANNEL, ORGANIZATION),
}


@pytest.fixture(scope="module")
def callers(databases: Databases) -> Iterator[Served]:
    """A server whose application has keys and tokens in every state."""
    database = databases.new()
    fill(database, EVERY_CASE)
    now = datetime.now(UTC)
    with database.provisioning() as provisioning:
        provisioning.add_api_key(APPLICATION, hash_secret(SECOND_API_KEY.encode()))
        provisioning.add_api_key(APPLICATION, hash_secret(REVOKED_API_KEY.encode()), now)
        for token, expires_at in {
            EXPIRED_ACCESS_TOKEN: now - timedelta(seconds=1),
            LASTING_ACCESS_TOKEN: now + timedelta(hours=1),
            REVOKED_ACCESS_TOKEN: now,
        }.items():
            provisioning.add_access_token(APPLICATION, hash_secret(token.encode()), expires_at)
    with serving(database) as running:
        yield running


def test_either_of_two_keys_is_accepted(callers: Served) -> None:
    for api_key in (API_KEY, SECOND_API_KEY):
        assert callers.unlock("not-listed", pac_api_key=api_key).status_code == 200


def test_token_that_has_not_expired_is_accepted(callers: Served) -> None:
    answer = callers.unlock("not-listed", authorization=f"Bearer {LASTING_ACCESS_TOKEN}")
    assert answer.status_code == 200


def test_another_application_is_accepted_with_its_own_credentials(callers: Served) -> None:
    answer = callers.unlock(
        "not-listed",
        pac_application_id=OTHER_APPLICATION,
        pac_api_key=OTHER_API_KEY,
        pac_channel_code=OTHER_CHANNEL,
        authorization=f"Bearer {OTHER_ACCESS_TOKEN}",
    )
    assert answer.status_code == 200


@all_cases("changes", KEY_REFUSED.values(), ids=KEY_REFUSED)
def test_application_and_key_that_do_not_match_are_401(
    callers: Served, changes: dict[str, str]
) -> None:
    answer = callers.unlock("listed-1", **changes)
    message = message_of(answer, 401, "UNAUTHORIZED")
    assert "PAC-Application-ID" in message
    assert "PAC-API-Key" in message
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert callers.database.mpreserve_of()["listed-1"]


@all_cases("token", TOKEN_REFUSED.values(), ids=TOKEN_REFUSED)
def test_token_that_is_not_the_applications_is_401(callers: Served, token: str) -> None:
    answer = callers.unlock("listed-1", authorization=f"Bearer {token}")
    assert "Authorization" in message_of(answer, 401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert callers.database.mpreserve_of()["listed-1"]


@ON_SQLITE
@pytest.mark.parametrize("authorization", [None, "Basic dGVzdDp0ZXN0"], ids=["absent", "basic"])
def test_no_token_sent_is_401_without_an_error_in_www_authenticate(
    callers: Served, authorization: str | None
) -> None:
    answer = callers.unlock("listed-1", authorization=authorization)
    message_of(answer, 401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("channel", [OTHER_CHANNEL, "unknown-channel", CHANNEL.upper()])
def test_channel_that_is_not_the_applications_is_403(callers: Served, channel: str) -> None:
    answer = callers.unlock("listed-1", pac_channel_code=channel)
    assert "PAC-Channel-Code" in message_of(answer, 403, "FORBIDDEN")
    assert "WWW-Authenticate" not in answer.headers
    assert callers.database.mpreserve_of()["listed-1"]


def test_a_caller_without_the_key_learns_nothing_of_tokens_and_channels(callers: Served) -> None:
    refusals = {
        callers.unlock(
            "listed-1",
            pac_api_key="wrong-api-key",
            authorization=f"Bearer {token}",
            pac_channel_code=channel,
        ).content
        for token in (ACCESS_TOKEN, "unknown-access-token", EXPIRED_ACCESS_TOKEN)
        for channel in (CHANNEL, "unknown-channel")
    }
    assert len(refusals) == 1


@pytest.mark.parametrize("revoke", REVOCATIONS.values(), ids=REVOCATIONS)
def test_revocation_works_within_a_second(
    served: Served, revoke: Callable[[Provisioning], None]
) -> None:
    assert served.unlock("not-listed").status_code == 200
    with served.database.provisioning() as provisioning:
        revoke(provisioning)
    revoked_at = monotonic()
    while served.unlock("not-listed").status_code == 200:
        assert monotonic() - revoked_at < REVOCATION_SECONDS_MAX
    assert served.unlock("listed-1").status_code in (401, 422)
    assert served.database.mpreserve_of()["listed-1"]


def test_a_revoked_grant_makes_its_tickets_unknown(served: Served) -> None:
    with served.database.provisioning() as provisioning:
        provisioning.remove_grant(CHANNEL, ORGANIZATION)
    removed_at = monotonic()
    while (answer := served.unlock("voided")).json()["failure"][0].get("ownerId"):
        assert monotonic() - removed_at < REVOCATION_SECONDS_MAX
    unknown = served.unlock("unknown").content
    assert answer.content == unknown.replace(b"unknown", b"voided")


def test_a_new_key_works_within_a_second(served: Served) -> None:
    with served.database.provisioning() as provisioning:
        provisioning.add_api_key(APPLICATION, hash_secret(SECOND_API_KEY.encode()))
    added_at = monotonic()
    while served.unlock("not-listed", pac_api_key=SECOND_API_KEY).status_code != 200:
        assert monotonic() - added_at < REVOCATION_SECONDS_MAX


def test_no_secret_is_in_any_answer_or_in_the_log(
    callers: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    secrets = [API_KEY, ACCESS_TOKEN, "wrong-secret-value"]
    with serving(callers.database, log=make_log("json", "debug")) as served:
        answers = [
            served.unlock("not-listed", "unknown"),
            served.unlock("not-listed", pac_api_key="wrong-secret-value"),
            served.unlock("not-listed", authorization="Bearer wrong-secret-value"),
            served.unlock("not-listed", authorization="wrong-secret-value"),
            served.unlock("not-listed", pac_channel_code="other"),
            served.unlock("not-listed", user_agent="none"),
            served.put(b"no json"),
        ]
    log = capfd.readouterr().err
    reported = [answer.text + str(answer.headers) for answer in answers]
    assert log.count('"event":"request"') == len(answers)
    assert [secret for secret in secrets if any(secret in text for text in [log, *reported])] == []
