"""Who asks: a channel partner and the organizations whose tickets it was granted."""

from typing import NamedTuple


class Channel(NamedTuple):
    """A channel partner. Tickets of an organization outside `organizations` don't exist for it."""

    code: str
    organizations: frozenset[str]
