"""Running a server from a command: its socket, its signals, its orderly stop."""

import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType

from starlette.types import ASGIApp

from seatlatch.api.server import listen, make_server
from seatlatch.settings import Settings
from seatlatch.telemetry import Log, Metrics

STOPPING_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class ListenProblem(Exception):
    """The address can't be had. The message is one sentence that says what to do."""


def stop_in_order() -> None:
    """From now on SIGTERM and SIGINT end the process by way of its clean-up, with exit code 0."""
    for number in STOPPING_SIGNALS:
        signal.signal(number, _exit)


def _exit(_number: int, _frame: FrameType | None) -> None:
    for number in STOPPING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)


def take_address(settings: Settings) -> socket.socket:
    """A listening socket. Raises `ListenProblem`."""
    try:
        return listen(settings.host, settings.port)
    except (OSError, UnicodeError) as error:
        cause = getattr(error, "strerror", None) or error
        raise ListenProblem(
            f"Can't listen on {settings.host} port {settings.port} ({cause})."
            " Choose another with --port or --host, or stop what listens there."
        ) from None


def run(
    app: ASGIApp, listener: socket.socket, log: Log, metrics: Metrics, say: Callable[[], None]
) -> None:
    """Serve until a signal. `say` tells the person that it begins."""
    server = make_server(app, log, metrics)
    say()
    server.run(sockets=[listener])
