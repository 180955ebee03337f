"""How connections are made: what each of them is told, and how the database is called in sentences.

Source: libpq's connection parameters and PostgreSQL's settings of a client.
"""

from contextlib import suppress
from typing import Any, NamedTuple

import psycopg
from psycopg import conninfo

from seatlatch.secrecy import hides
from seatlatch.store.interface import DatabaseProblem

SETTINGS_OF_STATEMENTS = {
    # Tickets are locked in the order in which they are asked for, by token: two batches that want
    # the same ones never wait in a ring. Any other plan than that loop would lose the order.
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_material": "off",
    "enable_memoize": "off",
    "plan_cache_mode": "force_generic_plan",
    # The plans that are left have a price that would have them compiled, which takes longer.
    "jit": "off",
}
"""What holds for the statements that change and read tickets by their tokens."""

SESSION = {"TimeZone": "UTC", "DateStyle": "ISO", "array_nulls": "on"}
"""How values are written and read, whatever a role or database has for its default."""

KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A peer that is gone without a word is noticed within some 10 seconds, also in a COMMIT, which has
no other bound."""

CONNECT_SECONDS_MAX = 3
"""For each host of the URL, and the first may be one that swallows all. Hardly anybody waits for so
long; whoever comes later finds it made.
"""

APPLICATION_NAME = "seatlatch"


@hides("given")
class Address(NamedTuple):
    """Where a database is: the parameters that were given, by libpq's names.

    `pooled`: by way of a pooler that keeps nothing of a session from one transaction to the next.
    """

    given: dict[str, Any]
    pooled: bool = False

    @classmethod
    def of(cls, url: str, *, pooled: bool = False) -> "Address":
        """Where a URL leads. Raises `DatabaseProblem`, which doesn't repeat what can't be read:
        it may be a password.
        """
        with suppress(psycopg.ProgrammingError):
            given = conninfo.conninfo_to_dict(url)
            # What a password leaves behind that was not percent-encoded.
            if not any("@" in str(given.get(part) or "") for part in ("host", "port", "dbname")):
                return cls(given, pooled)
        raise DatabaseProblem(
            "The database's URL can't be read; write it as"
            " postgresql://user:password@host:5432/database, with what is special in a"
            " password percent-encoded."
        )

    @property
    def name(self) -> str:
        """The URL without what must not be told."""
        given = self.given
        host = given.get("host") or given.get("hostaddr") or ""
        port = str(given.get("port") or "").strip(",")
        where = f"{host}:{port}" if port else host
        return f"postgresql://{where}/{given.get('dbname') or given.get('user') or ''}"

    def parameters(self, settings: dict[str, str], connect_seconds: int) -> dict[str, Any]:
        """Keyword arguments for psycopg's `connect`, with `settings` for the session.

        A pooler passes no settings on, so that there every transaction makes them anew. `options`
        is always among the arguments: else libpq would take PGOPTIONS from the environment, which
        may set anything.
        """
        given = self.given
        parameters: dict[str, Any] = {
            "client_encoding": "UTF8",
            "application_name": APPLICATION_NAME,
            "connect_timeout": connect_seconds,
            **KEEPALIVE,
            **given,
            "autocommit": True,
            "prepare_threshold": None,
        }
        said = {} if self.pooled else {**SESSION, **settings}
        options = [f"-c {name}={value}" for name, value in said.items()]
        parameters["options"] = " ".join([*options, str(given.get("options") or "")]).strip()
        return parameters


def commit_durably(*, locally: bool) -> str:
    """The statement that has a COMMIT wait for the disk, if it would not; it may wait for more."""
    return (
        f"SELECT set_config('synchronous_commit', 'on', {str(locally).lower()})"
        " WHERE current_setting('synchronous_commit') = 'off'"
    )


def set_locally(settings: dict[str, str]) -> str:
    """The statement that makes settings hold in a transaction."""
    said = {**SESSION, **settings}
    made = [f"set_config('{name}', '{value}', true)" for name, value in said.items()]
    return f"SELECT {', '.join(made)}"
