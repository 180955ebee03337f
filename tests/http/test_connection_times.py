"""The time limits of a client, by the event loop's clock."""

from seatlatch.http.connection_times import (
    REQUEST_SECONDS_MAX,
    STALL_SECONDS,
    UNREAD_SECONDS_MAX,
    ConnectionTimes,
)

PAUSE_SECONDS = 100.0


def test_time_in_which_the_server_does_not_read_is_not_the_clients() -> None:
    times = ConnectionTimes(0.0)
    now = STALL_SECONDS / 2
    times.received_at = now
    for _ in range(3):
        times.pause(now)
        now += PAUSE_SECONDS
        times.resume(now)
        assert not times.is_sent_too_slowly(now)
    now += REQUEST_SECONDS_MAX - STALL_SECONDS / 2
    times.received_at = now
    assert not times.is_sent_too_slowly(now)
    assert times.is_sent_too_slowly(now + 0.1)


def test_what_the_server_writes_is_no_progress_of_its_client() -> None:
    times = ConnectionTimes(0.0)
    for now in range(int(UNREAD_SECONDS_MAX) + 1):
        times.written_bytes += 100
        assert not times.is_unread_too_long(now, unsent_bytes=times.written_bytes)
    assert times.is_unread_too_long(UNREAD_SECONDS_MAX + 1, unsent_bytes=times.written_bytes)


def test_a_client_that_reads_slowly_has_time() -> None:
    times = ConnectionTimes(0.0)
    times.written_bytes = 1000
    for read_bytes in range(10):
        now = read_bytes * (UNREAD_SECONDS_MAX - 1)
        assert not times.is_unread_too_long(now, unsent_bytes=1000 - read_bytes)
