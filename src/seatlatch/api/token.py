"""The /v1/auth/token call: a code, or a refresh token, for a new pair of tokens.

Source: the contract's section on the token call.
"""

from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from seatlatch.api.body import read_json
from seatlatch.api.exchange import Exchange
from seatlatch.api.frame import PlainRoute
from seatlatch.api.gate import Gate
from seatlatch.api.refusals import MalformedRequest
from seatlatch.api.routes import ApiRoute
from seatlatch.api.schemas import TokenAnswer, TokenRequest
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.group_commit import GroupCommit
from seatlatch.operations.exchange_tokens import GrantType, Lifetimes, exchange_tokens
from seatlatch.store.interface import Store

WRONG = {
    GrantType.AUTHORIZATION_CODE: "The code is wrong, spent or expired. Get a new one.",
    GrantType.REFRESH_TOKEN: (
        "The refreshToken is wrong, spent or expired. Get a new authorization code."
    ),
}
"""One answer for all of it: who guesses is not to learn which."""

PATH = "/v1/auth/token"


class Token:
    """The handler of the token call, with what it works on."""

    def __init__(
        self, gate: Gate, store: Store, commits: GroupCommit, lifetimes: Lifetimes
    ) -> None:
        self._gate = gate
        self._store = store
        self._commits = commits
        self._lifetimes = lifetimes

    def routes(self) -> list[ApiRoute]:
        """Where the call is."""
        return [PlainRoute(PATH, self.token, methods=["POST"])]

    async def token(self, request: Request) -> Response:
        """`POST /v1/auth/token`: contract, section 3. Nothing of its body is ever logged."""
        exchange = Exchange.of(request)
        application_id = await self._gate.admit_application(exchange)
        grant_type, secret = await self._read(request, exchange)
        pair = await exchange_tokens(
            self._store, self._commits, self._lifetimes, application_id, grant_type, secret
        )
        self._gate.credentials_changed()
        if pair is None:
            raise MalformedRequest(WRONG[grant_type])
        answer = TokenAnswer(
            pair.access_token, nine_decimals(pair.expires_at), pair.refresh_token, "Bearer"
        )
        body = msgspec.json.encode(answer)
        return Response(body, headers=PlainRoute.HEADERS, media_type="application/json")

    async def _read(self, request: Request, exchange: Exchange) -> tuple[GrantType, str]:
        """What is presented for exchange. A wrong shape is 400 here, as everything is."""
        try:
            body = await read_json(request, exchange, TokenRequest)
        except InvalidRequest as refusal:
            raise MalformedRequest(refusal.message) from None
        if body.grant_type == GrantType.AUTHORIZATION_CODE:
            if body.code is None:
                raise MalformedRequest("grantType authorization_code needs the member code.")
            return GrantType.AUTHORIZATION_CODE, body.code
        if body.grant_type == GrantType.REFRESH_TOKEN:
            if body.refresh_token is None:
                raise MalformedRequest("grantType refresh_token needs the member refreshToken.")
            return GrantType.REFRESH_TOKEN, body.refresh_token
        raise MalformedRequest("grantType must be authorization_code or refresh_token.")


def nine_decimals(moment: datetime) -> str:
    """A moment as the document writes it: UTC to the nanosecond, of which we know microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
