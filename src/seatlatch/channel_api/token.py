"""The `/v1/auth/token` call: exchanges a code or refresh token for a new pair of tokens.

Source: the contract's section on the token call.

See decisions 52 and 53.
"""

from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from seatlatch.channel_api.admission import EXCHANGES_TOKENS, ApplicationAdmission
from seatlatch.channel_api.schemas import TokenPair, TokenRequest
from seatlatch.commit import Committer
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.http.body import SMALL_BODY_BYTES_MAX, JsonBody
from seatlatch.http.problems import NO_STORE
from seatlatch.http.refusals import MalformedRequest, MediaTypeUnsupported
from seatlatch.http.request_context import RequestContext
from seatlatch.http.route_spec import RouteSpec
from seatlatch.http.routes import ApiRoute, Call, api_route
from seatlatch.operations.exchange_tokens import GrantType, Lifetimes, exchange_tokens
from seatlatch.store.interface import Store

WRONG = {
    GrantType.AUTHORIZATION_CODE: "The code is wrong, spent or expired. Get a new one.",
    GrantType.REFRESH_TOKEN: (
        "The refreshToken is wrong, spent or expired. Get a new authorization code."
    ),
}
"""One text for all three cases: it must not help a caller who guesses."""


class TokenBody(JsonBody[TokenRequest]):
    """The body of the token call. A wrong shape is 400 here, as is every fault of the body."""

    refusals = (MediaTypeUnsupported,)

    async def read(self, request: Request, context: RequestContext) -> TokenRequest:
        """The decoded body. Raises `BodyTooLarge` or `MalformedRequest`."""
        try:
            return await super().read(request, context)
        except InvalidRequest as refusal:
            raise MalformedRequest(refusal.message) from None


EXCHANGE = RouteSpec(
    "POST",
    "/v1/auth/token",
    EXCHANGES_TOKENS,
    body=TokenBody(TokenRequest, SMALL_BODY_BYTES_MAX),
    has_plain_errors=True,
)


class Token:
    """The handler of the token call."""

    def __init__(
        self,
        admission: ApplicationAdmission,
        store: Store,
        committer: Committer,
        lifetimes: Lifetimes,
    ) -> None:
        self._admission = admission
        self._store = store
        self._committer = committer
        self._lifetimes = lifetimes

    def routes(self) -> list[ApiRoute]:
        """The route of this handler."""
        return [api_route(EXCHANGE, self._admission, self.exchange)]

    async def exchange(self, call: Call[str, TokenRequest]) -> Response:
        """`POST /v1/auth/token`: contract, section 3. The body is never logged."""
        grant_type, secret = presented_secret(call.input)
        pair = await exchange_tokens(
            self._store, self._committer, self._lifetimes, call.caller, grant_type, secret
        )
        self._admission.credentials_changed()
        if pair is None:
            raise MalformedRequest(WRONG[grant_type])
        body = TokenPair(
            pair.access_token, nine_decimals(pair.expires_at), pair.refresh_token, "Bearer"
        )
        return Response(msgspec.json.encode(body), headers=NO_STORE, media_type="application/json")


def presented_secret(body: TokenRequest) -> tuple[GrantType, str]:
    """The code or refresh token in the body. Raises `MalformedRequest` if it is absent."""
    if body.grant_type == GrantType.AUTHORIZATION_CODE:
        if body.code is None:
            raise MalformedRequest("grantType authorization_code requires the member code.")
        return GrantType.AUTHORIZATION_CODE, body.code
    if body.grant_type == GrantType.REFRESH_TOKEN:
        if body.refresh_token is None:
            raise MalformedRequest("grantType refresh_token requires the member refreshToken.")
        return GrantType.REFRESH_TOKEN, body.refresh_token
    raise MalformedRequest("grantType must be authorization_code or refresh_token.")


def nine_decimals(timestamp: datetime) -> str:
    """A timestamp as the document writes it: UTC with nine decimals, of which six are known."""
    return timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
