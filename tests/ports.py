"""Ports for programs that cannot choose one themselves."""

import random
import socket

CHOICE = range(10_000, 32_000)
"""Below the ports that Linux gives to outgoing connections and to servers that ask for any port:
one of those could be taken before the program listens on it.
"""

_chance = random.SystemRandom()
_given: set[int] = set()


def free_port() -> int:
    """A port on loopback on which nothing listens; a new one with each call."""
    while True:
        port = _chance.choice(CHOICE)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def _is_free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False
