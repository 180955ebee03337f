"""The meaning of each body member and parameter: one name, one meaning, in both documents."""

from typing import Any

from seatlatch.openapi.examples.example import REQUEST_ID, TOKEN

MEANINGS = {
    "accessId": "The event or entitlement that the ticket admits to; null = not known.",
    "accessToken": "The value to send as `Authorization: Bearer ...`.",
    "address": "The seller's address as the marketplace stores it.",
    "appErrorCode": "The code for support.",
    "application": "The application that sent the request; null = the box office sent it.",
    "barcode": "The code that is scanned at the gate.",
    "barcodes": "1 to 100 barcodes of tickets of one `accessId`, instead of `tokens`.",
    "by": "The author of the change: this channel, or the box office.",
    "change": "What happened to the ticket.",
    "changes": "The changes of the ticket, the latest first.",
    "channel": "The channel that sent the request, or that has set mpreserve; null = none.",
    "code": "The authorization code. Required with `authorization_code`.",
    "damaged": "true = the entry was edited after it was written; unreadable members are null.",
    "data": "The content of the message.",
    "developerMessage": "The problem and what to do, for people. The wording may change.",
    "entryId": "Identifies the entry in the journal: an opaque text for a channel, a number as text"
    " for the box office.",
    "error": "The reason why the request failed.",
    "events": "Changes of tickets; each ticket's in order of its version.",
    "expiration": "When the access token expires: UTC with nine decimals.",
    "expiresAt": "When the hold ends by itself; null = it lasts until it is released.",
    "expiresInSeconds": "With `LOCK` only: seconds until the hold ends by itself; absent = no end.",
    "externalListingId": "The listing's id at the marketplace.",
    "failure": "The tickets that failed, in the order of the request.",
    "firstName": "The seller's first name.",
    "grantType": "The kind of secret to exchange for a new pair of tokens.",
    "hold": "The hold of the seat; null = it is not held.",
    "holdExpiresAt": "When the hold ends by itself; absent = it lasts until it is released.",
    "holdSeconds": "The requested length of the hold; null = without an end, or no hold.",
    "individualPrice": "The ticket's price: an exact decimal in the marketplace's currency.",
    "isPruned": "Whether older changes are no longer in the journal.",
    "item": "The event's item; null = not known.",
    "lastName": "The seller's last name.",
    "listedBy": "The channel whose listing it was when the box office changed the ticket.",
    "listing": "The listing as the marketplace described it.",
    "messageEntity": "Always `seats`.",
    "metadata": "The kind of the message.",
    "middleName": "The seller's middle name.",
    "more": "Whether more events are available already.",
    "mpreserve": "Whether the ticket is protected because it is listed at a marketplace.",
    "next": "The value of `after` for the next page; null = this is the last page.",
    "operator": "The operator who sent the request; null = a channel sent it.",
    "organizationId": "The organization that owns the ticket.",
    "outcome": "The outcome for the ticket.",
    "ownerId": "The ticket's owner; absent or null = not visible to the caller.",
    "pacOrganizationId": "The organization that owns the tickets.",
    "reason": "The reason, one line of text for people.",
    "refreshToken": "The token for the next exchange. Works once. Required with `refresh_token`.",
    "refusal": "The reason why the request was refused as a whole; null = it was not.",
    "requestId": "The Request-ID of the request, in lower case.",
    "requests": "The requests under the Request-ID, the oldest first: the latest 100, or a page.",
    "revision": "Deprecated: the same number as `version`.",
    "row": "The row; null = not known.",
    "season": "The event's season; null = not known.",
    "seat": "The seat; null = not known.",
    "seats": "The seats that one request changed, each once.",
    "section": "The section; null = not known.",
    "seller": "The seller. Personal data. Optional only if `source` is `MY_ACCOUNT`.",
    "source": "The kind of seller: the owner from the own account, an individual or a broker.",
    "status": "The seat status; null = not relevant here.",
    "success": "The tickets that are now in the requested state, in the order of the request.",
    "tickets": "The tickets.",
    "timestamp": "The time of the change or request, UTC.",
    "token": "The ticket's token: an opaque string, even if it looks like a number.",
    "tokenType": "Always `Bearer`.",
    "tokens": "The tickets. A repeated token counts, but is processed and reported once.",
    "totalPrice": "The price of the whole listing: an exact decimal in the marketplace's currency.",
    "type": "The type of the error. Branch on this.",
    "verb": "The requested change.",
    "version": "Counts the ticket's changes, from 1: the state with the higher one is newer.",
    "voided": "Whether the ticket was cancelled or reissued.",
}

FORMATS = {"requestId": "uuid"}
"""The format of members that are text of a known form."""

PARAMETERS = {
    "accessId": "Only tickets of this event; empty = only tickets without an event.",
    "after": "`next` of the previous page, an opaque text.",
    "limit": "The maximum number of entries.",
    "organizationId": "The organization whose tickets to list.",
    "wait": "The number of seconds to wait if there is nothing new.",
}
"""The meaning of each query parameter."""

PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "requestId": {
        "description": "The Request-ID to look up, in upper or lower case.",
        "schema": {"type": "string", "format": "uuid"},
        "example": REQUEST_ID,
    },
    "token": {
        "description": "The ticket's token, percent-encoded.",
        "schema": {"type": "string", "minLength": 1},
        "example": TOKEN,
    },
}
