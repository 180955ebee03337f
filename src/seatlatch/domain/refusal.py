"""The refusals of whole requests, independent of HTTP: `http.problems` maps each to a response.

See decision 167.

Refusal
├── NotAuthenticated      the caller's credentials are not valid
├── ChannelNotAllowed     the caller is known, but not for this channel
├── NotPermitted          the operator's role or organizations do not allow the request
├── RateExceeded          the application sends faster than it may
├── InvalidRequest        the request can be parsed, but not be processed
├── PlaceLost             entries after a reader's position in the feed were pruned
├── NotDone               the request is valid, but cannot be carried out as things are
│   ├── NotFound          something that the request names does not exist
│   └── Conflict          the state of the inventory does not allow the request
└── Unavailable           the database cannot confirm a change now; safe to retry
    └── JournalDamaged    no entry can be added to the journal, so nothing can be changed

Refusals for reasons of HTTP (a header, a media type, a route) derive from Refusal in
`http.refusals`.
"""

import re

from seatlatch.domain.label import ends_problem, label_problem, shortened

IDENTIFIER = re.compile(r"[!-~]{1,100}")
"""Identifiers travel in headers and are columns of tables."""


class Refusal(Exception):
    """The whole request is refused and nothing was changed.

    `message` says to the caller's developer what is wrong and what to do. It has no secret.
    `count`: how many tickets it is about, if the caller needs to know that.
    """

    count: int | None = None

    def __init__(self, message: str, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_seconds = retry_after_seconds


class NotAuthenticated(Refusal):
    """The caller's credentials are not valid. `token_sent`: the request had a bearer token."""

    def __init__(self, message: str, *, token_sent: bool) -> None:
        super().__init__(message)
        self.token_sent = token_sent


class ChannelNotAllowed(Refusal):
    """The caller is authenticated, but the channel is not its own."""


class NotPermitted(Refusal):
    """The operator is authenticated, but its role or its organizations do not allow the request."""


class RateExceeded(Refusal):
    """The application exceeds its rate limit; `retry_after_seconds` says when to retry."""


class InvalidRequest(Refusal):
    """The request can be parsed, but not be processed."""


class PlaceLost(Refusal):
    """The entries after a reader's position in the feed are no longer complete."""


class Unavailable(Refusal):
    """The database is not reachable or did not confirm the change; safe to retry."""

    def __init__(self, message: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds)

    def again(self) -> "Unavailable":
        """A copy for another request, with the same cause."""
        other = type(self)(self.message)
        other.__cause__ = self.__cause__
        return other


class JournalDamaged(Unavailable):
    """The head of the journal's chain is damaged: an operator must repair it."""


class NotDone(Refusal):
    """The request can't be carried out as things are. Only commands raise it itself.

    `hint` says what to do on the command line; as text, it follows the message. In contrast,
    `InvalidRequest` is raised for what can never be done, such as an identifier that contains a
    space.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        """The message and the hint, for a person at a terminal."""
        return f"{self.message} {self.hint}".rstrip()


class NotFound(NotDone):
    """Something that the request names does not exist."""


class Conflict(NotDone):
    """The state of the inventory does not allow the request."""


def require_identifier(what: str, identifier: str) -> None:
    """Raise `InvalidRequest` unless it has the form of an identifier; `what` names it."""
    if not IDENTIFIER.fullmatch(identifier):
        raise InvalidRequest(
            f"The {what} must be 1 to 100 visible ASCII characters without spaces, not"
            f" {shortened(identifier)}.{f' It {it}.' if (it := ends_problem(identifier)) else ''}"
        )


def require_name(name: str) -> None:
    """Raise `InvalidRequest` unless it has the form of a name for people."""
    if problem := label_problem(name):
        raise InvalidRequest(f"The name {problem}. Give one of 1 to 200 characters.")
