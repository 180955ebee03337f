"""The meaning of each body member and parameter: one name, one meaning, in both documents, except
`OWN_MEANINGS`.
"""

from typing import Any

from seatlatch.openapi.examples.example import REQUEST_ID, TOKEN

MEANINGS = {
    "accessId": "The event or entitlement that the ticket admits to; null = not known.",
    "accessToken": "The value to send as `Authorization: Bearer ...`.",
    "action": "The change, such as `channel.grant`; or `sign_in`.",
    "actor": "The author: an operator, or `command line (NAME)`.",
    "address": "The seller's address as the marketplace stores it.",
    "apiKey": "The API key, shown this once.",
    "apiKeys": "The application's valid API keys.",
    "appErrorCode": "The code for support.",
    "attemptedAt": "When the message was last sent; null = not yet.",
    "attempts": "How often the message was sent.",
    "application": "The application that sent the request; null = the box office sent it.",
    "applicationId": "The application's identifier: the value of PAC-Application-ID.",
    "applications": "The applications.",
    "auditId": "Identifies the entry: a number as text.",
    "authorizationCode": "The authorization code, shown this once. Good for one exchange.",
    "barcode": "The code that is scanned at the gate.",
    "barcodes": "1 to 100 barcodes of tickets of one `accessId`, instead of `tokens`.",
    "by": "The author of the change: this channel, or the box office.",
    "change": "What happened to the ticket.",
    "changes": "The changes of the ticket, the latest first.",
    "channel": "The channel that sent the request, or that has set mpreserve; null = none.",
    "channelCode": "The channel's identifier: the value of PAC-Channel-Code.",
    "channels": "The channels.",
    "clientAddress": "The address from which the request came; null = not known, or erased.",
    "code": "The authorization code. Required with `authorization_code`.",
    "confirmation": "The confirmation of a dry run: an opaque text. Required with `filter`, unless"
    " `dryRun` is true.",
    "count": "How many tickets match the filter.",
    "countedAt": "When the tickets were counted, UTC: at most 10 seconds ago.",
    "counts": "The number of the event's tickets in each state.",
    "createdAt": "When it was made; null = not known.",
    "damaged": "true = the entry was edited after it was written; unreadable members are null.",
    "data": "The content of the message.",
    "deliveries": "The messages with the results of their latest attempts, the newest first.",
    "details": "More about the change. Never a secret.",
    "developerMessage": "The problem and what to do, for people. The wording may change.",
    "dryRun": "With `filter` only: true = only count the matching tickets.",
    "endDate": "The date of the end at the event's place; null = not known.",
    "endTime": "The time of the end at the event's place; null = not known.",
    "endsAt": "The end, RFC 3339 with the offset of the event's place; null = not known.",
    "entries": "The entries, the newest first.",
    "entryId": "Identifies the entry in the journal: an opaque text for a channel, a number as text"
    " for the box office.",
    "error": "The reason why the request failed.",
    "events": "Changes of tickets; each ticket's in order of its version.",
    "expiration": "When the access token expires: UTC with nine decimals.",
    "expiresAt": "When the hold, key or code ends by itself; null = not before it is released or"
    " revoked.",
    "expiresInSeconds": "With `LOCK` only: seconds until the hold ends by itself; absent = no end.",
    "externalListingId": "The listing's id at the marketplace.",
    "facilityCode": "The code of the event's place; null = not known.",
    "facilityName": "The name of the event's place; null = not known.",
    "failed": "The number of tickets that failed.",
    "failingSince": "When the first attempt failed since the latest success; null = none has.",
    "failure": "The tickets that failed, in the order of the request.",
    "filter": "What the tickets must match, in place of `tokens`: at least one member. Every one"
    " of the search for tickets is possible.",
    "firstName": "The seller's first name.",
    "free": "Tickets that are neither voided, held nor listed.",
    "grantType": "The kind of secret to exchange for a new pair of tokens.",
    "held": "Tickets whose seats are held, listed or not; not those that are voided.",
    "heldOverListing": "Those of the held tickets that are also listed.",
    "hold": "The hold of the seat; null = it is not held.",
    "holdExpiresAt": "When the hold ends by itself; absent = it lasts until it is released.",
    "holdSeconds": "The requested length of the hold; null = without an end, or no hold.",
    "individualPrice": "The ticket's price: an exact decimal in the marketplace's currency.",
    "isPruned": "Whether older changes are no longer in the journal.",
    "item": "The event's item; null = not known.",
    "itemCode": "The event's item in the ticketing system; null = not known.",
    "itemName": "The event's name; null = not known.",
    "keyId": "Identifies the key. No secret.",
    "keys": "The operator's keys, the oldest first.",
    "lastName": "The seller's last name.",
    "lastUsedAt": "When the key was last used, up to an hour before; null = never.",
    "listedBy": "The channel whose listing it was when the box office changed the ticket.",
    "listed": "Tickets on which a channel has set mpreserve; not those that are held or voided.",
    "listing": "The listing as the marketplace described it.",
    "messageEntity": "The kind of the message's content. Ignore messages of an unknown kind.",
    "messageId": "The message's id, its header `webhook-id`.",
    "messageIds": "The messages to send again.",
    "messages": "The number of messages that are sent again.",
    "metadata": "The kind of the message.",
    "milliseconds": "How long the latest attempt took; null = there was none.",
    "middleName": "The seller's middle name.",
    "more": "Whether more events are available already.",
    "mpreserve": "Whether the ticket is protected because it is listed at a marketplace.",
    "name": "The name, for people; of an operator its identifier.",
    "next": "The value of `after` for the next page; null = this is the last page.",
    "nextAttemptAt": "When the message is sent next; null = it is not.",
    "oldKeysEnd": "When the last older key ends; null = there is none.",
    "oldSecretEnds": "Until when the old secret signs as well.",
    "operator": "The operator who sent the request; null = a channel sent it.",
    "operatorKey": "The operator's key, shown this once.",
    "operators": "The operators.",
    "organizationId": "The organization, which owns tickets and events.",
    "organizations": "Organizations; of a channel those whose tickets it sees, of an operator those"
    " that it may see, where null = all.",
    "outcome": "The outcome for the ticket.",
    "overListing": "With `LOCK` only: true = hold tickets also if they are listed.",
    "overlapSeconds": "How long the old keys stay valid; 0 = they end at once.",
    "ownChanges": "Whether the webhook also gets the channel's own changes.",
    "ownerId": "The ticket's owner; absent or null = not visible to the caller.",
    "pacOrganizationId": "The organization that owns the tickets or events.",
    "payload": "The message as it was sent.",
    "problem": "Why the latest attempt failed; null = it did not.",
    "reason": "The reason, one line of text for people.",
    "refreshToken": "The token for the next exchange. Works once. Required with `refresh_token`.",
    "refusal": "The reason why the request was refused as a whole; null = it was not.",
    "requestId": "The Request-ID of the request, in lower case.",
    "requests": "The requests: in a list the newest first, under a Request-ID the oldest first (the"
    " latest 100, or a page).",
    "responseBody": "The first 1 KiB of the latest response's body as text; null = there was none.",
    "revision": "Deprecated: the same number as `version`.",
    "role": "The rights of the operator. Each role includes those before it.",
    "row": "The row; null = not known.",
    "season": "The event's season; null = not known.",
    "seasonCode": "The event's season; null = not known.",
    "seat": "The seat; null = not known.",
    "seats": "The seats that one request changed, each once.",
    "secret": "The signing secret, shown this once.",
    "section": "The section; null = not known.",
    "seller": "The seller. Personal data. Optional only if `source` is `MY_ACCOUNT`.",
    "since": "Send the messages again that were given up since this time.",
    "source": "The kind of seller: the owner from the own account, an individual or a broker.",
    "startDate": "The date of the start at the event's place; `TBD` = not known.",
    "startTime": "The time of the start at the event's place; `TBD` = not known.",
    "startsAt": "The start, RFC 3339 with the offset of the event's place; null = not known.",
    "state": "The first that applies: `voided`, `held`, `listed`, `free`. A ticket that is listed"
    " and held is `held`.",
    "status": "The seat status; of a request the HTTP status of its response; null = not relevant"
    " here, or not known.",
    "succeeded": "The number of tickets that succeeded.",
    "success": "The tickets that are now in the requested state, in the order of the request.",
    "successRate": "The share of the messages of the last 24 hours that was accepted; null = there"
    " was none.",
    "target": "The identifier of the thing that was changed.",
    "tickets": "The tickets.",
    "timestamp": "The time of the change or request, UTC.",
    "token": "The ticket's token: an opaque string, even if it looks like a number.",
    "tokens": "The tickets. A repeated token counts, but is processed and reported once.",
    "tokenType": "Always `Bearer`.",
    "total": "The number of all tickets of the event.",
    "totalPrice": "The price of the whole listing: an exact decimal in the marketplace's currency.",
    "type": "The type of the error. Branch on this.",
    "url": "The URL to which messages are sent. In responses `***` stands for its query.",
    "verb": "The requested change.",
    "version": "Counts the ticket's changes, from 1: the state with the higher one is newer.",
    "voided": "Whether the ticket was cancelled or reissued.",
    "webhookId": "Identifies the webhook.",
    "webhooks": "The webhooks.",
}

