"""Running a server from a command: its socket, its signals, its orderly stop."""

import atexit
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from seatlatch.api.acceptor import REFUSED_CONNECTIONS_MAX, listen
from seatlatch.api.server import STOPPING_SIGNALS, Application, Server, ServerLimits
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.settings import Settings

OTHER_DESCRIPTORS_MAX = 100
"""What a process opens beside connections: the database, webhooks, files."""


class ListenProblem(Exception):
    """The address can't be had. The message is one sentence that says what to do."""


def stop_in_order() -> None:
    """From now on the signals end the process by way of its clean-up, with exit code 0.

    SIGHUP stays ignored if it is, as under nohup.
    """
    for number in STOPPING_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
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


def server_limits(settings: Settings, log: Log) -> ServerLimits:
    """The limits of one server process. Each connection needs a descriptor."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    connections = settings.max_connections
    if descriptors != resource.RLIM_INFINITY:
        reserved = OTHER_DESCRIPTORS_MAX + REFUSED_CONNECTIONS_MAX
        connections = max(1, min(connections, descriptors - reserved))
    if connections < settings.max_connections:
        log.warning(
            "connections",
            limit=connections,
            reason=f"The system allows {descriptors} open files. Raise LimitNOFILE or ulimit -n.",
        )
    return ServerLimits(
        settings.keep_alive_seconds,
        connections,
        settings.drain_seconds,
        settings.shutdown_seconds,
    )


def allow_descriptors() -> None:
    """Let this process, and those that it starts, open as many files as the system allows.

    The usual limit of 1,024 is for programs that use `select`.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS has a lower limit than the one it reports
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def run(
    app: Application,
    listener: socket.socket,
    log: Log,
    metrics: Metrics,
    settings: Settings,
    say: Callable[[], None],
) -> None:
    """Serve until a signal. `say` prints that the server serves."""
    Server(app, log, metrics, server_limits(settings, log)).run(listener, say)
