"""The addresses to which webhooks may be sent: public ones and those that the operator allows.

A host is checked after its name was resolved. Pure, except for `Resolver`.

See decision 75.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from seatlatch.domain.refusal import Conflict
from seatlatch.networks import (
    Address,
    Network,
    embedded_addresses,
    is_never_allowed,
    is_public,
    isatap_address,
)


class Allowed(NamedTuple):
    """Addresses that the operator allows in addition to public ones.

    `addresses`: `loopback` allows this machine's own addresses, in their plain form. `networks`:
    private networks; some addresses are never allowed even there.
    """

    addresses: Literal["public", "loopback"] = "public"
    networks: Sequence[Network] = ()


PUBLIC = Allowed()
LOOPBACK = Allowed("loopback")

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""All addresses of a host, as text, in the order in which to try them. Raises `OSError`."""

RESOLVE_SECONDS = 10.0
"""How long a command or an operator's request waits for the resolution of a name."""

RESOLVING_NAMES_MAX = 16
"""The most names that one resolver resolves at once: each one needs a thread."""


class AddressRefused(Exception):
    """Webhooks may not be sent to a host. The message is a sentence, without the address."""


def is_allowed(address: Address, allowed: Allowed) -> bool:
    """Whether webhooks may be sent to an address.

    An IPv6 address that leads to IPv4 addresses is allowed if those are. One with a scope is not.
    """
    if allowed.addresses == "loopback" and (
        address == IPv6Address("::1") or (address.version == 4 and address.is_loopback)
    ):
        return True
    if isinstance(address, IPv4Address):
        return _is_allowed_itself(address, allowed)
    if address.scope_id is not None:
        return False
    inside = embedded_addresses(address)
    if inside is not None:
        return bool(inside) and all(_is_allowed_itself(one, allowed) for one in inside)
    isatap = isatap_address(address)
    if isatap is not None and not _is_allowed_itself(isatap, allowed):
        return False
    return _is_allowed_itself(address, allowed)


def _is_allowed_itself(address: Address, allowed: Allowed) -> bool:
    if is_never_allowed(address):
        return False
    return is_public(address) or any(address in network for network in allowed.networks)


async def checked_addresses(
    host: str, port: int, allowed: Allowed, resolve: Resolve
) -> Sequence[str]:
    """The addresses of a host, all of which are allowed. Raises `AddressRefused`.

    One address that is not allowed is enough to refuse all: the owner of a name chooses its
    addresses, and so which of them a connection uses.
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
            raise AddressRefused("The host's name resolves to an invalid address.") from None
        if not is_allowed(address, allowed):
            raise AddressRefused(
                "The host has an address that is neither public nor in SEATLATCH_WEBHOOK_NETWORKS."
            )
    return list(dict.fromkeys(found))


async def require_allowed(url: str, allowed: Allowed, resolve: Resolve) -> None:
    """Raise `Conflict` if webhooks may not be sent to a valid URL now."""
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            await checked_addresses(parts.hostname or "", parts.port or 443, allowed, resolve)
    except TimeoutError:
        raise Conflict(
            "Webhooks can't be sent to this URL. The host's name was not resolved in time."
        ) from None
    except AddressRefused as refused:
        raise Conflict(f"Webhooks can't be sent to this URL. {refused}") from None


class Resolver:
    """The system's resolver, called in a thread.

    A call can't be cancelled and may take half a minute. So concurrent calls for the same host
    share one thread, an endpoint never has more than one, and a thread does not keep the process
    from ending.
    """

    def __init__(self) -> None:
        self._resolving: dict[tuple[str, int], asyncio.Future[Sequence[str]]] = {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """All addresses of a host, as text. Raises `OSError`."""
        future = self._resolving.get((host, port))
        if future is None:
            if len(self._resolving) >= RESOLVING_NAMES_MAX:
                raise OSError("too many names are being resolved")
            future = asyncio.get_running_loop().create_future()
            future.add_done_callback(lambda _: self._resolving.pop((host, port), None))
            self._resolving[host, port] = future
            thread = threading.Thread(
                target=_resolve_in_thread, args=(host, port, future), name="resolver", daemon=True
            )
            try:
                thread.start()
            except RuntimeError as error:  # the system has no more threads
                del self._resolving[host, port]  # otherwise later calls would wait for this future
                raise OSError(str(error)) from error
        return await asyncio.shield(future)


def _resolve_in_thread(host: str, port: int, future: "asyncio.Future[Sequence[str]]") -> None:
    found: Sequence[str] | Exception
    try:
        found = addresses_of(host, port)
    except (OSError, UnicodeError) as error:
        found = error
    with suppress(RuntimeError):  # the event loop may have ended
        future.get_loop().call_soon_threadsafe(_settle, future, found)


def _settle(future: "asyncio.Future[Sequence[str]]", found: Sequence[str] | Exception) -> None:
    if isinstance(found, Exception):
        future.set_exception(found)
        future.exception()  # without this, asyncio logs that nobody retrieved it
    else:
        future.set_result(found)


def addresses_of(host: str, port: int) -> Sequence[str]:
    """The addresses that the system's resolver returns. Raises `OSError` and `UnicodeError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    texts = []
    for _family, _type, _protocol, _name, address in found:
        text, scope = str(address[0]), address[3] if len(address) > 3 else 0
        texts.append(f"{text}%{scope}" if scope and "%" not in text else text)
    return texts
