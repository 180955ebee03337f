"""Malformed database URLs are refused before any connection, and no password is repeated."""

import pytest

from seatlatch.store.interface import DatabaseUrlMalformed
from seatlatch.store.postgres.connecting import Address
from tests.cases import all_cases


@all_cases(
    ("url", "problem"),
    [
        ("postgresql://user@host/base?nonsense=1", "is malformed"),
        ("postgresql://user@host:secret/base", "invalid integer value for connection option port"),
        ("postgresql://user:secret/base", "invalid integer value for connection option port"),
        ("postgresql://user@host:99999/base", "invalid port number"),
        ("postgresql://user@/base?host=a,b&port=1,2,3", "3 port numbers to 2 hosts"),
        ("postgresql://user@host/base?sslmode=secret", "invalid sslmode value"),
        ("postgresql://user@host/base?target_session_attrs=x", "invalid target_session_attrs"),
        ("postgresql://user@host/base?channel_binding=x", "invalid channel_binding value"),
        ("postgresql://user@host/base?load_balance_hosts=x", "invalid load_balance_hosts value"),
        ("postgresql://user@host/base?ssl_min_protocol_version=x", "ssl_min_protocol_version"),
        ("postgresql://user@host/base?connect_timeout=soon", "whole number for connect_timeout"),
        ("postgresql://user@host/base?keepalives_idle=long", "whole number for keepalives_idle"),
    ],
)
def test_a_malformed_url_is_refused(url: str, problem: str) -> None:
    with pytest.raises(DatabaseUrlMalformed, match=problem) as refused:
        Address.of(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///base",
        "postgresql://user:p%40ss@host:5432/base?sslmode=verify-full&sslrootcert=/missing",
        "postgresql://user@one:5432,two:5433/base?target_session_attrs=read-write",
        "postgresql://user@/base?host=one,two&hostaddr=127.0.0.1,127.0.0.2&connect_timeout=3",
        "postgresql://user@/base?host=/run/postgresql",
    ],
)
def test_others_are_not(url: str) -> None:
    assert Address.of(url).name.startswith("postgresql://")
