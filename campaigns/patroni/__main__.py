"""The campaign of failovers: `python -m campaigns.patroni`. Each round is one fault of a cluster of
three nodes with Patroni.

The rounds share a cluster for as long as all goes well. The one after a failure gets a new cluster.

See decision 208.
"""

import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

from campaigns import sitting
from campaigns.patroni.cluster import ASYNCHRONOUS, DYNAMIC, Cluster, running
from campaigns.patroni.faults import CONTROL, FAULTS, Fault
from campaigns.patroni.rounds import Outcome, play
from campaigns.sitting import Campaign, Round


class Clusters:
    """The cluster of the rounds."""

    def __init__(self) -> None:
        self._running: AbstractContextManager[Cluster] | None = None
        self._cluster: Cluster | None = None

    def current(self) -> Cluster:
        """The cluster that is up; starts one if there is none."""
        if self._cluster is None:
            self._running = running()
            self._cluster = self._running.__enter__()
        return self._cluster

    def close(self) -> None:
        """Stop the cluster."""
        if self._running:
            self._running.__exit__(None, None, None)
        self._running = self._cluster = None


class Failovers:
    """The rounds of the campaign, on clusters of their own."""

    def __init__(self) -> None:
        self.clusters = Clusters()

    def run(self, seed: int) -> Round:
        """One fault, under synchronous replication. Nothing may be lost."""
        name = list(FAULTS)[(seed - 1) % len(FAULTS)]
        outcome = self._play(FAULTS[name], seed, is_synchronous=True)
        found = [f"{count} {what}" for what, count in outcome.losses.items() if count]
        more = {"fault": name, **outcome.losses, **outcome.figures}
        return Round(1, [*found, *outcome.wrong], more)

    def control(self, seed: int) -> Round:
        """A failover with asynchronous replication, which loses. The comparison must see it."""
        outcome = self._play(CONTROL, seed, is_synchronous=False)
        is_seen = all(outcome.losses.values())
        failures = [] if is_seen else ["nothing was found missing"]
        return Round(int(is_seen), failures, {**outcome.losses, **outcome.figures})

    def _play(self, fault: Fault, seed: int, *, is_synchronous: bool) -> Outcome:
        try:
            cluster = self.clusters.current()
            cluster.change_settings(DYNAMIC if is_synchronous else ASYNCHRONOUS)
            with tempfile.TemporaryDirectory() as folder:
                return play(cluster, fault, seed, Path(folder))
        except BaseException:
            self.clusters.close()
            raise


if __name__ == "__main__":
    failovers = Failovers()
    try:
        code = sitting.run(Campaign("patroni", failovers.run, failovers.control))
    finally:
        failovers.clusters.close()
    sys.exit(code)
