"""HAProxy and nginx in front of a server, each with its own folder, in a strict and a lenient
setup.

A proxy adds the access token to each request that it passes on. So a request without it has reached
the server without the proxy's knowledge. It listens on a socket file, which cannot collide.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from tests.requirements import missing
from tests.serving import ACCESS_TOKEN

START_SECONDS_MAX = 10.0
STOP_SECONDS_MAX = 10.0
IDLE_SECONDS = 1
"""A client that sends nothing for this long is disconnected by the proxy."""

NO_PROXY = "This needs {}; install it with: apt-get install --no-install-recommends {}"

HAPROXY = f"""
global
    maxconn 400
defaults
    mode http
    timeout connect 5s
    timeout server 15s
    timeout client {IDLE_SECONDS}s
    timeout http-request {IDLE_SECONDS}s
    timeout http-keep-alive {IDLE_SECONDS}s
    http-reuse always
frontend clients
    bind unix@{{socket}}
    http-request set-header Authorization "Bearer {ACCESS_TOKEN}"
    default_backend servers
    {{lenient}}
backend servers
    server only 127.0.0.1:{{port}}
"""

NGINX = f"""
daemon off;
master_process off;
pid {{folder}}/pid;
error_log {{folder}}/errors;
events {{{{ worker_connections 1000; }}}}
http {{{{
    access_log off;
    client_body_temp_path {{folder}}/bodies;
    proxy_temp_path {{folder}}/answers;
    fastcgi_temp_path {{folder}}/fastcgi;
    uwsgi_temp_path {{folder}}/uwsgi;
    scgi_temp_path {{folder}}/scgi;
    client_header_timeout {IDLE_SECONDS}s;
    client_body_timeout {IDLE_SECONDS}s;
    keepalive_timeout {IDLE_SECONDS}s;
    lingering_timeout {IDLE_SECONDS}s;
    {{lenient}}
    upstream servers {{{{ server 127.0.0.1:{{port}}; keepalive 4; }}}}
    server {{{{
        listen unix:{{socket}};
        proxy_request_buffering off;
        location / {{{{
            proxy_pass http://servers;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Authorization "Bearer {ACCESS_TOKEN}";
        }}}}
    }}}}
}}}}
"""


class Kind(NamedTuple):
    """The setup of a proxy. `lenient`: the options that make it pass on more, if any."""

    name: str
    package: str
    program: str
    options: Sequence[str]
    configuration: str
    lenient: str = ""


_HAPROXY = Kind("HAProxy", "haproxy", "haproxy", ("-db", "-q", "-f"), HAPROXY)
_NGINX = Kind("nginx", "nginx-light", "nginx", ("-e", "stderr", "-c"), NGINX)
KINDS = (
    _HAPROXY,
    _HAPROXY._replace(name="lenient HAProxy", lenient="option accept-invalid-http-request"),
    _NGINX,
    _NGINX._replace(
        name="lenient nginx", lenient="underscores_in_headers on; ignore_invalid_headers off;"
    ),
)


def require(kind: Kind) -> str:
    """The path of its program; the test is skipped if it is not installed."""
    path = shutil.which(kind.program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path is None:
        missing(NO_PROXY.format(kind.name, kind.package))
    return path


@contextmanager
def proxy(kind: Kind, port: int) -> Iterator[Path]:
    """Run a proxy in front of the server on `port`; yields its socket file."""
    program = require(kind)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "socket"
        configuration = folder / "configuration"
        configuration.write_text(
            kind.configuration.format(socket=path, folder=folder, port=port, lenient=kind.lenient)
        )
        with (folder / "output").open("wb") as output:
            process = subprocess.Popen(
                [program, *kind.options, str(configuration)], stdout=output, stderr=output
            )
        try:
            _wait_for(path, process, folder / "output")
            yield path
        finally:
            process.terminate()
            process.wait(STOP_SECONDS_MAX)


def _wait_for(path: Path, process: "subprocess.Popen[bytes]", output: Path) -> None:
    deadline = monotonic() + START_SECONDS_MAX
    while monotonic() < deadline:
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            pass
        else:
            break
        with socket.socket(socket.AF_UNIX) as connection:
            if connection.connect_ex(str(path)) == 0:
                return
    raise AssertionError(f"The proxy did not start: {output.read_text()}")
