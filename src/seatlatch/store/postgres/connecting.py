"""How connections are made: what each of them is told, and how the database is called in sentences.

Source: libpq's connection parameters and PostgreSQL's settings of a client.
"""

import os
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import psycopg
from psycopg import conninfo, pq

from seatlatch.secrecy import hides
from seatlatch.store.interface import DatabaseUrlMalformed
from seatlatch.store.postgres.hosts import Hosts

SETTINGS_OF_STATEMENTS = {
    # Tickets are locked in the order in which they are asked for, by token: two batches that want
    # the same ones never wait in a ring. Any other plan than that loop would lose the order.
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_material": "off",
    "enable_memoize": "off",
    # A role or database may have switched the loop itself off.
    "enable_nestloop": "on",
    "enable_indexscan": "on",
    "plan_cache_mode": "force_generic_plan",
    # The plans that are left have a price that would have them compiled, which takes longer.
    "jit": "off",
}
"""What holds for the statements that change and read tickets by their tokens."""

SESSION = {"TimeZone": "UTC", "DateStyle": "ISO", "array_nulls": "on"}
"""How values are written and read, whatever a role or database has for its default."""

SERVER_KEEPALIVE = {
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
"""The server too notices within some 10 seconds that a connection was cut without a word. Otherwise
it would keep its session for hours, and sessions would pile up with every lost network path."""

SESSION_MARKER = "seatlatch.session"
"""A setting that only says that our settings reached the session."""

SESSION_COLUMNS = (
    "pg_backend_pid(), current_setting('session_replication_role'),"
    f" current_setting('{SESSION_MARKER}', true)"
)
"""What seatlatch needs to know about the session that it is in: see `session_problem`."""

KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A peer that is gone without a word is noticed within some 10 seconds. One whose processes are
frozen is not: its system still acknowledges what is sent."""

CONNECT_SECONDS_MAX = 3
"""For each host of the URL, and the first may be one that swallows all. Hardly anybody waits for so
long; whoever comes later finds it made.
"""

COMMIT_SECONDS = 10
"""How long a COMMIT may take. Callers have their answer after 3 seconds; this bound gives the lane
and the tickets back to others. It is longer than a standby needs to restart, since every COMMIT
that is given up leaves a session behind.
"""

NO_HOST = "/nonexistent"
OPTIONS = frozenset(option.keyword.decode() for option in pq.Conninfo.get_defaults())

APPLICATION_NAME = "seatlatch"

UNDECLARED_POOLER = (
    "is reached through a pooler such as pgbouncer, which drops the settings of a session;"
    " set SEATLATCH_DATABASE_POOLER=transaction."
)


@hides("given")
class Address(NamedTuple):
    """Where a database is: the parameters that were given, by libpq's names.

    `pooled`: by way of a pooler that keeps nothing of a session from one transaction to the next.
    """

    given: dict[str, Any]
    pooled: bool = False
    hosts: Hosts = Hosts({})

    @classmethod
    def of(cls, url: str, *, pooled: bool = False) -> "Address":
        """Where a URL leads. Raises `DatabaseUrlMalformed`, which doesn't repeat what can't be
        read: it may be a password.
        """
        with suppress(psycopg.ProgrammingError):
            given = conninfo.conninfo_to_dict(url)
            # What a password leaves behind that was not percent-encoded.
            if not any("@" in str(given.get(part) or "") for part in ("host", "port", "dbname")):
                _require_known_values(given)
                return cls(given, pooled, Hosts(given))
        raise DatabaseUrlMalformed(
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

        A pooler passes no settings on, so that there every transaction sets them again. `options`
        is always among the arguments: else libpq would take PGOPTIONS from the environment, which
        may set anything.
        """
        given = self.given
        parameters: dict[str, Any] = {
            "client_encoding": "UTF8",
            "application_name": APPLICATION_NAME,
            "connect_timeout": connect_seconds,
            **KEEPALIVE,
            **self.hosts.defaults(),
            **given,
            **self.hosts.parameters(),
            "autocommit": True,
            "prepare_threshold": None,
        }
        said = {**SESSION, **SERVER_KEEPALIVE, SESSION_MARKER: "set", **settings}
        own = [] if self.pooled else [f"-c {name}={value}" for name, value in said.items()]
        parameters["options"] = " ".join([*own, str(given.get("options") or "")]).strip()
        return parameters


INTEGERS = ("connect_timeout", "keepalives", *KEEPALIVE)


def _require_known_values(given: Mapping[str, Any]) -> None:
    """Raise `DatabaseUrlMalformed` for a value that libpq does not accept, without a connection.

    libpq checks most values when a connection begins, and the others when it is made. Here it
    begins to hosts that do not exist, whose number alone matters.
    """
    for name in INTEGERS:
        if given.get(name) and not str(given[name]).strip().lstrip("-").isdecimal():
            raise DatabaseUrlMalformed(f"The database's URL needs a whole number for {name}.")
    hosts = str(given.get("host") or given.get("hostaddr") or "").count(",") + 1
    tried = {**given, "host": ",".join([NO_HOST] * hosts), "hostaddr": ""}
    attempt = pq.PGconn.connect_start(conninfo.make_conninfo("", **tried).encode())
    problem = attempt.error_message.decode(errors="replace").strip()
    attempt.finish()
    if problem.startswith(("invalid ", "could not match ")):
        # A value may be part of a password that was not percent-encoded.
        problem = re.sub(r'[ :]*"[^"]*"', _name_of_option, problem)
        raise DatabaseUrlMalformed(f"The database's URL cannot be used: {problem}.")


def _name_of_option(quoted: re.Match[str]) -> str:
    name = quoted[0].strip(' :"')
    return f" {name}" if name in OPTIONS else ""


def shut(connection: psycopg.BaseConnection[Any]) -> None:
    """End a connection from our side alone: a caller that waits for its result gets an error.

    It is shut and not closed, so that it can be done beside that one, from another thread too.
    """
    if connection.closed:
        return
    with suppress(OSError), socket.socket(fileno=os.dup(connection.pgconn.socket)) as end:
        end.shutdown(socket.SHUT_RDWR)


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
    return f"SELECT {', '.join([SESSION_COLUMNS, *made])}"


def session_problem(replication_role: str, marker: str, *, pooled: bool) -> str | None:
    """Why seatlatch must not work in a session, to follow the database's name; None = it may.

    Takes what `SESSION_COLUMNS` gives. Triggers count the changes of credentials, and a server asks
    for that count alone. Where they don't fire, revoked credentials would be good for ever.
    """
    if replication_role == "replica":
        return (
            "gives this user session_replication_role = replica, so that triggers don't fire and a"
            " change of credentials is not noticed; reset that setting for the user and the"
            " database."
        )
    if not marker and not pooled:
        return UNDECLARED_POOLER
    return None
