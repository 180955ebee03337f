"""The webhook as the OpenAPI document tells it: its message, headers, and what counts as taken."""

from seatlatch.reference.calls import SITE
from seatlatch.reference.more_examples import MESSAGE
from seatlatch.reference.problems import JSON
from seatlatch.reference.schemas import Schema, reference_to
from seatlatch.webhooks.message import SeatsMessage

DESCRIPTION = (
    "Told when the box office changes a ticket on which the channel has set mpreserve. Signed by"
    " Standard Webhooks; at least once, in order for each ticket, retried for three days. Verify"
    " the signature before anything else, and tell repeats by `webhook-id`."
)

HEADERS = {
    "webhook-id": ("The message's id, the same at each attempt.", "msg_2b1f0c"),
    "webhook-timestamp": ("When this attempt was made, in seconds since 1970.", "1795608000"),
    "webhook-signature": (
        "`v1,` and the signature in base64; two of them, with a blank between, after a rotation.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
}
"""Those of Standard Webhooks, each with its meaning and an example."""


def seats_changed() -> Schema:
    """The path item of the one kind of message."""
    return {
        "post": {
            "operationId": "seatsChanged",
            # The server of the channel receives this call, so a generated client needs no method
            # for it, and that of openapi-generator's typescript-fetch would not compile.
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
                "2XX": {"description": "Taken. Whatever the body says is not looked at."},
                "410": {"description": "The endpoint wants no more; it is disabled."},
                "4XX": {"description": "Not taken. It is sent again later."},
                "5XX": {"description": "Not taken. It is sent again later."},
            },
        }
    }
