"""Three nodes, each Patroni with a PostgreSQL server, that agree by raft, all on loopback."""

import json
import os
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from campaigns.keeper import descendants
from campaigns.patroni.network import Network
from tests.ports import free_port
from tests.postgres import INSTALLED, UNPRIVILEGED, _unprivileged, installed
from tests.waiting import until

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-patroni" / "bin" / "python"
NO_PATRONI = "There is no Patroni: run make .venv-patroni/.ready."
NODES = ("node1", "node2", "node3")
HEALTHY_SECONDS = 180
API_SECONDS = 3
LOG_CHARACTERS = 600
POLL_SECONDS = 0.05

DYNAMIC: Mapping[str, Any] = {
    "ttl": 20,
    "loop_wait": 5,
    "retry_timeout": 5,
    "primary_start_timeout": 0,
    "synchronous_mode": True,
    "synchronous_mode_strict": True,
    "failsafe_mode": True,
    "postgresql": {
        "use_pg_rewind": True,
        "parameters": {"shared_buffers": "64MB", "max_connections": 100},
    },
}
"""The settings of docs/operating/failover.md, with the shortest `ttl` that Patroni allows."""

ASYNCHRONOUS: Mapping[str, Any] = {
    "synchronous_mode": False,
    "synchronous_mode_strict": False,
    "maximum_lag_on_failover": 1_000_000_000,
}
"""The control: a standby may take over although it lacks acknowledged changes."""

TRUSTED = [
    "local all all trust",
    "host all all 127.0.0.1/32 trust",
    "host replication all 127.0.0.1/32 trust",
]


class Node:
    """A node of a cluster. `start` begins it; the first one that begins makes the database."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder / name
        self.folder.mkdir()
        self.postgres_port, self.api_port, self.raft_port = (free_port() for _ in range(3))
        self._patroni: subprocess.Popen[bytes] | None = None

    def configure(self, published: Mapping[str, int], partners: Sequence[str]) -> None:
        """Write its configuration. `published`: the ports by which others reach it."""
        package = installed()
        assert package
        configuration = {
            "scope": "seatlatch",
            "name": self.name,
            "log": {"level": "INFO"},
            "restapi": {
                "listen": f"127.0.0.1:{self.api_port}",
                "connect_address": f"127.0.0.1:{published['api']}",
            },
            "raft": {
                "data_dir": str(self.folder / "raft"),
                "bind_addr": f"127.0.0.1:{self.raft_port}",
                "self_addr": f"127.0.0.1:{published['raft']}",
                "partner_addrs": list(partners),
            },
            "bootstrap": {"dcs": DYNAMIC, "initdb": [{"encoding": "UTF8"}, {"locale": "C"}]},
            "postgresql": {
                "listen": f"127.0.0.1:{self.postgres_port}",
                "connect_address": f"127.0.0.1:{published['postgres']}",
                "data_dir": str(self.folder / "data"),
                "bin_dir": str(package / INSTALLED / "bin"),
                "pgpass": str(self.folder / "pgpass"),
                "pg_hba": TRUSTED,
                "parameters": {"unix_socket_directories": str(self.folder)},
                "remove_data_directory_on_rewind_failure": True,
                "remove_data_directory_on_diverged_timelines": True,
                "authentication": {
                    "superuser": {"username": "postgres"},
                    "replication": {"username": "replicator"},
                    "rewind": {"username": "postgres"},
                },
            },
        }
        self._file.write_text(json.dumps(configuration))

    def start(self) -> None:
        """Start Patroni, which starts PostgreSQL."""
        with (self.folder / "log").open("ab") as log:
            self._patroni = subprocess.Popen(
                [*_as_unprivileged(), str(PYTHON), "-m", "patroni", str(self._file)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def pids(self) -> Collection[int]:
        """All processes of the node."""
        firsts = self._first_pids()
        return [*firsts, *descendants(*firsts)]

    def _first_pids(self) -> Sequence[int]:
        """Patroni's process, and the one from which all others of PostgreSQL descend."""
        patroni = self._patroni and self._patroni.pid
        return [pid for pid in (patroni, self.postmaster) if pid]

    @property
    def is_killed(self) -> bool:
        """Whether it was killed, or was never started."""
        return self._patroni is None

    @property
    def postmaster(self) -> int | None:
        """The first process of its PostgreSQL server, if there is one."""
        with suppress(OSError, ValueError, IndexError):
            return int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        return None

    def kill(self) -> None:
        """End all of its processes at once, as a loss of the machine would."""
        self.signal(signal.SIGSTOP)
        self.signal(signal.SIGKILL)
        if self._patroni:
            self._patroni.wait()
        self._patroni = None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all of its processes, first to those that start others."""
        for pid in (*self._first_pids(), *self.pids()):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def url(self, database: str) -> str:
        """The URL of a database on this node, past the network."""
        return f"postgresql://postgres@127.0.0.1:{self.postgres_port}/{database}"

    def ask(self, path: str, method: str = "GET", body: Any = None) -> tuple[int, Any]:
        """Status and document of a call to Patroni, (0, None) if it does not respond."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.api_port}{path}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
        )
        try:
            with urllib.request.urlopen(request, timeout=API_SECONDS) as response:  # noqa: S310
                return response.status, _document(response.read())
        except urllib.error.HTTPError as error:
            return error.code, _document(error.read())
        except OSError:
            return 0, None

    @property
    def _file(self) -> Path:
        return self.folder / "patroni.json"


