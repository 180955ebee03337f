"""Operators: the ticketing systems and people that act for the box office, with their keys.

A key is returned once, and stored only as a hash. See decision 160.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from seatlatch.auth.keys import hash_secret, new_secret
from seatlatch.domain.audit import Action
from seatlatch.domain.operator import Operator, Role
from seatlatch.domain.refusal import (
    Conflict,
    InvalidRequest,
    NotFound,
    NotPermitted,
    require_identifier,
)
from seatlatch.operations.administration import Administration
from seatlatch.operations.organizations import require_organizations
from seatlatch.secrecy import hides
from seatlatch.store.access import AccessReader, OperatorEntry

KEYS_MAX = 20
"""The most keys of one operator that are valid at a time."""

OVERLAP_SECONDS_MAX = 2_592_000
"""How long old keys may stay valid after a rotation."""


@hides("operator_key")
class IssuedOperatorKey(NamedTuple):
    """A key of an operator, shown this once. `expires_at`: aware UTC, None = until revoked.
    `old_keys_end`: when the last older key ends; None = there is none.
    """

    operator_key: str
    expires_at: datetime | None
    old_keys_end: datetime | None = None


async def add_operator(
    administration: Administration,
    name: str,
    role: Role = Role.BOX_OFFICE,
    organizations: Collection[str] = (),
    expires_at: datetime | None = None,
) -> IssuedOperatorKey:
    """Add an operator with its first key. No `organizations` = all of them.

    Raises `NotDone`, `NotPermitted` and `InvalidRequest`.
    """
    require_identifier("operator name", name)
    access = administration.access
    if await find_operator(access, name) is not None:
        raise Conflict(
            f"The operator {name} is there already. Rotate its key, or add another name.",
            "Use `seatlatch operator rotate-key` or `seatlatch operator add`.",
        )
    operator = await _operator(access, name, role, organizations)
    _require_manageable(administration, operator)
    await access.add_operator(operator)
    issued = IssuedOperatorKey(await _add_key(administration, name, expires_at), expires_at)
    await administration.record(Action.OPERATOR_ADD, name, **_reach(operator), expiresAt=expires_at)
    return issued


async def change_operator(
    administration: Administration,
    name: str,
    role: Role | None,
    organizations: Collection[str] | None,
) -> Operator:
    """Give an operator another role and other organizations; its keys stay valid.

    None = unchanged; no `organizations` = all of them. Raises `NotFound` and `NotPermitted`.
    """
    access = administration.access
    before = (await require_operator(access, name)).operator
    _require_manageable(administration, before)
    if organizations is None:
        operator = before._replace(role=role or before.role)
    else:
        operator = await _operator(access, name, role or before.role, organizations)
    _require_manageable(administration, operator)
    if operator == before:
        return operator
    await access.change_operator(operator)
    old = _reach(before)
    await administration.record(
        Action.OPERATOR_CHANGE,
        name,
        **_reach(operator),
        oldRole=old["role"],
        oldOrganizations=old["organizations"],
    )
    return operator


async def rotate_operator_key(
    administration: Administration,
    name: str,
    overlap_seconds: int,
    expires_at: datetime | None = None,
) -> IssuedOperatorKey:
    """Give an operator a new key; its old ones end after `overlap_seconds`, 0 = now.

    Old keys that would have ended before still do so. Raises `NotDone`, `NotPermitted` and
    `InvalidRequest`.
    """
    access = administration.access
    _require_manageable(administration, (await require_operator(access, name)).operator)
    now = await administration.now()
    await access.end_operator_keys(name, now + timedelta(seconds=overlap_seconds))
    keys = (await require_operator(access, name)).keys
    if len(keys) >= KEYS_MAX:
        raise Conflict(
            f"The operator {name} has {KEYS_MAX} keys that are still valid. Rotate without an"
            " overlap, or wait until older keys have ended.",
            "See `seatlatch operator list`.",
        )
    ends = [key.expires_at for key in keys if key.expires_at is not None]
    old_keys_end = max(ends, default=None)
    new_key = await _add_key(administration, name, expires_at)
    await administration.record(
        Action.OPERATOR_ROTATE_KEY, name, expiresAt=expires_at, oldKeysEnd=old_keys_end
    )
    return IssuedOperatorKey(new_key, expires_at, old_keys_end)


async def revoke_operator(administration: Administration, name: str) -> None:
    """Remove an operator; its keys, sessions and links end at once.

    Raises `NotFound` and `NotPermitted`.
    """
    operator = (await require_operator(administration.access, name)).operator
    _require_manageable(administration, operator)
    await administration.access.remove_operator(name)
    await administration.transaction.sessions.remove_links_of(name)
    await administration.record(Action.OPERATOR_REVOKE, name, **_reach(operator))


async def require_operator(access: AccessReader, name: str) -> OperatorEntry:
    """The operator of this name. Raises `NotFound`, or `InvalidRequest` for what can be no name."""
    entry = await find_operator(access, name)
    if entry is None:
        require_identifier("operator name", name)
        raise NotFound(f"There is no operator {name}.", "Add one with `seatlatch operator add`.")
    return entry


async def find_operator(access: AccessReader, name: str) -> OperatorEntry | None:
    """The operator of this name, or None."""
    for entry in await access.operators():
        if entry.operator.name == name:
            return entry
    return None


async def _operator(
    access: AccessReader, name: str, role: Role, organizations: Collection[str]
) -> Operator:
    if not organizations:
        return Operator(name, role)
    await require_organizations(access, organizations)
    return Operator(name, role, frozenset(organizations))


def _require_manageable(administration: Administration, operator: Operator) -> None:
    """Raise `NotPermitted` if the actor's own key does not reach as far as this operator's."""
    if not administration.actor.may_manage(operator.role, operator.organizations):
        raise NotPermitted(
            f"This key can't manage the operator {operator.name}, which has a higher role or more"
            " organizations than this key."
        )


def _reach(operator: Operator) -> dict[str, str | list[str] | None]:
    """The role and organizations of an operator, for the audit."""
    limits = operator.organizations
    return {"role": operator.role, "organizations": None if limits is None else sorted(limits)}


async def _add_key(administration: Administration, name: str, expires_at: datetime | None) -> str:
    if expires_at is not None and expires_at <= await administration.now():
        raise InvalidRequest("The key's expiry is in the past. Give a later timestamp.")
    operator_key = new_secret()
    await administration.access.add_operator_key(
        name, hash_secret(operator_key.encode()), expires_at
    )
    return operator_key
