"""A campaign without work, for a test: its third round never ends if the campaign is to wait."""

import os
import signal
import subprocess
import sys

from campaigns import sitting
from campaigns.sitting import Campaign, Round, say

WAITING_SEED = 3
UNITS = 10
WAITS = "IDLE_CAMPAIGN_WAITS"
"""The variable that has it wait."""


def run(seed: int) -> Round:
    """A round. The waiting one has a process of its own."""
    if seed == WAITING_SEED and WAITS in os.environ:
        child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        say(f"child {child.pid}")
        signal.pause()
    return Round(UNITS)


def control(_seed: int) -> Round:
    """All planted faults are found at once."""
    return Round(30)


if __name__ == "__main__":
    sys.exit(sitting.run(Campaign("kill", run, control)))
