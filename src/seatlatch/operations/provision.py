"""Letting callers in: what may be asked of `Provisioning`, and what is said where it may not.

All of it works inside one transaction of provisioning: whatever raises here has changed nothing.
Secrets are returned once and kept as hashes only. Knows no engine and prints nothing.
Source: the contract's section on the command line.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from seatlatch.auth.keys import hash_secret, new_secret
from seatlatch.domain.label import ends_problem, label_problem, shortened
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.secrecy import hides
from seatlatch.store.interface import Code
from seatlatch.store.provisioning import ApplicationEntry, ChannelEntry, Provisioning

IDENTIFIER = re.compile(r"[!-~]{1,100}")
"""Identifiers travel in headers and stand in tables."""


class NotDone(Exception):
    """What was asked can't be done as things stand. The message is a sentence that says what to do.

    Its counterpart `InvalidRequest` is raised for what could never be done, such as an identifier
    with a space in it.
    """


class Grants(NamedTuple):
    """What became of grants: which were changed, and for which it was so already."""

    changed: tuple[str, ...]
    already: tuple[str, ...]


@hides("code")
class IssuedCode(NamedTuple):
    """An authorization code, shown this once. `expires_at`: aware UTC."""

    code: str
    expires_at: datetime


@hides("api_key")
class IssuedKey(NamedTuple):
    """An API key, shown this once. `old_keys_end`: no other key is good from then on, aware UTC."""

    api_key: str
    old_keys_end: datetime


@hides("api_key")
class NewApplication(NamedTuple):
    """What a new application needs to begin, shown this once."""

    api_key: str
    code: IssuedCode


def add_organization(provisioning: Provisioning, organization_id: str, name: str) -> None:
    """Add a box office, whose tickets these are. Raises `NotDone` and `InvalidRequest`."""
    require_identifier("organization id", organization_id)
    _require_name(name)
    if organization_id in provisioning.organizations():
        raise NotDone(
            f"The organization {organization_id} is there already."
            " See them all with `seatlatch org list`."
        )
    provisioning.add_organization(organization_id, name)


def remove_organization(provisioning: Provisioning, organization_id: str) -> None:
    """Forget an organization. Raises `NotDone` while it has tickets or grants."""
    _require_organizations(provisioning, [organization_id])
    granted = [
        channel.code
        for channel in provisioning.channels()
        if organization_id in channel.organizations
    ]
    if granted:
        raise NotDone(
            f"The organization {organization_id} is granted to {_first(granted)}."
            " Take that away first with `seatlatch channel ungrant`."
        )
    if provisioning.has_tickets(organization_id):
        raise NotDone(
            f"The organization {organization_id} has tickets, which are kept, and it with them."
            " No channel sees them unless it is granted with `seatlatch channel grant`."
        )
    provisioning.remove_organization(organization_id)


def add_channel(
    provisioning: Provisioning, code: str, name: str, organizations: Iterable[str]
) -> ChannelEntry:
    """Add a channel partner with its grants. Raises `NotDone` and `InvalidRequest`."""
    require_identifier("channel code", code)
    _require_name(name)
    granted = sorted(set(organizations))
    if not granted:
        raise InvalidRequest("A channel needs at least one organization whose tickets it sees.")
    _require_organizations(provisioning, granted)
    if any(channel.code == code for channel in provisioning.channels()):
        raise NotDone(
            f"The channel {code} is there already."
            " See them all with `seatlatch channel list`, add to its organizations with"
            " `seatlatch channel grant`."
        )
    provisioning.add_channel(code, name, granted)
    return ChannelEntry(code, name, tuple(granted))


def remove_channel(provisioning: Provisioning, code: str) -> None:
    """Forget a channel. Raises `NotDone` while an application or tickets depend on it."""
    _require_channel(provisioning, code)
    speaking = [
        application.application_id
        for application in provisioning.applications()
        if application.channel_code == code
    ]
    if speaking:
        raise NotDone(
            f"{_first(speaking)} speaks for the channel {code}."
            " Revoke that first with `seatlatch app revoke`."
        )
    if tickets := provisioning.reserved_tickets(code):
        count = "1 ticket" if tickets == 1 else f"{tickets:,} tickets"
        raise NotDone(
            f"The channel {code} has mpreserve set on {count}."
            " Unlock them first with `seatlatch tickets unlock`."
        )
    if webhooks := provisioning.count_webhooks(code):
        count = "1 webhook" if webhooks == 1 else f"{webhooks} webhooks"
        raise NotDone(
            f"The channel {code} has {count}. Remove them first with `seatlatch webhook remove`."
        )
    provisioning.remove_channel(code)


def grant(provisioning: Provisioning, code: str, organizations: Iterable[str]) -> Grants:
    """Let a channel see the tickets of organizations. Raises `NotDone`."""
    asked, granted = _asked_and_granted(provisioning, code, organizations)
    new = tuple(organization for organization in asked if organization not in granted)
    for organization_id in new:
        provisioning.add_grant(code, organization_id)
    return Grants(new, tuple(organization for organization in asked if organization in granted))


def ungrant(provisioning: Provisioning, code: str, organizations: Iterable[str]) -> Grants:
    """Let a channel no longer see the tickets of organizations. Raises `NotDone`."""
    asked, granted = _asked_and_granted(provisioning, code, organizations)
    ended = tuple(organization for organization in asked if organization in granted)
    for organization_id in ended:
        provisioning.remove_grant(code, organization_id)
    return Grants(ended, tuple(organization for organization in asked if organization not in ended))


def add_application(
    provisioning: Provisioning, application_id: str, channel_code: str, code_seconds: int
) -> NewApplication:
    """Let software in that speaks for a channel. Raises `NotDone` and `InvalidRequest`.

    Its key is good until it is rotated or revoked, its authorization code for `code_seconds`.
    """
    require_identifier("application id", application_id)
    _require_channel(provisioning, channel_code)
    if _find_application(provisioning, application_id) is not None:
        raise NotDone(
            f"The application {application_id} is there already."
            " Give it a new key with `seatlatch app rotate-key`, or a new authorization code"
            " with `seatlatch app authorize`."
        )
    provisioning.add_application(application_id, channel_code)
    api_key = _new_key(provisioning, application_id)
    return NewApplication(api_key, _new_code(provisioning, application_id, code_seconds))


def rotate_key(provisioning: Provisioning, application_id: str, overlap_seconds: int) -> IssuedKey:
    """Give an application a new key; its old ones end after `overlap_seconds`, 0 = now.

    Those that would have ended before do so still. Raises `NotDone`.
    """
    _require_application(provisioning, application_id)
    overlap = timedelta(seconds=overlap_seconds)
    provisioning.end_api_keys(application_id, provisioning.now + overlap)
    old = _require_application(provisioning, application_id).api_keys
    ends = [key.expires_at for key in old if key.expires_at is not None]
    api_key = _new_key(provisioning, application_id)
    return IssuedKey(api_key, max(ends, default=provisioning.now))


def authorize(provisioning: Provisioning, application_id: str, code_seconds: int) -> IssuedCode:
    """Give an application a new authorization code. Raises `NotDone`."""
    _require_application(provisioning, application_id)
    return _new_code(provisioning, application_id, code_seconds)


def revoke_application(provisioning: Provisioning, application_id: str) -> None:
    """Forget an application; its keys, codes and tokens end at once. Raises `NotDone`."""
    _require_application(provisioning, application_id)
    provisioning.remove_application(application_id)


def add_operator(provisioning: Provisioning, name: str) -> str:
    """Let somebody speak for the box office; the key. Raises `NotDone` and `InvalidRequest`."""
    require_identifier("operator name", name)
    if name in provisioning.operators():
        raise NotDone(
            f"The operator {name} is there already."
            " For a new key revoke it first with `seatlatch operator revoke`, or add another name."
        )
    operator_key = new_secret()
    provisioning.add_operator(name, hash_secret(operator_key.encode()))
    return operator_key


def revoke_operator(provisioning: Provisioning, name: str) -> None:
    """Forget an operator; its key ends at once. Raises `NotDone`."""
    if name not in provisioning.operators():
        require_identifier("operator name", name)
        raise NotDone(f"There is no operator {name}. Add one with `seatlatch operator add`.")
    provisioning.remove_operator(name)


def require_identifier(what: str, identifier: str) -> None:
    """Raise `InvalidRequest` unless it has the form of an identifier; `what` says which."""
    if not IDENTIFIER.fullmatch(identifier):
        raise InvalidRequest(
            f"The {what} must be 1 to 100 visible ASCII characters without spaces, not"
            f" {shortened(identifier)}.{f' It {it}.' if (it := ends_problem(identifier)) else ''}"
        )


def _require_name(name: str) -> None:
    if problem := label_problem(name):
        raise InvalidRequest(f"The name {problem}. Give one of 1 to 200 characters.")


def _require_organizations(provisioning: Provisioning, organizations: Iterable[str]) -> None:
    """Whoever was added by other means may have an identifier that can't be added here."""
    known = provisioning.organizations()
    for organization_id in organizations:
        if organization_id not in known:
            require_identifier("organization id", organization_id)
            raise NotDone(
                f"There is no organization {organization_id}. Add it with `seatlatch org add`."
            )


