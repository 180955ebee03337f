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
IS_SYNCHRONOUS = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
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

    def promote(self) -> None:
        """Make it a primary, and wait until it is one."""
        with psycopg.connect(self.url(MAINTENANCE), autocommit=True) as hand:
            hand.execute("SELECT pg_promote()")
            assert hand.execute(IN_RECOVERY).fetchone() == (False,)


@contextmanager
def replicated() -> Iterator[tuple[WatchedServer, Standby]]:
    """A primary whose COMMITs wait for its standby."""
    primary = WatchedServer(DURABLE)
    try:
        primary.start()
        standby = Standby(primary)
        try:
            standby.start()
            with psycopg.connect(primary.url(MAINTENANCE), autocommit=True) as hand:
                hand.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY_NAME}'")
                hand.execute("SELECT pg_reload_conf()")
                until(lambda: hand.execute(IS_SYNCHRONOUS).fetchall(), FOLLOWS_SECONDS)
            yield primary, standby
        finally:
            standby.close()
    finally:
        primary.close()


@contextmanager
def failed_over(primary: WatchedServer, standby: Standby) -> Iterator[None]:
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
