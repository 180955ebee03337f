"""The address of a client: the socket's, or the one that a trusted proxy reports. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

X_FORWARDED_FOR = b"x-forwarded-for"
FORWARDED = b"forwarded"

ADDRESSES_MAX = 32
"""The maximum number of entries of a request's header that are read, from its right end."""

PIECES = {
    separator: re.compile(rf'(?:"(?:[^"\\]|\\.)*"|[^"{separator}])*') for separator in (",", ";")
}
"""Text up to a separator that is not within quotes."""

WITH_PORT = re.compile(r"(\d+\.\d+\.\d+\.\d+)(?::[^:]*)?|\[([^\]]*)\](?::[^:]*)?|([0-9a-fA-F:.]+)")


def client_address(
    peer: str | None, headers: Iterable[tuple[bytes, bytes]], trusted_proxies: Sequence[Network]
) -> str | None:
    """The client's address in canonical form; None if the connection has none.

    `peer`: the address of the socket's other end. If that is a trusted proxy, the proxies' header
    is read from its right end, where the nearest proxy appends, up to the first address that is
    not a trusted proxy's. An entry that is not an address ends the search at the proxy before it.

    X-Forwarded-For takes precedence over Forwarded, because more proxies append to it: Forwarded
    may come from the client.
    """
    if peer is None or (not trusted_proxies and ":" not in peer):
        return peer
    found = parse_address(peer)
    if found is None:
        return peer
    if _is_in(found, trusted_proxies):
        for hop in _hops(headers):
            if hop is None:
                break
            found = hop
            if not _is_in(found, trusted_proxies):
                break
    return str(found)


def is_trusted(peer: str | None, trusted_proxies: Sequence[Network]) -> bool:
    """Whether the socket's other end is a trusted proxy."""
    found = parse_address(peer) if peer else None
    return found is not None and _is_in(found, trusted_proxies)


def parse_address(text: str) -> Address | None:
    """An address, with or without a port, or None. An IPv4-mapped IPv6 address becomes IPv4."""
    match = WITH_PORT.fullmatch(text)
    try:
        address = ip_address(match[1] or match[2] or match[3]) if match else ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(address.packed)
    return address


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _hops(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[Address | None]:
    """The addresses that proxies report, the nearest first; None for an entry without one."""
    values: dict[bytes, list[str]] = {X_FORWARDED_FOR: [], FORWARDED: []}
    for name, value in headers:
        if name in values:
            values[name].append(value.decode("latin-1"))
    if values[X_FORWARDED_FOR]:
        entries = ",".join(values[X_FORWARDED_FOR]).rsplit(",", ADDRESSES_MAX)[-ADDRESSES_MAX:]
        return (parse_address(entry.strip(" \t")) for entry in reversed(entries))
    # Each line by itself: a quote left open in one line must not extend into the next.
    elements = [element for line in values[FORWARDED] for element in _split(line, ",")]
    return (_for_address(element) for element in reversed(elements[-ADDRESSES_MAX:]))


def _for_address(element: str) -> Address | None:
    """The address in an element of a Forwarded header (RFC 7239), in its parameter `for`."""
    for pair in _split(element, ";"):
        name, _, value = pair.strip(" \t").partition("=")
        if name.lower() == "for":
            if value.startswith('"'):
                value = re.sub(r"\\(.)", r"\1", value[1:-1])
            return parse_address(value)
    return None


def _split(text: str, separator: str) -> list[str]:
    """The parts of a text between separators. A text with an open quote is one empty part."""
    pieces: list[str] = []
    at = 0
    while at <= len(text):
        match = PIECES[separator].match(text, at)
        if match is None or text[match.end() : match.end() + 1] not in ("", separator):
            return [""]
        pieces.append(match[0])
        at = match.end() + 1
    return pieces
