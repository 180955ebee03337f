# Made from ../_async by `make client`: change it there.
"""Sends calls that need credentials, with a valid or a renewed access token."""

from collections.abc import Mapping

from ..answers import Value
from ..errors import Unauthorized
from .sender import Call, Sender
from .tokens import Tokens

RENEWALS_MAX = 2
"""The first renewal may return the token of another process, which may have expired since."""


class Caller:
    """A sender with credentials. `headers`: key and channel."""

    def __init__(self, sender: Sender, tokens: Tokens, headers: Mapping[str, str]) -> None:
        self._sender = sender
        self._tokens = tokens
        self._headers = headers

    def ask(self, call: Call[Value]) -> Value:
        """Send a call and return its result. It renews an access token that was refused. Raises a
        `ClientError`.
        """
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

    def _send(self, call: Call[Value], token: str) -> Value:
        headers = {**self._headers, "Authorization": f"Bearer {token}"}
        return self._sender.send(call, headers)
