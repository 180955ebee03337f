"""Documents that describe another server than ours, for the controls of the attacks."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from seatlatch.openapi.document import channel_document


def without_a_status(document: dict[str, Any]) -> None:
    """Make the server return a status that is not in the document."""
    del document["paths"]["/v1/tickets/unlock"]["put"]["responses"]["401"]


def with_short_tokens(document: dict[str, Any]) -> None:
    """Make the server accept what the document forbids."""
    tokens = document["components"]["schemas"]["UnlockRequest"]["properties"]["tokens"]
    tokens["items"]["maxLength"] = 5


def with_a_seat(document: dict[str, Any]) -> None:
    """Make the server leave out a required member."""
    document["components"]["schemas"]["SucceededTicket"]["required"].append("seat")


WRONG: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (without_a_status, "status_code_conformance"),
    (with_short_tokens, "wrong_bodies_are_refused_as_a_whole"),
    (with_a_seat, "response_schema_conformance"),
]
"""Each with the check that must find it."""


def wrong_document(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """The document of the unlock call alone, with a change."""
    document = deepcopy(channel_document())
    document["paths"] = {"/v1/tickets/unlock": document["paths"]["/v1/tickets/unlock"]}
    change(document)
    return document
