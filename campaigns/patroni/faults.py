"""The faults of a cluster. Each begins, and is undone later."""

import os
import signal
from collections.abc import Callable
from threading import Thread
from typing import NamedTuple

from campaigns.patroni.cluster import Cluster, Node

Step = Callable[[Cluster, Node], object]


def _nothing(_cluster: Cluster, _primary: Node) -> None:
    pass


class Fault(NamedTuple):
    """Each function gets the primary of the beginning. `before` runs before the last changes
    that precede `begin`; `undo` ends what does not heal by itself. `moves`: another node becomes
    the primary.
    """

    begin: Step
    undo: Step = _nothing
    moves: bool = True
    before: Step = _nothing


def kill_postmaster(_cluster: Cluster, primary: Node) -> None:
    """kill -9 of the primary's first process; Patroni goes on."""
    assert primary.postmaster
    os.kill(primary.postmaster, signal.SIGKILL)


def kill(_cluster: Cluster, primary: Node) -> None:
    """The machine of the primary is lost, until it is started again."""
    primary.kill()


def start_again(cluster: Cluster, _primary: Node) -> None:
    """Start what was killed."""
    for node in cluster.nodes.values():
        if node.is_killed:
            node.start()


def switch_over(cluster: Cluster, primary: Node) -> None:
    """An operator moves the primary to the synchronous standby."""
    wanted = {"leader": primary.name, "candidate": cluster.synchronous_standby().name}
    # The response comes when it is done.
    Thread(target=primary.ask, args=("/switchover", "POST", wanted)).start()


def kill_standby(cluster: Cluster, _primary: Node) -> None:
    """The machine is lost that COMMITs wait for."""
    cluster.synchronous_standby().kill()


def freeze(_cluster: Cluster, primary: Node) -> None:
    """All processes of the primary stop where they are; their connections stay open."""
    primary.signal(signal.SIGSTOP)


def thaw(_cluster: Cluster, primary: Node) -> None:
    """They go on."""
    primary.signal(signal.SIGCONT)


def isolate(cluster: Cluster, primary: Node) -> None:
    """Nothing reaches the primary, from the nodes or from clients."""
    cluster.network.isolate(primary.name, also_from_clients=True)


def isolate_from_nodes(cluster: Cluster, primary: Node) -> None:
    """The primary and the other nodes do not reach each other; clients reach all of them."""
    cluster.network.isolate(primary.name, also_from_clients=False)


def reconnect(cluster: Cluster, _primary: Node) -> None:
    """The partition ends."""
    cluster.network.heal()


def hold_replication(cluster: Cluster, primary: Node) -> None:
    """Keep on its way everything that the primary sends to its standbys."""
    cluster.network.hold([(standby, primary.name) for standby in cluster.standbys()])


def kill_and_lose(cluster: Cluster, primary: Node) -> None:
    """The machine of the primary is lost, and what was on its way."""
    primary.kill()
    cluster.network.cut(primary.name)
    cluster.network.heal()


FAULTS = {
    "postmaster-killed": Fault(kill_postmaster),
    "node-killed": Fault(kill, start_again),
    "switchover": Fault(switch_over),
    "standby-killed": Fault(kill_standby, start_again, moves=False),
    "frozen": Fault(freeze, thaw),
    "partition": Fault(isolate, reconnect),
    "partition-of-nodes": Fault(isolate_from_nodes, reconnect),
}
"""The faults by name. `campaigns.patroni.titles` describes each."""

CONTROL = Fault(kill_and_lose, start_again, before=hold_replication)
"""The node of the primary is killed while its last changes are on their way to the standbys."""
