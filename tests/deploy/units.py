"""The systemd units of `deploy/` as text: their sections' lines, and the commands that they run."""

import re
from pathlib import Path

from tests.deploy.deploying import DEPLOY

UNITS = DEPLOY / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
INSTALLED = "/opt/seatlatch/current/bin/seatlatch"


def values(unit: Path, name: str) -> list[str]:
    """All values of a setting of a unit, in order."""
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)


def commands(unit: Path) -> list[str]:
    """What it runs, in order, with systemd's doubled percent signs resolved."""
    return [
        command.replace("%%", "%")
        for name in ("ExecStartPre", "ExecStart", "ExecStartPost")
        for command in values(unit, name)
    ]
