"""HAProxy and nginx with the files of `deploy/`, with TLS, in front of a test's servers."""

import os
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.client.certificates import make_certificate
from tests.deploy.deploying import file_with, program, running_program
from tests.ports import free_port
from tests.waiting import until

ONE, SEVERAL, NGINX = (
    "haproxy/one-server.cfg",
    "haproxy/several-servers.cfg",
    "nginx/seatlatch.conf",
)
FRONTS = (ONE, SEVERAL, NGINX)
OWN_NETWORK, STRANGER = "127.0.0.1", "127.0.0.2"
PRIVILEGES = "    user haproxy\n    group haproxy\n    chroot /var/lib/haproxy\n"

AROUND_NGINX = """
daemon off;
master_process off;
pid FOLDER/pid;
error_log FOLDER/errors;
events { worker_connections 1000; }
http {
    access_log off;
    client_body_temp_path FOLDER/bodies;
    proxy_temp_path FOLDER/answers;
    fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi;
    scgi_temp_path FOLDER/scgi;
"""


class Front(NamedTuple):
    """A proxy that runs: its address, and the certificate that it shows."""

    url: str
    certificate: Path

    def client(self, address: str = OWN_NETWORK) -> httpx.Client:
        """A client that calls it from this address of the machine."""
        trust = ssl.create_default_context(cafile=str(self.certificate))
        transport = httpx.HTTPTransport(verify=trust, local_address=address)
        return httpx.Client(transport=transport, base_url=self.url, timeout=30)


@contextmanager
def front(name: str, ports: Sequence[int], folder: Path) -> Iterator[Front]:
    """A proxy in front of servers on these ports."""
    certificate = make_certificate(folder, "seatlatch")
    certificate.write_text(Path(f"{certificate}.crt").read_text())
    port = free_port()
    places = {"/etc/ssl/": f"{folder}/"}
    run = nginx if name == NGINX else haproxy
    with run(name, port, ports, folder, places):
        yield Front(f"https://{OWN_NETWORK}:{port}", certificate)


@contextmanager
def haproxy(
    name: str, port: int, ports: Sequence[int], folder: Path, places: Mapping[str, str]
) -> Iterator[None]:
    """HAProxy on a port. It does not become another user, because the test may not be root."""
    places = {
        **places,
        PRIVILEGES: "",
        "bind :443 ": f"bind {OWN_NETWORK}:{port} ",
        "127.0.0.0/8": OWN_NETWORK,
    }
    if name == SEVERAL:
        servers = zip(("10.0.0.11:8080", "10.0.0.12:8080"), ports, strict=True)
        places |= {theirs: f"127.0.0.1:{one}" for theirs, one in servers}
    configuration = folder / "haproxy.cfg"
    configuration.write_text(file_with(name, places))
    command = [program("haproxy", "haproxy"), "-db", "-f", str(configuration)]
    server = {"SERVER": f"127.0.0.1:{ports[0]}"}
    with running_program(command, folder, env={**os.environ, **server}) as process:
        until(lambda: is_open(port) or process.poll() is not None)
        assert process.poll() is None, (folder / "output").read_text()
        yield


@contextmanager
def nginx(
    name: str, port: int, ports: Sequence[int], folder: Path, places: Mapping[str, str]
) -> Iterator[None]:
    """The file within nginx's own section for HTTP."""
    places = {
        **places,
        "listen 443 ": f"listen {OWN_NETWORK}:{port} ",
        "    listen [::]:443 ssl;\n": "",
        "127.0.0.1:8080": f"127.0.0.1:{ports[0]}",
        "127.0.0.0/8": OWN_NETWORK,
    }
    configuration = folder / "nginx.conf"
    around = AROUND_NGINX.replace("FOLDER", str(folder))
    configuration.write_text(f"{around}{file_with(name, places)}}}\n")
    command = [program("nginx", "nginx-light"), "-e", "stderr", "-c", str(configuration)]
    with running_program(command, folder) as process:
        until(lambda: is_open(port) or process.poll() is not None)
        assert process.poll() is None, (folder / "output").read_text()
        yield


def is_open(port: int) -> bool:
    """Whether something listens on a port."""
    with socket.socket() as connection:
        return connection.connect_ex((OWN_NETWORK, port)) == 0
