"""The middleware around every request: common headers, gzip, errors, log, metrics, journal.

The only place where a refusal or a bug becomes a response, and where a request is logged and
counted.

See decisions 13, 14 and 28.
"""

import asyncio
import gzip
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seatlatch.commit import Committer
from seatlatch.domain.journal import Act
from seatlatch.domain.refusal import JournalDamaged, RateExceeded, Refusal, Unavailable
from seatlatch.http.client_address import Network, client_address
from seatlatch.http.negotiation import prefers_gzip
from seatlatch.http.problems import (
    INTERNAL_ERROR,
    NO_STORE,
    Problem,
    error_headers,
    error_json,
    plain_error_json,
    problem_of,
    refusal_text,
)
from seatlatch.http.refusals import MethodNotAllowed
from seatlatch.http.request_context import RequestContext
from seatlatch.http.routes import ApiRoute
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.record_refusal import record_refusal

GZIP_BYTES_MIN = 500
GZIP_LEVEL = 4
"""Responses are short and repetitive: higher levels hardly reduce their size."""

CLIENT_WENT_AWAY = 499
"""In log and metrics only: the client closed before its request was complete."""

INTERNAL_ERROR_MESSAGE = "A bug in the service. It is logged under this Request-ID."
JSON = "application/json"


class RequestMiddleware:
    """ASGI middleware. The path of a route is its name in log and metrics.

    `records_addresses`: whether the journal keeps client addresses.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        committer: Committer,
        log: Log,
        metrics: Metrics,
        routes: Sequence[ApiRoute],
        trusted_proxies: Sequence[Network] = (),
        records_addresses: bool = True,
    ) -> None:
        self._app = app
        self._committer = committer
        self._log = log
        self._metrics = metrics
        self._routes: dict[Any, ApiRoute] = {route.endpoint: route for route in routes}
        self._trusted_proxies = trusted_proxies
        self._records_addresses = records_addresses
        self._alarm = JournalAlarm(log, metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        context = RequestContext(scope)
        peer = scope["client"][0] if scope.get("client") else None
        context.client_address = client_address(peer, scope["headers"], self._trusted_proxies)
        if self._records_addresses:
            context.recorded_address = context.client_address
        sender = _ResponseSender(context, send)
        scope["app"] = self  # makes Starlette's router raise its refusals
        try:
            await self._app(scope, receive, sender.send)
        except HTTPException:  # the router knows the path, but not for this method
            response = self._other_method(context, scope)
            await response(scope, receive, sender.send)
        except Refusal as refusal:
            await self._write_to_journal(refusal, context, scope)
            await self._refuse(refusal, context, scope)(scope, receive, sender.send)
        except asyncio.CancelledError:
            stopping = Unavailable("The service is stopping. Retry the request.")
            await self._refuse(stopping, context, scope)(scope, receive, sender.send)
        except ClientDisconnect:
            sender.status = CLIENT_WENT_AWAY
        except Exception:
            self._log.exception("bug", requestId=context.request_id)
            response = self._error(INTERNAL_ERROR, INTERNAL_ERROR_MESSAGE, {}, scope)
            await response(scope, receive, sender.send)
        self._report(scope, context, sender.status)

    def _route(self, scope: Scope) -> ApiRoute | None:
        return self._routes.get(scope.get("endpoint"))

    async def _write_to_journal(
        self, refusal: Refusal, context: RequestContext, scope: Scope
    ) -> None:
        """Write the refusal of an admitted caller to the journal, if that is possible.

        Requests over the rate are only counted and logged: they must not cost a write.
        """
        route, asker = self._route(scope), context.asker
        verb = route.spec.verb_for(context.input) if route else None
        is_admitted = asker.application_id is not None or asker.operator is not None
        if verb is None or not is_admitted or isinstance(refusal, RateExceeded | Unavailable):
            return
        try:
            act = Act(verb, asker, context.reason)
            await record_refusal(self._committer, act, refusal_text(refusal))
        except Unavailable:
            return
        except Exception:
            self._log.exception("bug", requestId=context.request_id)

    def _other_method(self, context: RequestContext, scope: Scope) -> Response:
        """The response to a method that the path has no handler for: 204 to OPTIONS, else 405."""
        allow = allowed_methods(scope)
        if scope["method"] == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allow})
        refusal = MethodNotAllowed(f"The methods of this path are {allow}.", allow=allow)
        return self._refuse(refusal, context, scope)

    def _refuse(self, refusal: Refusal, context: RequestContext, scope: Scope) -> Response:
        """The response to a refused request. Notes the reason for the log."""
        context.reason = reason_for_log(refusal)
        if isinstance(refusal, JournalDamaged):
            self._alarm.heads([refusal.message])
        problem, headers = problem_of(refusal), error_headers(refusal)
        return self._error(problem, refusal.message, headers, scope, refusal.count)

    def _error(
        self,
        problem: Problem,
        message: str,
        headers: Mapping[str, str],
        scope: Scope,
        count: int | None = None,
    ) -> Response:
        """An error in the form of the route, if one was selected."""
        route = self._route(scope)
        if route and route.spec.error_page:
            return route.spec.error_page(scope, problem, message, headers)
        if route and route.spec.has_plain_errors:
            body, headers = plain_error_json(message), {**headers, **NO_STORE}
        else:
            body = error_json(problem, message, count)
        return Response(body, problem.status, headers, JSON)

    def _report(self, scope: Scope, context: RequestContext, status: int) -> None:
        """Count and log a request."""
        seconds = perf_counter() - context.started
        found = self._route(scope)
        route = found.path if found else "unknown"
        self._metrics.request_answered(route, status, seconds)
        for outcome, tickets in context.outcomes.items():
            self._metrics.tokens_answered(outcome, tickets)
        if context.tokens is not None:
            self._log.debug("tokens", requestId=context.request_id, tokens=context.tokens)
        succeeded, failed = context.count_tickets()
        if failed or status >= 400:
            log = self._log.error
        elif (found and found.spec.is_polled) or (
            context.application_id is None and context.operator is None
        ):
            log = self._log.debug
        else:
            log = self._log.info
        log(
            "request",
            requestId=context.request_id,
            application=context.application_id,
            channel=context.channel_code,
            operator=context.operator,
            clientAddress=context.client_address,
            method=scope["method"],
            route=route,
            status=status,
            succeeded=succeeded,
            failed=failed,
            reason=context.reason,
            milliseconds=round(seconds * 1000, 3),
        )


def reason_for_log(refusal: Refusal) -> str:
    """The message of a refusal, with the error that caused it."""
    cause = refusal.__cause__
    return refusal.message if cause is None else f"{refusal.message} ({cause!r})"


def allowed_methods(scope: Scope) -> str:
    """The methods that a path has handlers for, as the header Allow lists them.

    Several routes may share one path; the router would name the methods of the first alone.
    """
    at_path = [
        route for route in scope["router"].routes if route.matches(scope)[0] is Match.PARTIAL
    ]
    return ", ".join(sorted({method for route in at_path for method in route.methods}))


class _ResponseSender:
    """Adds the common headers to a response, and compresses it if that is accepted and useful.

    The service's responses have one body message. Others would be sent unchanged.
    """

    __slots__ = ("_context", "_send", "_start", "status")

    def __init__(self, context: RequestContext, send: Send) -> None:
        self._context = context
        self._send = send
        self._start: Message = {}
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            self.status = message["status"]
            return
        if self._start:
            start, self._start = self._start, {}
            self._add_headers(start, message)
            await self._send(start)
        await self._send(message)

    def _add_headers(self, start: Message, message: Message) -> None:
        headers: list[tuple[bytes, bytes]] = start["headers"]
        requested = self._context.headers
        headers.append((b"request-id", self._context.request_id.encode()))
        headers.append((b"vary", b"Accept-Encoding"))
        headers.extend(self._context.more_headers)
        body: bytes = message["body"]
        is_whole = not message.get("more_body", False)
        if (
            is_whole
            and len(body) >= GZIP_BYTES_MIN
            and prefers_gzip(requested.get(b"accept-encoding"))
            and not any(name == b"content-encoding" for name, _ in headers)
        ):
            message["body"] = gzip.compress(body, GZIP_LEVEL, mtime=0)
            length = str(len(message["body"])).encode()
            headers[:] = [header for header in headers if header[0] != b"content-length"]
            headers += [(b"content-encoding", b"gzip"), (b"content-length", length)]
        if requested.has(b"expect") and not self._context.body_was_read:
            # The client may still send its body, which the server will not read.
            headers.append((b"connection", b"close"))
