"""The router: from a method and a path to the route that serves them.

See decision 28.
"""

from collections.abc import Callable, Sequence

from starlette.routing import Match
from starlette.types import Scope

from seatlatch.domain.refusal import Refusal
from seatlatch.http.refusals import MethodNotAllowed, unknown_path
from seatlatch.http.request_context import RequestContext
from seatlatch.http.routes import ApiRoute


class Router:
    """Selects the route of a request. `unmatched` makes the refusal of a path without a route.

    Starlette's router would try one pattern after the other, also for a path without parameters,
    and wrap the endpoint in error handlers that the middleware makes unnecessary.
    """

    def __init__(
        self, routes: Sequence[ApiRoute], unmatched: Callable[[], Refusal] = unknown_path
    ) -> None:
        self.routes = routes
        self._unmatched = unmatched
        self._constant: dict[tuple[str, str], ApiRoute] = {
            (method, route.path): route
            for route in routes
            if not route.param_convertors
            for method in route.methods or ()
        }

    def select(self, scope: Scope, context: RequestContext) -> ApiRoute:
        """The route of a request, also noted in `context`. Raises a `Refusal`."""
        route = self._constant.get((scope["method"], scope["path"])) or self._matching(scope)
        if route is not None:
            route.select(context)
            return route
        at_path = [one for one in self.routes if one.matches(scope)[0] is Match.PARTIAL]
        if not at_path:
            raise self._unmatched()
        at_path[0].select(context)
        # Several routes may share one path: the header lists the methods of all.
        allow = ", ".join(sorted({method for one in at_path for method in one.methods or ()}))
        raise MethodNotAllowed(f"The methods of this path are {allow}.", allow=allow)

    def _matching(self, scope: Scope) -> ApiRoute | None:
        """The first route with parameters that matches."""
        for route in self.routes:
            match, values = route.matches(scope)
            if match is Match.FULL:
                scope.update(values)
                return route
        return None
