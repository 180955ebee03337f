"""The gate before every /v1 ticket call: headers, credentials, channel, rate, media types.

In the contract's order, so that of two faults the caller is always told the same one.
"""

from collections.abc import Callable
from datetime import datetime

from seatlatch.api.exchange import Exchange
from seatlatch.api.headers import check_headers
from seatlatch.api.media import accepts_json, is_json
from seatlatch.api.refusals import AnswerNotAcceptable, MediaTypeUnsupported
from seatlatch.auth.authenticate import Presented, authenticate
from seatlatch.auth.directory import Directory
from seatlatch.auth.rate_limit import RateLimit
from seatlatch.domain.application import Caller


class Gate:
    """Lets a caller in or raises a `Refusal`. `now` gives the time, aware UTC."""

    def __init__(
        self, directory: Directory, rate_limit: RateLimit, now: Callable[[], datetime]
    ) -> None:
        self._directory = directory
        self._rate_limit = rate_limit
        self._now = now

    def admit(self, exchange: Exchange) -> Caller:
        """The caller of this request, noted in the exchange."""
        headers = exchange.headers
        check_headers(headers)
        presented = Presented(
            application_id=headers.get(b"pac-application-id").decode("latin-1"),
            api_key=headers.get(b"pac-api-key"),
            access_token=headers.bearer_token,
            channel_code=headers.get(b"pac-channel-code").decode("latin-1"),
        )
        caller = authenticate(self._directory.credentials(), presented, self._now())
        exchange.application_id = caller.application_id
        exchange.channel_code = caller.channel.code
        self._rate_limit.take(caller.application_id)
        if not accepts_json(headers.get(b"accept")):
            raise AnswerNotAcceptable("Answers are application/json; let Accept admit it.")
        if not is_json(headers.get(b"content-type")):
            raise MediaTypeUnsupported("Send the body as Content-Type: application/json.")
        return caller
