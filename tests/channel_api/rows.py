"""The rows of an unlock's response as bytes, for tickets of the owner of all test tickets."""

LOCKED_ERROR = (
    b'{"error":{"type":"SEAT_RECORD_LOCKED","appErrorCode":"MS-409",'
    b'"developerMessage":"Seat is locked"},"failure":['
)
INVALID_ERROR = (
    b'{"error":{"type":"UNPROCESSABLE_ENTITY","appErrorCode":"MS-422",'
    b'"developerMessage":"Unable to process the request."},"failure":['
)


def success(token: str) -> bytes:
    """The row of a ticket that is unlocked now."""
    return b'{"token":"%s","ownerId":"234567"}' % token.encode()


def unknown(token: str) -> bytes:
    """The row of a token that is not a ticket for this channel."""
    return (
        b'{"token":"%s","status":null,"appErrorCode":"MS-422",'
        b'"developerMessage":"Token is invalid","type":"INVALID_TOKEN"}' % token.encode()
    )


def voided(token: str) -> bytes:
    """The row of a voided ticket: as an unknown one, then its owner."""
    return unknown(token).removesuffix(b"}") + b',"ownerId":"234567"}'


def locked(token: str) -> bytes:
    """The row of a ticket with a lock on it."""
    return (
        b'{"token":"%s","status":"LOCK","appErrorCode":"MS-409",'
        b'"developerMessage":"Seat is locked","type":"SEAT_RECORD_LOCKED","ownerId":"234567"}'
        % token.encode()
    )
