"""Special IP networks, and the IPv4 addresses inside IPv6 addresses. Pure.

The tables are ours and not those of `ipaddress`, which change with Python's version.
Source: IANA's registries of special-purpose addresses, RFC 6052, RFC 4380, RFC 5214.

See decision 74.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a carrier's NAT; some clouds' metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's own services, under an address that looks public
        "169.254.0.0/16",  # link-local; most clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All public IPv6 networks. Outside are loopback, unique local, link-local and multicast."""

NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)

NEVER_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this machine, on most systems
        "100.100.100.200/32",  # metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's own services
        "169.254.0.0/16",  # link-local; metadata
        "192.0.0.192/32",  # metadata
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
NEVER_6 = tuple(
    IPv6Network(network)
    for network in (
        "::/128",  # unspecified
        "::1/128",  # loopback
        "fd00:42::42/128",  # metadata
        "fd00:c1::a9fe:a9fe/128",  # metadata
        "fd00:ec2::/32",  # metadata
        "fd20:ce::254/128",  # metadata
        "fe80::/10",  # link-local
        "ff00::/8",  # multicast
    )
)
"""Networks that no setting opens to webhooks. The metadata addresses of clouds give away keys."""

IN_LOWEST_BITS = tuple(
    IPv6Network(network)
    for network in (
        "::/96",  # IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
    )
)
"""Networks whose addresses hold an IPv4 address in their lowest 32 bits."""

LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
LOCAL_NAT64_PREFIX_BITS = (48, 56, 64, 96)
"""A network chooses which of these prefixes it uses, and nobody outside knows which."""

SIX_TO_FOUR = IPv6Network("2002::/16")
TEREDO = IPv6Network("2001::/32")
EMBEDDING = (*IN_LOWEST_BITS, LOCAL_NAT64, SIX_TO_FOUR, TEREDO)
ISATAP_INTERFACES = (0x0000_5EFE, 0x0200_5EFE)


def embedded_addresses(address: IPv6Address) -> Sequence[IPv4Address] | None:
    """The IPv4 addresses to which an IPv6 address leads; None = it is an address of its own.

    An address of the local NAT64 network has several readings. Those in 0.0.0.0/8 are what a wrong
    prefix length makes of zeros, and are left out.
    """
    number = int(address)
    if any(address in network for network in IN_LOWEST_BITS):
        return [_low_32_bits(number)]
    if address in SIX_TO_FOUR:
        return [_low_32_bits(number >> 80)]
    if address in TEREDO:  # its server, and its client with every bit inverted
        return [_low_32_bits(number >> 64), _low_32_bits(~number)]
    if address in LOCAL_NAT64:
        readings = [_in_nat64(number, prefix_bits) for prefix_bits in LOCAL_NAT64_PREFIX_BITS]
        return [reading for reading in readings if int(reading) >> 24]
    return None


def isatap_address(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address in an ISATAP interface identifier, which any network can have."""
    if (int(address) >> 32) & 0xFFFF_FFFF in ISATAP_INTERFACES:
        return _low_32_bits(int(address))
    return None


def is_never_allowed(address: Address) -> bool:
    """Whether no setting allows an address."""
    networks: Sequence[Network] = NEVER_4 if isinstance(address, IPv4Address) else NEVER_6
    return any(address in network for network in networks)


def is_public(address: Address) -> bool:
    """Whether an address without an embedded one belongs to the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_4)
    return address in GLOBAL_UNICAST and not any(address in network for network in NOT_PUBLIC_6)


def _in_nat64(number: int, prefix_bits: int) -> IPv4Address:
    """The IPv4 address behind a NAT64 prefix. Bits 64 to 71 are not part of it."""
    if prefix_bits == 96:
        return _low_32_bits(number)
    without_gap = (number >> 64) << 56 | (number & (1 << 56) - 1)
    return _low_32_bits(without_gap >> (120 - prefix_bits - 32))


def _low_32_bits(number: int) -> IPv4Address:
    return IPv4Address(number & 0xFFFF_FFFF)
