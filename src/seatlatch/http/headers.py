"""Request headers: those that the service reads, and rules for their presence and form.

Source: the contract's table of request headers.

See decisions 6, 7 and 8.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from seatlatch.http.refusals import MalformedRequest

UUID = re.compile(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
UUID_VERSION_4 = re.compile(
    rb"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
)
BEARER = re.compile(rb"bearer[ \t]+(\S.*)", re.IGNORECASE)

READ_HEADERS = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"authorization",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"expect",
        b"pac-api-key",
        b"pac-application-id",
        b"pac-channel-code",
        b"request-id",
        b"user-agent",
    }
)
"""All others are ignored, even if they are repeated."""


class Rule:
    """The rule for one header. `form` None = any; not `required` = may be absent.

    `hint` says what to send. `key` is the name as ASGI gives it.
    """

    __slots__ = ("form", "hint", "key", "name", "required")

    def __init__(
        self,
        name: str,
        *,
        required: bool = True,
        form: re.Pattern[bytes] | None = None,
        hint: str = "",
    ) -> None:
        self.name = name
        self.required = required
        self.form = form
        self.hint = hint
        self.key = name.lower().encode()
        if self.key not in READ_HEADERS:
            raise ValueError(f"READ_HEADERS does not list {name}.")


class Headers:
    """The headers of a request that the service reads. An empty one counts as absent."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        """`raw`: names in lower case with their values, as ASGI gives them."""
        self._values: dict[bytes, bytes] = {}
        self.repeated: set[bytes] = set()
        for name, value in raw:
            if name in READ_HEADERS:
                if name in self._values:
                    self.repeated.add(name)
                self._values[name] = value.strip(b" \t")

    def with_values(self, values: Mapping[bytes, bytes], request_id: str) -> "Headers":
        """The same headers with other values; none of them is repeated. `request_id` is valid."""
        changed = Headers(())
        changed._values = {**self._values, **values}
        changed.repeated = self.repeated
        changed.valid_request_id = request_id
        return changed

    def get(self, name: bytes) -> bytes:
        """The value, empty if absent; of a repeated header the last."""
        return self._values.get(name, b"")

    def has(self, name: bytes) -> bool:
        """Whether the header was sent, even if empty."""
        return name in self._values

    @cached_property
    def valid_request_id(self) -> str | None:
        """The header Request-ID byte for byte, if it is one UUID of any version."""
        value = self.get(b"request-id")
        if b"request-id" in self.repeated or not UUID.fullmatch(value):
            return None
        return value.decode("ascii")

    @property
    def bearer_token(self) -> bytes | None:
        """The access token in Authorization, if there is one."""
        match = BEARER.fullmatch(self.get(b"authorization"))
        return match[1] if match else None


def check_headers(headers: Headers, rules: Iterable[Rule]) -> None:
    """Raise `MalformedRequest`, naming the header, for the first that breaks its rule."""
    repeated, value_of = headers.repeated, headers.get
    for rule in rules:
        if rule.key in repeated:
            raise MalformedRequest(f"The header {rule.name} was sent twice. Send it once.")
        value = value_of(rule.key)
        if not value:
            if rule.required:
                raise MalformedRequest(f"The header {rule.name} is absent. Send {rule.hint}.")
        elif rule.form is not None and not rule.form.fullmatch(value):
            raise MalformedRequest(f"The header {rule.name} has the wrong form. Send {rule.hint}.")
