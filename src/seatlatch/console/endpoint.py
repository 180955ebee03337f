"""The endpoint of a page or an action: admission, the path's values, and the form or the query.

See decisions 174 and 175.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response

from seatlatch.console.admission import VIEWER, check_csrf
from seatlatch.console.forms import read_fields, to_shape
from seatlatch.http.body import check_announced_size
from seatlatch.http.negotiation import check_content
from seatlatch.http.request_context import RequestContext
from seatlatch.http.route_spec import RouteSpec
from seatlatch.http.routes import Call, Endpoint


class HasSession(Protocol):
    """A person with a session."""

    @property
    def secret(self) -> str:
        """The session's secret."""


Admit = Callable[[Request, RouteSpec[Any]], Awaitable[HasSession]]
"""Admits a person to a route. Raises `NotAuthenticated` and `NotPermitted`."""


def make_endpoint(
    spec: RouteSpec[Any], admit: Admit, handler: Callable[[Call[Any, Any]], Awaitable[Response]]
) -> Endpoint:
    """An endpoint that admits a person, reads the input, and passes both to `handler`."""

    async def endpoint(request: Request) -> Response:
        context = RequestContext.of(request)
        viewer = await admit(request, spec)
        request.scope[VIEWER] = viewer
        values = {
            value.name: value.read(request.path_params[value.name]) for value in spec.path_values
        }
        path_value = values.get(spec.path_value.name, "") if spec.path_value else ""
        parent = values.get(spec.parent.name, "") if spec.parent else ""
        received = await _input(request, context, spec, admit, viewer)
        return await handler(Call(context, viewer, received, path_value, parent))

    return endpoint


async def _input(
    request: Request,
    context: RequestContext,
    spec: RouteSpec[Any],
    admit: Admit,
    viewer: HasSession,
) -> Any:
    """The form or the query. A form may arrive late, so its sender is admitted again."""
    if spec.body is not None:
        check_content(context.headers, spec.body.accepts, spec.body.media_types)
        form = await spec.body.read(request, context)
        check_csrf(request, viewer.secret, form.csrf)
        await admit(request, spec)
        context.input = form.value
        return form.value
    check_announced_size(context)
    if spec.query is not None:
        return to_shape(read_fields(request.scope["query_string"], "The query"), spec.query)
    return None
