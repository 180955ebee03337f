"""Applications: the software that acts for channels, with its API keys and authorization codes.

Secrets are returned once, and stored only as hashes.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from seatlatch.auth.keys import hash_secret, new_secret
from seatlatch.domain.refusal import NotDone, require_identifier
from seatlatch.operations.channels import require_channel
from seatlatch.secrecy import hides
from seatlatch.store.access import AccessReader, ApplicationEntry
from seatlatch.store.interface import Transaction
from seatlatch.store.tokens import Code


@hides("code")
class IssuedCode(NamedTuple):
    """An authorization code, shown this once. `expires_at`: aware UTC."""

    code: str
    expires_at: datetime


@hides("api_key")
class IssuedKey(NamedTuple):
    """An API key, shown this once. `old_keys_end`: when the last older key ends, aware UTC."""

    api_key: str
    old_keys_end: datetime


@hides("api_key")
class NewApplication(NamedTuple):
    """The first credentials of an application, shown this once."""

    api_key: str
    code: IssuedCode


async def add_application(
    transaction: Transaction, application_id: str, channel_code: str, code_seconds: int
) -> NewApplication:
    """Add an application of a channel. Raises `NotDone` and `InvalidRequest`.

    Its key is valid until it is rotated or revoked, its authorization code for `code_seconds`.
    """
    require_identifier("application id", application_id)
    await require_channel(transaction.access, channel_code)
    if await _find(transaction.access, application_id) is not None:
        raise NotDone(
            f"The application {application_id} is there already."
            " Give it a new key with `seatlatch app rotate-key`, or a new authorization code"
            " with `seatlatch app authorize`."
        )
    await transaction.access.add_application(application_id, channel_code)
    api_key = await _add_key(transaction, application_id)
    return NewApplication(api_key, await _add_code(transaction, application_id, code_seconds))


async def rotate_key(
    transaction: Transaction, application_id: str, overlap_seconds: int
) -> IssuedKey:
    """Give an application a new key; its old ones end after `overlap_seconds`, 0 = now.

    Old keys that would have ended before still do so. Raises `NotDone`.
    """
    access = transaction.access
    await _require(access, application_id)
    now = await transaction.now()
    await access.end_api_keys(application_id, now + timedelta(seconds=overlap_seconds))
    old = (await _require(access, application_id)).api_keys
    ends = [key.expires_at for key in old if key.expires_at is not None]
    return IssuedKey(await _add_key(transaction, application_id), max(ends, default=now))


async def authorize(transaction: Transaction, application_id: str, code_seconds: int) -> IssuedCode:
    """Give an application a new authorization code. Raises `NotDone`."""
    await _require(transaction.access, application_id)
    return await _add_code(transaction, application_id, code_seconds)


async def revoke_application(transaction: Transaction, application_id: str) -> None:
    """Remove an application; its keys, codes and tokens end at once. Raises `NotDone`."""
    await _require(transaction.access, application_id)
    await transaction.access.remove_application(application_id)


async def _require(access: AccessReader, application_id: str) -> ApplicationEntry:
    application = await _find(access, application_id)
    if application is None:
        require_identifier("application id", application_id)
        raise NotDone(f"There is no application {application_id}. Add it with `seatlatch app add`.")
    return application


async def _find(access: AccessReader, application_id: str) -> ApplicationEntry | None:
    for application in await access.applications():
        if application.application_id == application_id:
            return application
    return None


async def _add_key(transaction: Transaction, application_id: str) -> str:
    api_key = new_secret()
    await transaction.access.add_api_key(application_id, hash_secret(api_key.encode()))
    return api_key


async def _add_code(transaction: Transaction, application_id: str, code_seconds: int) -> IssuedCode:
    code = new_secret()
    expires_at = await transaction.now() + timedelta(seconds=code_seconds)
    await transaction.access.add_code(hash_secret(code.encode()), Code(application_id, expires_at))
    return IssuedCode(code, expires_at)
