"""Connection parameters: the settings of a session, and the name of the database for messages.

Source: libpq's connection parameters and PostgreSQL's settings of a client.

See decision 67.
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
    # Tickets are locked in the order of the tokens in the statement, so that two batches with the
    # same tickets cannot deadlock. Only a nested loop keeps that order.
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_material": "off",
    "enable_memoize": "off",
    # A role or database may have disabled the nested loop itself.
    "enable_nestloop": "on",
    "enable_indexscan": "on",
    "plan_cache_mode": "force_generic_plan",
    # The cost of the remaining plans is above the threshold for JIT compilation, which takes longer
    # than running them.
    "jit": "off",
}
"""The settings for statements that change and read tickets by their tokens."""

SESSION = {"TimeZone": "UTC", "DateStyle": "ISO", "array_nulls": "on"}
"""The format of values, whatever the defaults of the role or database are."""

SERVER_KEEPALIVE = {
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
"""Makes the server notice within about 10 seconds that a connection was lost. Otherwise it would
keep the session for hours, and each network failure would leave more of them.
"""

SESSION_MARKER = "seatlatch.session"
"""A setting whose only purpose is to show that the settings reached the session."""

SESSION_COLUMNS = (
    "pg_backend_pid(), current_setting('session_replication_role'),"
    f" current_setting('{SESSION_MARKER}', true)"
)
"""Facts about the current session that `session_problem` checks."""

KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""The client notices within about 10 seconds that a server has disappeared. It does not notice that
a server's processes are frozen, because the operating system still acknowledges what is sent.
"""

CONNECT_SECONDS_MAX = 3
"""The limit for each host of the URL, since the first one may drop all packets. Few callers wait
this long; later ones find the connection ready.
"""

COMMIT_SECONDS = 10
"""How long a COMMIT may take. Callers get a response after 3 seconds; this limit frees the lane and
the tickets for others. It is longer than a standby needs to restart, since every COMMIT that is
given up leaves a session behind.
"""

NO_HOST = "/nonexistent"
OPTIONS = frozenset(option.keyword.decode() for option in pq.Conninfo.get_defaults())

APPLICATION_NAME = "seatlatch"

UNDECLARED_POOLER = (
    "is reached through a pooler such as pgbouncer, which drops session settings;"
    " set SEATLATCH_DATABASE_POOLER=transaction."
)


@hides("given")
class Address(NamedTuple):
    """The address of a database: the parameters that were given, by libpq's names.

    `pooled`: through a pooler that keeps no session state between transactions.
    """

    given: dict[str, Any]
    pooled: bool = False
    hosts: Hosts = Hosts({})

    @classmethod
    def of(cls, url: str, *, pooled: bool = False) -> "Address":
        """The address in a URL. Raises `DatabaseUrlMalformed`, which doesn't repeat the unreadable
        part: it may be a password.
        """
        with suppress(psycopg.ProgrammingError):
            given = conninfo.conninfo_to_dict(url)
            # An @ here belongs to a password that was not percent-encoded.
            if not any("@" in str(given.get(part) or "") for part in ("host", "port", "dbname")):
                _require_known_values(given)
                return cls(given, pooled, Hosts(given))
        raise DatabaseUrlMalformed(
            "The database URL is malformed; write it as"
            " postgresql://user:password@host:5432/database, with special characters in the"
            " password percent-encoded."
        )

    @property
    def name(self) -> str:
        """The URL without user and password, safe to show."""
        given = self.given
        host = given.get("host") or given.get("hostaddr") or ""
        port = str(given.get("port") or "").strip(",")
        where = f"{host}:{port}" if port else host
        return f"postgresql://{where}/{given.get('dbname') or given.get('user') or ''}"

    def parameters(self, settings: dict[str, str], connect_seconds: int) -> dict[str, Any]:
        """Keyword arguments for psycopg's `connect`, with `settings` for the session.

        A pooler does not pass on settings, so behind one every transaction sets them again.
        `options` is always among the arguments: otherwise libpq would use PGOPTIONS from the
        environment, which may set anything.
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
        applied = {**SESSION, **SERVER_KEEPALIVE, SESSION_MARKER: "set", **settings}
        own = [] if self.pooled else [f"-c {name}={value}" for name, value in applied.items()]
        parameters["options"] = " ".join([*own, str(given.get("options") or "")]).strip()
        return parameters


INTEGERS = ("connect_timeout", "keepalives", *KEEPALIVE)


def _require_known_values(given: Mapping[str, Any]) -> None:
    """Raise `DatabaseUrlMalformed` for a value that libpq does not accept, without a connection.

    libpq checks most values when a connection attempt starts, and the others when it connects. This
    starts an attempt with placeholder hosts, of which only the number matters.
    """
    for name in INTEGERS:
        if given.get(name) and not str(given[name]).strip().lstrip("-").isdecimal():
            raise DatabaseUrlMalformed(f"The database URL needs a whole number for {name}.")
    hosts = str(given.get("host") or given.get("hostaddr") or "").count(",") + 1
    tried = {**given, "host": ",".join([NO_HOST] * hosts), "hostaddr": ""}
    attempt = pq.PGconn.connect_start(conninfo.make_conninfo("", **tried).encode())
    problem = attempt.error_message.decode(errors="replace").strip()
    attempt.finish()
    if problem.startswith(("invalid ", "could not match ")):
        # A value may be part of a password that was not percent-encoded.
        problem = re.sub(r'[ :]*"[^"]*"', _name_of_option, problem)
        raise DatabaseUrlMalformed(f"The database URL cannot be used: {problem}.")


def _name_of_option(quoted: re.Match[str]) -> str:
    name = quoted[0].strip(' :"')
    return f" {name}" if name in OPTIONS else ""


def shut(connection: psycopg.BaseConnection[Any]) -> None:
    """Shut down a connection from this side: a caller that waits for a result gets an error.

    Does not close the socket, so it is safe while that caller uses it, and from another thread.
    """
    if connection.closed:
        return
    with suppress(OSError), socket.socket(fileno=os.dup(connection.pgconn.socket)) as end:
        end.shutdown(socket.SHUT_RDWR)


def commit_durably(*, locally: bool) -> str:
    """The statement that makes COMMIT wait for the disk, if it does not already."""
    return (
        f"SELECT set_config('synchronous_commit', 'on', {str(locally).lower()})"
        " WHERE current_setting('synchronous_commit') = 'off'"
    )


def set_locally(settings: dict[str, str]) -> str:
    """The statement that applies settings within a transaction."""
    applied = {**SESSION, **settings}
    made = [f"set_config('{name}', '{value}', true)" for name, value in applied.items()]
    return f"SELECT {', '.join([SESSION_COLUMNS, *made])}"


def session_problem(replication_role: str, marker: str, *, pooled: bool) -> str | None:
    """The reason not to use a session, as text after the database's name; None = there is none.

    Takes the values of `SESSION_COLUMNS`. Triggers count changes of credentials, and a server reads
    only that count. If triggers don't fire, revoked credentials stay valid.
    """
    if replication_role == "replica":
        return (
            "sets session_replication_role = replica for this user, so triggers don't fire and a"
            " change of credentials is not noticed; reset that setting for the user and the"
            " database."
        )
    if not marker and not pooled:
        return UNDECLARED_POOLER
    return None
