"""Outcomes and errors in words: what each means, and what to do about it.

See decision 179.
"""

from typing import NamedTuple

import msgspec

from seatlatch.domain.outcome import Outcome
from seatlatch.http.problems import ALL_LOCKED, EVERY_PROBLEM, NONE_SUCCEEDED, ErrorResponse
from seatlatch.presentation.ticket_results import INVALID_TOKEN

OUTCOME_MEANINGS = {
    Outcome.UNKNOWN: "There is no such ticket, or the channel has no grant for its organization.",
    Outcome.UNKNOWN_ORGANIZATION: "The organization of a put record does not exist.",
    Outcome.OTHER_ORGANIZATION: "The ticket of a put record belongs to another organization.",
    Outcome.CHANGED: "Another request changed the ticket after the dry run.",
    Outcome.VOIDED: "The ticket was cancelled or reissued.",
    Outcome.SEAT_LOCKED: "The seat status is `LOCK`: a box-office operation holds the record.",
    Outcome.RESERVED_ELSEWHERE: "Another channel has set mpreserve.",
    Outcome.RESERVED: "The box office tried to hold the seat, but a channel has set mpreserve.",
    Outcome.VERIFIED: "The channel could lock or unlock the ticket now.",
    Outcome.LOCKED: "mpreserve was set, or its listing replaced, by this request.",
    Outcome.ALREADY_LOCKED: "The channel had already set mpreserve with this listing.",
    Outcome.UNLOCKED: "mpreserve was cleared by this request.",
    Outcome.ALREADY_UNLOCKED: "mpreserve was not set, so nothing had to be done.",
    Outcome.HELD: "This request held the seat, or changed the reason or end of its hold.",
    Outcome.ALREADY_HELD: "The seat was already held with this reason and end.",
    Outcome.RELEASED: "The hold was ended by this request.",
    Outcome.ALREADY_RELEASED: "The seat was not held.",
    Outcome.MADE_VOID: "The ticket was voided by this request.",
    Outcome.ALREADY_VOID: "The ticket was already void.",
    Outcome.ADDED: "The ticket is new.",
    Outcome.UPDATED: "Details of the ticket were changed.",
    Outcome.UNCHANGED: "The ticket already had these details.",
}
"""The meaning of each outcome, also in the documentation. Words in backquotes are code."""

NOTHING = "Nothing."

_OUTCOME_ACTIONS = {
    Outcome.UNKNOWN: "Find the ticket. If it exists, the channel lacks a grant for its"
    " organization; if not, the caller has a wrong token.",
    Outcome.UNKNOWN_ORGANIZATION: "Add the organization, then put the record again.",
    Outcome.OTHER_ORGANIZATION: "Correct the organization or the token of the record.",
    Outcome.CHANGED: "Repeat the dry run, and the request if the ticket still matches.",
    Outcome.VOIDED: "Give the marketplace the token of the new ticket, if there is one.",
    Outcome.SEAT_LOCKED: "The ticket's history shows who holds the seat and why. When that is done,"
    " release it and ask the marketplace to retry.",
    Outcome.RESERVED_ELSEWHERE: "The ticket shows which channel. Do not tell the caller. If that"
    " listing is wrong, unlock the ticket.",
    Outcome.RESERVED: "Hold it over the listing, or unlock the ticket first.",
}
"""The actions of the box office for a failure."""

_OWN_MEANINGS = {
    INVALID_TOKEN: "The ticket does not exist, was voided, or belongs to an organization that has"
    " not granted the channel access.",
    ALL_LOCKED.type: "The box office holds the seat, or another channel has listed the ticket.",
}
"""The meaning of a ticket's error as far as a channel may know it."""

_ERROR_ACTIONS = {
    "BAD_REQUEST": "Correct the request: a retry gets the same response. Common causes are a"
    " Request-ID that is not a UUID version 4, a User-Agent without a version, and a proxy that"
    " adds a header.",
    "CONFLICT": "The message names what prevents it. Change that first, or repeat the dry run.",
    "FORBIDDEN": "Send the channel code that belongs to the application. An operator needs the role"
    " that the message names.",
    "GONE": "Restart the feed with `after=latest`, then verify the tickets.",
    "INTERNAL_ERROR": "Report the Request-ID to the operator of the service. Do not retry"
    " automatically.",
    INVALID_TOKEN: "Take the ticket off sale: the token does not become valid again. A reissued"
    " ticket has a new token.",
    "METHOD_NOT_ALLOWED": "Use `PUT` for unlock and lock, `POST` for verify and the token call.",
    "NOT_ACCEPTABLE": "Send `Accept: application/json`.",
    "NOT_FOUND": "Check the spelling of the path, and whether the base URL repeats a part of it.",
    "PAYLOAD_TOO_LARGE": "Send a smaller body: split many tickets into several requests.",
    "REQUEST_HEADER_FIELDS_TOO_LARGE": "Find the large headers, usually cookies or tracing headers"
    " that a proxy adds.",
    "REQUEST_TIMEOUT": "Retry on a new connection. If it repeats, the client sends less than its"
    " Content-Length.",
    ALL_LOCKED.type: "Do not retry automatically. The ticket can be changed when the lock has"
    " ended, which the feed and webhooks report.",
    "SERVICE_UNAVAILABLE": "Wait as `Retry-After` says, then retry. That is safe.",
    "TOO_MANY_REQUESTS": "Wait as `Retry-After` says, then retry. `RateLimit` says how many"
    " requests are left.",
    "UNAUTHORIZED": "Refresh the access token once and retry. If that fails too, the key was"
    " revoked or the application removed, or the headers name another application.",
    NONE_SUCCEEDED.type: "Correct the request, or check the reason of each ticket.",
    "UNSUPPORTED_MEDIA_TYPE": "Send `Content-Type: application/json` and an uncompressed body.",
}
"""The actions of a caller, by the type of the error."""

_error = msgspec.json.Decoder(ErrorResponse)
_ERROR_MEANINGS = {problem.type: problem.meaning for problem in EVERY_PROBLEM}


class Explanation(NamedTuple):
    """The meaning of an outcome or error, and what to do. Words in backquotes are code."""

    meaning: str
    action: str = NOTHING


def explain_outcome(outcome: Outcome) -> Explanation:
    """An outcome in words for the box office."""
    return Explanation(OUTCOME_MEANINGS[outcome], _OUTCOME_ACTIONS.get(outcome, NOTHING))


def explain_own(word: str) -> Explanation:
    """A ticket's outcome in words for its channel: a success, or the type of an error."""
    if word in _OWN_MEANINGS:
        return Explanation(_OWN_MEANINGS[word], _ERROR_ACTIONS[word])
    return Explanation(OUTCOME_MEANINGS[Outcome(word)])


def explain_error(error_type: str) -> Explanation | None:
    """The error of a whole request in words; None = the type is unknown."""
    if error_type not in _ERROR_MEANINGS:
        return None
    return Explanation(_ERROR_MEANINGS[error_type], _ERROR_ACTIONS[error_type])


def explain_refusal(text: str) -> Explanation | None:
    """A refusal that the journal has recorded, in words; None = its type is unknown."""
    return explain_error(text.partition(":")[0])


def explain_response(status: int, body: str) -> Explanation | None:
    """The error in a response's body, or if that has no type, its status; None = no error."""
    if status < 400:
        return None
    try:
        return explain_error(_error.decode(body).error.type)
    except msgspec.DecodeError:
        return next(
            (explain_error(one.type) for one in EVERY_PROBLEM if one.status == status), None
        )
