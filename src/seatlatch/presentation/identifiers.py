"""Identifiers in paths of the operator's calls, which are percent-encoded."""

from collections.abc import Callable
from functools import partial
from urllib.parse import unquote_to_bytes

from seatlatch.domain.refusal import Refusal
from seatlatch.http.refusals import RouteUnknown
from seatlatch.http.route_spec import PathValue


def read_encoded(text: str, absent: Callable[[], Refusal]) -> str:
    """The value in a path. Raises the refusal `absent` if it is not UTF-8."""
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise absent() from None


def identifier(name: str, thing: str) -> PathValue:
    """The identifier of a `thing` in a path, as the parameter `name`."""

    def absent() -> RouteUnknown:
        return RouteUnknown(f"There is no such {thing}.")

    return PathValue(name, partial(read_encoded, absent=absent), is_raw=True)


def no_such_ticket() -> RouteUnknown:
    """The refusal of a path whose token is unknown."""
    return RouteUnknown("There is no such ticket")


TOKEN = PathValue("token", partial(read_encoded, absent=no_such_ticket), is_raw=True)
ORGANIZATION_ID = identifier("organizationId", "organization")
CHANNEL_CODE = identifier("channelCode", "channel")
APPLICATION_ID = identifier("applicationId", "application")
OPERATOR_NAME = identifier("operatorName", "operator")
WEBHOOK_ID = identifier("webhookId", "webhook")
MESSAGE_ID = identifier("messageId", "message")
