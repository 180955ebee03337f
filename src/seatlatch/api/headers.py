"""The document's request headers: which must be there, once, and in what form.

Source: the contract's table of request headers.
"""

import re
from collections.abc import Iterable

from seatlatch.api.refusals import MalformedRequest

UUID = re.compile(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
UUID_VERSION_4 = re.compile(
    rb"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
)
_NAME = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
PRODUCT_AND_VERSION = re.compile(_NAME + rb"/" + _NAME + rb".*", re.DOTALL)
BEARER = re.compile(rb"bearer[ \t]+(\S.*)", re.IGNORECASE)


class Rule:
    """What one header must be. `form` None = any; not `required` = checked elsewhere or never.

    `key` is its name as ASGI gives it.
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


DOCUMENT_HEADERS = (
    Rule("Request-ID", form=UUID_VERSION_4, hint="a UUID version 4"),
    Rule("User-Agent", form=PRODUCT_AND_VERSION, hint="Product/Version, as in MyApplication/1.0"),
    Rule("Authorization", required=False),
    Rule("Accept", hint="application/json"),
    Rule("Accept-Encoding", required=False),
    Rule("Content-Type", hint="application/json"),
    Rule("PAC-Application-ID", hint="your application's identifier"),
    Rule("PAC-API-Key", hint="your application's key"),
    Rule("PAC-Channel-Code", hint="your channel's identifier"),
)
"""In the order in which they are checked. An absent Authorization is a matter of credentials."""

BODILESS_HEADERS = tuple(rule for rule in DOCUMENT_HEADERS if rule.name != "Content-Type")
"""Those of a call without a body."""

_OF_TOKEN_CALL = {"Request-ID", "User-Agent", "Accept", "Content-Type", "PAC-Application-ID"}
TOKEN_HEADERS = tuple(rule for rule in DOCUMENT_HEADERS if rule.name in _OF_TOKEN_CALL)
"""Those of the token call. There the others are not looked at, however often they are sent."""

_KEPT = frozenset(rule.key for rule in DOCUMENT_HEADERS) | {
    b"content-encoding",
    b"content-length",
    b"expect",
}


class Headers:
    """The headers of a request that mean something here. An empty one counts as absent."""

    __slots__ = ("_values", "repeated")

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        """`raw`: names in lower case with their values, as ASGI gives them."""
        self._values: dict[bytes, bytes] = {}
        self.repeated: set[bytes] = set()
        for name, value in raw:
            if name in _KEPT:
                if name in self._values:
                    self.repeated.add(name)
                self._values[name] = value.strip(b" \t")

    def get(self, name: bytes) -> bytes:
        """The value, empty if absent; of a repeated header the last."""
        return self._values.get(name, b"")

    def has(self, name: bytes) -> bool:
        """Whether it was sent, if only empty."""
        return name in self._values

    @property
    def valid_request_id(self) -> str | None:
        """The header Request-ID byte for byte, if it is one UUID of whatever version."""
        value = self.get(b"request-id")
        if b"request-id" in self.repeated or not UUID.fullmatch(value):
            return None
        return value.decode("ascii")

    @property
    def bearer_token(self) -> bytes | None:
        """The access token in Authorization, if there is one."""
        match = BEARER.fullmatch(self.get(b"authorization"))
        return match[1] if match else None


def check_headers(headers: Headers, rules: Iterable[Rule] = DOCUMENT_HEADERS) -> None:
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
