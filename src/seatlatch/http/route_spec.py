"""The declaration of a route: who may use it, its body or query, its verb, and its refusals.

The router, admission, the middleware and the OpenAPI documents all read this one declaration.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, NamedTuple, TypeVar

from msgspec import Struct
from starlette.responses import Response
from starlette.types import Scope

from seatlatch.domain.journal import Verb
from seatlatch.domain.operator import Role
from seatlatch.domain.refusal import (
    InvalidRequest,
    NotAuthenticated,
    RateExceeded,
    Refusal,
    Unavailable,
)
from seatlatch.http.body import SMALL_BODY_BYTES_MAX, BodyReader, encode_json
from seatlatch.http.headers import Rule
from seatlatch.http.problems import NO_STORE, Problem
from seatlatch.http.refusals import (
    BodyTooLarge,
    HeadTooLarge,
    MalformedRequest,
    MethodNotAllowed,
    RequestTooSlow,
    ResponseNotAcceptable,
    RouteUnknown,
)

REFUSALS_OF_EVERY_ROUTE: tuple[type[Refusal], ...] = (
    *(MalformedRequest, NotAuthenticated, MethodNotAllowed, ResponseNotAcceptable),
    *(RateExceeded, RequestTooSlow, BodyTooLarge, HeadTooLarge, Unavailable),
)

ErrorPage = Callable[[Scope, Problem, str, Mapping[str, str]], Response]
"""Makes an error's response from the request, the problem, its message and its headers."""

Input = TypeVar("Input")
"""The input of a route: its body or its query. None for a route without either."""


class Access(NamedTuple):
    """The rules for access to a route.

    - `headers`: the rules for the request headers; Content-Type applies to routes with a body.
    - `refusals`: the refusals of admission that not every route has.
    - `scheme`: the security scheme in the OpenAPI documents; empty = no credentials.
    - `rate_limit`: the kind of rate limit that counts the request for its application.
    - `role`: the role that an operator needs; None = the route is not for operators.
    - `needs_all_organizations`: whether an operator limited to some organizations is refused.
    """

    headers: tuple[Rule, ...] = ()
    refusals: tuple[type[Refusal], ...] = ()
    scheme: str = ""
    rate_limit: str | None = None
    role: Role | None = None
    needs_all_organizations: bool = False


PUBLIC = Access()
"""Anyone may use the route, without credentials."""


class PathValue(NamedTuple):
    """The value in a route's path. `read` decodes it, and raises `RouteUnknown`.

    `is_raw`: the path is matched as it was sent, before percent-decoding.
    """

    name: str
    read: Callable[[str], str]
    is_raw: bool = False


@dataclass(frozen=True, eq=False)
class RouteSpec(Generic[Input]):
    """One route. It reads a `body`, a `query` or neither.

    - `verb`: the verb in the journal for a request that was refused as a whole; it may depend on
      the body, which is None until it was read. None = not written to the journal.
    - `parent`: the value in the path before `path_value`, of the resource that contains it.
    - `status`: the status of a success; 204 = the response has no body.
    - `has_secrets`: the response of a success has a secret, and `Cache-Control: no-store`.
    - `own_refusals`: the refusals that only this route has.
    - `error_page` makes the response to a refusal, for routes that people see in a browser.
    - `is_polled`: pages request it again and again, so a success is logged at level debug.
    - `has_plain_errors`: every error is `{"error": "<text>"}`, and responses have
      `Cache-Control: no-store`.
    """

    method: str
    path: str
    access: Access
    body: BodyReader[Input] | None = None
    query: type[Input] | None = None
    path_value: PathValue | None = None
    parent: PathValue | None = None
    status: int = 200
    has_secrets: bool = False
    verb: Verb | Callable[[Input | None], Verb] | None = None
    own_refusals: tuple[type[Refusal], ...] = ()
    has_plain_errors: bool = False
    error_page: ErrorPage | None = None
    is_polled: bool = False

    @cached_property
    def headers(self) -> tuple[Rule, ...]:
        """The rules for the request headers, in the order in which they are checked."""
        rules = self.access.headers
        return rules if self.body else tuple(r for r in rules if r.name != "Content-Type")

    @property
    def path_values(self) -> tuple[PathValue, ...]:
        """The values in the path, in its order."""
        return tuple(value for value in (self.parent, self.path_value) if value)

    @property
    def body_bytes_max(self) -> int:
        """The limit of its body, also for a route that ignores the body."""
        return self.body.bytes_max if self.body else SMALL_BODY_BYTES_MAX

    @property
    def refusals(self) -> tuple[type[Refusal], ...]:
        """Every refusal that the route can return."""
        return (
            *REFUSALS_OF_EVERY_ROUTE,
            *self.access.refusals,
            *(self.body.refusals if self.body else ()),
            *((InvalidRequest,) if self.query else ()),
            *((RouteUnknown,) if self.path_value else ()),
            *self.own_refusals,
        )

    def respond(self, body: Struct | None = None) -> Response:
        """The response of a success. None = without a body."""
        if body is None:
            return Response(status_code=self.status)
        headers = NO_STORE if self.has_secrets else None
        return Response(encode_json(body), self.status, headers, "application/json")

    def verb_for(self, body: Input | None) -> Verb | None:
        """The verb of a request with this body; None = it was not read."""
        return self.verb(body) if callable(self.verb) else self.verb
