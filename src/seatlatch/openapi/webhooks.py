"""The webhooks in the OpenAPI document: their messages, headers, and accepted responses.

See decision 130.
"""

from typing import Any

from seatlatch.openapi.examples.events import EVENTS_MESSAGE
from seatlatch.openapi.examples.journal import MESSAGE
from seatlatch.openapi.examples.webhooks import TEST_MESSAGE
from seatlatch.openapi.operations import SITE
from seatlatch.openapi.problems import JSON
from seatlatch.openapi.schemas import Schema, reference_to
from seatlatch.webhooks.event_message import EventsMessage
from seatlatch.webhooks.message import SeatsMessage
from seatlatch.webhooks.message_for_test import MessageForTest

SEATS = "Sent when the box office changes a ticket on which the channel has set mpreserve."
EVENTS = (
    "Sent when an event is added or changed, to the channels that have a grant for its"
    " organization. If it changes again before the message is made, one message has both changes."
)
DELIVERY = (
    "Signed by Standard Webhooks; at least once, in order for each ticket or event, retried for"
    " three days. Verify the signature before anything else, and detect repeats by `webhook-id`."
)

TEST_DESCRIPTION = (
    "Sent when the operator tests the endpoint. It is about no ticket. Verify the signature, then"
    " respond with 2xx and ignore it."
)

HEADERS = {
    "webhook-id": ("The message's id, the same in each attempt.", "msg_2b1f0c"),
    "webhook-timestamp": ("The time of this attempt, in seconds since 1970.", "1795608000"),
    "webhook-signature": (
        "`v1,` and the signature in base64; after a rotation two of them, separated by a space.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
}
"""The headers of Standard Webhooks, each with its meaning and an example."""


def seats_changed() -> Schema:
    """The path item of messages about seats."""
    example = {"oneSeat": {"summary": "One seat was unlocked.", "value": MESSAGE}}
    return _message(
        "seatsChanged", "Seats have changed", f"{SEATS} {DELIVERY}", SeatsMessage, example
    )


def events_changed() -> Schema:
    """The path item of messages about events."""
    example = {"oneEvent": {"summary": "One event was changed.", "value": EVENTS_MESSAGE}}
    text = f"{EVENTS} {DELIVERY}"
    return _message("eventsChanged", "Events have changed", text, EventsMessage, example)


def endpoint_tested() -> Schema:
    """The path item of test messages."""
    example = {"test": {"summary": "A test.", "value": TEST_MESSAGE}}
    return _message("endpointTested", "A test", TEST_DESCRIPTION, MessageForTest, example)


def _message(
    operation_id: str, summary: str, description: str, kind: type[Any], examples: Schema
) -> Schema:
    return {
        "post": {
            "operationId": operation_id,
            # The channel's server receives this call, so a generated client needs no method for it.
            # The one that openapi-generator makes for typescript-fetch would not compile.
            "x-internal": True,
            "tags": ["Webhooks"],
            "summary": summary,
            "description": f"{description}\n\n[The page of webhooks]({SITE}webhooks.html)",
            "security": [],
            "parameters": [
                {
                    "name": name,
                    "in": "header",
                    "required": True,
                    "description": meaning,
                    "schema": {"type": "string"},
                    "example": example,
                }
                for name, (meaning, example) in HEADERS.items()
            ],
            "requestBody": {
                "required": True,
                "content": {
                    JSON: {
                        "schema": reference_to(kind.__name__),
                        "examples": examples,
                    }
                },
            },
            "responses": {
                "2XX": {"description": "Accepted. The body of the response has no meaning."},
                "410": {"description": "The endpoint wants no more messages, and is disabled."},
                "4XX": {"description": "Not accepted. The message is retried later."},
                "5XX": {"description": "Not accepted. The message is retried later."},
            },
        }
    }
