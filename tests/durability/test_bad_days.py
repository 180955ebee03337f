"""PostgreSQL's bad days: callers get 503 soon, nothing acknowledged is lost, and it heals alone."""

from tests.durability.fault_scenarios import WatchedServer, a_day


def test_stopped_and_started(server: WatchedServer) -> None:
    with a_day(server) as day:
        server.stop()
        day.is_refused()
        server.start()
        day.is_answered()


def test_killed_and_started(server: WatchedServer) -> None:
    with a_day(server) as day:
        server.kill()
        day.is_refused()
        server.start()
        day.is_answered()


def test_frozen_and_thawed(server: WatchedServer) -> None:
    with a_day(server) as day:
        server.freeze()
        try:
            day.is_refused()
            day.is_refused()
        finally:
            server.thaw()
        day.is_answered()


def test_restarted(server: WatchedServer) -> None:
    with a_day(server) as day:
        server.stop()
        server.start()
        day.is_answered()
