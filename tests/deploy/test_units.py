"""The systemd units: accepted by systemd, rated as safe, and their commands do what they say."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.cases import all_cases
from tests.cli.commands import run_within
from tests.deploy.deploying import DEPLOY, program, replaced
from tests.deploy.units import INSTALLED, SERVICES, UNITS, commands, values
from tests.serving import make_inventory
from seatlatch.settings import read_settings

pytestmark = pytest.mark.slow

EXPOSURE_MAX = 2.5
DAYS_KEPT = 14
MIGRATE, BACKUP = UNITS / "seatlatch-migrate.service", UNITS / "seatlatch-backup.service"
ROOT_FOLDERS = ("/opt/seatlatch", "/etc/seatlatch")


def analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """What systemd-analyze says."""
    command = [program("systemd-analyze", "systemd"), *arguments]
    environment = {**os.environ, "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": "cat"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for unit in (*SERVICES, *UNITS.glob("*.timer")):
        text = unit.read_text().replace(INSTALLED, "/bin/true")
        (tmp_path / unit.name).write_text(text)
    found = analyze("verify", "--man=no", *map(str, sorted(tmp_path.iterdir())))
    assert found.returncode == 0, found.stderr
    ours = [line for line in found.stderr.splitlines() if "seatlatch" in line]
    assert ours == []


def test_systemd_rates_the_services_as_safe() -> None:
    for unit in SERVICES:
        found = analyze("security", "--offline=true", "--no-pager", str(unit))
        (exposure,) = re.findall(r"Overall exposure level for .*: ([\d.]+)", found.stdout)
        assert float(exposure) < EXPOSURE_MAX, unit.name


def test_all_services_have_the_same_limits_of_what_they_may_call() -> None:
    for name in ("SystemCallFilter", "MemoryDenyWriteExecute", "User", "EnvironmentFile"):
        assert len({values(unit, name)[0] for unit in SERVICES}) == 1, name


@all_cases("unit", SERVICES, ids=lambda unit: unit.name)
def test_the_commands_of_seatlatch_exist(unit: Path) -> None:
    found = re.findall(rf"{INSTALLED} (\w+)", unit.read_text())
    assert found
    for command in found:
        assert run_within(command, "--help").returncode == 0, command


def test_there_is_time_to_stop_in_order() -> None:
    (seconds,) = values(UNITS / "seatlatch.service", "TimeoutStopSec")
    (drain,) = re.findall(r"SEATLATCH_DRAIN_SECONDS=(\d+)", (DEPLOY / "seatlatch.env").read_text())
    assert int(seconds) >= int(drain) + read_settings({}, {}).shutdown_seconds + 5


def shell(unit: Path, folder: Path, url: str) -> None:
    """Run a unit's commands in a folder: `/var/backups/seatlatch` is in it."""
    binary = folder / "seatlatch"
    python = f"{program('python3', 'python3')}"
    binary.write_text(f"#!/bin/sh\nexec {python} -m seatlatch \"$@\"\n")
