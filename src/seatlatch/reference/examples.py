"""The document's examples, and further ones of the same kind, as the sandbox answers them.

The credentials are the sandbox's: fixed, and public by intent. Source: the contract, section 2.
"""

from typing import Any, NamedTuple

HEADERS = {
    "Request-ID": "7d444840-9dc0-41d1-b245-5ffdce74fad2",
    "User-Agent": "MyApplication/1.0",
    "PAC-Application-ID": "com.mycompany.myapp",
    "PAC-API-Key": "sandbox-api-key",
    "PAC-Channel-Code": "my-application",
}
"""Of a request, as far as they are the caller's own."""

ACCESS_TOKEN = "sandbox-access-token"  # noqa: S105 - public by intent
AUTHORIZATION_CODE = "sandbox-authorization-code"
OPERATOR_KEY = "sandbox-operator-key"

Body = Any
"""What is to become JSON. The order of members is that of the answers."""


class Example(NamedTuple):
    """A case, with what is sent and what comes back. `request` None = there is no body, or it is
    one that the call does not take.
    """

    name: str
    summary: str
    request: Body | None
    status: int
    answer: Body


OWNER = "234567"
LISTED = ["98973476444", "54457347644"]
VOIDED = "67889833903898"
LOCKED = "35293252542428"
UNKNOWN = ["56789983390560", "56689833903898"]


def _row(token: str, **more: Any) -> Body:
    return {"token": token, "ownerId": OWNER, **more}


def _invalid(token: str, **more: Any) -> Body:
    return {
        "token": token,
        "status": None,
        "appErrorCode": "MS-422",
        "developerMessage": "Token is invalid",
        "type": "INVALID_TOKEN",
        **more,
    }


def _locked(token: str) -> Body:
    return {
        "token": token,
        "status": "LOCK",
        "appErrorCode": "MS-409",
        "developerMessage": "Seat is locked",
        "type": "SEAT_RECORD_LOCKED",
        "ownerId": OWNER,
    }


def _error(status: int, kind: str, message: str) -> Body:
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


def _listing(*tokens: str) -> Body:
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


def _verified(token: str) -> Body:
    place = dict.fromkeys(("accessId", "section", "row", "seat"))
    return _row(
        token,
        **place,
        status="UNLOCK",
        mpreserve=True,
        **dict.fromkeys(("externalListingId", "totalPrice", "individualPrice", "source")),
    )


def _asked(*tokens: str) -> Body:
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
        "By barcode; the channel may not know of that ticket.",
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
