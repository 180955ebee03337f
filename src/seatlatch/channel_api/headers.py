"""The request headers of `/v1` calls, in the order in which they are checked.

Source: the contract's table of request headers.

See decision 5.
"""

import re

from seatlatch.http.headers import UUID_VERSION_4, Rule

_NAME = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
PRODUCT_AND_VERSION = re.compile(_NAME + rb"/" + _NAME + rb".*", re.DOTALL)

CHANNEL_HEADERS = (
    Rule("Request-ID", form=UUID_VERSION_4, hint="a UUID version 4"),
    Rule("User-Agent", form=PRODUCT_AND_VERSION, hint="Product/Version, as in MyApplication/1.0"),
    Rule("Authorization", required=False),  # an absent one is 401, not 400
    Rule("Accept", hint="application/json"),
    Rule("Accept-Encoding", required=False),
    Rule("Content-Type", hint="application/json"),
    Rule("PAC-Application-ID", hint="your application's identifier"),
    Rule("PAC-API-Key", hint="your application's key"),
    Rule("PAC-Channel-Code", hint="your channel's identifier"),
)

_OF_TOKEN_CALL = {"Request-ID", "User-Agent", "Accept", "Content-Type", "PAC-Application-ID"}
TOKEN_HEADERS = tuple(rule for rule in CHANNEL_HEADERS if rule.name in _OF_TOKEN_CALL)
"""The headers of the token call, which ignores all others."""
