"""Sends calls that need credentials, with a valid or a renewed access token."""

from collections.abc import Mapping

from ..answers import Value
from ..errors import Unauthorized
from .sender import AsyncSender, Call
from .tokens import AsyncTokens

RENEWALS_MAX = 2
"""The first renewal may return the token of another process, which may have expired since."""


class AsyncCaller:
    """A sender with credentials. `headers`: key and channel."""

    def __init__(
        self, sender: AsyncSender, tokens: AsyncTokens, headers: Mapping[str, str]
    ) -> None:
        self._sender = sender
        self._tokens = tokens
        self._headers = headers

    async def ask(self, call: Call[Value]) -> Value:
        """Send a call and return its result. It renews an access token that was refused. Raises a
        `ClientError`.
        """
        token = await self._tokens.access_token()
        for _ in range(RENEWALS_MAX):
            try:
                return await self._send(call, token)
            except Unauthorized:
                renewed = await self._tokens.renewed(token)
                if renewed is None:
                    raise
                token = renewed
        return await self._send(call, token)

    async def _send(self, call: Call[Value], token: str) -> Value:
        headers = {**self._headers, "Authorization": f"Bearer {token}"}
        return await self._sender.send(call, headers)
