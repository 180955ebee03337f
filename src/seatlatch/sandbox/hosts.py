"""The host names that the sandbox accepts; a protection against DNS rebinding.

The sandbox's credentials are public. A page of any site can have its own name resolve to a loopback
address, and its scripts then reach the sandbox as if it were that site. The header Host gives it
away: the browser sends the site's name in it.
"""

import ipaddress
import re
from collections.abc import Iterable
from functools import wraps
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from seatlatch.http.refusals import MalformedRequest
from seatlatch.http.routes import ApiRoute, Endpoint
from seatlatch.settings import SettingProblem

HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?", re.IGNORECASE)


class AllowedHosts:
    """Refuses requests whose header Host is a name that the sandbox was not started with.

    Allowed are `localhost` and its subdomains, IP addresses, and `names`. DNS cannot redirect an IP
    address, and a request without Host does not come from a browser.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        """Raises `SettingProblem` for a name that no header Host can have."""
        self._names = {_normal(require_host_name(name)) for name in names}

    def route(self, route: ApiRoute) -> ApiRoute:
        """The same route, with the header Host checked first."""
        return route.with_endpoint(self._checked(route.endpoint))

    def _checked(self, endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def checked(request: Request) -> Response:
            self.check(request.headers.get("host"))
            return await endpoint(request)

        return checked

    def check(self, host: str | None) -> None:
        """Raise `MalformedRequest` unless a value of the header Host is allowed."""
        if host is None:
            return
        name = _name_in(host)
        if not (name in self._names or _is_local(name) or _is_address(name)):
            raise MalformedRequest(
                "The header Host must be localhost or an IP address. To use another name, start the"
                " sandbox with --allowed-host NAME."
            )


def is_loopback(host: str) -> bool:
    """Whether a host name or address is a loopback one."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def require_host_name(name: str) -> str:
    """Return the name if it is a valid host name. Raises `SettingProblem`."""
    if not HOST_NAME.fullmatch(name):
        raise SettingProblem(
            f"--allowed-host must be a host name without scheme or port, not {name!r}."
        )
    return name


def _name_in(host: str) -> str:
    """The name without its port, or an empty text if there is none."""
    try:
        parts = urlsplit(f"//{host}")
        name = parts.hostname or ""
    except ValueError:
        return ""
    return "" if parts.username is not None else _normal(name)


def _normal(name: str) -> str:
    return name.lower().removesuffix(".")


def _is_local(name: str) -> bool:
    return name == "localhost" or name.endswith(".localhost")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
