"""The command `seatlatch` as a process of its own, without its imports being paid for each time.

Python takes most of a second to import all that the command needs. So one process for each of
pytest's imports it once, and forks for every command: what runs is the command's own `main`, with
arguments, environment, folder and descriptors of its own, to the interpreter's very end, and it can
be killed like any other. As a program this module is that process.
"""

import atexit
import gc
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout, suppress
from functools import cache
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import IO, Any

import typer.main
import uvloop  # noqa: F401 - what the server imports when it begins

from seatlatch.cli.main import app, main

STATUS = struct.Struct("ii")
"""A process id, and then how it ended, as waitpid tells it."""

REQUEST_BYTES_MAX = 1024 * 1024


class Command(subprocess.Popen[Any]):
    """`seatlatch` with these arguments. Options and what can be done with it are `Popen`'s."""

    def __init__(
        self, arguments: Sequence[str], *, env: Mapping[str, str], text: bool = False, **files: Any
    ) -> None:
        self._ending = b""
        super().__init__(arguments, env=env, text=text, **files)

    def _execute_child(  # type: ignore[no-untyped-def]
        self, args, _executable, _preexec, _close, _pass, cwd, env, _info, _flags, _shell,
        p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, *_others,
    ) -> None:  # fmt: skip
        """In the place of fork and exec; the names are `subprocess`'s own."""
        ours, theirs = socket.socketpair()
        folder = str(cwd or Path.cwd())
        asked = {"arguments": list(args), "environment": dict(env), "folder": folder}
        descriptors = [
            theirs.fileno(),
            0 if p2cread == -1 else p2cread,
            1 if c2pwrite == -1 else c2pwrite,
            2 if errwrite == -1 else errwrite,
        ]
        socket.send_fds(forkserver(), [json.dumps(asked).encode()], descriptors)
        theirs.close()
        self._close_pipe_fds(  # type: ignore[attr-defined]
            p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite
        )
        self._news = ours
        self.pid, _ = STATUS.unpack(read(ours, STATUS.size))
        self._child_created = True

    def _internal_poll(self, **_kept: Any) -> int | None:
        with self._waitpid_lock:  # type: ignore[attr-defined]
            if self.returncode is None:
                pid, status = self._try_wait(os.WNOHANG)
                if pid:
                    self._handle_exitstatus(status)  # type: ignore[attr-defined]
        return self.returncode

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        """As `os.waitpid`, of a process that is another one's child."""
        flags = socket.MSG_DONTWAIT if wait_flags & os.WNOHANG else 0
        while len(self._ending) < STATUS.size:
            try:
                came = self._news.recv(STATUS.size - len(self._ending), flags)
            except BlockingIOError:
                return 0, 0
            if not came:
                raise RuntimeError("the fork server is gone")
            self._ending += came
        self._news.close()
        pid, status = STATUS.unpack(self._ending)
        return pid, status


@cache
def forkserver() -> socket.socket:
    """Where commands are asked for."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.forkserver", str(theirs.fileno())],
        cwd=Path(__file__).parents[1],
        pass_fds=[theirs.fileno()],
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def read(connection: socket.socket, size: int) -> bytes:
    """So many bytes."""
    received = b""
    while len(received) < size:
        came = connection.recv(size - len(received))
        if not came:
            raise RuntimeError("the fork server is gone")
        received += came
    return received


def bring_up(door: socket.socket) -> bool:
    """Fork for each that is asked for. Returns True in the process that is to be the command, and
    False when nobody can ask any more.
    """
    while True:
        asked, descriptors, _, _ = socket.recv_fds(door, REQUEST_BYTES_MAX, 4)
        if not asked:
            return False
        if os.fork() == 0:
            door.close()
            return look_after(json.loads(asked), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def look_after(asked: dict[str, Any], descriptors: list[int]) -> bool:
    """Tell whoever asked the command's process id, and how it ended."""
    news, *standard = descriptors
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        become(asked, standard)
        return True
    for descriptor in standard:
        os.close(descriptor)
    with socket.socket(fileno=news) as told, suppress(BrokenPipeError):
        told.sendall(STATUS.pack(child, 0))
        told.sendall(STATUS.pack(*os.waitpid(child, 0)))
    os._exit(0)


def become(asked: dict[str, Any], standard: list[int]) -> None:
    """Be as a new process is."""
    for number, descriptor in enumerate(standard):
        os.dup2(descriptor, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.argv = ["seatlatch", *asked["arguments"]]
    sys.stdin, sys.stdout, sys.stderr = stream(0, "r"), stream(1, "w"), stream(2, "w")


def stream(number: int, mode: str) -> IO[str]:
    """A standard stream, as Python would open it."""
    errors = "backslashreplace" if number == 2 else "strict"
    encoding = os.environ.get("PYTHONIOENCODING", "utf-8")
    file = os.fdopen(number, mode + "b", closefd=False)
    return TextIOWrapper(file, encoding, errors, line_buffering=number == 2)


command_of = cache(typer.main.get_command)
"""Typer creates all commands and options in every call, though they are always the same."""


def prepare() -> None:
    """Import and make what the command needs when it runs, and forget nothing of it."""
    typer.main.get_command = command_of
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with redirect_stdout(StringIO()):
        app(["--version"], standalone_mode=False)
    gc.freeze()


if __name__ == "__main__":
    prepare()
    if bring_up(socket.socket(fileno=int(sys.argv[1]))):
        main()
