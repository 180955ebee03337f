"""HAProxy in front of two servers: as in deploy/haproxy, but without TLS and with more checks.

Its servers are replaced under load. Each new one has a port of its own, of which HAProxy is
informed by its socket for administration.
"""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from docs.generate import ROOT
from tests.http.proxies import KINDS, require
from tests.waiting import until

CONFIGURATION = ROOT / "deploy" / "haproxy" / "several-servers.cfg"
NAMES = ("one", "two")
UP_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 10.0
STATUS_COLUMN = 17


class Balancer:
    """It runs. `port`: where it listens."""

    def __init__(self, port: int, administration: Path) -> None:
        self.port = port
        self._administration = administration

    def use(self, name: str, port: int) -> None:
        """Send requests for a server to this port, and wait until it gets some."""
        answer = self._ask(f"set server seatlatch/{name} addr 127.0.0.1 port {port}")
        assert "changed" in answer, answer
        until(lambda: self.status(name) == "UP", UP_SECONDS_MAX)

    def status(self, name: str) -> str:
        """Whether it believes that a server can be used."""
        rows = [line.split(",") for line in self._ask("show stat").splitlines()]
        (row,) = [row for row in rows if row[:2] == ["seatlatch", name]]
        return row[STATUS_COLUMN]

    def _ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self._administration))
            connection.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


@contextmanager
def balancer(ports: Sequence[int]) -> Iterator[Balancer]:
    """HAProxy in front of servers on these ports; both can be used when this returns."""
    program = require(KINDS[0])
    folder = Path(tempfile.mkdtemp())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        configuration = folder / "haproxy.cfg"
        configuration.write_text(_configured(ports, listener.fileno(), folder))
        with (folder / "output").open("wb") as output:
            process = subprocess.Popen(
                [program, "-db", "-f", str(configuration)],
                stdout=output,
                stderr=output,
                pass_fds=[listener.fileno()],
            )
        made = Balancer(listener.getsockname()[1], folder / "administration")
    try:
        until(lambda: (folder / "administration").exists() or process.poll() is not None)
        assert process.poll() is None, (folder / "output").read_text()
        until(lambda: {made.status(name) for name in NAMES} == {"UP"}, UP_SECONDS_MAX)
        yield made
    finally:
        process.terminate()
        process.wait(STOP_SECONDS_MAX)
        shutil.rmtree(folder)


def _configured(ports: Sequence[int], listener: int, folder: Path) -> str:
    text = CONFIGURATION.read_text()
    changes = {
        "    user haproxy\n    group haproxy\n    chroot /var/lib/haproxy\n": (
            f"    stats socket {folder}/administration level admin\n"
        ),
        "bind :443 ssl crt /etc/ssl/seatlatch.pem": f"bind fd@{listener}",
        "inter 1s fastinter 250ms": "inter 200ms fastinter 50ms",
        "10.0.0.11:8080": f"127.0.0.1:{ports[0]}",
        "10.0.0.12:8080": f"127.0.0.1:{ports[1]}",
    }
    for theirs, ours in changes.items():
        assert theirs in text, theirs
        text = text.replace(theirs, ours)
    return text
