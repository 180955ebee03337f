"""Examples of the `/v1` calls that change or show tickets, and of the token call.

See decision 120.
"""

from typing import Any

from seatlatch.openapi.examples.example import (
    AUTHORIZATION_CODE,
    LISTED,
    LOCKED,
    OWNER,
    UNKNOWN,
    VOIDED,
    Example,
    Json,
)


def _row(token: str, **more: Any) -> Json:
    return {"token": token, "ownerId": OWNER, **more}


def _invalid(token: str, **more: Any) -> Json:
    return {
        "token": token,
        "status": None,
        "appErrorCode": "MS-422",
        "developerMessage": "Token is invalid",
        "type": "INVALID_TOKEN",
        **more,
    }


def _locked(token: str) -> Json:
    return {
        "token": token,
        "status": "LOCK",
        "appErrorCode": "MS-409",
        "developerMessage": "Seat is locked",
        "type": "SEAT_RECORD_LOCKED",
        "ownerId": OWNER,
    }


def _error(status: int, kind: str, message: str) -> Json:
    return {"type": kind, "appErrorCode": f"MS-{status}", "developerMessage": message}


_NOTHING_DONE = _error(422, "UNPROCESSABLE_ENTITY", "Unable to process the request.")
_TOO_MANY = "The request payload cannot contain more than 100 tokens"
_ALL_UNLOCKED = {"success": [_row(token) for token in LISTED]}
_MIXED = {**_ALL_UNLOCKED, "failure": [_invalid(VOIDED, ownerId=OWNER), _locked(LOCKED)]}
_ALL_LOCKED = {
    "error": _error(409, "SEAT_RECORD_LOCKED", "Seat is locked"),
    "failure": [_locked(LOCKED)],
}
_NONE = {"error": _NOTHING_DONE, "failure": [_invalid(token) for token in UNKNOWN]}


UNLOCK = (
    Example("allUnlocked", "All tickets are unlocked.", {"tokens": LISTED}, 200, _ALL_UNLOCKED),
    Example(
        "someUnlocked",
        "Some tickets are unlocked, one is void and one is held by the box office.",
        {"tokens": [*LISTED, VOIDED, LOCKED]},
        207,
        _MIXED,
    ),
    Example("allHeld", "Every seat is held.", {"tokens": [LOCKED]}, 409, _ALL_LOCKED),
    Example("noneUnlocked", "No ticket is known.", {"tokens": UNKNOWN}, 422, _NONE),
    Example(
        "tooMany",
        "More than 100 tokens were sent.",
        None,
        422,
        {"error": _error(422, "UNPROCESSABLE_ENTITY", _TOO_MANY)},
    ),
)


def _listing(*tokens: str) -> Json:
    return {
        "source": "INDIVIDUAL",
        "listing": {
            "externalListingId": "L-1",
            "totalPrice": 170.5,
            "tokens": [{"token": token, "individualPrice": 85.25} for token in tokens],
        },
        "seller": {"lastName": "LAST", "firstName": "FIRST", "address": {"city": "CITY"}},
    }


LOCK = (
    Example("allLocked", "All tickets are locked.", _listing(*LISTED), 200, _ALL_UNLOCKED),
    Example(
        "someLocked",
        "Some tickets are locked, one is void and one is held by the box office.",
        _listing(*LISTED, VOIDED, LOCKED),
        207,
        _MIXED,
    ),
    Example("allHeld", "Every seat is held.", _listing(LOCKED), 409, _ALL_LOCKED),
    Example("noneLocked", "No ticket is known.", _listing(*UNKNOWN), 422, _NONE),
)


def _verified(token: str) -> Json:
    place = dict.fromkeys(("accessId", "section", "row", "seat"))
    return _row(
        token,
        **place,
        status="UNLOCK",
        mpreserve=True,
        **dict.fromkeys(("externalListingId", "totalPrice", "individualPrice", "source")),
    )


def _asked(*tokens: str) -> Json:
    return {"tickets": {"tokens": list(tokens)}}


_VERIFIED = {"success": [_verified(token) for token in LISTED]}

VERIFY = (
    Example("allVerified", "All could be locked or unlocked.", _asked(*LISTED), 200, _VERIFIED),
    Example(
        "someVerified",
        "Some could be locked or unlocked.",
        _asked(*LISTED, VOIDED, LOCKED),
        207,
        {**_VERIFIED, "failure": _MIXED["failure"]},
    ),
    Example("allHeld", "Every seat is held.", _asked(LOCKED), 409, _ALL_LOCKED),
    Example("noneVerified", "No ticket is known.", _asked(*UNKNOWN), 422, _NONE),
    Example(
        "barcodes",
        "By barcode; the channel may not see that ticket.",
        {"tickets": {"barcodes": ["B201100601"], "accessId": "SANDBOX-2026"}},
        422,
        {
            "error": _NOTHING_DONE,
            "failure": [{**_invalid("x"), "token": None, "barcode": "B201100601"}],
        },
    ),
)

_PAIR = {
    "accessToken": "an-access-token",
    "expiration": "2026-11-25T10:39:39.548608000Z",
    "refreshToken": "a-refresh-token",
    "tokenType": "Bearer",
}

TOKEN = (
    Example(
        "authorizationCode",
        "A pair of tokens for a code.",
        {"grantType": "authorization_code", "code": AUTHORIZATION_CODE},
        200,
        _PAIR,
    ),
    Example(
        "refreshToken",
        "A new pair of tokens.",
        {"grantType": "refresh_token", "refreshToken": "a-refresh-token"},
        200,
        _PAIR,
    ),
)
