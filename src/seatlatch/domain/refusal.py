"""The refusals of whole requests, independent of HTTP: `http.problems` maps each to a response.

Refusal
├── NotAuthenticated      the caller's credentials are not valid
├── ChannelNotAllowed     the caller is known, but not for this channel
├── RateExceeded          the application sends faster than it may
├── InvalidRequest        the request can be parsed, but not be processed
├── PlaceLost             entries after a reader's position in the feed were pruned
└── Unavailable           the database cannot confirm a change now; safe to retry
    └── JournalDamaged    no entry can be added to the journal, so nothing can be changed

`NotDone` stands apart: the request is valid, but the state of the inventory does not allow it.

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
    """

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


class NotDone(Exception):
    """The request can't be carried out as things are. The message is a sentence that says what to
    do.

    In contrast, `InvalidRequest` is raised for what can never be done, such as an identifier that
    contains a space.
    """


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
