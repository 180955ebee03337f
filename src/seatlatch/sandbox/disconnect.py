"""Closes a connection on purpose, without a response.

See decision 115.
"""

from typing import NoReturn

from starlette.requests import ClientDisconnect, Request

from seatlatch.http.http_exchange import ABORT
from seatlatch.http.request_context import RequestContext


def disconnect(request: Request, requested_by: str) -> NoReturn:
    """Close the request's connection.

    The rest of the service sees a client that went away; the log says that it was on purpose.
    """
    RequestContext.of(
        request
    ).reason = f"Connection closed on purpose, requested by {requested_by}."
    request.scope["extensions"][ABORT]()
    raise ClientDisconnect
