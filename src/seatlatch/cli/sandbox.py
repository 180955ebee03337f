"""`seatlatch sandbox`: the service on example data, for integrators.

See decisions 18 and 173.
"""

import json
import os
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import typer

from seatlatch.cli.options import AllowedHost, AsJson, Host, Port, log_injected
from seatlatch.cli.server_process import run, stop_in_order, take_address
from seatlatch.cli.streams import greet, guard_output
from seatlatch.http.server import url_of
from seatlatch.logs import Log, make_log
from seatlatch.metrics import Metrics
from seatlatch.operations.write_webhooks import require_url
from seatlatch.sandbox import data, faults
from seatlatch.sandbox.control_api import BEHAVIOUR, RESET
from seatlatch.sandbox.hosts import AllowedHosts, is_loopback
from seatlatch.sandbox.reset import reset_database
from seatlatch.sandbox.service import sandbox_service
from seatlatch.settings import SettingProblem, read_settings
from seatlatch.store.interface import DatabaseProblem
from seatlatch.wiring import engine_of

WEBHOOK_HELP = "A webhook for the channel; an address on this machine or a public one."
AS_JSON = "-H 'Content-Type: application/json'"
DATABASE_HELP = "A database only for the sandbox, reset at each start. [default: temporary]"


def sandbox(
    host: Host = None,
    port: Port = None,
    database: str | None = typer.Option(None, metavar="URL", help=DATABASE_HELP),
    webhook: str | None = typer.Option(None, metavar="URL", help=WEBHOOK_HELP),
    allowed_host: AllowedHost = None,
    as_json: AsJson = False,
) -> None:
    """Serve example data to this machine only, until Ctrl-C."""
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
            engine = engine_of(database_url)
            engine.make_or_migrate("sandbox")
            with engine.sandbox_lock():
                reset_database(database_url, webhook)
                app = sandbox_service(settings, log, metrics, webhook, hosts=hosts)
                about = describe(url_of(listener), engine.name, webhook)
                said = partial(say, about, as_json, log)
                guard_output(metrics)
                run(app, listener, log, metrics, settings, said)


@contextmanager
def own_database(database_url: str | None) -> Iterator[str]:
    """The given database, or a temporary one that is deleted at the end."""
    if database_url is not None:
        yield database_url
        return
    try:
        made = tempfile.TemporaryDirectory(prefix="seatlatch-sandbox-")
    except OSError as error:
        raise DatabaseProblem(
            f"Can't make a temporary folder for the sandbox's database ({error.strerror or error})."
            " Set TMPDIR to a writable folder, or use --database."
        ) from None
    with made as folder:
        yield f"sqlite:///{Path(folder) / 'sandbox.db'}"


def require_loopback(host: str) -> None:
    """Raise `SettingProblem` unless only this machine can reach `host`."""
    if not is_loopback(host):
        raise SettingProblem(
            "The sandbox's credentials are public, so it accepts only local connections:"
            f" --host must be a loopback address such as 127.0.0.1, not {host!r}."
        )


def describe(url: str, database_url: str, webhook: str | None) -> dict[str, Any]:
    """All that an integrator needs to start."""
    webhook_members = {"webhook": webhook, "webhookSecret": data.WEBHOOK_SECRET} if webhook else {}
    return {
        "url": url,
        "database": database_url,
        "applicationId": data.APPLICATION,
        "channelCode": data.CHANNEL,
        "apiKey": data.API_KEY,
        "accessToken": data.ACCESS_TOKEN,
        "authorizationCode": data.AUTHORIZATION_CODE,
        "operatorKey": data.OPERATOR_KEY,
        **webhook_members,
        "curl": data.curl_command(url, str(uuid4())),
        "command": f"seatlatch tickets show {data.SHOWN} --database {shlex.quote(database_url)}",
        "failingTokens": data.FAILING,
        "faultTokens": {token: found.fault for token, found in faults.TOKENS.items()},
        "behaviour": url + BEHAVIOUR,
        "reset": url + RESET,
    }


def say(about: dict[str, Any], as_json: bool, log: Log) -> None:
    """Print the description as JSON or for people."""
    greet(json.dumps(about) if as_json else greeting(about), log)


def greeting(about: dict[str, Any]) -> str:
    """The description for people."""
    webhook = (
        f"It sends the channel's webhooks to {about['webhook']}.\n" if "webhook" in about else ""
    )
    return f"""\
Open {about["url"]}/ in a browser: the start page of the seatlatch sandbox.
Its data is in {about["database"]} and is reset at each start.
{webhook}
Unlock the document's first two tickets:

{about["curl"]}

Practise the commands of support on its data, in another terminal:

{about["command"]}

Failures, on request (docs/start/sandbox.md#bad-days):

  tokens that always fail        {", ".join(about["failingTokens"])}
  tokens that fail the request   {", ".join(f"{faults.PREFIX}{fault}" for fault in faults.Fault)};
                                 with {faults.ONCE} appended, every other time
  to set a share of requests     curl -X PUT {about["behaviour"]} {AS_JSON} -d '{{"503":0.2}}'
  to reset everything            curl -X POST {about["reset"]} {AS_JSON}

What to read next, in this project's folder, or as pages at {about["url"]}/docs/

  docs/start/sandbox.md        everything in the sandbox, and the outcome of each token
  docs/guides/marketplace.md   the seller's flow: token, verify, lock, unlock, refresh
  docs/guides/python.md        the same with the Python client; or use seatlatch remote
  docs/guides/box-office.md    the ticketing system's side: put, hold, release, void
  docs/guides/webhooks.md      notifications of seats: receive and verify
  docs/guides/operator.md      ten commands to your own inventory

Ctrl-C stops the sandbox.
"""