WEBHOOKS = ("ShownWebhook", "AddedWebhook")
DELIVERIES = ("ShownDelivery", "ShownDeliveryDetails")
OWN_MEANINGS = {
    ("EventCounts", "voided"): "Tickets that were cancelled or reissued.",
    ("Events", "events"): "The events that one request added or changed, each once.",
    ("EventsPage", "events"): "The events, in order of organization and access id.",
    ("FeedEvent", "season"): "The season of the ticket's event; absent = not known.",
    ("FeedEvent", "item"): "The item of the ticket's event; absent = not known.",
    ("FailedEvent", "organizationId"): "The organization of the request.",
    ("FailedEvent", "accessId"): "The event of the request.",
    ("PutEvent", "outcome"): "The outcome for the event.",
    ("ShownEvent", "accessId"): "The event's id; null = the tickets that have none.",
    **{(kind, "state"): "The webhook's state." for kind in WEBHOOKS},
    **{(kind, "state"): "The message's state." for kind in DELIVERIES},
    **{
        (kind, "status"): "The HTTP status of the latest response; null = there was none."
        for kind in DELIVERIES
    },
    **{(kind, "accessId"): "The event's id." for kind in ("EventBody", "PutEvent", "MessageEvent")},
}
"""The meaning of members that differ from others of the same name, by schema and name."""

