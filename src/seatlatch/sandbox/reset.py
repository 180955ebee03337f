"""Restores a sandbox's database: its example data, and the webhook of the command line.

See decision 116.
"""

from uuid import uuid4

from seatlatch.commit import CommitEach
from seatlatch.domain.audit import Actor
from seatlatch.operations.administration import Administration
from seatlatch.operations.change_access import change_access
from seatlatch.operations.write_webhooks import add_webhook
from seatlatch.sandbox import data
from seatlatch.store.interface import Store
from seatlatch.wiring import with_store


def reset_database(database_url: str, webhook: str | None) -> None:
    """Replace all data in the database. `webhook`: the URL of a webhook of the sandbox's channel
    that also receives the channel's own changes.

    Raises `DatabaseProblem`, `NotDone` and `Unavailable`.
    """

    async def fill(administration: Administration) -> None:
        await data.fill(administration.transaction)

    async def reset(store: Store) -> None:
        committer, actor = CommitEach(store), Actor("sandbox", str(uuid4()))
        await change_access(committer, actor, fill)
        if webhook:
            await add_webhook(
                committer,
                actor,
                webhook,
                data.CHANNEL,
                own_changes=True,
                secret=data.WEBHOOK_SECRET,
            )

    with_store(database_url, reset, "sandbox", is_patient=True)
