"""The client's address behind proxies: which headers are trusted."""

from ipaddress import ip_network

import pytest

from seatlatch.auth.address_limits import address_key
from seatlatch.http.client_address import ADDRESSES_MAX, client_address, parse_address
from tests.cases import all_cases

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
XFF, FORWARDED = b"x-forwarded-for", b"forwarded"


def found(peer: str | None, *headers: tuple[bytes, str]) -> str | None:
    """The address that is found for a connection's peer and these headers."""
    return client_address(peer, [(name, value.encode()) for name, value in headers], PROXIES)


@pytest.mark.parametrize("name", [XFF, FORWARDED])
def test_a_peer_that_is_no_trusted_proxy_is_the_client(name: bytes) -> None:
    value = "for=198.51.100.9" if name == FORWARDED else "198.51.100.9"
    assert found("203.0.113.7", (name, value)) == "203.0.113.7"
    assert client_address("10.0.0.1", [(name, value.encode())], ()) == "10.0.0.1"


X_FORWARDED_FOR = {
    "198.51.100.9": "198.51.100.9",
    "6.6.6.6, 198.51.100.9": "198.51.100.9",
    "6.6.6.6, 198.51.100.9, 10.0.0.2": "198.51.100.9",
    "198.51.100.9,10.0.0.2,10.0.0.3": "198.51.100.9",
    "10.0.0.3, 10.0.0.2": "10.0.0.3",
    "198.51.100.9:4711": "198.51.100.9",
    "2001:db8::7": "2001:db8::7",
    "[2001:db8::7]": "2001:db8::7",
    "[2001:DB8:0::7]:4711": "2001:db8::7",
    "::ffff:198.51.100.9": "198.51.100.9",
    "198.51.100.9, fd00::1": "198.51.100.9",
    # An entry that is not an address ends the search at the proxy before it.
    "198.51.100.9, unknown": "10.0.0.1",
    "198.51.100.9, unknown, 10.0.0.2": "10.0.0.2",
    "198.51.100.9, _hidden": "10.0.0.1",
    "198.51.100.9,": "10.0.0.1",
    "": "10.0.0.1",
    "1.2.3": "10.0.0.1",
    "1.2.3.4.5": "10.0.0.1",
    "1.2.3.256": "10.0.0.1",
    '"198.51.100.9"': "10.0.0.1",
    "[198.51.100.9": "10.0.0.1",
    "unix:": "10.0.0.1",
}


@all_cases(("value", "address"), X_FORWARDED_FOR.items())
def test_x_forwarded_for(value: str, address: str) -> None:
    assert found("10.0.0.1", (XFF, value)) == address


FORWARDED_VALUES = {
    "for=198.51.100.9": "198.51.100.9",
    'For="198.51.100.9:4711"': "198.51.100.9",
    'for="[2001:db8:cafe::17]:4711"': "2001:db8:cafe::17",
    'for="[2001:db8:cafe::17]"': "2001:db8:cafe::17",
    "for=6.6.6.6, for=198.51.100.9": "198.51.100.9",
    "for=198.51.100.9;proto=https;by=203.0.113.43": "198.51.100.9",
    "proto=https; for=198.51.100.9": "198.51.100.9",
    "for=198.51.100.9, for=10.0.0.2;host=example.com": "198.51.100.9",
    'for=198.51.100.9;host="a,b;for=6.6.6.6"': "198.51.100.9",
    'host="a,b;for=6.6.6.6";for=198.51.100.9': "198.51.100.9",
    r'host="a\";for=6.6.6.6";for=198.51.100.9': "198.51.100.9",
    # Obfuscated, unknown, absent and malformed entries.
    "for=198.51.100.9, for=unknown": "10.0.0.1",
    "for=198.51.100.9, for=_SEVKISEK": "10.0.0.1",
    "for=198.51.100.9, proto=https": "10.0.0.1",
    'for=198.51.100.9, host="open': "10.0.0.1",
    'for="198.51.100.9': "10.0.0.1",
    "for=": "10.0.0.1",
    "": "10.0.0.1",
}


@all_cases(("value", "address"), FORWARDED_VALUES.items())
def test_forwarded(value: str, address: str) -> None:
    assert found("10.0.0.1", (FORWARDED, value)) == address


def test_a_header_in_several_lines_is_one_list() -> None:
    assert found("10.0.0.1", (XFF, "6.6.6.6"), (XFF, "198.51.100.9, 10.0.0.2")) == "198.51.100.9"
    lines = [(FORWARDED, 'for=6.6.6.6;host="'), (FORWARDED, "for=198.51.100.9")]
    assert found("10.0.0.1", *lines) == "198.51.100.9"


def test_x_forwarded_for_goes_before_forwarded() -> None:
    headers = [(FORWARDED, "for=6.6.6.6"), (XFF, "198.51.100.9")]
    assert found("10.0.0.1", *headers) == "198.51.100.9"


def test_only_so_many_proxies_are_passed() -> None:
    chain = ["198.51.100.9", *["10.0.0.2"] * ADDRESSES_MAX]
    assert found("10.0.0.1", (XFF, ", ".join(chain[:ADDRESSES_MAX]))) == "198.51.100.9"
    assert found("10.0.0.1", (XFF, ", ".join(chain))) == "10.0.0.2"


def test_a_connection_without_an_address() -> None:
    assert found(None, (XFF, "198.51.100.9")) is None
    assert found("", (XFF, "198.51.100.9")) == ""


def test_one_address_has_one_form() -> None:
    assert found("::ffff:203.0.113.7") == "203.0.113.7"
    assert found("2001:DB8:0:0::7") == "2001:db8::7"
    assert parse_address("fe80::1%eth0") == parse_address("fe80::1")


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        (None, ""),
        ("testclient", "testclient"),
    ],
)
def test_an_ipv6_network_of_64_bits_has_one_bucket(address: str | None, key: str) -> None:
    assert address_key(address) == key
