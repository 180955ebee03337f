"""Calls about webhooks: keys of several roles, and requests that succeed."""

from typing import Any

from seatlatch.auth.keys import hash_secret
from seatlatch.domain.operator import Operator, Role
from tests.databases import Database
from tests.operator_api.administrators import administer
from tests.serving import CHANNEL, ORGANIZATION, Served

URL = "https://8.8.8.8/seats?key=secret"
HIDDEN_URL = "https://8.8.8.8/seats?***"
BODY = {"url": URL, "channelCode": CHANNEL}
ABSENT_MESSAGE = f"msg_{'0' * 32}"
SUPPORT_KEY = "support-key"
BOX_OFFICE_KEY = "box-office-key"
LIMITED_KEY = "limited-key"


def add_operators(database: Database) -> None:
    """Add operators with these keys."""
    with database.provisioning() as provisioning:
        for key, operator in (
            (SUPPORT_KEY, Operator("support", Role.SUPPORT)),
            (BOX_OFFICE_KEY, Operator("seller", Role.BOX_OFFICE)),
            (LIMITED_KEY, Operator("limited", Role.ADMIN, frozenset({ORGANIZATION}))),
        ):
            provisioning.add_operator(operator)
            provisioning.add_operator_key(operator.name, hash_secret(key.encode()))


LEASE = "UPDATE webhooks SET lease_holder = 'another process', lease_ends_at = ?"
LEASE_END = "2999-01-01T00:00:00.000000+00:00"


def add(served: Served, *, is_sent_to: bool = False, **more: Any) -> Any:
    """Add a webhook; returns the response's body. Nothing is sent to it unless `is_sent_to`."""
    added = administer(served, "POST", "/webhooks", {**BODY, **more})
    assert added.status_code == 201, added.text
    assert added.headers["cache-control"] == "no-store"
    if not is_sent_to:
        served.database.execute(LEASE, LEASE_END)
    return added.json()


def accepted(served: Served, path: str, body: Any = b"", key: str = SUPPORT_KEY) -> Any:
    """The body of a response with status 202."""
    answer = administer(served, "POST", path, body, key)
    assert answer.status_code == 202, answer.text
    return answer.json()
