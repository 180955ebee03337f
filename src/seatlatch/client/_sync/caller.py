# Made from ../_async by `make client`: change it there.
"""Makes the calls that need credentials: with a token that is good, or with the next one."""

from collections.abc import Mapping

from ..answers import Told
from ..errors import Unauthorized
from .sender import Call, Sender
from .tokens import Tokens

RENEWALS_MAX = 2
"""The first may give what another process got, which may have ended since."""


class Caller:
    """A sender, with what lets it in. `headers`: key and channel."""

    def __init__(self, sender: Sender, tokens: Tokens, headers: Mapping[str, str]) -> None:
        self._sender = sender
        self._tokens = tokens
        self._headers = headers

    def ask(self, call: Call[Told]) -> Told:
        """What was answered. A token that is refused is renewed. Raises a `ClientError`."""
        token = self._tokens.access_token()
        for _ in range(RENEWALS_MAX):
            try:
                return self._send(call, token)
            except Unauthorized:
                renewed = self._tokens.renewed(token)
                if renewed is None:
                    raise
                token = renewed
        return self._send(call, token)

    def _send(self, call: Call[Told], token: str) -> Told:
        headers = {**self._headers, "Authorization": f"Bearer {token}"}
        return self._sender.send(call, headers)
