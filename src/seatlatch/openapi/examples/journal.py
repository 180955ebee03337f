"""Examples of the calls that read the journal, and of a webhook's message."""

from seatlatch.openapi.examples.example import (
    LISTED,
    LOCKED,
    REQUEST_ID,
    SEAT,
    TOKEN,
    Example,
    Json,
)

OTHER_REQUEST_ID = "5b0f2a86-3c1d-4f7e-8a95-0d6b7c2e4f21"
FIRST, SECOND = "2026-11-25T06:59:51.846973Z", "2026-11-25T06:59:51.871366Z"
HOLD_END = "2026-11-25T07:09:51.871366Z"
CURSOR = (
    "AZ8DEOR9SEaqI7ITlC-DbFOMUSTYeqtff7Ne9rbcK7LBX_WO4uuMse_PM2iF2C6fZDuwDlGsON9VeYVd"
    "v8KxM2GbjQvoBi88l0dnvvD3_wakhLS3qVhxGsfnt3SYU22rUemG0RUYlKH6DSQKVuXTWoZcflHIMb5n"
    "MU--_A-4XPWMq1h-OHD0v0CEPXtuDJMGGcqZgfWtgH2QKuY6xNglKug"
)
OPAQUE_ENTRY_ID = "gRGTHixYrb_wn15a9Dfwtfm_k-aVSZsU"
SEAT_TOKEN = "201010101"  # noqa: S105 - a ticket's, no secret
BOX_OFFICE = "sandbox-operator"


def _asked_by(*, of_channel: bool) -> Json:
    return {
        "application": "com.mycompany.myapp" if of_channel else None,
        "channel": "my-application" if of_channel else None,
        "operator": None if of_channel else BOX_OFFICE,
    }


def _trace(success: Json, failure: Json, entry_id: str = "68719476737") -> Json:
    return {
        "entryId": entry_id,
        "requestId": REQUEST_ID,
        "timestamp": FIRST,
        "verb": "unlock",
        **_asked_by(of_channel=True),
        "reason": None,
        "holdSeconds": None,
        "refusal": None,
        "success": success,
        "failure": failure,
    }


_UNLOCKED = [{"token": LISTED[0], "outcome": "unlocked", "version": 2}]

REQUEST = (
    Example(
        "found",
        "An unlock of which one ticket failed.",
        None,
        200,
        {
            "requests": [
                _trace(
                    _UNLOCKED,
                    [{"token": LOCKED, "outcome": "SEAT_RECORD_LOCKED"}],
                    entry_id=OPAQUE_ENTRY_ID,
                )
            ]
        },
    ),
)

TRACE = (
    Example(
        "found",
        "An unlock by a channel.",
        None,
        200,
        {
            "requests": [_trace(_UNLOCKED, [{"token": LOCKED, "outcome": "seat_locked"}])],
            "next": None,
        },
    ),
)


def _event(
    change: str, by: str, status: str, version: int, timestamp: str, request_id: str
) -> Json:
    return {
        "change": change,
        "token": SEAT_TOKEN,
        "version": version,
        "timestamp": timestamp,
        "by": by,
        "requestId": request_id,
        "status": status,
        "mpreserve": False,
        "organizationId": "1001",
        **SEAT,
    }


_HELD = _event("held", "box_office", "LOCK", 3, SECOND, OTHER_REQUEST_ID)

EVENTS = (
    Example(
        "someEvents",
        "The channel unlocked a ticket, and the box office held its seat.",
        None,
        200,
        {
            "events": [
                _event("unlocked", "channel", "UNLOCK", 2, FIRST, REQUEST_ID),
                {**_HELD, "holdExpiresAt": HOLD_END},
            ],
            "next": CURSOR,
            "more": False,
        },
    ),
    Example(
        "nothingNew",
        "Nothing new. `next` is still present.",
        None,
        200,
        {"events": [], "next": CURSOR, "more": False},
    ),
)

HISTORY = (
    Example(
        "oneChange",
        "Held once.",
        None,
        200,
        {
            "token": TOKEN,
            "changes": [
                {
                    "version": 2,
                    "timestamp": SECOND,
                    "verb": "hold",
                    "requestId": OTHER_REQUEST_ID,
                    "entryId": "68719476738",
                    **_asked_by(of_channel=False),
                    "reason": "exchange",
                    "holdSeconds": 600,
                    "listedBy": None,
                }
            ],
            "next": None,
            "isPruned": False,
        },
    ),
)

MESSAGE = {
    "data": {
        "seats": [
            {
                "accessId": "SANDBOX-2026",
                "season": None,
                "item": None,
                "section": "101",
                "row": "A",
                "seat": "20",
                "status": "UNLOCK",
                "token": "201010120",
                "version": 3,
                "mpreserve": False,
                "change": "unlocked",
            }
        ]
    },
    "metadata": {"messageEntity": "seats"},
    "pacOrganizationId": "1001",
    "requestId": "7d444840-9dc0-41d1-b245-5ffdce74fad2",
    "timestamp": "2026-11-23T12:00:00.123456Z",
}
"""The message of a webhook."""
