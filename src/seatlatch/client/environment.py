"""Reads the proxy and the trusted certificates from the environment, once for each client.

httpx can read them itself, but it raises errors of its own, names no variable, and does not
understand networks such as fd07:b51a:cc66:f0::/64 in NO_PROXY.
"""

import ipaddress
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.request import getproxies

import httpx

from .errors import InvalidEnvironment

SYSTEM = "The system's proxy setting"

CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""The first of them that is set replaces the certificates that come with certifi."""

DEFAULT_PORTS = {"http": 80, "https": 443}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ChosenProxy(NamedTuple):
    """The proxy for an address, and the variable that names it."""

    variable: str
    proxy: httpx.Proxy

    def unusable(self, error: Exception) -> InvalidEnvironment:
        """The error for a proxy that httpx does not take."""
        if isinstance(error, ImportError):
            return InvalidEnvironment(
                self.variable,
                "names a SOCKS proxy, which needs the package socksio. Install it with"
                ' `pip install "httpx[socks]"`, unset the variable, or add the host to NO_PROXY.',
            )
        return InvalidEnvironment(self.variable, "names a proxy that httpx cannot use.")


class Route(NamedTuple):
    """How to reach the service: through which proxy, trusting which certificates."""

    proxy: ChosenProxy | None
    trusted: ssl.SSLContext


def route_to(url: httpx.URL) -> Route:
    """The route to an address by the environment. Raises `InvalidEnvironment`.

    Certificates are read only for https, so that a variable that is not needed does no harm.
    """
    proxy = proxy_for(url)
    if url.scheme == "https":
        return Route(proxy, trusted_certificates())
    return Route(proxy, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def proxy_for(url: httpx.URL) -> ChosenProxy | None:
    """The proxy that the environment names for this address, if any. Raises
    `InvalidEnvironment`.
    """
    proxies = getproxies()
    kind = url.scheme if proxies.get(url.scheme) else "all"
    address = proxies.get(kind)
    if not address or is_excluded(url, proxies.get("no", "")):
        return None
    variable = _variable_of(f"{kind}_proxy", os.environ)
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
        has_host = bool(proxy.url.host)
    except (httpx.InvalidURL, ValueError):
        has_host = False
    # Raised outside of `except`, so that no traceback shows httpx's message with the value.
    if not has_host:
        raise InvalidEnvironment(
            variable, "must be the address of a proxy, such as http://proxy.example.com:3128."
        )
    if proxy.url.scheme != "https":
        return ChosenProxy(variable, proxy)
    trusted = trusted_certificates()
    return ChosenProxy(variable, httpx.Proxy(proxy.url, ssl_context=trusted, auth=proxy.auth))


def is_excluded(url: httpx.URL, no_proxy: str) -> bool:
    """Whether NO_PROXY excludes an address. Its entries, separated by commas: a host name (which
    stands for its subdomains too), an address, a network, each of them optionally with a port;
    or * for everything. An entry that is none of these excludes nothing.
    """
    return any(_excludes(entry.strip(), url) for entry in no_proxy.split(","))


def trusted_certificates() -> ssl.SSLContext:
    """The trusted certificates by the environment. Raises `InvalidEnvironment`."""
    variable = certificate_variable()
    if variable == "SSL_CERT_DIR":
        folders = os.environ[variable].split(os.pathsep)
        if not any(Path(folder).is_dir() for folder in folders):
            raise InvalidEnvironment(variable, "must be a folder of certificates.")
    try:
        return httpx.create_ssl_context()
    except (OSError, ValueError) as error:
        log_file = os.environ.get("SSLKEYLOGFILE")
        if log_file and getattr(error, "filename", None) == log_file:
            raise InvalidEnvironment(
                "SSLKEYLOGFILE", f"must be a file that can be written ({error})."
            ) from error
        if variable is None:
            raise InvalidEnvironment("certifi", f"has no usable certificates ({error}).") from error
        raise InvalidEnvironment(
            variable, f"must be a PEM file of certificates that can be read ({error})."
        ) from error


def certificate_variable() -> str | None:
    """The variable that names the trusted certificates, if one is set."""
    return next((name for name in CERTIFICATE_VARIABLES if os.environ.get(name)), None)


def _excludes(entry: str, url: httpx.URL) -> bool:
    if entry == "*":
        return True
    scheme, separator, rest = entry.rpartition("://")
    if separator and scheme.lower() not in ("all", url.scheme):
        return False
    host, port = _host_and_port(rest.rstrip("/") if separator else entry)
    if port is not None and port != str(url.port or DEFAULT_PORTS[url.scheme]):
        return False
    wanted = url.host.lower()
    address = _address(wanted)
    if address is not None:
        return _contains(host, address)
    domain = host.lower().removeprefix("*")
    if domain.startswith("."):
        return len(domain) > 1 and wanted.endswith(domain)
    return domain != "" and (wanted == domain or wanted.endswith(f".{domain}"))


def _host_and_port(text: str) -> tuple[str, str | None]:
    """The parts of an entry: host, host:port, an IPv6 address, [address] or [address]:port."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return (host + rest, None) if rest.startswith("/") else (host, rest[1:] or None)
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    return text, None


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _contains(network: str, address: Address) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _variable_of(name: str, environment: Mapping[str, str]) -> str:
    """The name of a proxy variable as it is set: urllib takes any case, lower case first."""
    if environment.get(name):
        return name
    spelled = [found for found, value in environment.items() if value and found.lower() == name]
    return spelled[-1] if spelled else SYSTEM
