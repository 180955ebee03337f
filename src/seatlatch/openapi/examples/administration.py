"""Examples of the operator's calls about organizations, channels, applications and operators, and
of the audit.
"""

from seatlatch.openapi.examples.example import REQUEST_ID, Example, Json

_TIME = "2026-11-25T06:59:51.846973Z"
_LATER = "2026-11-26T06:59:51.846973Z"
_API_KEY = "jJ0bV7dVvFQ2w1yL5pX9sR3nT6kM8hG4cZ0aE2uI1oY"
_CODE = "mN5xQ8rT2vW6yB9dF3hK7lP1sU4wZ0cE6gJ8nR2tV5X"
_OPERATOR_KEY = "aS7dF1gH5jK9lQ3wE7rT1yU5iO9pZ3xC7vB1nM5aS9D"

_ORGANIZATION = {"organizationId": "3003", "name": "North Hall"}
_CHANNEL = {"channelCode": "new-marketplace", "name": "New marketplace", "organizations": ["1001"]}
_APPLICATION = {"applicationId": "com.example.new", "channelCode": "new-marketplace"}
_REACH = {"role": "support", "organizations": ["1001"]}

ORGANIZATIONS = (
    Example(
        "lastPage", "The last page.", None, 200, {"organizations": [_ORGANIZATION], "next": None}
    ),
)
ADD_ORGANIZATION = (Example("added", "A new box office.", _ORGANIZATION, 201, _ORGANIZATION),)
CHANNELS = (
    Example("lastPage", "The last page.", None, 200, {"channels": [_CHANNEL], "next": None}),
)
ADD_CHANNEL = (Example("added", "A new marketplace.", _CHANNEL, 201, _CHANNEL),)
GRANT = (
    Example(
        "granted",
        "It sees the tickets of two organizations now.",
        None,
        200,
        {**_CHANNEL, "organizations": ["1001", "3003"]},
    ),
)
UNGRANT = (Example("ungranted", "It sees the tickets of one now.", None, 200, _CHANNEL),)

APPLICATIONS = (
    Example(
        "lastPage",
        "One key, which lasts until it is revoked.",
        None,
        200,
        {"applications": [{**_APPLICATION, "apiKeys": [{"expiresAt": None}]}], "next": None},
    ),
)
ADD_APPLICATION = (
    Example(
        "added",
        "A new application.",
        _APPLICATION,
        201,
        {**_APPLICATION, "apiKey": _API_KEY, "authorizationCode": _CODE},
    ),
)
ROTATE_API_KEY = (
    Example(
        "rotated",
        "The old keys end in a day.",
        {"overlapSeconds": 86_400},
        200,
        {"applicationId": "com.example.new", "apiKey": _API_KEY, "oldKeysEnd": _LATER},
    ),
)
AUTHORIZE = (
    Example(
        "authorized",
        "A new code.",
        None,
        200,
        {"applicationId": "com.example.new", "authorizationCode": _CODE, "expiresAt": _LATER},
    ),
)

_KEY: Json = {
    "keyId": "5f70bf18a086",
    "createdAt": _TIME,
    "expiresAt": None,
    "lastUsedAt": None,
}

OPERATORS = (
    Example(
        "lastPage",
        "An operator with one key.",
        None,
        200,
        {"operators": [{"name": "support-desk", **_REACH, "keys": [_KEY]}], "next": None},
    ),
)
ADD_OPERATOR = (
    Example(
        "added",
        "It may unlock tickets of one organization.",
        {"name": "support-desk", **_REACH},
        201,
        {"name": "support-desk", "operatorKey": _OPERATOR_KEY, **_REACH, "expiresAt": None},
    ),
)
CHANGE_OPERATOR = (
    Example(
        "changed",
        "It may see all organizations now.",
        {"organizations": None},
        200,
        {"name": "support-desk", "role": "support", "organizations": None},
    ),
)
ROTATE_OPERATOR_KEY = (
    Example(
        "rotated",
        "The old keys end at once.",
        {"overlapSeconds": 0},
        200,
        {
            "name": "support-desk",
            "operatorKey": _OPERATOR_KEY,
            "expiresAt": None,
            "oldKeysEnd": None,
        },
    ),
)

AUDIT = (
    Example(
        "onePage",
        "A grant by an operator.",
        None,
        200,
        {
            "entries": [
                {
                    "auditId": "17",
                    "timestamp": _TIME,
                    "actor": "anna",
                    "clientAddress": "198.51.100.9",
                    "requestId": REQUEST_ID,
                    "action": "channel.grant",
                    "target": "new-marketplace",
                    "details": {"organizations": ["3003"]},
                }
            ],
            "next": None,
        },
    ),
)
