"""Private networks that the operator allows, and addresses that are always refused."""

import pytest

from seatlatch.assembly import allowed_by
from seatlatch.setting_values import webhook_networks
from seatlatch.settings import read_settings
from seatlatch.webhooks.addresses import AddressRefused, Allowed
from tests.cases import all_cases
from tests.cli.commands import run_within
from tests.cli.test_bad_databases import assert_one_sentence
from tests.webhooks.test_addresses import NOT_PUBLIC, check, naming

EVERYTHING = Allowed(networks=webhook_networks("0.0.0.0/0,::/0"))
PRIVATE = Allowed(networks=webhook_networks("10.0.0.0/8, 192.168.7.0/24,fd00::/8"))

NEVER = (
    *("127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"),
    *("169.254.169.254", "169.254.170.2", "fe80::1", "fe80::a9fe:a9fe%1", "2002:a9fe:a9fe::1"),
    *("100.100.100.200", "168.63.129.16", "192.0.0.192", "64:ff9b:1::6464:64c8"),
    *("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42", "fd00:c1::a9fe:a9fe"),
    *("0.1.2.3", "::", "224.0.0.1", "255.255.255.255", "ff02::1", "fd00::5efe:169.254.169.254"),
)


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "192.168.7.9", "fd12::1", "::ffff:10.1.2.3", "64:ff9b::a01:203", "8.8.8.8"],
)
def test_a_listed_network_is_allowed(address: str) -> None:
    assert check("example.com", PRIVATE, naming(address)) == [address]


@pytest.mark.parametrize("address", ["192.168.8.9", "172.16.0.1", "fc00::1", "64:ff9b::c0a8:809"])
def test_other_private_networks_stay_refused(address: str) -> None:
    with pytest.raises(AddressRefused):
        check("example.com", PRIVATE, naming(address))


@all_cases("address", NEVER)
def test_some_addresses_are_refused_whatever_is_listed(address: str) -> None:
    with pytest.raises(AddressRefused):
        check("example.com", EVERYTHING, naming(address))


def test_the_setting_becomes_the_allowed_networks() -> None:
    settings = read_settings({"SEATLATCH_WEBHOOK_NETWORKS": "10.0.0.0/8"})
    assert check("10.1.2.3", allowed_by(settings)) == ["10.1.2.3"]
    with pytest.raises(AddressRefused):
        check("10.1.2.3", allowed_by(read_settings({})))


def test_the_list_allows_all_other_private_addresses() -> None:
    """So the test above tests the exceptions."""
    plain = [host for host, what in NOT_PUBLIC if what in ("private", "unique local")]
    assert len(plain) >= 5
    for host in plain:
        assert check(host, EVERYTHING)


BAD = (
    ("10.0.0.1/8", "has host bits set"),
    ("10.0.0.0/33", "10.0.0.0/33"),
    ("10.0.0.0/8,,fd00::/8", "separated by commas"),
    ("10.0.0.0/8,", "separated by commas"),
    ("intranet.example", "separated by commas"),
    ("10.0.0.0/8;fd00::/8", "separated by commas"),
    ("127.0.0.0/8", "never allowed"),
    ("10.0.0.0/8,127.0.0.1", "never allowed"),
    ("169.254.169.254/32", "never allowed"),
    ("169.254.0.0/16", "never allowed"),
    ("100.100.100.200", "never allowed"),
    ("fe80::/10", "never allowed"),
    ("::1", "never allowed"),
    ("fd00:ec2::254/128", "never allowed"),
    ("64:ff9b::/96", "write the IPv4 network"),
    ("::ffff:10.0.0.0/104", "write the IPv4 network"),
    (",".join(f"10.0.{number}.0/24" for number in range(101)), "no more than 100"),
)


@all_cases(("value", "problem"), BAD)
def test_a_bad_list_stops_the_start(value: str, problem: str) -> None:
    ran = run_within("serve", "--port", "0", SEATLATCH_WEBHOOK_NETWORKS=value)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("seatlatch: SEATLATCH_WEBHOOK_NETWORKS must ")
    assert problem in ran.stderr
    assert_one_sentence(ran.stderr)
