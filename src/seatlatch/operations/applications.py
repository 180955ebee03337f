"""Applications: the software that acts for channels, with its API keys and authorization codes.

Secrets are returned once, and stored only as hashes.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from seatlatch.auth.keys import hash_secret, new_secret
from seatlatch.domain.audit import Action
from seatlatch.domain.refusal import Conflict, NotFound, require_identifier
from seatlatch.operations.administration import Administration
from seatlatch.operations.channels import require_channel
from seatlatch.secrecy import hides
from seatlatch.store.access import AccessReader, AccessWriter, ApplicationEntry
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
    administration: Administration, application_id: str, channel_code: str, code_seconds: int
) -> NewApplication:
    """Add an application of a channel. Raises `NotDone` and `InvalidRequest`.

    Its key is valid until it is rotated or revoked, its authorization code for `code_seconds`.
    """
    require_identifier("application id", application_id)
    access = administration.access
    await require_channel(access, channel_code)
    if await _find(access, application_id) is not None:
        raise Conflict(
            f"The application {application_id} is there already.",
            "Give it a new key with `seatlatch app rotate-key`, or a new authorization code"
            " with `seatlatch app authorize`.",
        )
    await access.add_application(application_id, channel_code)
    api_key = await _add_key(access, application_id)
    code = await _add_code(administration, application_id, code_seconds)
    await administration.record(
        Action.APPLICATION_ADD,
        application_id,
        channelCode=channel_code,
        codeExpiresAt=code.expires_at,
    )
    return NewApplication(api_key, code)


async def rotate_key(
    administration: Administration, application_id: str, overlap_seconds: int
) -> IssuedKey:
    """Give an application a new key; its old ones end after `overlap_seconds`, 0 = now.

    Old keys that would have ended before still do so. Raises `NotFound`.
    """
    access = administration.access
    await require_application(access, application_id)
    now = await administration.now()
    await access.end_api_keys(application_id, now + timedelta(seconds=overlap_seconds))
    old = (await require_application(access, application_id)).api_keys
    ends = [key.expires_at for key in old if key.expires_at is not None]
    issued = IssuedKey(await _add_key(access, application_id), max(ends, default=now))
    await administration.record(
        Action.APPLICATION_ROTATE_KEY, application_id, oldKeysEnd=issued.old_keys_end
    )
    return issued


async def authorize(
    administration: Administration, application_id: str, code_seconds: int
) -> IssuedCode:
    """Give an application a new authorization code. Raises `NotFound`."""
    await require_application(administration.access, application_id)
    code = await _add_code(administration, application_id, code_seconds)
    await administration.record(
        Action.APPLICATION_AUTHORIZE, application_id, codeExpiresAt=code.expires_at
    )
    return code


async def revoke_application(administration: Administration, application_id: str) -> None:
    """Remove an application; its keys, codes and tokens end at once. Raises `NotFound`."""
    application = await require_application(administration.access, application_id)
    await administration.access.remove_application(application_id)
    await administration.record(
        Action.APPLICATION_REVOKE, application_id, channelCode=application.channel_code
    )


async def require_application(access: AccessReader, application_id: str) -> ApplicationEntry:
    """The application of this id. Raises `NotFound`, or `InvalidRequest` for what can be no id."""
    application = await _find(access, application_id)
    if application is None:
        require_identifier("application id", application_id)
        raise NotFound(
            f"There is no application {application_id}.", "Add it with `seatlatch app add`."
        )
    return application


async def _find(access: AccessReader, application_id: str) -> ApplicationEntry | None:
    for application in await access.applications():
        if application.application_id == application_id:
            return application
    return None


async def _add_key(access: AccessWriter, application_id: str) -> str:
    api_key = new_secret()
    await access.add_api_key(application_id, hash_secret(api_key.encode()))
    return api_key


async def _add_code(
    administration: Administration, application_id: str, code_seconds: int
) -> IssuedCode:
    code = new_secret()
    expires_at = await administration.now() + timedelta(seconds=code_seconds)
    await administration.access.add_code(
        hash_secret(code.encode()), Code(application_id, expires_at)
    )
    return IssuedCode(code, expires_at)
