"""Authentication: every combination of right and wrong, and the exact time of expiry."""

from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.auth.authenticate import PresentedCredentials, authenticate
from seatlatch.auth.keys import hash_secret
from seatlatch.domain.application import AccessToken, ApiKey, Application, Caller, Credentials
from seatlatch.domain.channel import Channel
from seatlatch.domain.operator import Operator, OperatorKey, Role
from seatlatch.domain.refusal import ChannelNotAllowed, NotAuthenticated
from tests.cases import all_cases

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CHANNEL = Channel("mine", frozenset({"1001"}))
OTHER = Channel("theirs", frozenset({"2002"}))


def credentials(
    key_expires_at: datetime | None = None, token_expires_at: datetime | None = None
) -> Credentials:
    keys = (ApiKey(hash_secret(b"old"), key_expires_at), ApiKey(hash_secret(b"key"), None))
    return Credentials(
        1,
        {
            "app": Application("app", CHANNEL, keys),
            "other": Application("other", OTHER, (ApiKey(hash_secret(b"other-key"), None),)),
        },
        {
            hash_secret(b"token"): AccessToken("app", token_expires_at),
            hash_secret(b"other-token"): AccessToken("other", None),
        },
        {hash_secret(b"operator-key"): OperatorKey(Operator("box-office", Role.BOX_OFFICE))},
    )


RIGHT = PresentedCredentials("app", b"key", b"token", "mine")


def test_credentials_that_belong_together_are_accepted() -> None:
    assert authenticate(credentials(), RIGHT, NOW) == (Caller("app", CHANNEL), None)


@all_cases(
    "wrong",
    [
        RIGHT._replace(application_id="nobody"),
        RIGHT._replace(application_id="other"),
        RIGHT._replace(api_key=b"KEY"),
        RIGHT._replace(api_key=b"other-key"),
        RIGHT._replace(api_key=b""),
        RIGHT._replace(access_token=b"nothing"),
        RIGHT._replace(access_token=b"other-token"),
        RIGHT._replace(access_token=None),
    ],
    ids=str,
)
def test_all_other_credentials_are_refused(wrong: PresentedCredentials) -> None:
    with pytest.raises(NotAuthenticated) as refusal:
        authenticate(credentials(), wrong, NOW)
    assert refusal.value.token_sent == (wrong.access_token is not None)
    for secret in ("key", "token", "old"):
        assert f"{secret!r}" not in refusal.value.message


def test_another_channel_is_refused() -> None:
    with pytest.raises(ChannelNotAllowed):
        authenticate(credentials(), RIGHT._replace(channel_code="theirs"), NOW)


@pytest.mark.parametrize(("seconds", "valid"), [(1, True), (0, False), (-1, False)])
def test_keys_and_tokens_are_valid_until_they_expire(seconds: int, valid: bool) -> None:
    expires_at = NOW + timedelta(seconds=seconds)
    for known, presented in (
        (credentials(key_expires_at=expires_at), RIGHT._replace(api_key=b"old")),
        (credentials(token_expires_at=expires_at), RIGHT),
    ):
        if valid:
            caller, valid_until = authenticate(known, presented, NOW)
            assert caller.application_id == "app"
            assert valid_until == expires_at
        else:
            with pytest.raises(NotAuthenticated):
                authenticate(known, presented, NOW)


def test_while_a_key_is_rotated_both_are_valid() -> None:
    for key in (b"old", b"key"):
        assert authenticate(credentials(), RIGHT._replace(api_key=key), NOW)


def test_the_problem_of_a_token_is_named_only_to_a_caller_with_the_key() -> None:
    known = credentials(token_expires_at=NOW)
    with pytest.raises(NotAuthenticated, match="expired"):
        authenticate(known, RIGHT, NOW)
    with pytest.raises(NotAuthenticated, match="PAC-API-Key"):
        authenticate(known, RIGHT._replace(api_key=b"guess"), NOW)