class Cluster:
    """The nodes, and the network between them."""

    def __init__(self, folder: Path) -> None:
        self.nodes = {name: Node(name, folder) for name in NODES}
        self.network = Network({name: node.pids for name, node in self.nodes.items()})
        published = {
            node.name: {
                "postgres": self.network.port_to(node.name, node.postgres_port),
                "api": self.network.port_to(node.name, node.api_port),
                "raft": self.network.port_to(node.name, node.raft_port),
            }
            for node in self.nodes.values()
        }
        rafts = {name: f"127.0.0.1:{ports['raft']}" for name, ports in published.items()}
        for name, node in self.nodes.items():
            node.configure(published[name], [rafts[other] for other in NODES if other != name])
        ports = (
            self.network.port_to(name, node.postgres_port, for_clients=True)
            for name, node in self.nodes.items()
        )
        self._hosts = ",".join(f"127.0.0.1:{port}" for port in ports)

    def url(self, database: str) -> str:
        """The URL of a database with all hosts, as an operator writes it."""
        return f"postgresql://postgres@{self._hosts}/{database}?target_session_attrs=read-write"

    def primary(self, besides: Node | None = None) -> Node | None:
        """The node that says it is the primary. `besides`: one that is not asked."""
        asked = [node for node in self.nodes.values() if node is not besides]
        return next((node for node in asked if node.ask("/primary")[0] == 200), None)

    def standbys(self) -> dict[str, str]:
        """The role of each node that follows the primary, by its name."""
        members = self._members()
        return {
            member["name"]: member["role"]
            for member in members
            if member.get("state") == "streaming"
        }

    def synchronous_standby(self) -> Node:
        """The standby that COMMITs wait for. There must be one."""
        (name,) = [name for name, role in self.standbys().items() if role == "sync_standby"]
        return self.nodes[name]

    def is_healthy(self) -> bool:
        """Whether it has a primary and two standbys, one of which is synchronous if any must be."""
        wanted = {"replica", "sync_standby"} if self._is_synchronous() else {"replica"}
        roles = self.standbys()
        return self.primary() is not None and len(roles) == 2 and set(roles.values()) == wanted

    def wait_until_healthy(self) -> None:
        """Start the nodes that were killed, and wait for a primary and its standbys."""
        for node in self.nodes.values():
            if node.is_killed:
                node.start()
        until(self.is_healthy, HEALTHY_SECONDS, POLL_SECONDS)

    def change_settings(self, settings: Mapping[str, Any]) -> None:
        """Change the settings that all nodes share."""
        primary = until(self.primary, HEALTHY_SECONDS, POLL_SECONDS)
        assert primary
        status, response = primary.ask("/config", "PATCH", settings)
        assert status == 200, response

    def _is_synchronous(self) -> bool:
        primary = self.primary()
        return bool(primary and (primary.ask("/config")[1] or {}).get("synchronous_mode"))

    def _members(self) -> Sequence[Mapping[str, Any]]:
        primary = self.primary()
        answer = primary.ask("/cluster")[1] if primary else None
        members: Sequence[Mapping[str, Any]] = (answer or {}).get("members", [])
        return members


@contextmanager
def running() -> Iterator[Cluster]:
    """A cluster that is up, and gone at the end."""
    if not PYTHON.exists():
        raise SystemExit(NO_PATRONI)
    with tempfile.TemporaryDirectory(prefix="patroni-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        cluster = Cluster(folder)
        _give_away(folder)
        try:
            try:
                cluster.wait_until_healthy()
            except AssertionError as error:
                logs = [log.read_text()[-LOG_CHARACTERS:] for log in folder.glob("*/log")]
                raise AssertionError("not healthy", *logs) from error
            yield cluster
        finally:
            cluster.network.heal()
            for node in cluster.nodes.values():
                node.kill()
            cluster.network.close()


def _give_away(folder: Path) -> None:
    user = _unprivileged()
    for path in (folder, *folder.rglob("*")):
        if user:
            os.chown(path, user["user"], user["group"])


def _as_unprivileged() -> Sequence[str]:
    """The words before a command that refuses to run as root. The command can still read what root
    can, such as this Python.
    """
    if os.geteuid() != 0:
        return []
    capability = "+dac_override"
    identity = [f"--reuid={UNPRIVILEGED}", f"--regid={_unprivileged()['group']}", "--clear-groups"]
    return ["setpriv", *identity, "--inh-caps", capability, "--ambient-caps", capability]


def _document(body: bytes) -> Any:
    with suppress(ValueError):
        return json.loads(body)
    return body.decode(errors="replace")
