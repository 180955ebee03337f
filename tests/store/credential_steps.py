"""Random changes of credentials, by commands and by hand."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from seatlatch.domain.operator import Operator, Role
from tests.databases import Database
from tests.provisioning import Provisioning
from tests.serving import (
    APPLICATION,
    CHANNEL,
    FOREIGN_ORGANIZATION,
    OPERATOR,
    ORGANIZATION,
    OTHER_APPLICATION,
    OTHER_CHANNEL,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CHANNELS = (CHANNEL, OTHER_CHANNEL)
APPLICATIONS = (APPLICATION, OTHER_APPLICATION, "com.example.third", "com.example.fourth")
OPERATORS = (OPERATOR, "second", "third")


def hashed(number: int) -> bytes:
    """The hash of a secret."""
    return sha256(str(number).encode()).digest()


class Steps:
    """Random changes by commands and by hand, of which many find nothing to change."""

    def __init__(self, database: Database, seed: int) -> None:
        self._database = database
        self._chance = random.Random(seed)
        self._last_secret = 0
        self._steps: list[Callable[[], object]] = [
            self.add_token,
            self.add_token,
            self.by_hand,
            self.by_hand,
            self.grant,
            self.key,
            self.operator,
            self.remove,
            self.exchange,
        ]

    def run(self) -> None:
        """Make one change, or several in one transaction."""
        self._chance.choice(self._steps)()

    def _secret(self) -> bytes:
        self._last_secret += 1
        return hashed(self._last_secret)

    def _any(self, table: str, column: str) -> Any:
        rows = self._database.execute(f"SELECT {column} FROM {table} ORDER BY 1")
        return self._chance.choice(rows)[0] if rows else None

    def _expiry(self) -> datetime | None:
        return self._chance.choice([None, NOW + timedelta(days=self._chance.randrange(-400, 4000))])

    def _change(self, change: Callable[[Provisioning], object]) -> None:
        with self._database.provisioning() as provisioning:
            change(provisioning)

    def add_token(self) -> None:
        """Add tokens to an application."""
        application_id = self._any("applications", "application_id")
        if application_id:
            tokens = [(self._secret(), self._expiry()) for _ in range(self._chance.randrange(1, 4))]

            def add(provisioning: Provisioning) -> None:
                for token_hash, expires_at in tokens:
                    provisioning.add_access_token(application_id, token_hash, expires_at)

            self._change(add)

    def exchange(self) -> None:
        """Replace the tokens of a family, as an exchange does, and clear what has expired."""
        application_id = self._any("applications", "application_id")
        if application_id:
            family, token = self._chance.choice([b"f", b"g"]), self._secret()
            expires_at = self._expiry() or NOW
            self._change(
                lambda provisioning: provisioning.do(
                    lambda transaction: transaction.tokens.put_access_token(
                        family, application_id, token, expires_at
                    )
                )
            )

    def by_hand(self) -> None:
        """Change rows by SQL, also what identifies them."""
        execute = self._database.execute
        token = self._any("access_tokens", "token_hash")
        application_id = self._any("applications", "application_id")
        key = self._any("api_keys", "key_hash")
        operator = self._any("operators", "operator_name")
        channel, secret = self._chance.choice(CHANNELS), self._secret()
        changes: list[tuple[str, tuple[Any, ...]]] = [
            ("UPDATE access_tokens SET token_hash = ? WHERE token_hash = ?", (secret, token)),
            (
                "UPDATE access_tokens SET application_id = ? WHERE token_hash = ?",
                (application_id, token),
            ),
            ("DELETE FROM access_tokens WHERE token_hash = ?", (token,)),
            (
                "UPDATE applications SET channel_code = ? WHERE application_id = ?",
                (channel, application_id),
            ),
            ("UPDATE api_keys SET application_id = ? WHERE key_hash = ?", (application_id, key)),
            ("UPDATE api_keys SET key_hash = ? WHERE key_hash = ?", (secret, key)),
            ("UPDATE operator_keys SET operator_name = ?", (operator,)),
            ("UPDATE channels SET name = 'other' WHERE channel_code = ?", (channel,)),
            ("DELETE FROM grants WHERE channel_code = ?", (channel,)),
        ]
        change, values = self._chance.choice(changes)
        if None not in values:
            execute(change, *values)

    def grant(self) -> None:
        """Give a channel a grant, or take it away."""
        channel = self._any("channels", "channel_code")
        organization = self._chance.choice([ORGANIZATION, FOREIGN_ORGANIZATION])
        granted = self._database.execute("SELECT channel_code, organization_id FROM grants")
        if (channel, organization) in granted:
            self._change(lambda provisioning: provisioning.remove_grant(channel, organization))
        else:
            self._change(lambda provisioning: provisioning.add_grant(channel, organization))

    def key(self) -> None:
        """Add an application or a key, or end keys."""
        application_id = self._chance.choice(APPLICATIONS)
        known = self._database.execute("SELECT application_id FROM applications")
        if (application_id,) not in known:
            self._change(lambda provisioning: provisioning.add_application(application_id, CHANNEL))
        elif self._chance.random() < 0.3:
            ends_at = NOW + timedelta(days=self._chance.randrange(-400, 4000))
            self._change(lambda provisioning: provisioning.end_api_keys(application_id, ends_at))
        else:
            secret, expires_at = self._secret(), self._expiry()
            self._change(
                lambda provisioning: provisioning.add_api_key(application_id, secret, expires_at)
            )

    def operator(self) -> None:
        """Add, change or remove an operator or its keys."""
        name = self._chance.choice(OPERATORS)
        role = self._chance.choice(list(Role))
        operator = Operator(name, role, self._chance.choice([None, frozenset({ORGANIZATION})]))
        if (name,) not in self._database.execute("SELECT operator_name FROM operators"):
            self._change(lambda provisioning: provisioning.add_operator(operator))
            return
        secret, expires_at = self._secret(), self._expiry()
        change: Callable[[Provisioning], object] = self._chance.choice(
            [
                lambda provisioning: provisioning.change_operator(operator),
                lambda provisioning: provisioning.remove_operator(name),
                lambda provisioning: provisioning.end_operator_keys(name, NOW),
                lambda provisioning: provisioning.add_operator_key(name, secret, expires_at),
                lambda provisioning: provisioning.add_operator_key(name, secret, expires_at),
            ]
        )
        self._change(change)

    def remove(self) -> None:
        """Remove an application, seldom, with all that it has."""
        application_id = self._any("applications", "application_id")
        if application_id and self._chance.random() < 0.3:
            self._change(lambda provisioning: provisioning.remove_application(application_id))
