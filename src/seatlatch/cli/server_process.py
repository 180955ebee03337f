"""Runs a server in this process: its socket, its limits, its signals and its orderly stop."""

import atexit
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from seatlatch.http.acceptor import REFUSED_CONNECTIONS_MAX, listen
from seatlatch.http.server import STOPPING_SIGNALS, Application, Server, ServerLimits
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.settings import Settings

OTHER_DESCRIPTORS_MAX = 100
"""Descriptors for other things than connections: the database, webhooks, files."""


class ListenProblem(Exception):
    """The server can't listen on its address. The message is a sentence that says what to do."""


def stop_in_order() -> None:
    """Make the stopping signals end the process after its clean-up, with exit code 0.

    A signal that is ignored stays ignored, such as SIGHUP under nohup.
    """
    for number in STOPPING_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _exit)


def _exit(_number: int, _frame: FrameType | None) -> None:
    # Another signal may have arrived together with this one. It gets an empty handler rather than
    # SIG_IGN, because Python reports an error if a signal that it has received has no handler.
    for number in STOPPING_SIGNALS:
        signal.signal(number, lambda *_: None)
    atexit.register(ignore_stopping_signals)
    sys.exit(0)


def ignore_stopping_signals() -> None:
    """Ignore the stopping signals, so that they do not interrupt the end of the process."""
    for number in STOPPING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def take_address(settings: Settings) -> socket.socket:
    """Open the listening socket. Raises `ListenProblem`."""
    with explained(settings):
        return listen(settings.host, settings.port)


@contextmanager
def explained(settings: Settings) -> Iterator[None]:
    """Raise a `ListenProblem` for an error of the address inside the block."""
    try:
        yield
    except (OSError, UnicodeError) as error:
        cause = getattr(error, "strerror", None) or error
        raise ListenProblem(
            f"Can't listen on {settings.host} port {settings.port} ({cause})."
            " Choose another address with --port or --host, or stop the program that uses it."
        ) from None


def server_limits(settings: Settings, log: Log) -> ServerLimits:
    """The limits of one server process. Each connection needs a file descriptor."""
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
    """Raise the limit of open files to the system's maximum, also for child processes.

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
    """Serve until a signal. `say` prints the greeting when the server accepts connections."""
    Server(app, log, metrics, server_limits(settings, log)).run(listener, say)
