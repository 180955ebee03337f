"""A client that sends pieces of bytes as they are, and reads until the server ends."""

import asyncio
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from tests.http.connection_judge import Heard

Ending = Literal["at once", "when answered", "never", "reset"]
"""When a client closes its side: after its last piece, after the last response, after the server,
or by a reset that leaves the responses unread.
"""

READ_BYTES = 65_536
RESETS = struct.pack("ii", 1, 0)
"""The value of SO_LINGER that makes closing the connection a reset."""


async def talk(
    connection: socket.socket, pieces: Sequence[bytes], ending: Ending, last_answer: bytes
) -> Heard:
    """Send, and read to the end of the connection. `last_answer`: bytes that only the last response
    contains.
    """
    loop = asyncio.get_running_loop()
    received = bytearray()
    with suppress(ConnectionError):  # the server may already have refused and closed
        for piece in pieces:
            await loop.sock_sendall(connection, piece)
            await asyncio.sleep(0)  # other connections run, so the server reads this piece alone
    if ending == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
        return Heard(b"")
    if ending == "at once":
        _end(connection)
    try:
        while data := await loop.sock_recv(connection, READ_BYTES):
            received += data
            if ending == "when answered" and last_answer in received:
                _end(connection)
    except ConnectionError:
        return Heard(bytes(received), was_reset=True)
    return Heard(bytes(received))


def _end(connection: socket.socket) -> None:
    with suppress(OSError):  # the server was faster
        connection.shutdown(socket.SHUT_WR)
