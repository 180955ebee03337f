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
CLIENT_ADDRESS = "203.0.113.7"


def _asked_by(*, of_channel: bool) -> Json:
    return {
        "application": "com.mycompany.myapp" if of_channel else None,
        "channel": "my-application" if of_channel else None,
        "operator": None if of_channel else BOX_OFFICE,
    }


def _trace(
    success: Json, failure: Json, entry_id: str = "68719476737", **more: Json
) -> dict[str, Json]:
    return {
        "entryId": entry_id,
        "requestId": REQUEST_ID,
        "timestamp": FIRST,
        "verb": "unlock",
        **_asked_by(of_channel=True),
        "reason": None,
        "holdSeconds": None,
        "externalListingId": None,
        "refusal": None,
        "success": success,
        "failure": failure,
        **more,
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
            "requests": [
                _trace(
                    _UNLOCKED,
                    [{"token": LOCKED, "outcome": "seat_locked"}],
                    clientAddress=CLIENT_ADDRESS,
                )
            ],
            "next": None,
        },
    ),
)


def _row(entry_id: str, *, of_channel: bool, **more: Json) -> dict[str, Json]:
    asked_by = _asked_by(of_channel=of_channel)
    return {
        "entryId": entry_id,
        "requestId": REQUEST_ID if of_channel else OTHER_REQUEST_ID,
        "timestamp": FIRST if of_channel else SECOND,
        "verb": "lock" if of_channel else "hold",
        "status": 207 if of_channel else 200,
        "application": asked_by["application"],
        "channel": asked_by["channel"],
        "refusal": None,
        "externalListingId": "L-2026-0042" if of_channel else None,
        "succeeded": 1,
        "failed": 1 if of_channel else 0,
        **more,
    }


LISTED_REQUESTS = (
    Example(
        "twoRequests",
        "The box office held a seat, after a channel had locked one of two tickets.",
        None,
        200,
        {
            "requests": [
                _row(
                    "68719476738",
                    of_channel=False,
                    operator=BOX_OFFICE,
                    reason="exchange",
                    clientAddress=CLIENT_ADDRESS,
                ),
                _row(
                    "68719476737",
                    of_channel=True,
                    operator=None,
                    reason=None,
                    clientAddress=CLIENT_ADDRESS,
                ),
            ],
            "next": None,
        },
    ),
)

OWN_REQUESTS = (
    Example(
        "oneRequest",
        "A lock of two tickets, of which one failed. There are older requests.",
        None,
        200,
        {"requests": [_row(OPAQUE_ENTRY_ID, of_channel=True)], "next": CURSOR},
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
                    "externalListingId": None,
                    "listedBy": None,
                    "clientAddress": CLIENT_ADDRESS,
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
