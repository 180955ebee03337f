"""Servers as processes of their own."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cli.commands import environment
from tests.forkserver import Command

STOP_SECONDS = 15
"""After SIGTERM a server is gone within that time, whatever its database does."""


Start = Callable[..., "subprocess.Popen[Any]"]
"""Starts `seatlatch` with arguments; the options are `Popen`'s."""


class ServerProcess:
    """`seatlatch serve` on a free port. What it logs goes into a file, `errors`."""

    def __init__(self, url: str, errors: Path, start: Start = Command, /, **settings: str) -> None:
        self.errors = errors
        quiet = {"SEATLATCH_RATE_LIMIT": "off", "SEATLATCH_LOG_LEVEL": "error"}
        with errors.open("ab") as file:
            self._process = start(
                ["serve", "--port", "0", "--json", "--database", url],
                env=environment({**quiet, **settings}),
                stdout=subprocess.PIPE,
                stderr=file,
            )

    def begun(self) -> int:
        """Its port, once it serves."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self.errors.read_text()
        return int(json.loads(line)["url"].rpartition(":")[2])

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def wait(self, seconds: float) -> int:
        """Its exit code, which must come in time."""
        return self._process.wait(seconds)

    def resident_kibibytes(self) -> int:
        """How much memory it occupies. It must run."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        (line,) = [one for one in lines if one.startswith("VmRSS:")]
        return int(line.split()[1])

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._let_go()

    def stop(self) -> int:
        """SIGTERM; its exit code, which must come in time."""
        self._process.terminate()
        try:
            return self._process.wait(STOP_SECONDS)
        finally:
            self.kill()

    def _let_go(self) -> None:
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
