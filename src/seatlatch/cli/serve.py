"""`seatlatch serve`: the service on an inventory."""

import json
import os

from seatlatch.cli.options import AsJson, Database, Host, Port, Workers, log_injected
from seatlatch.cli.server_process import allow_descriptors, run, stop_in_order, take_address
from seatlatch.cli.streams import greet, guard_output
from seatlatch.cli.supervisor import supervise
from seatlatch.http.server import url_of
from seatlatch.logs import make_log
from seatlatch.metrics import Metrics
from seatlatch.settings import SettingProblem, read_settings
from seatlatch.wiring import engine_of, open_app


def serve(
    host: Host = None,
    port: Port = None,
    database: Database = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Serve an inventory over HTTP, until SIGTERM or Ctrl-C."""
    stop_in_order()
    options = {"host": host, "port": port, "database_url": database, "workers": workers}
    settings = read_settings(os.environ, options)
    engine = engine_of(settings.database_url)
    refused = engine.workers_refused
    if settings.workers > 1 and refused:
        raise SettingProblem(refused)
    log = make_log(settings.log_format, settings.log_level)
    log_injected(log)
    allow_descriptors()
    with take_address(settings) as listener:
        about = {"url": url_of(listener), "database": engine.name}

        def say() -> None:
            sentence = f"seatlatch serves {about['database']} at {about['url']}. Ctrl-C stops it."
            greet(json.dumps(about) if as_json else sentence, log)

        if settings.workers > 1:
            supervise(settings, log, listener, say)
        else:
            metrics = Metrics()
            guard_output(metrics)
            run(open_app(settings, log, metrics), listener, log, metrics, settings, say)
