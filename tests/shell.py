"""Runs a curl command as a person would who pastes it into a shell."""

import os
import shutil
import subprocess

from tests.requirements import missing

RUN_SECONDS = 30


def run_in_shell(command: str, **variables: str) -> None:
    """Run a command with these variables of the shell. Fails if curl gets no response."""
    if shutil.which("curl") is None:
        missing("This needs curl.")
    subprocess.run(
        ["sh", "-c", command],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        check=True,
        timeout=RUN_SECONDS,
    )
