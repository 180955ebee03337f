"""Which addresses a webhook may be sent to: those of the public internet, looked at after the
name was resolved. Pure, but for `resolve`.

The tables are ours and not those of `ipaddress`, whose answers change with Python's version.
Source: IANA's registries of special-purpose addresses.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal
from urllib.parse import urlsplit

from seatlatch.operations.provision import NotDone

Allowed = Literal["public", "loopback"]
"""`loopback`: also this machine's own addresses, and nothing else that is private."""

Address = IPv4Address | IPv6Address

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""All addresses of a host, as text, in the order in which to try them. Raises `OSError`."""

RESOLVE_SECONDS = 10.0
"""So long a person waits at most to be told that a name leads nowhere."""

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
"""What is public in IPv6 lies in here. Outside are loopback, IPv4-mapped and -compatible, NAT64,
unique local, link-local, site-local and multicast.
"""
NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which leads to any IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


class AddressRefused(Exception):
    """A webhook's host can't be sent to. The message is a sentence, without the address."""


def is_allowed(address: Address, allowed: Allowed) -> bool:
    """Whether webhooks may be sent to an address."""
    if allowed == "loopback" and (
        address == IPv6Address("::1") or (address.version == 4 and address.is_loopback)
    ):
        return True
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_4)
    if address.scope_id is not None or address not in GLOBAL_UNICAST:
        return False
    return not any(address in network for network in NOT_PUBLIC_6)


async def checked_addresses(
    host: str, port: int, allowed: Allowed, resolve: Resolve
) -> Sequence[str]:
    """The addresses of a host, every one of which may be sent to. Raises `AddressRefused`.

    One that may not be is enough to refuse all: whoever gives a name several addresses can choose
    which of them is taken.
    """
    try:
        found = await resolve(host, port)
    except (OSError, UnicodeError):
        raise AddressRefused("The host's name can't be resolved.") from None
    if not found:
        raise AddressRefused("The host's name has no address.")
    for text in found:
        try:
            address = ip_address(text)
        except ValueError:
            raise AddressRefused("The host has an address that is none.") from None
        if not is_allowed(address, allowed):
            raise AddressRefused("The host has an address that is not public.")
    return list(dict.fromkeys(found))


async def require_allowed(url: str, allowed: Allowed, resolve: Resolve) -> None:
    """Raise `NotDone` if a URL of the right form can't be sent to now."""
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            await checked_addresses(parts.hostname or "", parts.port or 443, allowed, resolve)
    except TimeoutError:
        raise NotDone(
            "The webhook's URL can't be sent to. The host's name was not resolved in time."
        ) from None
    except AddressRefused as refused:
        raise NotDone(f"The webhook's URL can't be sent to. {refused}") from None


class Resolver:
    """The system's resolver, asked in a thread of its own.

    It can't be told to stop, and may take half a minute. So whoever asks for the same host
    meanwhile waits with the first one, the thread keeps nobody from leaving, and there is never
    more than one for an endpoint.
    """

    def __init__(self) -> None:
        self._asked: dict[tuple[str, int], asyncio.Future[Sequence[str]]] = {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """See `Resolve`."""
        answer = self._asked.get((host, port))
        if answer is None:
            answer = asyncio.get_running_loop().create_future()
            answer.add_done_callback(lambda _: self._asked.pop((host, port), None))
            self._asked[host, port] = answer
            threading.Thread(
                target=_resolve_in_thread, args=(host, port, answer), name="resolver", daemon=True
            ).start()
        return await asyncio.shield(answer)


def _resolve_in_thread(host: str, port: int, answer: "asyncio.Future[Sequence[str]]") -> None:
    found: Sequence[str] | Exception
    try:
        found = addresses_of(host, port)
    except (OSError, UnicodeError) as error:
        found = error
    with suppress(RuntimeError):  # the loop may have ended meanwhile
        answer.get_loop().call_soon_threadsafe(_tell, answer, found)


def _tell(answer: "asyncio.Future[Sequence[str]]", found: Sequence[str] | Exception) -> None:
    if isinstance(found, Exception):
        answer.set_exception(found)
        answer.exception()  # whoever asked may have stopped waiting
    else:
        answer.set_result(found)


def addresses_of(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says now. Raises `OSError` and `UnicodeError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    texts = []
    for _family, _type, _protocol, _name, address in found:
        text, scope = str(address[0]), address[3] if len(address) > 3 else 0
        texts.append(f"{text}%{scope}" if scope and "%" not in text else text)
    return texts
