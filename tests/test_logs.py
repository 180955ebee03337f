"""The log: a failed write loses its lines and nothing else."""

import asyncio
import io
import json
from typing import Any

import pytest

from seatlatch.logs import make_log


class FullDisk(io.BytesIO):
    """Takes nothing while it is full."""

    full = True

    def write(self, data: Any) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(data)


def test_after_a_write_that_failed_the_log_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FullDisk()

    class Stderr:
        buffer = disk

    monkeypatch.setattr("sys.stderr", Stderr)
    log = make_log("json", "info")

    async def run() -> None:
        log.info("lost")
        await asyncio.sleep(0)
        disk.full = False
        log.info("kept", number=1)
        log.info("kept", number=2)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(run())
    lines = [json.loads(line) for line in disk.getvalue().splitlines()]
    assert [(line["event"], line["number"]) for line in lines] == [("kept", 1), ("kept", 2)]
