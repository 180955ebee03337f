"""The hosts of a database's URL: the one that accepted the latest connection is tried first."""

from collections.abc import Mapping
from typing import Any

PARAMETERS = ("host", "hostaddr", "port")

DEFAULTS = {"port": "5432"}
"""The values that libpq uses for empty ones. It reports no defaults among the parameters."""


class Hosts:
    """Orders the hosts for the next connection of this process.

    A URL names several hosts because one of them may fail. In the order of the URL, a frozen first
    host would make every new connection time out before it reaches the host that replaced it.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        lists = {name: str(given[name]).split(",") for name in PARAMETERS if given.get(name)}
        count = max((len(values) for values in lists.values()), default=0)
        if "port" in lists and len(lists["port"]) == 1:
            lists["port"] *= count  # libpq takes one port for all
        is_whole = all(len(values) == count for values in lists.values())
        self._lists = lists if count > 1 and is_whole else {}
        self._first = 0

    def defaults(self) -> dict[str, str]:
        """Defaults that the URL can override: of several hosts, only a primary is used.

        A standby accepts connections too. It would then be tried first, and stay in use after the
        primary has come back.
        """
        return {"target_session_attrs": "primary"} if self._lists else {}

    def parameters(self) -> dict[str, str]:
        """Replacements for the URL's own lists; empty if it names at most one host."""
        start = self._first
        return {
            name: ",".join([values[start], *values[:start], *values[start + 1 :]])
            for name, values in self._lists.items()
        }

    def note_connected(self, parameters: Mapping[str, str]) -> None:
        """Remember the host of a new connection, from the parameters that libpq reports."""
        for number, place in enumerate(self._places()):
            if place == {name: _value(name, parameters.get(name, "")) for name in place}:
                self._first = number
                return

    def _places(self) -> list[dict[str, str]]:
        names = [name for name in PARAMETERS if name in self._lists]
        if "host" in names and "hostaddr" in names:
            names.remove("hostaddr")  # the driver fills it in where it is not given
        rows = zip(*(self._lists[name] for name in names), strict=True)
        return [
            {name: _value(name, value) for name, value in zip(names, row, strict=True)}
            for row in rows
        ]


def _value(name: str, given: str) -> str:
    return given or DEFAULTS.get(name, "")
