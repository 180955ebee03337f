"""Who may use each route of the console: the role, and whether it may be limited to organizations.

Written by hand beside the routes' own declarations, so that neither changes unnoticed.
"""

from collections.abc import Mapping
from typing import NamedTuple

from seatlatch.domain.operator import Role
from tests.serving import APPLICATION, CHANNEL, OPERATOR


class RoleCase(NamedTuple):
    """Who may send a request. `is_for_all`: not a person who is limited to organizations.

    `fields`: those of its form or query that do not follow from their names.
    """

    role: Role
    is_for_all: bool = False
    fields: Mapping[str, str] = {}


READ, SUPPORT = RoleCase(Role.READ), RoleCase(Role.SUPPORT)
BOX_OFFICE, ADMIN = RoleCase(Role.BOX_OFFICE), RoleCase(Role.ADMIN)
READ_OF_ALL = RoleCase(Role.READ, is_for_all=True)
SUPPORT_OF_ALL = RoleCase(Role.SUPPORT, is_for_all=True)
ADMIN_OF_ALL = RoleCase(Role.ADMIN, is_for_all=True)
EVENT = "/console/events/{organizationId}/{accessId}"
TICKET = "/console/tickets/{token}"
WEBHOOK = "/console/webhooks/{webhookId}"


def confirmed(**fields: str) -> RoleCase:
    """The same, for a form in which a name is typed to confirm it."""
    return ADMIN_OF_ALL._replace(fields=fields)


ACCESS_CASES = {
    "GET /console/channels": ADMIN_OF_ALL,
    "POST /console/channels": ADMIN_OF_ALL._replace(fields={"channelCode": "new", "name": "New"}),
    "GET /console/channels/{channelCode}": ADMIN_OF_ALL,
    "POST /console/channels/{channelCode}/grant": ADMIN_OF_ALL,
    "POST /console/channels/{channelCode}/ungrant": ADMIN_OF_ALL,
    "POST /console/channels/{channelCode}/remove": confirmed(confirmed=CHANNEL),
    "POST /console/channels/{channelCode}/applications": ADMIN_OF_ALL._replace(
        fields={"applicationId": "com.example.new"}
    ),
    "GET /console/channels/{channelCode}/unlock-all": ADMIN_OF_ALL,
    "POST /console/channels/{channelCode}/unlock-all": confirmed(confirmed=CHANNEL),
    "POST /console/applications/{applicationId}/rotate-key": ADMIN_OF_ALL,
    "POST /console/applications/{applicationId}/authorize": ADMIN_OF_ALL,
    "POST /console/applications/{applicationId}/revoke": confirmed(confirmed=APPLICATION),
    "GET /console/organizations": ADMIN_OF_ALL,
    "POST /console/organizations": ADMIN_OF_ALL._replace(fields={"organizationId": "new"}),
    "POST /console/organizations/remove": ADMIN_OF_ALL,
    "GET /console/people": ADMIN_OF_ALL,
    "POST /console/people": ADMIN_OF_ALL._replace(fields={"name": "new"}),
    "GET /console/people/{operatorName}": ADMIN_OF_ALL,
    "POST /console/people/{operatorName}/change": ADMIN_OF_ALL,
    "POST /console/people/{operatorName}/rotate-key": ADMIN_OF_ALL,
    "POST /console/people/{operatorName}/revoke": confirmed(confirmed=OPERATOR),
    "GET /console/audit": ADMIN_OF_ALL,
}

CASES: Mapping[str, RoleCase] = {
    "GET /console": READ,
    "GET /console/home/counters": READ,
    "GET /console/home/charts": READ,
    "GET /console/home/attention": READ,
    "GET /console/events": READ,
    f"GET {EVENT}": READ,
    f"GET {EVENT}/counts": READ,
    f"GET {EVENT}/layout": READ,
    "GET /console/seat-states": READ,
    f"GET {EVENT}/table": READ,
    f"GET {EVENT}/table/seats": READ,
    f"POST {EVENT}/preview": SUPPORT,
    f"POST {EVENT}/unlock": SUPPORT,
    f"POST {EVENT}/hold": BOX_OFFICE,
    f"POST {EVENT}/release": BOX_OFFICE,
    "GET /console/import": BOX_OFFICE,
    "POST /console/import/look": BOX_OFFICE,
    "POST /console/import/check": BOX_OFFICE,
    "POST /console/import/run": BOX_OFFICE,
    "GET /console/{path:path}": READ,
    "GET /console/journal": READ_OF_ALL,
    "GET /console/journal/anchor": READ_OF_ALL,
    "GET /console/journal/entries": READ_OF_ALL,
    "POST /console/journal/verify": SUPPORT_OF_ALL,
    "GET /console/search": READ,
    "GET /console/tickets": READ,
    "GET /console/tickets.csv": READ,
    f"GET {TICKET}": READ,
    f"GET {TICKET}/live": READ,
    f"GET {TICKET}/changes": READ,
    f"GET {TICKET}/refused": READ,
    f"GET {TICKET}/refused/new": READ,
    f"POST {TICKET}/unlock": SUPPORT,
    f"POST {TICKET}/hold": BOX_OFFICE,
    f"POST {TICKET}/release": BOX_OFFICE,
    f"POST {TICKET}/void": BOX_OFFICE,
    "GET /console/partner-links": ADMIN_OF_ALL,
    "POST /console/partner-links": ADMIN_OF_ALL,
    "POST /console/partner-links/end": ADMIN_OF_ALL,
    "GET /console/requests": READ,
    "GET /console/requests/live": READ,
    "GET /console/requests/{requestId}": READ,
    "GET /console/webhooks": SUPPORT_OF_ALL,
    "POST /console/webhooks": ADMIN_OF_ALL,
    f"GET {WEBHOOK}": SUPPORT_OF_ALL,
    f"POST {WEBHOOK}/settings": ADMIN_OF_ALL,
    f"POST {WEBHOOK}/pause": ADMIN_OF_ALL,
    f"POST {WEBHOOK}/resume": ADMIN_OF_ALL,
    f"POST {WEBHOOK}/rotate-secret": ADMIN_OF_ALL,
    f"POST {WEBHOOK}/remove": ADMIN_OF_ALL,
    f"POST {WEBHOOK}/test": SUPPORT_OF_ALL,
    f"POST {WEBHOOK}/replay": SUPPORT_OF_ALL,
    f"GET {WEBHOOK}/messages/{{messageId}}": SUPPORT_OF_ALL,
    f"POST {WEBHOOK}/messages/{{messageId}}/replay": SUPPORT_OF_ALL,
    **ACCESS_CASES,
}

PUBLIC_ROUTES = frozenset(
    {
        "GET /console/static/{name}",
        "GET /console/sign-in",
        "POST /console/sign-in",
        "POST /console/sign-out",
        "GET /console/partner/{link}",
        "POST /console/partner/open",
    }
)
"""The routes without a session of their own. Sign-out admits every session of an operator."""

PARTNER_ROUTES = frozenset(
    {
        "GET /console/partner",
        "GET /console/partner/keys",
        "GET /console/partner/live",
        "GET /console/partner/requests/{requestId}",
        "GET /console/partner/webhooks",
        "GET /console/partner/webhooks/{webhookId}",
        "GET /console/partner/webhooks/{webhookId}/messages/{messageId}",
        "GET /console/partner/{path:path}",
        "POST /console/partner/sign-out",
    }
)
"""The routes of partners, whose sessions have no role."""
