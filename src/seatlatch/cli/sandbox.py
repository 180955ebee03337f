"""`seatlatch sandbox`: the service on example data of its own, for integrators."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import typer

from seatlatch.api.server import url_of
from seatlatch.cli.options import AllowedHost, AsJson, Host, Port, log_injected
from seatlatch.cli.running import run, stop_in_order, take_address
from seatlatch.cli.streams import greet, guard_output
from seatlatch.logs import Log, make_log
from seatlatch.metrics import Metrics
from seatlatch.operations.write_webhooks import require_url
from seatlatch.sandbox import data, faults
from seatlatch.sandbox.door import BEHAVIOUR, RESET
from seatlatch.sandbox.fresh import make_fresh
from seatlatch.sandbox.hosts import AllowedHosts, is_loopback
from seatlatch.sandbox.service import sandbox_service
from seatlatch.settings import SettingProblem, read_settings
from seatlatch.store.interface import DatabaseProblem
from seatlatch.wiring import engine_of, make_database

WEBHOOK_HELP = "Where the channel is told of its seats; on this machine, or public."
AS_JSON = "-H 'Content-Type: application/json'"
DATABASE_HELP = "A database for the sandbox alone, made fresh at each start. [default: temporary]"


def sandbox(
    host: Host = None,
    port: Port = None,
    database: str | None = typer.Option(None, metavar="URL", help=DATABASE_HELP),
    webhook: str | None = typer.Option(None, metavar="URL", help=WEBHOOK_HELP),
    allowed_host: AllowedHost = None,
    as_json: AsJson = False,
) -> None:
    """Serve fresh example data on this machine alone, until Ctrl-C."""
    stop_in_order()
    hosts = AllowedHosts(allowed_host or ())
    with own_database(database) as database_url:
        options = {"host": host, "port": port, "database_url": database_url, "workers": "1"}
        settings = read_settings(os.environ, options)._replace(webhook_addresses="loopback")
        require_loopback(settings.host)
        if webhook:
            require_url(webhook)
        log = make_log(settings.log_format, settings.log_level)
        log_injected(log)
        metrics = Metrics()
        with take_address(settings) as listener:
            make_database(database_url, "sandbox")
            engine = engine_of(database_url)
            with engine.held_alone():
                make_fresh(database_url, webhook)
                app = sandbox_service(settings, log, metrics, webhook, hosts=hosts)
                about = describe(url_of(listener), engine.name, webhook)
                said = partial(say, about, as_json, log)
                guard_output(metrics)
                run(app, listener, log, metrics, settings, said)


@contextmanager
def own_database(database_url: str | None) -> Iterator[str]:
    """The database that was asked for, or a temporary one that goes at the end."""
    if database_url is not None:
        yield database_url
        return
    try:
        made = tempfile.TemporaryDirectory(prefix="seatlatch-sandbox-")
    except OSError as error:
        raise DatabaseProblem(
            f"Can't make a temporary folder for the sandbox's database ({error.strerror or error})."
            " Set TMPDIR to a folder that can be written, or give --database."
        ) from None
    with made as folder:
        yield f"sqlite:///{Path(folder) / 'sandbox.db'}"


def require_loopback(host: str) -> None:
    """Raise `SettingProblem` unless only this machine can reach `host`."""
    if not is_loopback(host):
        raise SettingProblem(
            "The sandbox's credentials are public, so it listens on this machine alone:"
            f" --host must be a loopback address such as 127.0.0.1, not {host!r}."
        )


def describe(url: str, database_url: str, webhook: str | None) -> dict[str, Any]:
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
        "failingTokens": data.FAILING,
        "faultTokens": {token: asked.fault for token, asked in faults.TOKENS.items()},
        "behaviour": url + BEHAVIOUR,
        "reset": url + RESET,
    }


def say(about: dict[str, Any], as_json: bool, log: Log) -> None:
    """Print it."""
    greet(json.dumps(about) if as_json else greeting(about), log)


def greeting(about: dict[str, Any]) -> str:
    """The same for people."""
    told = f"Tells {about['webhook']} of the channel's seats.\n" if "webhook" in about else ""
    return f"""\
The seatlatch sandbox answers at {about["url"]}
Its data lives in {about["database"]}, fresh at each start.
{told}
Unlock the document's first two tickets:

{about["curl"]}

Bad days, on request (docs/start/sandbox.md#bad-days):

  tokens that always fail        {", ".join(about["failingTokens"])}
  tokens that fail the request   {", ".join(f"{faults.PREFIX}{fault}" for fault in faults.Fault)};
                                 with {faults.ONCE} behind it, every other time
  to set a share of requests     curl -X PUT {about["behaviour"]} {AS_JSON} -d '{{"503":0.2}}'
  to begin anew                  curl -X POST {about["reset"]} {AS_JSON}

Where to go from here, in this project's folder, or as pages at {about["url"]}/docs/

  docs/start/sandbox.md        all that is in here, and which token has which outcome
  docs/guides/marketplace.md   the seller's flow: token, verify, lock, unlock, refresh
  docs/guides/python.md        the same by the Python client; seatlatch remote does it for you
  docs/guides/box-office.md    the ticketing system's side: put, hold, release, void
  docs/guides/webhooks.md      being told of seats: receive and verify
  docs/guides/operator.md      ten commands to an inventory of your own

Ctrl-C stops the sandbox.
"""
