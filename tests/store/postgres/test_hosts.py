"""The order in which the hosts of a URL are tried."""

import pytest

from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.hosts import Hosts

CASES = {
    "hosts": ("db1,db2,db3", {"host": "db2"}, {"host": "db2,db1,db3", "port": ",,"}),
    "hosts and ports": (
        "h:1,h:2",
        {"host": "h", "port": "2"},
        {"host": "h,h", "port": "2,1"},
    ),
    "one port": ("a,b:7", {"host": "b", "port": "7"}, {"host": "b,a", "port": "7,"}),
    "another one": ("a,b", {"host": "c"}, {"host": "a,b", "port": ","}),
    "one host": ("a", {"host": "a"}, {}),
    "none": ("", {"host": "/run/postgresql", "port": "5432"}, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_the_host_of_the_last_connection_is_tried_first(case: str) -> None:
    hosts, connected, wanted = CASES[case]
    found = Address.of(f"postgresql://u@{hosts}/d").hosts
    before = found.parameters()
    found.note_connected(connected)
    assert found.parameters() == wanted
    assert {name: sorted(before[name]) for name in before} == {
        name: sorted(wanted[name]) for name in wanted
    }


def test_addresses_keep_their_hosts_and_one_port_is_for_all() -> None:
    given = {"host": "a,b", "hostaddr": "127.0.0.1,127.0.0.2", "port": "7"}
    hosts = Hosts(given)
    hosts.note_connected({"host": "b", "hostaddr": "127.0.0.2", "port": "7"})
    assert hosts.parameters() == {
        "host": "b,a",
        "hostaddr": "127.0.0.2,127.0.0.1",
        "port": "7,7",
    }


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("postgresql://u@a,b/d", "primary"),
        ("postgresql://u@a,b/d?target_session_attrs=read-write", "read-write"),
        ("postgresql://u@a/d", None),
    ],
)
def test_of_several_hosts_only_a_primary_is_used(url: str, wanted: str | None) -> None:
    assert Address.of(url).parameters({}, 1).get("target_session_attrs") == wanted