def _require_channel(provisioning: Provisioning, code: str) -> ChannelEntry:
    for channel in provisioning.channels():
        if channel.code == code:
            return channel
    require_identifier("channel code", code)
    raise NotDone(f"There is no channel {code}. Add it with `seatlatch channel add`.")


def _require_application(provisioning: Provisioning, application_id: str) -> ApplicationEntry:
    application = _find_application(provisioning, application_id)
    if application is None:
        require_identifier("application id", application_id)
        raise NotDone(f"There is no application {application_id}. Add it with `seatlatch app add`.")
    return application


def _find_application(provisioning: Provisioning, application_id: str) -> ApplicationEntry | None:
    for application in provisioning.applications():
        if application.application_id == application_id:
            return application
    return None


def _asked_and_granted(
    provisioning: Provisioning, code: str, organizations: Iterable[str]
) -> tuple[list[str], frozenset[str]]:
    """Each organization once, in the order asked, and those that the channel may see now."""
    channel = _require_channel(provisioning, code)
    asked = list(dict.fromkeys(organizations))
    _require_organizations(provisioning, asked)
    return asked, frozenset(channel.organizations)


def _new_key(provisioning: Provisioning, application_id: str) -> str:
    api_key = new_secret()
    provisioning.add_api_key(application_id, hash_secret(api_key.encode()))
    return api_key


def _new_code(provisioning: Provisioning, application_id: str, code_seconds: int) -> IssuedCode:
    code = new_secret()
    expires_at = provisioning.now + timedelta(seconds=code_seconds)
    provisioning.add_code(hash_secret(code.encode()), Code(application_id, expires_at))
    return IssuedCode(code, expires_at)


def _first(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
