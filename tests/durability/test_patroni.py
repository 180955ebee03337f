"""One round of the campaign with Patroni: its primary's PostgreSQL is killed under load.

See decision 208.
"""

import subprocess
import sys
from pathlib import Path

from campaigns.patroni.cluster import NO_PATRONI, PYTHON
from tests.requirements import missing

ROOT = Path(__file__).parents[2]
ROUND_SECONDS = 240


def test_a_failover_loses_nothing() -> None:
    if not PYTHON.exists():
        missing(NO_PATRONI)
    command = [sys.executable, "-m", "campaigns.patroni", "--seed", "1"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=ROUND_SECONDS, check=False
    )
    assert (done.returncode, done.stdout) == (0, "patroni: seed 1, count 1\n"), done.stderr
