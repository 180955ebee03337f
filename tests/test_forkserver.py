"""A command that was forked is as one that was started: what it says, and how it ends."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import COMMAND, environment, run, running
from tests.forkserver import Command

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("arguments", [["--version"], ["no-such"], ["org", "list"], []])
def test_it_says_and_ends_as_one_that_was_started(arguments: list[str], tmp_path: Path) -> None:
    pipe = subprocess.PIPE
    env = environment({"SEATLATCH_DATABASE_URL": "sqlite:///none.db"})
    with Command(arguments, env=env, cwd=tmp_path, stdout=pipe, stderr=pipe) as forked:
        said = forked.communicate(timeout=30)
    started = subprocess.run(
        [*COMMAND, *arguments], env=env, cwd=tmp_path, capture_output=True, check=False
    )
    assert (forked.returncode, *said) == (started.returncode, started.stdout, started.stderr)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 0)])
def test_signals_reach_it(number: signal.Signals, code: int) -> None:
    with running("sandbox", "--port", "0") as (process, _):
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.01)
        process.send_signal(number)
        assert process.wait(timeout=30) == code
        assert process.poll() == code


def test_its_environment_is_its_own() -> None:
    refused = run("serve", SEATLATCH_NO_SUCH="1")
    assert (refused.returncode, "SEATLATCH_NO_SUCH" in refused.stderr) == (2, True)
    assert run("--version").returncode == 0
