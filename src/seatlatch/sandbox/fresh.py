"""Makes a sandbox's database a fresh one: its data, and the webhook that was asked for."""

from functools import partial

from seatlatch.commit import Commits
from seatlatch.operations.write_webhooks import add_webhook
from seatlatch.sandbox import data
from seatlatch.wiring import change, open_provisioning


def make_fresh(database_url: str, webhook: str | None) -> None:
    """Whatever is in it goes. Raises `DatabaseProblem` and `Unavailable`."""
    with open_provisioning(database_url, "sandbox") as provisioning:
        data.fill(provisioning)
    if webhook:
        change(database_url, partial(_tell_channel, webhook), "sandbox")


async def _tell_channel(url: str, commits: Commits) -> None:
    """Add a webhook of the sandbox's channel, which is told of the channel's own changes, too."""
    secret = data.WEBHOOK_SECRET
    await add_webhook(commits, url, data.CHANNEL, own_changes=True, secret=secret)
