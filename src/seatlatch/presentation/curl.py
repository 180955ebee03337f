"""Requests as curl commands, with variables of the shell in place of the secrets and the address.

The journal has what a request has changed, not its body, so the body is reconstructed from it.

See decision 179.
"""

from collections.abc import Iterable, Mapping, Sequence
from shlex import quote
from typing import Any, NamedTuple

from seatlatch.domain.journal import Act, Entry, FoundEntry, Verb
from seatlatch.http.body import encode_json
from seatlatch.journal.entry_text import TOKEN_CHARACTERS_MAX
from seatlatch.presentation.inspection import Header, InspectedRequest
from seatlatch.secrecy import HIDDEN

URL, API_KEY, ACCESS_TOKEN, OPERATOR_KEY = "$URL", "$API_KEY", "$ACCESS_TOKEN", "$OPERATOR_KEY"
"""The variables. The console's script replaces `$URL` by the address of the page."""

_SECRETS = {
    "authorization": f'"Authorization: Bearer {ACCESS_TOKEN}"',
    "pac-api-key": f'"PAC-API-Key: {API_KEY}"',
}
_MADE_BY_CURL = frozenset({"host", "content-length", "connection", "transfer-encoding", "expect"})
_DEFAULTS = ("User-Agent", "Accept", "Content-Type")
"""The headers that curl sends with values of its own unless it gets them without a value."""

LISTING_IS_INCOMPLETE = (
    "The journal does not have the source, prices and seller of a listing. Complete them."
)
TOKENS_ARE_SHORTENED = "The journal has shortened long tokens."
SECRETS_ARE_HIDDEN = f"Replace {HIDDEN} by your secrets."
BODY_IS_INCOMPLETE = "The body differs from the one that was received."


class Curl(NamedTuple):
    """A command. `notes`: sentences about what it differs in from the request."""

    command: str
    notes: Sequence[str] = ()


def curl_of(entry: FoundEntry) -> Curl | None:
    """The request of an entry; None = the entry does not have its tickets, or no call made it."""
    if not isinstance(entry, Entry) or not entry.outcomes:
        return None
    tokens = [token for some in entry.outcomes.values() for token in some]
    notes = [TOKENS_ARE_SHORTENED] if any(map(_is_shortened, tokens)) else []
    if entry.act.asker.operator is not None:
        is_over = any(changed.channel_code for changed in entry.changed)
        return curl_of_change(entry.act, tokens, over_listing=is_over, notes=notes)
    if entry.act.verb is Verb.LOCK:
        return _channel_call(
            entry.act, _lock_body(entry.act, tokens), [*notes, LISTING_IS_INCOMPLETE]
        )
    return _channel_call(entry.act, {"tokens": tokens}, notes)


def curl_of_received(request: InspectedRequest) -> Curl:
    """A request as it was received, without its secrets."""
    headers = [
        _SECRETS.get(name.lower()) or quote(f"{name}: {value}" if value else f"{name};")
        for name, value in request.headers
        if name.lower() not in _MADE_BY_CURL
    ]
    sent = {name.lower() for name, _ in request.headers}
    headers += [quote(f"{name}:") for name in _DEFAULTS if name.lower() not in sent]
    body, note = request.body
    notes = [BODY_IS_INCOMPLETE] if note else []
    shown = [request.target, body, *(value for name, value in _others(request.headers))]
    if any(HIDDEN in text for text in shown):
        notes.append(SECRETS_ARE_HIDDEN)
    return Curl(_command(request.method, request.target, headers, body.encode()), notes)


def _others(headers: Iterable[Header]) -> Iterable[Header]:
    """The headers that the command does not replace by variables."""
    return (one for one in headers if one[0].lower() not in _SECRETS)


def _is_shortened(token: str) -> bool:
    return len(token) > TOKEN_CHARACTERS_MAX


def _lock_body(act: Act, tokens: Sequence[str]) -> Mapping[str, Any]:
    listing_id = act.external_listing_id
    identified = {} if listing_id is None else {"externalListingId": listing_id}
    listing = {**identified, "tokens": [{"token": token} for token in tokens]}
    return {"source": "MY_ACCOUNT", "listing": listing}


def _channel_call(act: Act, body: Any, notes: Sequence[str]) -> Curl:
    asker = act.asker
    headers = [
        "'User-Agent: MyApplication/1.0'",
        _SECRETS["authorization"],
        "'Accept: application/json'",
        "'Content-Type: application/json'",
        quote(f"PAC-Application-ID: {asker.application_id}"),
        _SECRETS["pac-api-key"],
        quote(f"PAC-Channel-Code: {asker.channel_code}"),
        quote(f"Request-ID: {asker.request_id}"),
    ]
    path = f"/v1/tickets/{act.verb}"
    return Curl(_command("PUT", path, headers, encode_json(body)), notes)


def curl_of_change(
    act: Act, tokens: Sequence[str], *, over_listing: bool = False, notes: Sequence[str] = ()
) -> Curl | None:
    """A change of tickets by the box office; None = no call makes it. An empty Request-ID is left
    out.
    """
    paths = {
        Verb.HOLD: "status",
        Verb.RELEASE: "status",
        Verb.VOID: "void",
        Verb.OVERRIDE: "unlock",
    }
    if act.verb not in paths:
        return None
    body: dict[str, Any] = {"tokens": tokens}
    if act.verb in (Verb.HOLD, Verb.RELEASE):
        body["status"] = "LOCK" if act.verb is Verb.HOLD else "UNLOCK"
    if act.reason is not None:
        body["reason"] = act.reason
    if act.hold_seconds is not None:
        body["expiresInSeconds"] = act.hold_seconds
    if act.verb is Verb.HOLD and over_listing:
        body["overListing"] = True
    path = f"/operator/v1/tickets/{paths[act.verb]}"
    return Curl(operator_call("PUT", path, body, act.asker.request_id), notes)


def operator_call(method: str, target: str, body: Any = None, request_id: str = "") -> str:
    """A command that calls the operators' interface. `body` becomes JSON; None = there is none."""
    headers = [f'"Authorization: Bearer {OPERATOR_KEY}"']
    if body is not None:
        headers.append("'Content-Type: application/json'")
    if request_id:
        headers.append(quote(f"Request-ID: {request_id}"))
    return _command(method, target, headers, b"" if body is None else encode_json(body))


def _command(method: str, target: str, headers: Iterable[str], body: bytes) -> str:
    """A command for any shell of POSIX. `headers` are quoted."""
    option = "-g " if any(character in target for character in "[]{}") else ""
    lines = [f'curl {option}-X {method} "{URL}"{quote(target)}']
    lines += [f"  -H {header}" for header in headers]
    if body:
        lines.append(f"  --data-raw {quote(body.decode())}")
    return " \\\n".join(lines)
