"""The systemd units: accepted by systemd, rated as safe, and their commands do what they say.

See decision 196.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from time import time

import pytest

from seatlatch.settings import read_settings
from tests.cases import all_cases
from tests.cli.commands import environment, run_within
from tests.deploy.deploying import drain_seconds, program, replaced
from tests.deploy.units import INSTALLED, SERVICES, UNITS, commands, values
from tests.serving import make_inventory

pytestmark = pytest.mark.slow

EXPOSURE_MAX = 2.5
DAYS_KEPT = 14
BACKUP = UNITS / "seatlatch-backup.service"
DAY_SECONDS = 86_400


def analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """What systemd-analyze says."""
    command = [program("systemd-analyze", "systemd"), *arguments]
    plain = {**os.environ, "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": "cat"}
    return subprocess.run(command, capture_output=True, text=True, env=plain, check=False)


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
    assert int(seconds) >= int(drain_seconds()) + read_settings({}, {}).shutdown_seconds + 5


def run_backup(folder: Path) -> None:
    """Run the unit's commands by hand, with the database and the backups in this folder."""
    places = {INSTALLED: f"{sys.executable} -m seatlatch", "/var/backups/seatlatch": str(folder)}
    settings = environment({"SEATLATCH_DATABASE_URL": f"sqlite:///{folder}/inventory"})
    backup, removal = commands(BACKUP)
    for command in (
        replaced(backup, places),
        removal.replace("/var/backups/seatlatch", str(folder)),
    ):
        ran = subprocess.run(shlex.split(command), env=settings, capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr.decode()


def test_a_backup_is_made_and_old_ones_are_removed(tmp_path: Path) -> None:
    make_inventory(tmp_path / "inventory")
    for days in (DAYS_KEPT - 1, DAYS_KEPT + 2):
        old = tmp_path / f"{days}.db"
        old.touch()
        os.utime(old, (time() - days * DAY_SECONDS,) * 2)
    run_backup(tmp_path)
    names = {path.name for path in tmp_path.glob("*.db")}
    assert f"{DAYS_KEPT - 1}.db" in names
    assert f"{DAYS_KEPT + 2}.db" not in names
    (backup,) = names - {f"{DAYS_KEPT - 1}.db"}
    checked = run_within(
        "migrate", "--check", SEATLATCH_DATABASE_URL=f"sqlite:///{tmp_path}/{backup}"
    )
    assert checked.returncode == 0, checked.stderr
