"""Litestream under load: what is lost with the machine, and what is restored."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, time

from tests.durability.drills import LOG, Load, block, check_restored, loaded, timed
from tests.durability.machine import BACKUP, Machine, a_service, restored
from tests.requirements import missing
from tests.waiting import until

PROGRAM = Path(__file__).parents[2] / ".venv-litestream" / "bin" / "litestream"
HEADING = "### Litestream"
LOST_SECONDS_MAX = 5
"""The page says about 2 seconds. Here the processor is shared with other tests."""

COPIED_TIMES = 4
"""How many times changes were copied before the machine is lost."""

UNCOPIED_SECONDS = 0.7
"""Litestream copies every second. The machine is lost so long after the last copy."""


@contextmanager
def copying(machine: Machine) -> Iterator["subprocess.Popen[bytes]"]:
    """Litestream as the page starts it. It has copied the database once."""
    (machine.folder / "litestream.yml").write_text(machine.own(block(HEADING, "yaml")))
    command = machine.own(block(HEADING)).replace("litestream ", f"{PROGRAM} ", 1)
    with (machine.folder / "litestream.log").open("wb") as log:
        process = subprocess.Popen(["sh", "-c", f"exec {command}"], stdout=log, stderr=log)
    try:
        until(lambda: copies(machine))
        yield process
    finally:
        process.kill()
        process.wait()


def copies(machine: Machine) -> list[float]:
    """When changes were copied, by the system's clock."""
    files = (machine.backups / "litestream").rglob("*.ltx")
    return sorted(file.stat().st_mtime for file in files)


def is_behind(machine: Machine) -> bool:
    """Whether Litestream has copied changes several times, and not for a while."""
    copied = copies(machine)
    return len(copied) > COPIED_TIMES and time() - copied[-1] > UNCOPIED_SECONDS


def lost_seconds(load: Load, kept: list[int], ended_at: float) -> float:
    """How long before its end the machine had acknowledged the first change that is lost."""
    lost = [
        acknowledged_at
        for caller, changes in zip(load.callers.callers, kept, strict=True)
        for acknowledged_at in caller.acknowledged_at[changes:]
    ]
    return max(ended_at - min(lost, default=ended_at), 0)


def test_it_loses_only_the_last_seconds(tmp_path: Path) -> None:
    if not PROGRAM.exists():
        missing("Run make .venv-litestream/.ready for Litestream.")
    machine = a_service(tmp_path / "service")
    with loaded(machine.database, tmp_path) as load:
        anchor = load.anchor()
        before = load.acknowledged()
        with copying(machine) as process:
            until(lambda: is_behind(machine))
            ended_at = monotonic()
            process.kill()
        load.go_on()
    with timed("Litestream restores"):
        machine.run(block(HEADING, number=1), str(PROGRAM.parent))
    copy = restored(tmp_path / "elsewhere", machine.backups / BACKUP, anchor)
    kept = check_restored(load, copy, anchor, tmp_path)
    assert all(map(int.__ge__, kept, before))
    assert kept != load.acknowledged(), "the last changes came after its end"
    seconds = lost_seconds(load, kept, ended_at)
    LOG.info("the changes of the last %.1f s are lost", seconds)
    assert 0 < seconds < LOST_SECONDS_MAX, "some are lost, or there was no load"
