"""Examples of the operator's calls about webhooks, and of a test message."""

from seatlatch.openapi.examples.example import REQUEST_ID, Example, Json

_TIME = "2026-11-25T06:59:51.846973Z"
_LATER = "2026-11-25T07:00:22.103582Z"
_DAY_LATER = "2026-11-26T06:59:51.846973Z"
_ID = "wh_0c5d6f4b8e7a49d2b1c3e5f7a9b0d2c4"
_MESSAGE_ID = "msg_9b1de2c1f5a04d0c8a3f6de0a5c0a6b7"
_SECRET = "whsec_bm90IGEgc2VjcmV0LCBidXQgYW4gZXhhbXBsZSE="  # noqa: S105 - an example

_WEBHOOK: Json = {
    "webhookId": _ID,
    "channelCode": "my-application",
    "url": "https://receiver.example/seats?***",
    "ownChanges": False,
    "state": "active",
    "reason": None,
    "failingSince": None,
    "successRate": 0.9987,
    "createdAt": _TIME,
}
_NEW = {**_WEBHOOK, "successRate": None}
_FAILING = {
    **_WEBHOOK,
    "state": "failing",
    "reason": "The receiver answered 500.",
    "failingSince": _TIME,
}

LIST = (
    Example(
        "lastPage",
        "A webhook whose receiver fails.",
        None,
        200,
        {"webhooks": [_FAILING], "next": None},
    ),
)
ADD = (
    Example(
        "added",
        "A new webhook.",
        {"url": "https://receiver.example/seats?key=example", "channelCode": "my-application"},
        201,
        {**_NEW, "secret": _SECRET},
    ),
)
SHOW = (Example("active", "A webhook whose receiver accepts messages.", None, 200, _WEBHOOK),)
EDIT = (
    Example(
        "moved",
        "Another URL.",
        {"url": "https://receiver.example/seats?key=example"},
        200,
        _WEBHOOK,
    ),
)
PAUSE = (
    Example(
        "paused",
        "Messages wait.",
        None,
        200,
        {**_WEBHOOK, "state": "paused", "reason": "Paused by the operator."},
    ),
)
ROTATE_SECRET = (
    Example(
        "rotated",
        "Both secrets sign for a day.",
        None,
        200,
        {"webhookId": _ID, "secret": _SECRET, "oldSecretEnds": _DAY_LATER},
    ),
)
TEST = (
    Example(
        "queued",
        "The message waits to be sent.",
        None,
        202,
        {"webhookId": _ID, "messageId": _MESSAGE_ID},
    ),
)
REPLAY = (
    Example(
        "since",
        "All that were given up since a time.",
        {"since": _TIME},
        202,
        {"webhookId": _ID, "messages": 12},
    ),
    Example(
        "some",
        "One message.",
        {"messageIds": [_MESSAGE_ID]},
        202,
        {"webhookId": _ID, "messages": 1},
    ),
)

_DELIVERY: Json = {
    "messageId": _MESSAGE_ID,
    "messageEntity": "test",
    "state": "pending",
    "createdAt": _TIME,
    "attempts": 1,
    "attemptedAt": _TIME,
    "nextAttemptAt": _LATER,
    "status": 500,
    "milliseconds": 87,
    "problem": "The receiver answered 500.",
}

TEST_MESSAGE: Json = {
    "data": {},
    "metadata": {"messageEntity": "test"},
    "requestId": REQUEST_ID,
    "timestamp": _TIME,
}

DELIVERIES = (
    Example(
        "lastPage",
        "A message that waits for its next attempt.",
        None,
        200,
        {"deliveries": [_DELIVERY], "next": None},
    ),
)
DELIVERY = (
    Example(
        "failed",
        "A test message that the receiver did not accept.",
        None,
        200,
        {**_DELIVERY, "payload": TEST_MESSAGE, "responseBody": '{"error":"not ready"}'},
    ),
)
