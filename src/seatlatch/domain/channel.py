"""A channel partner and the organizations for whose tickets it has a grant."""

from typing import NamedTuple


class Channel(NamedTuple):
    """A channel partner. Tickets of an organization outside `organizations` don't exist for it."""

    code: str
    organizations: frozenset[str]
