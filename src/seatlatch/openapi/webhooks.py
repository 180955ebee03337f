"""The webhook in the OpenAPI document: its message, headers, and accepted responses.

See decision 130.
"""

from seatlatch.openapi.examples.journal import MESSAGE
from seatlatch.openapi.operations import SITE
from seatlatch.openapi.problems import JSON
from seatlatch.openapi.schemas import Schema, reference_to
from seatlatch.webhooks.message import SeatsMessage

DESCRIPTION = (
    "Sent when the box office changes a ticket on which the channel has set mpreserve. Signed by"
    " Standard Webhooks; at least once, in order for each ticket, retried for three days. Verify"
    " the signature before anything else, and detect repeats by `webhook-id`."
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
    """The path item of the one kind of message."""
    return {
        "post": {
            "operationId": "seatsChanged",
            # The channel's server receives this call, so a generated client needs no method for it.
            # The one that openapi-generator makes for typescript-fetch would not compile.
            "x-internal": True,
            "tags": ["Webhooks"],
            "summary": "Seats have changed",
            "description": f"{DESCRIPTION}\n\n[The page of webhooks]({SITE}webhooks.html)",
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
                        "schema": reference_to(SeatsMessage.__name__),
                        "examples": {
                            "oneSeat": {"summary": "One seat was unlocked.", "value": MESSAGE}
                        },
                    }
                },
            },
            "responses": {
                "2XX": {"description": "Accepted. The body of the response is ignored."},
                "410": {"description": "The endpoint wants no more messages, and is disabled."},
                "4XX": {"description": "Not accepted. The message is retried later."},
                "5XX": {"description": "Not accepted. The message is retried later."},
            },
        }
    }
