"""Sign-in to the console and sign-out. A session's secret is returned once, and stored as a hash.

See decision 174.
"""

from datetime import timedelta

from seatlatch.auth.keys import hash_secret, new_secret
from seatlatch.commit import Committer
from seatlatch.domain.audit import Action, Actor
from seatlatch.domain.console_session import NewSession, Session
from seatlatch.domain.refusal import NotAuthenticated
from seatlatch.operations.administration import Administration, RecordedChange
from seatlatch.operations.change_access import change_access
from seatlatch.operations.operators import find_operator
from seatlatch.store.access import AccessReader
from seatlatch.store.interface import Store

SESSION_SECONDS = 43_200
"""How long an operator stays signed in: a working day, after which a forgotten browser is harmless.
"""


async def find_session(store: Store, secret: str) -> Session | None:
    """The session of a secret, if it has not ended. Raises `Unavailable`."""
    session_hash = hash_secret(secret.encode())
    return await store.read(lambda snapshot: snapshot.sessions.find(session_hash))


async def sign_in(committer: Committer, actor: Actor, key_hash: bytes | None) -> str:
    """Begin a session of an operator and return its secret. The audit records it.

    `key_hash`: the key that was checked; None = single sign-on has checked the person. Raises
    `NotAuthenticated` if the operator or the key was removed in the meantime, and `Unavailable`.
    """
    secret = new_secret()

    async def work(administration: Administration) -> None:
        transaction = administration.transaction
        if not await _may_sign_in(transaction.access, actor.name, key_hash):
            raise NotAuthenticated("The key was removed. Use another key.", token_sent=True)
        await transaction.sessions.remove_expired()
        expires_at = await administration.now() + timedelta(seconds=SESSION_SECONDS)
        session = NewSession(actor.name, key_hash)
        await transaction.sessions.add(hash_secret(secret.encode()), session, expires_at)
        await administration.record(Action.SIGN_IN, actor.name, singleSignOn=key_hash is None)

    await change_access(committer, actor, work)
    return secret


async def _may_sign_in(access: AccessReader, name: str, key_hash: bytes | None) -> bool:
    if key_hash is None:
        return await find_operator(access, name) is not None
    return key_hash in (await access.read_credentials()).operators


async def sign_out(committer: Committer, actor: Actor, secret: str) -> None:
    """End a session. Raises `Unavailable`."""

    async def work(administration: Administration) -> None:
        await administration.transaction.sessions.remove(hash_secret(secret.encode()))

    await committer.submit(RecordedChange(actor, work))
