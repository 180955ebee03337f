"""The middleware around every request: common headers, gzip, errors, log, metrics, journal.

The only place where a refusal or a bug becomes a response, and where a request is logged and
counted.

See decisions 13, 14 and 28.
"""

import asyncio
import gzip
from collections.abc import Mapping, Sequence

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

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
from seatlatch.http.router import Router
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.record_refusal import record_refusal
from seatlatch.request_line import RequestLine

GZIP_BYTES_MIN = 500
GZIP_LEVEL = 4
"""Responses are short and repetitive: higher levels hardly reduce their size."""

CLIENT_WENT_AWAY = 499
"""In log and metrics only: the client closed before its request was complete."""

INTERNAL_ERROR_MESSAGE = "A bug in the service. It is logged under this Request-ID."
JSON = "application/json"
VARY = (b"vary", b"Accept-Encoding")


class RequestMiddleware:
    """The ASGI application. The path of a route is its name in log and metrics.

    `records_addresses`: whether the journal keeps client addresses.
    """

    def __init__(
        self,
        router: Router,
        *,
        committer: Committer,
        log: Log,
        metrics: Metrics,
        trusted_proxies: Sequence[Network] = (),
        records_addresses: bool = True,
    ) -> None:
        self.router = router
        self._committer = committer
        self._log = log
        self._metrics = metrics
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
        try:
            route = self.router.select(scope, context)
            response = await route.endpoint(Request(scope, receive))
        except Refusal as refusal:
            await self._write_to_journal(refusal, context)
            response = self._refuse(refusal, context, scope)
        except asyncio.CancelledError:
            stopping = Unavailable("The service is stopping. Retry the request.")
            response = self._refuse(stopping, context, scope)
        except ClientDisconnect:
            self._report(scope, context, CLIENT_WENT_AWAY)
            return
        except Exception:
            self._log.exception("bug", requestId=context.request_id)
            response = self._error(INTERNAL_ERROR, INTERNAL_ERROR_MESSAGE, {}, context, scope)
        try:
            await _send_response(response, context, send)
        finally:  # a stop of the server may cancel it
            self._report(scope, context, response.status_code)

    async def _write_to_journal(self, refusal: Refusal, context: RequestContext) -> None:
        """Write the refusal of an admitted caller to the journal, if that is possible.

        Requests over the rate are only counted and logged: they must not cost a write.
        """
        route, asker = context.route, context.asker
        verb = route.verb_for(context.input) if route else None
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

    def _refuse(self, refusal: Refusal, context: RequestContext, scope: Scope) -> Response:
        """The response to a refused request. Notes the reason for the log."""
        if isinstance(refusal, MethodNotAllowed) and scope["method"] == "OPTIONS":
            return Response(status_code=204, headers={"Allow": refusal.allow})
        context.reason = reason_for_log(refusal)
        if isinstance(refusal, JournalDamaged):
            self._alarm.heads([refusal.message])
        problem, headers = problem_of(refusal), error_headers(refusal)
        return self._error(problem, refusal.message, headers, context, scope, refusal.count)

    def _error(
        self,
        problem: Problem,
        message: str,
        headers: Mapping[str, str],
        context: RequestContext,
        scope: Scope,
        count: int | None = None,
    ) -> Response:
        """An error in the form of the route, if one was selected."""
        route = context.route
        if route and route.error_page:
            return route.error_page(scope, problem, message, headers)
        if route and route.has_plain_errors:
            body, headers = plain_error_json(message), {**headers, **NO_STORE}
        else:
            body = error_json(problem, message, count)
        return Response(body, problem.status, headers, JSON)

    def _report(self, scope: Scope, context: RequestContext, status: int) -> None:
        """Count and log a request."""
        seconds = context.age_seconds
        route = context.route
        path = route.path if route else "unknown"
        self._metrics.request_answered(path, status, seconds)
        for outcome, tickets in context.outcomes.items():
            self._metrics.tokens_answered(outcome, tickets)
        if context.tokens is not None:
            self._log.debug("tokens", requestId=context.request_id, tokens=context.tokens)
        succeeded, failed = context.count_tickets()
        line = RequestLine(
            context.request_id,
            context.application_id,
            context.channel_code,
            context.operator,
            context.client_address,
            scope["method"],
            path,
            status,
            succeeded,
            failed,
            context.reason,
            round(seconds * 1000, 3),
        )
        if failed or status >= 400:
            line.level = "error"
        elif (route and route.is_polled) or (
            context.application_id is None and context.operator is None
        ):
            line.level = "debug"
        self._log.request(line)


def reason_for_log(refusal: Refusal) -> str:
    """The message of a refusal, with the error that caused it."""
    cause = refusal.__cause__
    return refusal.message if cause is None else f"{refusal.message} ({cause!r})"


async def _send_response(response: Response, context: RequestContext, send: Send) -> None:
    """Send a response with the common headers, compressed if that is accepted and useful."""
    headers, body = response.raw_headers, bytes(response.body)
    headers += [(b"request-id", context.request_id.encode()), VARY, *context.more_headers]
    requested = context.headers
    if (
        len(body) >= GZIP_BYTES_MIN
        and prefers_gzip(requested.get(b"accept-encoding"))
        and not any(name == b"content-encoding" for name, _ in headers)
    ):
        body = gzip.compress(body, GZIP_LEVEL, mtime=0)
        headers = [header for header in headers if header[0] != b"content-length"]
        headers += [(b"content-encoding", b"gzip"), (b"content-length", b"%d" % len(body))]
    if requested.has(b"expect") and not context.body_was_read:
        # The client may still send its body, which the server will not read.
        headers.append((b"connection", b"close"))
    status = response.status_code
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
