"""A primary and its synchronous standby, both from the wheel, for tests of failover."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from seatlatch.store.postgres.store import LANES
from tests.durability.fault_scenarios import WatchedServer
from tests.postgres import DURABLE, PostgresServer, _children
from tests.postgres_database import MAINTENANCE
from tests.waiting import until

FOLLOWS_SECONDS = 20
STANDBY_NAME = "standby"
FOLLOWS = "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = %s"
RECEIVES = "SELECT pid FROM pg_stat_wal_receiver"
IN_RECOVERY = "SELECT pg_is_in_recovery()"
WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


class Standby(WatchedServer):
    """A server that begins as a copy of `primary` and follows it."""

    def __init__(self, primary: PostgresServer) -> None:
        self._primary = primary
        super().__init__(DURABLE)

    def _initialize(self, options: Mapping[str, str]) -> None:
        source = self._primary.url(MAINTENANCE)
        copy = [
            "--pgdata",
            str(self._data),
            "--dbname",
            source,
            "--checkpoint",
            "fast",
            "--no-sync",
        ]
        done = subprocess.run(
            [self._binaries / "pg_basebackup", *copy],
            capture_output=True,
            check=False,
            **self._alone(),
        )
        assert done.returncode == 0, done
        self._write_options(
            {**options, "primary_conninfo": f"{source}?application_name={STANDBY_NAME}"}
        )
        self.become_standby()

    def stop_receiving(self) -> None:
        """Halt its walreceiver, so that it confirms nothing."""
        self._signal_receiver(signal.SIGSTOP)

    def go_on_receiving(self) -> None:
        """Let the walreceiver go on."""
        self._signal_receiver(signal.SIGCONT)

    def _signal_receiver(self, number: signal.Signals) -> None:
        found = []
        for child in _children(self.pid):
            with suppress(OSError):
                if b"walreceiver" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(child)
        (receiver,) = found
        os.kill(receiver, number)

    def stop_following(self) -> None:
        """Receive nothing from now on: the primary's changes stay on the primary."""
        with psycopg.connect(self.url(MAINTENANCE), autocommit=True) as hand:
            hand.execute("ALTER SYSTEM SET primary_conninfo = ''")
            hand.execute("SELECT pg_reload_conf()")
            until(lambda: not hand.execute(RECEIVES).fetchall(), FOLLOWS_SECONDS)

    def promote(self) -> None:
        """Make it a primary, and wait until it is one."""
        with psycopg.connect(self.url(MAINTENANCE), autocommit=True) as hand:
            hand.execute("SELECT pg_promote()")
            assert hand.execute(IN_RECOVERY).fetchone() == (False,)


@contextmanager
def replicated(synchronous_standby: str = STANDBY_NAME) -> Iterator[tuple[WatchedServer, Standby]]:
    """A primary whose COMMITs wait for its standby, or for none if that is called ''."""
    primary = WatchedServer(DURABLE)
    try:
        primary.start()
        standby = Standby(primary)
        try:
            standby.start()
            with psycopg.connect(primary.url(MAINTENANCE), autocommit=True) as hand:
                name = f"ALTER SYSTEM SET synchronous_standby_names = '{synchronous_standby}'"
                hand.execute(name.encode())
                hand.execute("SELECT pg_reload_conf()")
                state = "sync" if synchronous_standby else "async"
                until(lambda: hand.execute(FOLLOWS, (state,)).fetchall(), FOLLOWS_SECONDS)
            yield primary, standby
        finally:
            standby.close()
    finally:
        primary.close()


@contextmanager
def killed(primary: WatchedServer, standby: Standby) -> Iterator[None]:
    """The primary is lost, and the standby takes its place."""
    primary.kill()
    standby.promote()
    yield


@contextmanager
def frozen(primary: WatchedServer, standby: Standby) -> Iterator[None]:
    """The primary stops where it is with its connections open, and the standby takes its place."""
    primary.freeze()
    try:
        standby.promote()
        yield
    finally:
        primary.thaw()


@contextmanager
def frozen_in_commit(primary: WatchedServer, standby: Standby) -> Iterator[None]:
    """The primary is frozen while COMMITs wait, which the standby then gets, and it takes over.

    At the end the primary goes on, and waits for no standby.
    """
    standby.stop_receiving()
    with psycopg.connect(primary.url(MAINTENANCE), autocommit=True) as hand:
        # A lane that is free when the primary freezes would go on at the standby by itself.
        until(lambda: len(hand.execute(WAITING).fetchall()) >= LANES, FOLLOWS_SECONDS)
        primary.freeze()
        try:
            standby.go_on_receiving()
            standby.promote()
            yield
        finally:
            primary.thaw()
            hand.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
            hand.execute("SELECT pg_reload_conf()")


def both(primary: PostgresServer, standby: PostgresServer) -> str:
    """The URL with both hosts, with `{name}` for the database in it."""
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in (primary, standby))
    return f"postgresql://postgres@{hosts}/{{name}}?target_session_attrs=read-write"
