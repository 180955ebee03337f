"""Running a server from a command: its socket, its signals, its orderly stop."""

import atexit
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from starlette.types import ASGIApp

from seatlatch.api.connection import GuardedConnection
from seatlatch.api.server import listen, make_server
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.settings import Settings

STOPPING_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class ListenProblem(Exception):
    """The address can't be had. The message is one sentence that says what to do."""


def stop_in_order() -> None:
    """From now on SIGTERM and SIGINT end the process by way of its clean-up, with exit code 0."""
    for number in STOPPING_SIGNALS:
        signal.signal(number, _exit)


def _exit(_number: int, _frame: FrameType | None) -> None:
    """The other signal may have come together with this one. So it is not ignored at once: Python
    would complain of a signal that it has taken and has nobody for.
    """
    for number in STOPPING_SIGNALS:
        signal.signal(number, lambda *_: None)
    atexit.register(ignore_stopping_signals)
    sys.exit(0)


def ignore_stopping_signals() -> None:
    """Let nothing cut off the last steps of a process that is ending."""
    for number in STOPPING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def take_address(settings: Settings) -> socket.socket:
    """A listening socket. Raises `ListenProblem`."""
    with explained(settings):
        return listen(settings.host, settings.port)


@contextmanager
def explained(settings: Settings) -> Iterator[None]:
    """Make a `ListenProblem` of what goes wrong inside with the address."""
    try:
        yield
    except (OSError, UnicodeError) as error:
        cause = getattr(error, "strerror", None) or error
        raise ListenProblem(
            f"Can't listen on {settings.host} port {settings.port} ({cause})."
            " Choose another with --port or --host, or stop what listens there."
        ) from None


def run(
    app: ASGIApp,
    listener: socket.socket,
    log: Log,
    metrics: Metrics,
    say: Callable[[], None],
    connection: type[GuardedConnection] = GuardedConnection,
) -> None:
    """Serve until a signal. `say` prints that the server serves, when it takes signals."""
    make_server(app, log, metrics, say, connection).run(sockets=[listener])
