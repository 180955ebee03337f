"""Time limits of a client: to send a request, to read a response, to be idle.

See decision 9.
"""

STALL_SECONDS = 4.0
"""A request of which nothing arrives for this long is refused."""

REQUEST_SECONDS_MAX = 30.0
"""A request must arrive within this time, even if it arrives steadily."""

UNREAD_SECONDS_MAX = 30.0
"""A client that reads nothing of a response for this long is disconnected."""


class ConnectionTimes:
    """The times of the latest events on a connection, in seconds by the event loop's clock.

    `received_at`: some bytes arrived. `began_at`: the request that is arriving began. `idle_since`:
    the last response was sent.
    """

    def __init__(self, now: float) -> None:
        self.received_at = self.began_at = self.idle_since = now
        self.written_bytes = 0
        self._paused_at = now
        self._read_bytes = 0
        self._read_at = now

    def restart(self, now: float) -> None:
        """Start the client's time limit now."""
        self.received_at = self.began_at = now

    def pause(self, now: float) -> None:
        """Note that the server stops reading. That time does not count for the client."""
        self._paused_at = now

    def resume(self, now: float) -> None:
        """Note that the server reads again."""
        self.received_at = now
        self.began_at += now - self._paused_at

    def is_sent_too_slowly(self, now: float) -> bool:
        """Whether a client that is sending has stalled, or takes too long."""
        has_stalled = now - self.received_at >= STALL_SECONDS
        return has_stalled or now - self.began_at > REQUEST_SECONDS_MAX

    def is_idle(self, now: float, keep_alive_seconds: float) -> bool:
        """Whether there was no request for that time."""
        return now - self.idle_since >= keep_alive_seconds

    def is_unread_too_long(self, now: float, unsent_bytes: int) -> bool:
        """Whether the client has not read anything for too long. To be called regularly."""
        read_bytes = self.written_bytes - unsent_bytes
        if read_bytes > self._read_bytes or not unsent_bytes:
            self._read_bytes, self._read_at = read_bytes, now
        return now - self._read_at > UNREAD_SECONDS_MAX
