"""Examples of the operator's calls about events, and of a webhook's message about one."""

from seatlatch.openapi.examples.example import Example, Json

_KEY: Json = {"organizationId": "1001", "accessId": "GAME-1"}
_EVENT: Json = {
    **_KEY,
    "itemName": "Home - Away",
    "seasonCode": "2026",
    "itemCode": "G1",
    "startsAt": "2026-11-23T19:30:00-05:00",
    "endsAt": None,
    "facilityCode": "ARENA",
    "facilityName": "City Arena",
}
_UNKNOWN: Json = {"organizationId": "9999", "accessId": "GAME-1"}
_FAILURE: Json = {
    **_UNKNOWN,
    "appErrorCode": "MS-422",
    "developerMessage": "Organization is unknown",
    "type": "INVALID_ORGANIZATION",
}

PUT = (
    Example(
        "oneAdded",
        "A new event.",
        [_EVENT],
        200,
        {"success": [{**_KEY, "outcome": "added"}]},
    ),
    Example(
        "somePut",
        "One has an unknown organization.",
        [{**_KEY, "itemName": "Home - Away"}, _UNKNOWN],
        207,
        {"success": [{**_KEY, "outcome": "added"}], "failure": [_FAILURE]},
    ),
    Example(
        "nonePut",
        "The organization is unknown.",
        [_UNKNOWN],
        422,
        {
            "error": {
                "type": "UNPROCESSABLE_ENTITY",
                "appErrorCode": "MS-422",
                "developerMessage": "Unable to process the request.",
            },
            "failure": [_FAILURE],
        },
    ),
)

PAGE = (
    Example(
        "oneEvent",
        "The last page.",
        None,
        200,
        {
            "events": [
                {
                    **_EVENT,
                    "total": 2000,
                    "counts": {
                        "free": 300,
                        "listed": 1500,
                        "held": 100,
                        "voided": 100,
                        "heldOverListing": 100,
                    },
                    "countedAt": "2026-11-23T12:00:00.123456Z",
                }
            ],
            "next": None,
        },
    ),
)

EVENTS_MESSAGE: Json = {
    "data": {
        "events": [
            {
                "accessId": "GAME-1",
                "seasonCode": "2026",
                "itemCode": "G1",
                "itemName": "Home - Away",
                "startDate": "2026-11-23",
                "startTime": "19:30:00",
                "endDate": None,
                "endTime": None,
                "facilityCode": "ARENA",
                "facilityName": "City Arena",
            }
        ]
    },
    "metadata": {"messageEntity": "events"},
    "pacOrganizationId": "1001",
    "requestId": "7d444840-9dc0-41d1-b245-5ffdce74fad2",
}
"""The message of a webhook about an event."""
