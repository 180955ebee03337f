"""`seatlatch serve`: the service in front of an inventory."""

import json
import os

import typer

from seatlatch.api.server import url_of
from seatlatch.cli.options import AsJson, Database, Host, Port, Workers
from seatlatch.cli.running import run, stop_in_order, take_address
from seatlatch.settings import SettingProblem, read_settings
from seatlatch.telemetry import Metrics, make_log
from seatlatch.wiring import service


def serve(
    host: Host = None,
    port: Port = None,
    database: Database = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Serve the unlock call in front of an inventory, until SIGTERM or Ctrl-C."""
    stop_in_order()
    options = {"host": host, "port": port, "database_url": database, "workers": workers}
    settings = read_settings(os.environ, options)
    if settings.workers > 1:
        raise SettingProblem(
            "SQLite has one writer, so more workers would only wait for each other."
            " Leave --workers at 1."
        )
    log = make_log(settings.log_format, settings.log_level)
    metrics = Metrics()
    with service(settings, log, metrics) as app, take_address(settings) as listener:
        about = {"url": url_of(listener), "database": settings.database_url}

        def say() -> None:
            typer.echo(
                json.dumps(about)
                if as_json
                else f"seatlatch serves {about['database']} at {about['url']}. Ctrl-C stops it."
            )

        run(app, listener, log, metrics, say)
