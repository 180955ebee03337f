"""The metrics behind the alerts say what is so: verifications, the disk, and a standby."""

import os
from collections.abc import Mapping
from pathlib import Path
from time import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.commands import run_on
from tests.databases import Database
from tests.serving import Served, serving

VERIFIED_AT = "seatlatch_journal_verified_timestamp_seconds"
DAMAGED_CHAINS = "seatlatch_journal_damaged_chains"
FREE, SIZE = "seatlatch_disk_free_bytes", "seatlatch_disk_size_bytes"
SYNCHRONOUS = "seatlatch_synchronous_replication"


def gauges(served: Served) -> Mapping[str, float]:
    """The gauges without labels, by name."""
    text = served.send("/metrics", "GET", {}).text
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if family.type == "gauge" and not sample.labels
    }


def test_a_verification_by_command_is_seen_by_the_server(served: Served) -> None:
    assert gauges(served)[VERIFIED_AT] == 0
    served.unlock("listed-1")
    began = time()
    assert run_on(served.database, "journal", "verify").returncode == 0
    found = gauges(served)
    assert began - 1 <= found[VERIFIED_AT] <= time() + 1
    assert found[DAMAGED_CHAINS] == 0


def test_the_damage_that_a_verification_found_is_seen(served: Served) -> None:
    served.unlock("listed-1")
    served.database.execute("UPDATE journal SET entry = replace(entry, 'listed', 'edited')")
    assert run_on(served.database, "journal", "verify").returncode == 1
    assert gauges(served)[DAMAGED_CHAINS] == 1


@pytest.mark.only_on("sqlite")
def test_the_disk_is_that_of_the_file(served: Served) -> None:
    found = gauges(served)
    disk = os.statvfs(Path(served.database.url.removeprefix("sqlite:///")))
    assert found[SIZE] == disk.f_blocks * disk.f_frsize
    assert 0 < found[FREE] <= found[SIZE]
    assert SYNCHRONOUS not in found


@pytest.mark.only_on("postgres")
def test_a_server_without_a_standby_is_not_synchronous(served: Served) -> None:
    found = gauges(served)
    assert found[SYNCHRONOUS] == 0
    assert FREE not in found


def test_a_database_that_is_away_leaves_them_as_they_were(inventory: Database) -> None:
    with serving(inventory) as served:
        before = gauges(served)
        with inventory.away():
            during = gauges(served)
    assert {name: during[name] for name in (VERIFIED_AT, DAMAGED_CHAINS)} == {
        name: before[name] for name in (VERIFIED_AT, DAMAGED_CHAINS)
    }
