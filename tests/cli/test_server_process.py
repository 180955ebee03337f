"""Signals that stop a server, also when they arrive together."""

import subprocess
import sys

BOTH_AT_ONCE = """
import signal
from seatlatch.cli.server_process import STOPPING_SIGNALS, stop_in_order

stop_in_order()
signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING_SIGNALS)
for number in STOPPING_SIGNALS:
    signal.raise_signal(number)
try:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING_SIGNALS)
finally:
    print("cleaned up")
"""


def test_two_signals_at_once_are_one_orderly_stop() -> None:
    command = [sys.executable, "-c", BOTH_AT_ONCE]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "cleaned up\n", "")
