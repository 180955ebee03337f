"""Which addresses a webhook may be sent to: public ones and those that the operator allows.

A host is judged after its name was resolved. Pure, but for `Resolver`.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from seatlatch.networks import (
    Address,
    Network,
    embedded_addresses,
    is_never_allowed,
    is_public,
    isatap_address,
)
from seatlatch.operations.provision import NotDone


class Allowed(NamedTuple):
    """What the operator allows beside public addresses.

    `addresses`: with `loopback` also this machine's own, in their plain form. `networks`: private
    networks, but for addresses that are never allowed.
    """

    addresses: Literal["public", "loopback"] = "public"
    networks: Sequence[Network] = ()


PUBLIC = Allowed()
LOOPBACK = Allowed("loopback")

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""All addresses of a host, as text, in the order in which to try them. Raises `OSError`."""

RESOLVE_SECONDS = 10.0
"""So long a person waits at most to be told that a name leads nowhere."""


class AddressRefused(Exception):
    """A webhook's host can't be sent to. The message is a sentence, without the address."""


def is_allowed(address: Address, allowed: Allowed) -> bool:
    """Whether webhooks may be sent to an address.

    An IPv6 address that leads to IPv4 addresses is judged by those. One with a scope is refused.
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
            raise AddressRefused(
                "The host has an address that is neither public nor in SEATLATCH_WEBHOOK_NETWORKS."
            )
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
            thread = threading.Thread(
                target=_resolve_in_thread, args=(host, port, answer), name="resolver", daemon=True
            )
            try:
                thread.start()
            except RuntimeError as error:  # the system has no more threads
                del self._asked[host, port]  # or everybody would wait for this one
                raise OSError(str(error)) from error
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