FORMATS = {"requestId": "uuid"}
"""The format of members that are text of a known form."""

PARAMETERS = {
    "accessId": "Only this event; empty = only tickets without an event.",
    "action": "Only changes of this kind.",
    "actor": "Only changes by this author.",
    "after": "`next` of the previous page, an opaque text.",
    "barcode": "Only tickets with this barcode.",
    "channelCode": "Only entries of this channel.",
    "externalListingId": "Only tickets that have this listing now.",
    "failed": "`true` = only messages whose latest attempt failed.",
    "limit": "The maximum number of entries.",
    "mpreserve": "Only tickets with or without mpreserve, whether they are held or not.",
    "organizationId": "Only tickets or events of this organization.",
    "ownerId": "Only tickets of this owner.",
    "row": "Only tickets in rows with this name.",
    "seat": "Only tickets of seats with this name.",
    "section": "Only tickets in sections with this name.",
    "since": "Only entries from this time on.",
    "state": "Only tickets in this state.",
    "status": "Only requests whose response had this HTTP status.",
    "target": "Only changes of the thing with this identifier.",
    "type": "Only requests of this kind: their `verb`.",
    "until": "Only entries before this time.",
    "wait": "The number of seconds to wait if there is nothing new.",
}
"""The meaning of each query parameter."""


def _identifier(description: str, example: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": "^[!-~]{1,100}$"}
    return {"description": f"{description}, percent-encoded.", "schema": schema, "example": example}


def _random_id(description: str, example: str) -> dict[str, Any]:
    return {"description": f"{description}.", "schema": {"type": "string"}, "example": example}


PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "applicationId": _identifier("The application's identifier", "com.example.new"),
    "channelCode": _identifier("The channel's code", "new-marketplace"),
    "operatorName": _identifier("The operator's name", "support-desk"),
    "messageId": _random_id("The message's id", "msg_9b1de2c1f5a04d0c8a3f6de0a5c0a6b7"),
    "organizationId": _identifier("The organization's id", "3003"),
    "requestId": {
        "description": "The Request-ID to look up, in upper or lower case.",
        "schema": {"type": "string", "format": "uuid"},
        "example": REQUEST_ID,
    },
    "token": {
        "schema": {"type": "string", "minLength": 1},
        "example": TOKEN,
    },
    "webhookId": _random_id("The webhook's id", "wh_0c5d6f4b8e7a49d2b1c3e5f7a9b0d2c4"),
}
