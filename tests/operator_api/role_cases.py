"""One request for every route of `/operator/v1`, with the role that it needs.

`{token}` and the like stand for things of the organization 1001. Each has a counterpart that does
not exist, so that a test can compare the two responses.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from seatlatch.domain.operator import Role

REAL = {
    "token": "listed-1",
    "organization": "1001",
    "request": "5f1c8a52-3c1e-4a55-9d0b-7f6f4c1f0a11",
    "event": "GAME-1",
    "owner": "owner-77",
    "listing": "LISTING-77",
    "barcode": "BARCODE-77",
}
"""What the inventory of the test has, see `tests.operator_api.test_roles`."""

ABSENT = {
    "token": "absent-1",
    "organization": "9009",
    "request": "5f1c8a52-3c1e-4a55-9d0b-7f6f4c1f0a99",
    "event": "GAME-9",
    "owner": "owner-99",
    "listing": "LISTING-99",
    "barcode": "BARCODE-99",
}
"""Their counterparts, of the same length."""


class RoleCase(NamedTuple):
    """A request, and who may send it. `is_for_all`: not by a key that is limited to organizations.

    `is_same_for_all`: the response concerns no organization, so every key gets the same one.
    """

    role: Role
    path: str
    body: Any = None
    is_for_all: bool = False
    is_same_for_all: bool = False


TICKETS = "/operator/v1/tickets"

TICKET_CASES = {
    "POST /operator/v1/tickets": RoleCase(
        Role.BOX_OFFICE,
        TICKETS,
        [{"token": "{token}", "organizationId": "{organization}", "ownerId": "{owner}"}],
    ),
    "GET /operator/v1/tickets": RoleCase(Role.READ, TICKETS + "?organizationId={organization}"),
    "PUT /operator/v1/tickets/status": RoleCase(
        Role.BOX_OFFICE,
        TICKETS + "/status",
        {"tokens": ["{token}"], "status": "LOCK", "reason": "moving", "overListing": True},
    ),
    "PUT /operator/v1/tickets/void": RoleCase(
        Role.BOX_OFFICE, TICKETS + "/void", {"tokens": ["{token}"]}
    ),
    "PUT /operator/v1/tickets/unlock": RoleCase(
        Role.SUPPORT, TICKETS + "/unlock", {"tokens": ["{token}"], "reason": "asked by phone"}
    ),
    "GET /operator/v1/tickets/{token}": RoleCase(Role.READ, TICKETS + "/{token}"),
    "GET /operator/v1/tickets/{token}/history": RoleCase(Role.READ, TICKETS + "/{token}/history"),
    "GET /operator/v1/requests": RoleCase(Role.READ, "/operator/v1/requests"),
    "GET /operator/v1/requests/{requestId}": RoleCase(Role.READ, "/operator/v1/requests/{request}"),
    "GET /operator/v1/events": RoleCase(
        Role.READ, "/operator/v1/events?organizationId={organization}"
    ),
    "PUT /operator/v1/events": RoleCase(
        Role.BOX_OFFICE,
        "/operator/v1/events",
        [{"organizationId": "{organization}", "accessId": "{event}", "itemName": "Final"}],
    ),
}

V1 = "/operator/v1"
CHANNEL_BODY = {"channelCode": "new", "name": "New", "organizations": ["{organization}"]}
OPERATOR_BODY = {"name": "new", "organizations": ["{organization}"]}
ADMINISTRATION: dict[str, tuple[str, Any]] = {
    "GET /audit": ("/audit", None),
    "GET /organizations": ("/organizations", None),
    "POST /organizations": ("/organizations", {"organizationId": "new", "name": "New"}),
    "DELETE /organizations/{organizationId}": ("/organizations/{organization}", None),
    "GET /channels": ("/channels", None),
    "POST /channels": ("/channels", CHANNEL_BODY),
    "DELETE /channels/{channelCode}": ("/channels/test-channel", None),
    "PUT /channels/{channelCode}/organizations/{organizationId}": (
        *("/channels/other-channel/organizations/{organization}", None),
    ),
    "DELETE /channels/{channelCode}/organizations/{organizationId}": (
        *("/channels/other-channel/organizations/{organization}", None),
    ),
    "GET /applications": ("/applications", None),
    "POST /applications": (
        *("/applications", {"applicationId": "com.new", "channelCode": "test-channel"}),
    ),
    "DELETE /applications/{applicationId}": ("/applications/com.example.other", None),
    "POST /applications/{applicationId}/rotate-key": (
        *("/applications/com.example.test/rotate-key", {}),
    ),
    "POST /applications/{applicationId}/authorize": (
        *("/applications/com.example.test/authorize", None),
    ),
    "GET /operators": ("/operators", None),
    "POST /operators": ("/operators", OPERATOR_BODY),
    "PATCH /operators/{operatorName}": ("/operators/box-office", {"role": "read"}),
    "DELETE /operators/{operatorName}": ("/operators/box-office", None),
    "POST /operators/{operatorName}/rotate-key": ("/operators/box-office/rotate-key", {}),
    "POST /webhooks": (
        *("/webhooks", {"url": "https://127.0.0.1/hook", "channelCode": "test-channel"}),
    ),
    "PATCH /webhooks/{webhookId}": ("/webhooks/wh_1", {"ownChanges": True}),
    "DELETE /webhooks/{webhookId}": ("/webhooks/wh_1", None),
    "POST /webhooks/{webhookId}/pause": ("/webhooks/wh_1/pause", None),
    "POST /webhooks/{webhookId}/resume": ("/webhooks/wh_1/resume", None),
    "POST /webhooks/{webhookId}/rotate-secret": ("/webhooks/wh_1/rotate-secret", None),
}
"""The path below `/operator/v1` and the body of each request for the role `admin`."""

SUPPORT_OF_WEBHOOKS: dict[str, tuple[str, Any]] = {
    "GET /webhooks": ("/webhooks", None),
    "GET /webhooks/{webhookId}": ("/webhooks/wh_1", None),
    "POST /webhooks/{webhookId}/test": ("/webhooks/wh_1/test", None),
    "POST /webhooks/{webhookId}/replay": ("/webhooks/wh_1/replay", {"failed": True}),
    "GET /webhooks/{webhookId}/deliveries": ("/webhooks/wh_1/deliveries", None),
    "GET /webhooks/{webhookId}/deliveries/{messageId}": ("/webhooks/wh_1/deliveries/msg_1", None),
}
"""The same for the role `support`."""


def _for_all(role: Role, requests: Mapping[str, tuple[str, Any]]) -> dict[str, RoleCase]:
    """The cases of routes that a key with limits cannot use."""
    cases = {}
    for name, (path, body) in requests.items():
        method, _, template = name.partition(" ")
        cases[f"{method} {V1}{template}"] = RoleCase(role, V1 + path, body, is_for_all=True)
    return cases


CASES: Mapping[str, RoleCase] = {
    **TICKET_CASES,
    **_for_all(Role.ADMIN, ADMINISTRATION),
    **_for_all(Role.SUPPORT, SUPPORT_OF_WEBHOOKS),
}

MORE_REQUESTS = {
    "find by event": RoleCase(Role.READ, TICKETS + "?accessId={event}"),
    "find by seat": RoleCase(Role.READ, TICKETS + "?section=S77&row=R77&seat=77"),
    "find by owner": RoleCase(Role.READ, TICKETS + "?ownerId={owner}"),
    "find by barcode": RoleCase(Role.READ, TICKETS + "?barcode={barcode}"),
    "find by listing": RoleCase(Role.READ, TICKETS + "?externalListingId={listing}"),
    "find by channel": RoleCase(Role.READ, TICKETS + "?channelCode=test-channel"),
    "find listed": RoleCase(Role.READ, TICKETS + "?state=listed"),
    "find all": RoleCase(Role.READ, TICKETS),
    "all requests": RoleCase(Role.READ, "/operator/v1/requests"),
    "requests of the channel": RoleCase(
        Role.READ, "/operator/v1/requests?channelCode=test-channel"
    ),
    "all events": RoleCase(Role.READ, "/operator/v1/events"),
    "one event": RoleCase(Role.READ, "/operator/v1/events?accessId={event}"),
}
"""Other requests of the same routes: to a limited key their responses must not show anything of an
organization that it does not see.
"""
