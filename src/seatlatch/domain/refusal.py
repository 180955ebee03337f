"""Why a whole request is turned down. Knows nothing of HTTP; `api.problems` maps each to it.

Refusal
├── NotAuthenticated      who is calling is not established
├── ChannelNotAllowed     the caller is known, but not for this channel
├── RateExceeded          the application sends faster than it may
├── InvalidRequest        the request can be read, but asks for what can't be asked
├── PlaceLost             a reader's place in the feed is not there any more
└── Unavailable           the database can't confirm a change now; safe to send again
    └── JournalDamaged    the journal can't take an entry, so nothing can be changed

What only HTTP can get wrong (a header, a media type, a route) derives from Refusal in
`api.refusals`.
"""


class Refusal(Exception):
    """The whole request is turned down and nothing was changed.

    `message` is for the caller's developer: what is wrong and what to do; never a secret.
    """

    def __init__(self, message: str, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_seconds = retry_after_seconds


class NotAuthenticated(Refusal):
    """Who is calling is not established. `token_sent`: a bearer token came with the request."""

    def __init__(self, message: str, *, token_sent: bool) -> None:
        super().__init__(message)
        self.token_sent = token_sent


class ChannelNotAllowed(Refusal):
    """The caller is known, but this channel is not its own."""


class RateExceeded(Refusal):
    """The application sends faster than its limit; `retry_after_seconds` says when to go on."""


class InvalidRequest(Refusal):
    """The request can be read, but asks for what can't be asked."""


class PlaceLost(Refusal):
    """What follows a reader's place in the feed can't be told any more."""


class Unavailable(Refusal):
    """The database is not reachable or did not confirm the change; safe to send again."""

    def __init__(self, message: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds)

    def again(self) -> "Unavailable":
        """The same for one more request, with the same cause."""
        other = type(self)(self.message)
        other.__cause__ = self.__cause__
        return other


class JournalDamaged(Unavailable):
    """The head of the journal's chain is damaged: an operator must repair it."""
