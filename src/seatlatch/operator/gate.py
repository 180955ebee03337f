"""The gate before every operator call: headers, the operator's key, media types, in this order."""

from collections.abc import Callable

from seatlatch.api.exchange import Exchange
from seatlatch.api.gate import check_content
from seatlatch.api.headers import UUID, Rule, check_headers
from seatlatch.api.media import accepts_json, is_json, is_ndjson
from seatlatch.api.refusals import AnswerNotAcceptable
from seatlatch.api.routes import check_announced_size
from seatlatch.auth.address_limits import AddressLimits
from seatlatch.auth.directory import MAX_AGE_SECONDS, Directory
from seatlatch.auth.keys import hash_secret
from seatlatch.domain.refusal import NotAuthenticated

OPERATOR_HEADERS = (
    Rule("Request-ID", required=False, form=UUID, hint="a UUID"),
    Rule("Authorization", required=False),
    Rule("Accept", required=False),
    Rule("Accept-Encoding", required=False),
)
"""A ticketing system need not send what the document asks of a marketplace."""

WITH_BODY = (*OPERATOR_HEADERS, Rule("Content-Type", hint="application/json"))


class OperatorGate:
    """Lets an operator in or raises a `Refusal`."""

    def __init__(self, directory: Directory, addresses: AddressLimits) -> None:
        self._directory = directory
        self._addresses = addresses

    async def admit(self, exchange: Exchange) -> None:
        """Let a request without a body in. The operator's name is noted in the exchange."""
        check_headers(exchange.headers, OPERATOR_HEADERS)
        await self._authenticate(exchange)
        check_announced_size(exchange)

    async def admit_json(self, exchange: Exchange) -> None:
        """Let a request in that has a body of JSON."""
        await self._admit_body(exchange, is_json, "application/json")

    async def admit_records(self, exchange: Exchange) -> None:
        """Let a request in that has tickets' records as its body."""
        await self._admit_body(exchange, is_records, "application/json or application/x-ndjson")

    async def still_admitted(self, exchange: Exchange) -> None:
        """Refuse an operator who was removed while the body came, which may have taken a while."""
        if exchange.age_seconds >= MAX_AGE_SECONDS:
            await self._authenticate(exchange)

    async def _admit_body(
        self, exchange: Exchange, takes: Callable[[bytes], bool], names: str
    ) -> None:
        check_headers(exchange.headers, WITH_BODY)
        await self._authenticate(exchange)
        check_content(exchange.headers, takes, names)

    async def _authenticate(self, exchange: Exchange) -> None:
        key = exchange.headers.bearer_token
        if key is None:
            raise NotAuthenticated(
                "Send the header Authorization: Bearer <operator key>.", token_sent=False
            )
        exchange.operator = await self._name(hash_secret(key), exchange.client_address)
        if exchange.operator is None:
            refusal = NotAuthenticated(
                "The key in Authorization is no operator's, or was removed.", token_sent=True
            )
            self._addresses.count_failure(exchange.client_address, refusal)
            raise refusal
        accept = exchange.headers.get(b"accept")
        if accept and not accepts_json(accept):
            raise AnswerNotAcceptable("Answers are application/json; let Accept admit it.")

    async def _name(self, key_hash: bytes, address: str | None) -> str | None:
        """Who is not known is looked for once more: a key may be newer than our copy."""
        directory = self._directory
        name = (await directory.credentials()).operators.get(key_hash)
        may_ask = name is None and self._addresses.may_ask_database(address)
        if may_ask and await directory.confirm():
            name = (await directory.credentials()).operators.get(key_hash)
        return name


def is_records(content_type: bytes) -> bool:
    """Whether a header Content-Type says that tickets' records come, as one array or in lines."""
    return is_json(content_type) or is_ndjson(content_type)
