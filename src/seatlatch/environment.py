"""Selects the environment variables that count as settings.

An empty variable counts as absent. Kubernetes injects variables for each of its services; those for
a service called `seatlatch` share the prefix of the settings and are left out.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

PREFIX = "SEATLATCH_"
REMOTE_PREFIX = "SEATLATCH_REMOTE_"
"""For `seatlatch remote`, which calls a service. Every other command ignores these names."""

INJECTED_NAME = re.compile(
    r"(.*_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP)(_(ADDR|PORT|PROTO))?)"
)
INJECTED_PORT_NAME = re.compile(r"(.*_)?PORT")
INJECTED_PORT_VALUE = re.compile(r"(tcp|udp)://")
"""Source: the environment variables of Kubernetes services, for TCP and UDP."""


class Variables(NamedTuple):
    """The variables of one kind of command.

    `values`: what is set, by name. `injected`: the names that a container platform has injected and
    that are ignored, sorted.
    """

    values: Mapping[str, str]
    injected: Sequence[str]


def select_variables(environment: Mapping[str, str], *, remote: bool = False) -> Variables:
    """The variables of `seatlatch remote`, or (the default) those of every other command."""
    values: dict[str, str] = {}
    injected: list[str] = []
    for name, value in sorted(environment.items()):
        is_ours = name.startswith(PREFIX) and name.startswith(REMOTE_PREFIX) == remote
        if not is_ours or not value:
            continue
        if _is_injected(name.removeprefix(PREFIX), value):
            injected.append(name)
        else:
            values[name] = value
    return Variables(values, injected)


def _is_injected(name: str, value: str) -> bool:
    """Whether a container platform injects this; `name` is without the prefix."""
    if INJECTED_PORT_NAME.fullmatch(name) and INJECTED_PORT_VALUE.match(value):
        return True
    return INJECTED_NAME.fullmatch(name) is not None
