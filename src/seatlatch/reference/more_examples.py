"""Examples of the calls that are not of the document's own: reading back, and the box office's."""

from seatlatch.reference.examples import LISTED, LOCKED, OWNER, UNKNOWN, Body, Example

REQUEST_ID = "5b0f2a86-3c1d-4f7e-8a95-0d6b7c2e4f10"
OTHER_REQUEST_ID = "5b0f2a86-3c1d-4f7e-8a95-0d6b7c2e4f21"
TOKEN = "201080101"  # noqa: S105 - a ticket's, no secret
OWNER_OF_TOKEN = "310800"  # noqa: S105 - as above
FIRST, SECOND = "2026-11-25T06:59:51.846973Z", "2026-11-25T06:59:51.871366Z"
HOLD_END = "2026-11-25T07:09:51.871366Z"
CURSOR = (
    "AZ8DEOR9SEaqI7ITlC-DbFOMUSTYeqtff7Ne9rbcK7LBX_WO4uuMse_PM2iF2C6fZDuwDlGsON9VeYVd"
    "v8KxM2GbjQvoBi88l0dnvvD3_wakhLS3qVhxGsfnt3SYU22rUemG0RUYlKH6DSQKVuXTWoZcflHIMb5n"
    "MU--_A-4XPWMq1h-OHD0v0CEPXtuDJMGGcqZgfWtgH2QKuY6xNglKug"
)
OPAQUE_ENTRY_ID = "gRGTHixYrb_wn15a9Dfwtfm_k-aVSZsU"
SEAT = {"accessId": "SANDBOX-2026", "section": "101", "row": "A", "seat": "1"}
SEAT_TOKEN = "201010101"  # noqa: S105 - a ticket's, no secret
BOX_OFFICE = "sandbox-operator"


def _asked_by(*, of_channel: bool) -> Body:
    return {
        "application": "com.mycompany.myapp" if of_channel else None,
        "channel": "my-application" if of_channel else None,
        "operator": None if of_channel else BOX_OFFICE,
    }


def _trace(success: Body, failure: Body, entry_id: str = "68719476737") -> Body:
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


def _event(change: str, by: str, status: str, version: int, moment: str, request_id: str) -> Body:
    return {
        "change": change,
        "token": SEAT_TOKEN,
        "version": version,
        "timestamp": moment,
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
        "Nothing new. `next` is there all the same.",
        None,
        200,
        {"events": [], "next": CURSOR, "more": False},
    ),
)

_NEW = {"token": "203010101", "organizationId": "1001", "ownerId": "330100"}

PUT = (
    Example(
        "oneAdded",
        "A new ticket.",
        [{**_NEW, "accessId": "SANDBOX-2026"}],
        200,
        {"success": [{"token": _NEW["token"], "ownerId": _NEW["ownerId"], "outcome": "added"}]},
    ),
)


def _failed(token: str, kind: str, message: str, status: str | None, **owner: str) -> Body:
    return {
        "token": token,
        "status": status,
        "appErrorCode": "MS-409" if kind == "SEAT_RECORD_LOCKED" else "MS-422",
        "developerMessage": message,
        "type": kind,
        **owner,
    }


_RESERVED = _failed(
    LISTED[0],
    "SEAT_RECORD_LOCKED",
    "Ticket is reserved by a marketplace",
    "UNLOCK",
    ownerId=OWNER,
)
_UNKNOWN = _failed(UNKNOWN[0], "INVALID_TOKEN", "Token is invalid", None)

STATUS = (
    Example(
        "held",
        "Held for ten minutes.",
        {"tokens": [TOKEN], "status": "LOCK", "reason": "exchange", "expiresInSeconds": 600},
        200,
        {"success": [{"token": TOKEN, "ownerId": OWNER_OF_TOKEN, "status": "LOCK"}]},
    ),
    Example(
        "someHeld",
        "One is reserved by a marketplace.",
        {"tokens": [TOKEN, LISTED[0]], "status": "LOCK", "reason": "exchange"},
        207,
        {
            "success": [{"token": TOKEN, "ownerId": OWNER_OF_TOKEN, "status": "LOCK"}],
            "failure": [_RESERVED],
        },
    ),
    Example(
        "noneHeld",
        "Reserved by a marketplace.",
        {"tokens": [LISTED[0]], "status": "LOCK", "reason": "exchange"},
        409,
        {
            "error": {
                "type": "SEAT_RECORD_LOCKED",
                "appErrorCode": "MS-409",
                "developerMessage": "Seat is locked",
            },
            "failure": [_RESERVED],
        },
    ),
    Example(
        "released",
        "Released.",
        {"tokens": [TOKEN], "status": "UNLOCK"},
        200,
        {"success": [{"token": TOKEN, "ownerId": OWNER_OF_TOKEN, "status": "UNLOCK"}]},
    ),
)

OVERRIDE = (
    Example(
        "someUnlocked",
        "One is unknown.",
        {"tokens": [LISTED[1], UNKNOWN[0]], "reason": "seller phoned"},
        207,
        {"success": [{"token": LISTED[1], "ownerId": OWNER}], "failure": [_UNKNOWN]},
    ),
)

_TICKET = {
    "token": TOKEN,
    "organizationId": "1001",
    "ownerId": OWNER_OF_TOKEN,
    **{**SEAT, "section": "108"},
    "barcode": f"B{TOKEN}",
    "voided": False,
    "status": "UNLOCK",
    "hold": None,
    "mpreserve": False,
    "channel": None,
    "listing": None,
    "revision": 1,
}

SHOW = (Example("oneTicket", "A ticket that is free.", None, 200, _TICKET),)
PAGE = (Example("oneTicket", "The last page.", None, 200, {"tickets": [_TICKET], "next": None}),)

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

VOID = (
    Example(
        "allVoid",
        "Void now, or already.",
        {"tokens": [TOKEN], "reason": "reissued"},
        200,
        {"success": [{"token": TOKEN, "ownerId": OWNER_OF_TOKEN}]},
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
"""What a webhook is told."""
