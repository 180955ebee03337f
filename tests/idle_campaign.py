"""A campaign without work, for a test: its third round waits for the end of its input."""

import subprocess
import sys

from campaigns.sitting import Campaign, Round, main, say

WAITING_SEED = 3
UNITS = 10


def run(seed: int) -> Round:
    """A round. The waiting one has a process of its own."""
    if seed == WAITING_SEED:
        child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        say(f"child {child.pid}")
        sys.stdin.read()
        child.kill()
        child.wait()
    return Round(UNITS)


def control(_seed: int) -> Round:
    """All planted faults are found at once."""
    return Round(30)


if __name__ == "__main__":
    sys.exit(main(Campaign("kill", run, control)))
