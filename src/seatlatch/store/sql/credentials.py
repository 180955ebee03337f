"""The credentials of all callers: read whole, or only what has changed since an earlier reading.

See decision 195.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from seatlatch.domain.application import AccessToken, ApiKey, Application, Credentials
from seatlatch.domain.channel import Channel
from seatlatch.domain.operator import Operator, OperatorKey, Role
from seatlatch.store.sql.executor import Executor, Row, optional_timestamp

CHANGES_MAX = 2_000
"""How many changes the database keeps. After as many, all credentials are read again."""

READ_VERSION = """
SELECT v.version, c.mark FROM seatlatch.credentials_version AS v
LEFT JOIN seatlatch.credential_changes AS c ON c.version = v.version
"""
READ_CHANGES = """
SELECT version, mark, channel_code, application_id, operator_name, token_hash
FROM seatlatch.credential_changes WHERE version >= :first ORDER BY version
"""
GRANTS = "SELECT channel_code, organization_id FROM seatlatch.grants"
API_KEYS = "SELECT application_id, key_hash, expires_at FROM seatlatch.api_keys"
APPLICATIONS = "SELECT application_id, channel_code FROM seatlatch.applications"
ACCESS_TOKENS = "SELECT token_hash, application_id, expires_at FROM seatlatch.access_tokens"
OPERATORS = """
SELECT key_hash, expires_at, operator_name, role, organizations
FROM seatlatch.operator_keys JOIN seatlatch.operators USING (operator_name)
"""
CHANGED_TOKENS = """
SELECT t.token_hash, t.application_id, t.expires_at
FROM seatlatch.credential_changes AS c
JOIN seatlatch.access_tokens AS t ON t.token_hash = c.token_hash
WHERE c.version >= :first
"""
OF_CHANNELS = " WHERE channel_code = ANY (:channel_codes)"
OF_APPLICATIONS = " WHERE application_id = ANY (:application_ids)"
OF_OPERATORS = " WHERE operator_name = ANY (:operator_names)"
IN_ORDER = " ORDER BY key_hash"

organizations_from_text = msgspec.json.Decoder(list[str]).decode
"""The organizations of an operator, which are stored as a JSON array."""

Key = TypeVar("Key")
Value = TypeVar("Value")


class _Changes(NamedTuple):
    """The changes from version `first` on: whose credentials they have changed."""

    first: int
    channel_codes: Collection[str]
    application_ids: Collection[str]
    operator_names: Collection[str]
    token_hashes: Collection[bytes]


async def read_credentials(executor: Executor, known: Credentials | None) -> Credentials:
    """All callers. Of `known`, which was read before, only what has changed is read again."""
    ((version, mark),) = await executor.fetch(READ_VERSION)
    changes = await _changes_since(executor, known, version) if known else None
    if known is None or changes is None:
        return await _read_all(executor, version, mark)
    return Credentials(
        version,
        await _changed_applications(executor, known.applications, changes),
        await _changed_tokens(executor, known.access_tokens, changes),
        await _changed_operators(executor, known.operators, changes),
        mark,
    )


async def _changes_since(executor: Executor, known: Credentials, version: int) -> _Changes | None:
    """The changes that are not in `known`; None = not all of them are stored.

    The version of `known` must be there with the same mark, and every one after it. Otherwise they
    were pruned, or the database was restored from a backup and has changed in another way since.
    """
    if not 0 < version - known.version < CHANGES_MAX:
        return None
    rows = await executor.fetch(READ_CHANGES, first=known.version)
    versions = [row[0] for row in rows]
    if versions != list(range(known.version, version + 1)) or rows[0][1] != known.mark:
        return None
    columns = zip(*(row[2:] for row in rows[1:]), strict=True)
    return _Changes(known.version + 1, *(frozenset(column) - {None} for column in columns))


async def _read_all(executor: Executor, version: int, mark: str | None) -> Credentials:
    applications = _applications(
        await executor.fetch(APPLICATIONS),
        await executor.fetch(GRANTS),
        await executor.fetch(API_KEYS + IN_ORDER),
    )
    tokens = _access_tokens(await executor.fetch(ACCESS_TOKENS))
    operators = _operators(await executor.fetch(OPERATORS))
    return Credentials(version, applications, tokens, operators, mark)


async def _changed_applications(
    executor: Executor, known: Mapping[str, Application], changes: _Changes
) -> Mapping[str, Application]:
    codes = changes.channel_codes
    ids = [one.application_id for one in known.values() if one.channel.code in codes]
    ids += changes.application_ids
    if not ids:
        return known
    rows = await executor.fetch(APPLICATIONS + OF_APPLICATIONS, application_ids=ids)
    channel_codes = [channel_code for _, channel_code in rows]
    grants = await executor.fetch(GRANTS + OF_CHANNELS, channel_codes=channel_codes)
    keys = await executor.fetch(API_KEYS + OF_APPLICATIONS + IN_ORDER, application_ids=ids)
    return _replaced(known, ids, _applications(rows, grants, keys))


async def _changed_tokens(
    executor: Executor, known: Mapping[bytes, AccessToken], changes: _Changes
) -> Mapping[bytes, AccessToken]:
    if not changes.token_hashes:
        return known
    rows = await executor.fetch(CHANGED_TOKENS, first=changes.first)
    return _replaced(known, changes.token_hashes, _access_tokens(rows))


async def _changed_operators(
    executor: Executor, known: Mapping[bytes, OperatorKey], changes: _Changes
) -> Mapping[bytes, OperatorKey]:
    names = changes.operator_names
    if not names:
        return known
    rows = await executor.fetch(OPERATORS + OF_OPERATORS, operator_names=list(names))
    before = [key_hash for key_hash, key in known.items() if key.operator.name in names]
    return _replaced(known, before, _operators(rows))


def _replaced(
    known: Mapping[Key, Value], before: Iterable[Key], now: Mapping[Key, Value]
) -> Mapping[Key, Value]:
    """A copy without the entries `before` that has those of `now`. To copy 100,000 takes 2 ms."""
    made = dict(known)
    for key in before:
        made.pop(key, None)
    made.update(now)
    return made


def _applications(
    rows: Sequence[Row], grants: Sequence[Row], keys: Sequence[Row]
) -> Mapping[str, Application]:
    """The applications of these rows, with the grants of their channels and their keys."""
    organizations: defaultdict[str, set[str]] = defaultdict(set)
    for channel_code, organization_id in grants:
        organizations[channel_code].add(organization_id)
    api_keys: defaultdict[str, list[ApiKey]] = defaultdict(list)
    for application_id, key_hash, expires_at in keys:
        api_keys[application_id].append(ApiKey(key_hash, optional_timestamp(expires_at)))
    return {
        application_id: Application(
            application_id,
            Channel(channel_code, frozenset(organizations[channel_code])),
            tuple(api_keys[application_id]),
        )
        for application_id, channel_code in rows
    }


def _access_tokens(rows: Iterable[Row]) -> Mapping[bytes, AccessToken]:
    return {
        token_hash: AccessToken(application_id, optional_timestamp(expires_at))
        for token_hash, application_id, expires_at in rows
    }


def _operators(rows: Iterable[Row]) -> Mapping[bytes, OperatorKey]:
    return {
        key_hash: OperatorKey(operator_of(*row), optional_timestamp(expires_at))
        for key_hash, expires_at, *row in rows
    }


def operator_of(name: str, role: str, organizations: str | None) -> Operator:
    """An operator as it is stored. `organizations`: a JSON array; None = all."""
    limits = None if organizations is None else frozenset(organizations_from_text(organizations))
    return Operator(name, Role(role), limits)
