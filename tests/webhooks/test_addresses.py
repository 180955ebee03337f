"""Addresses to which webhooks are never sent, in every form of writing them."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from seatlatch.domain.refusal import InvalidRequest, NotDone
from seatlatch.operations.write_webhooks import require_url
from seatlatch.webhooks.addresses import (
    LOOPBACK,
    PUBLIC,
    AddressRefused,
    Allowed,
    Resolve,
    Resolver,
    checked_addresses,
    require_allowed,
)
from tests.cases import all_cases

NOT_PUBLIC = (
    ("127.0.0.1", "loopback"),
    ("127.1", "loopback, two parts"),
    ("127.0.1", "loopback, three parts"),
    ("127.255.255.254", "the end of loopback"),
    ("2130706433", "loopback, decimal"),
    ("017700000001", "loopback, octal"),
    ("0x7f000001", "loopback, hexadecimal"),
    ("0x7f.1", "loopback, hexadecimal and two parts"),
    ("0177.0.0.1", "loopback, an octal part"),
    ("0x7f.0x0.0x0.0x1", "loopback, hexadecimal parts"),
    ("0", "this network, one part"),
    ("0.0.0.0", "this network"),  # noqa: S104
    ("0.1.2.3", "this network"),
    ("10.0.0.1", "private"),
    ("167772161", "private, decimal"),
    ("012.0.0.1", "private, octal"),
    ("0xa.0.0.1", "private, hexadecimal"),
    ("10.255.255.255", "the end of private"),
    ("100.64.0.1", "behind a carrier's NAT"),
    ("100.127.255.255", "the end of carriers' NAT"),
    ("100.100.100.200", "a cloud's metadata"),
    ("168.63.129.16", "a cloud's own services"),
    ("169.254.169.254", "metadata"),
    ("2852039166", "metadata, decimal"),
    ("0xa9fea9fe", "metadata, hexadecimal"),
    ("0251.0376.0251.0376", "metadata, octal"),
    ("169.254.170.2", "a container's metadata"),
    ("169.254.0.1", "link-local"),
    ("172.16.0.1", "private"),
    ("172.31.255.255", "the end of private"),
    ("0xac.0x10.1", "private, hexadecimal and three parts"),
    ("192.0.0.1", "protocol assignments"),
    ("192.0.0.192", "a cloud's metadata"),
    ("192.0.2.1", "documentation"),
    ("192.88.99.1", "6to4 relays"),
    ("192.168.0.1", "private"),
    ("3232235521", "private, decimal"),
    ("192.168.257", "private, three parts"),
    ("198.18.0.1", "benchmarks"),
    ("198.19.255.255", "the end of benchmarks"),
    ("198.51.100.1", "documentation"),
    ("203.0.113.1", "documentation"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.255", "the end of multicast"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("4294967295", "broadcast, decimal"),
    ("::", "unspecified"),
    ("::1", "loopback"),
    ("0:0:0:0:0:0:0:1", "loopback, in full"),
    ("::ffff:127.0.0.1", "loopback, IPv4-mapped"),
    ("::ffff:7f00:1", "loopback, IPv4-mapped in hexadecimal"),
    ("::ffff:10.0.0.1", "private, IPv4-mapped"),
    ("::ffff:169.254.169.254", "metadata, IPv4-mapped"),
    ("::127.0.0.1", "loopback, IPv4-compatible"),
    ("::ffff:0:127.0.0.1", "loopback, IPv4-translated"),
    ("64:ff9b::7f00:1", "loopback by NAT64"),
    ("64:ff9b::10.0.0.1", "private by NAT64"),
    ("64:ff9b:1::a9fe:a9fe", "metadata by a local NAT64"),
    ("100::1", "discard"),
    ("64:ff9b:1::5db8:d822%1", "public by a local NAT64, with a scope"),
    ("64:ff9b:1:a00:1:0:5db8:d822", "private by one reading of a local NAT64"),
    ("64:ff9b:1:7f:0:100:5db8:d822", "loopback by another reading"),
    ("64:ff9b:1::", "no reading of a local NAT64"),
    ("64:ff9b:2::5db8:d822", "no NAT64"),
    ("2001::1", "Teredo without a server"),
    ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "a client for documentation by Teredo"),
    ("2001:0:4136:e378:8000:63bf:f5ff:fffe", "private by Teredo"),
    ("2001:0:a00:1:8000:63bf:f7f7:f7f7", "a private server of Teredo"),
    ("2606:4700::5efe:10.0.0.1", "private by ISATAP"),
    ("2606:4700::200:5efe:169.254.169.254", "metadata by ISATAP"),
    ("2001:2::1", "benchmarks"),
    ("2001:10::1", "ORCHID"),
    ("2001:db8::1", "documentation"),
    ("3fff::1", "documentation"),
    ("2002:7f00:1::", "loopback by 6to4"),
    ("2002:a9fe:a9fe::1", "metadata by 6to4"),
    ("5f00::1", "segment routing"),
    ("fc00::1", "unique local"),
    ("fd00:ec2::254", "metadata"),
    ("fd12:3456:789a::1", "unique local"),
    ("fe80::1", "link-local"),
    ("fe80::1%1", "link-local with a scope"),
    ("febf::1", "the end of link-local"),
    ("fec0::1", "site-local"),
    ("ff02::1", "multicast"),
    ("ff0e::1", "multicast, global"),
)
"""As they are written in a URL; the system's resolver turns them into addresses."""

