"""`seatlatch sandbox`: the service on example data of its own, for integrators."""

import ipaddress
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import typer

from seatlatch.api.server import url_of
from seatlatch.cli.options import AsJson, Host, Port
from seatlatch.cli.running import run, stop_in_order, take_address
from seatlatch.commit import Commits
from seatlatch.operations.write_webhooks import add_webhook, require_url
from seatlatch.sandbox import data
from seatlatch.settings import SettingProblem, read_settings
from seatlatch.telemetry import Metrics, make_log
from seatlatch.wiring import change, engine_of, make_database, open_provisioning, service

WEBHOOK_HELP = "Where the channel is told of its seats; on this machine, or public."
DATABASE_HELP = "A database for the sandbox alone, made fresh at each start. [default: temporary]"


def sandbox(
    host: Host = None,
    port: Port = None,
    database: str | None = typer.Option(None, metavar="URL", help=DATABASE_HELP),
    webhook: str | None = typer.Option(None, metavar="URL", help=WEBHOOK_HELP),
    as_json: AsJson = False,
) -> None:
    """Serve fresh example data on this machine alone, until Ctrl-C."""
    stop_in_order()
    with own_database(database) as database_url:
        options = {"host": host, "port": port, "database_url": database_url, "workers": "1"}
        settings = read_settings(os.environ, options)._replace(webhook_addresses="loopback")
        require_loopback(settings.host)
        if webhook:
            require_url(webhook)
        log = make_log(settings.log_format, settings.log_level)
        metrics = Metrics()
        with take_address(settings) as listener:
            make_database(database_url, "sandbox")
            engine = engine_of(database_url)
            with engine.held_alone():
                with open_provisioning(database_url, "sandbox") as provisioning:
                    data.fill(provisioning)
                if webhook:
                    change(database_url, partial(tell_channel, webhook), "sandbox")
                app = service(settings, log, metrics, "sandbox")
                about = describe(url_of(listener), engine.name, webhook)
                run(app, listener, log, metrics, lambda: say(about, as_json))


@contextmanager
def own_database(database_url: str | None) -> Iterator[str]:
    """The database that was asked for, or a temporary one that goes at the end."""
    if database_url is not None:
        yield database_url
        return
    with tempfile.TemporaryDirectory(prefix="seatlatch-sandbox-") as folder:
        yield f"sqlite:///{Path(folder) / 'sandbox.db'}"


def require_loopback(host: str) -> None:
    """Raise `SettingProblem` unless only this machine can reach `host`."""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise SettingProblem(
            "The sandbox's credentials are public, so it listens on this machine alone:"
            f" --host must be a loopback address such as 127.0.0.1, not {host!r}."
        )


async def tell_channel(url: str, commits: Commits) -> None:
    """Add a webhook of the sandbox's channel, which is told of the channel's own changes, too."""
    secret = data.WEBHOOK_SECRET
    await add_webhook(commits, url, data.CHANNEL, own_changes=True, secret=secret)


def describe(url: str, database_url: str, webhook: str | None) -> dict[str, str]:
    """All that a person needs to begin."""
    told = {"webhook": webhook, "webhookSecret": data.WEBHOOK_SECRET} if webhook else {}
    return {
        "url": url,
        "database": database_url,
        "applicationId": data.APPLICATION,
        "channelCode": data.CHANNEL,
        "apiKey": data.API_KEY,
        "accessToken": data.ACCESS_TOKEN,
        "authorizationCode": data.AUTHORIZATION_CODE,
        "operatorKey": data.OPERATOR_KEY,
        **told,
        "curl": data.curl_command(url, str(uuid4())),
    }


def say(about: dict[str, str], as_json: bool) -> None:
    """Print it."""
    if as_json:
        typer.echo(json.dumps(about))
        return
    told = f"Tells {about['webhook']} of the channel's seats.\n" if "webhook" in about else ""
    typer.echo(f"""\
The seatlatch sandbox answers at {about["url"]}
Its data lives in {about["database"]}, fresh at each start.
{told}
Unlock the document's first two tickets:

{about["curl"]}

Where to go from here, in this project's folder, or as pages at {about["url"]}/docs/

  docs/start/sandbox.md        all that is in here, and which token has which outcome
  docs/guides/marketplace.md   the seller's flow: token, verify, lock, unlock, refresh
  docs/guides/box-office.md    the ticketing system's side: put, hold, release, void
  docs/guides/webhooks.md      being told of seats: receive and verify
  docs/guides/operator.md      ten commands to an inventory of your own

Ctrl-C stops the sandbox.
""")
