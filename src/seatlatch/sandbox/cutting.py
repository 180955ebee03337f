"""A connection that is cut on purpose, without a response."""

from typing import NoReturn

from starlette.requests import ClientDisconnect, Request

from seatlatch.api.exchange import Exchange
from seatlatch.api.http_exchange import ABORT


def cut(request: Request, because: str) -> NoReturn:
    """Cut the request's connection. To the frame it is one whose client went away; the log says
    that it was on purpose.
    """
    Exchange.of(request).reason = f"The connection is cut on purpose: {because} asks for it."
    request.scope["extensions"][ABORT]()
    raise ClientDisconnect