PUBLIC_4 = ("1.1.1.1", "8.8.8.8", "134744072", "9.255.255.255", "11.0.0.0", "100.63.255.255")
PUBLIC_6 = ("2606:4700:4700::1111", "2a00:1450:4001:80e::200e", "2001:4860:4860::8888")
EMBEDDED = (
    "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8",
    "::8.8.8.8",
    "64:ff9b::5db8:d822",
    "64:ff9b:1::5db8:d822",
    "64:ff9b:1:5db8:d8:2200::",
    "64:ff9b:1:5d:b8:d822::",
    "64:ff9b:1:0:5d:b8d8:2200:0",
    "2002:808:808::1",
    "2001:0:4136:e378:8000:63bf:f7f7:f7f7",
    "2606:4700::5efe:8.8.8.8",
)
"""IPv6 addresses that contain a public IPv4 address."""
OWN = ("127.0.0.1", "127.1", "2130706433", "::1")


def naming(*addresses: str) -> Resolve:
    """A resolver that returns these addresses."""

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolve


def check(host: str, allowed: Allowed, resolve: Resolve | None = None) -> Sequence[str]:
    """Check a host in a new event loop."""

    async def main() -> Sequence[str]:
        return await checked_addresses(host, 443, allowed, resolve or Resolver())

    return asyncio.run(main())


def in_url(host: str) -> str:
    return f"https://[{host.replace('%', '%25')}]/" if ":" in host else f"https://{host}/"


def test_there_are_sixty_and_more() -> None:
    assert len(dict(NOT_PUBLIC)) == len(NOT_PUBLIC) >= 60


@all_cases(("host", "_what"), NOT_PUBLIC)
@all_cases("allowed", [PUBLIC, LOOPBACK], ids=["public", "loopback"])
def test_no_form_of_a_private_address_is_sent_to(host: str, _what: str, allowed: Allowed) -> None:
    """Except with `loopback` this machine's own, in its plain form."""
    if allowed == LOOPBACK and "loopback" in _what and (host == "::1" or ":" not in host):
        assert check(host, allowed)
    elif allowed == LOOPBACK and host == "0:0:0:0:0:0:0:1":
        assert check(host, allowed) == ["::1"]
    else:
        with pytest.raises(AddressRefused, match="neither public"):
            check(host, allowed)


@all_cases(("host", "_what"), NOT_PUBLIC)
def test_no_webhook_is_added_there(host: str, _what: str) -> None:
    """Some forms are already refused as invalid URLs."""

    async def main() -> None:
        require_url(in_url(host))
        await require_allowed(in_url(host), PUBLIC, Resolver())

    with pytest.raises((NotDone, InvalidRequest)):
        asyncio.run(main())


@pytest.mark.parametrize("host", PUBLIC_4)
def test_public_addresses_are_allowed(host: str) -> None:
    assert len(check(host, PUBLIC)) == 1


@all_cases("address", PUBLIC_6 + EMBEDDED)
def test_public_ipv6_addresses_are_allowed(address: str) -> None:
    assert check("example.com", PUBLIC, naming(address)) == [address]


@pytest.mark.parametrize("host", OWN)
def test_loopback_is_refused_unless_it_is_allowed(host: str) -> None:
    assert check(host, LOOPBACK) in (["127.0.0.1"], ["::1"])
    with pytest.raises(AddressRefused):
        check(host, PUBLIC)


@pytest.mark.parametrize(
    "addresses",
    [
        ("8.8.8.8", "10.0.0.1"),
        ("10.0.0.1", "8.8.8.8"),
        ("2606:4700:4700::1111", "8.8.8.8", "::ffff:127.0.0.1"),
        ("8.8.8.8", "169.254.169.254", "1.1.1.1"),
        ("8.8.8.8", "fe80::1%eth0"),
    ],
)
def test_one_private_address_of_a_name_is_enough_to_refuse(addresses: tuple[str, ...]) -> None:
    with pytest.raises(AddressRefused, match="neither public"):
        check("example.com", PUBLIC, naming(*addresses))


@pytest.mark.parametrize("addresses", [(), ("what",), ("",), ("8.8.8.8.8",)])
def test_invalid_addresses_are_refused(addresses: tuple[str, ...]) -> None:
    with pytest.raises(AddressRefused):
        check("example.com", PUBLIC, naming(*addresses))


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".example", "xn--.example"])
def test_an_unknown_name_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused, match="resolved"):
        check(host, PUBLIC)


def test_concurrent_calls_for_a_host_share_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = []

    def addresses_of(host: str, port: int) -> Sequence[str]:
        resolved.append((host, port))
        return ["8.8.8.8"]

    monkeypatch.setattr("seatlatch.webhooks.addresses.addresses_of", addresses_of)

    async def main() -> None:
        resolver = Resolver()
        answers = await asyncio.gather(*(resolver("example.com", 443) for _ in range(50)))
        assert answers == [["8.8.8.8"]] * 50

    asyncio.run(main())
    assert resolved == [("example.com", 443)]


def test_a_resolver_without_a_thread_fails_once_and_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        resolver = Resolver()
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", no_more_threads)
            with pytest.raises(AddressRefused, match="resolved"):
                await checked_addresses("127.0.0.1", 443, LOOPBACK, resolver)
        assert await checked_addresses("127.0.0.1", 443, LOOPBACK, resolver) == ["127.0.0.1"]

    asyncio.run(main())


def no_more_threads(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
