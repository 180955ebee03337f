"""Examples of the operator's ticket calls."""

from seatlatch.openapi.examples.example import (
    LISTED,
    OWNER,
    OWNER_OF_TOKEN,
    SEAT,
    TOKEN,
    UNKNOWN,
    Example,
    Json,
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


def _failed(token: str, kind: str, message: str, status: str | None, **owner: str) -> Json:
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

_FILTER = {"accessId": "SANDBOX-2026", "section": "101", "row": "A", "mpreserve": True}

OVERRIDE = (
    Example(
        "dryRun",
        "Counts the matching tickets.",
        {"filter": _FILTER, "reason": "contract ended", "dryRun": True},
        200,
        {
            "count": 20,
            "confirmation": "f28c795f136fc442cab9947451c82b18306ad70682233c26148e2d54e7ee8274",
        },
    ),
    Example(
        "outOfDate",
        "Other tickets match than in the dry run.",
        {"filter": _FILTER, "reason": "contract ended", "confirmation": "0" * 64},
        409,
        {
            "error": {
                "type": "CONFLICT",
                "appErrorCode": "MS-409",
                "developerMessage": "The matching tickets have changed since the dry run, and"
                " nothing was done. Repeat the dry run, check its count and send its confirmation.",
            },
            "count": 20,
        },
    ),
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
    "state": "free",
    "voided": False,
    "status": "UNLOCK",
    "hold": None,
    "mpreserve": False,
    "channel": None,
    "listing": None,
    "version": 1,
    "revision": 1,
}

SHOW = (Example("oneTicket", "A ticket that is free.", None, 200, _TICKET),)
PAGE = (Example("oneTicket", "The last page.", None, 200, {"tickets": [_TICKET], "next": None}),)

VOID = (
    Example(
        "allVoid",
        "Void now, or already.",
        {"tokens": [TOKEN], "reason": "reissued"},
        200,
        {"success": [{"token": TOKEN, "ownerId": OWNER_OF_TOKEN}]},
    ),
)
