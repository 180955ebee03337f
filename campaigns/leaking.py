"""The server with a leak: the control of a soak."""

import os
import threading
from time import sleep

from seatlatch.cli.main import main

LEAK_SECONDS = 1.0
LEAKED_BYTES = 512 * 1024

leaked: list[bytes] = []


def leak() -> None:
    """Keep memory and a descriptor every second."""
    while True:
        leaked.append(os.urandom(LEAKED_BYTES))
        os.dup(0)
        sleep(LEAK_SECONDS)


if __name__ == "__main__":
    threading.Thread(target=leak, daemon=True).start()
    main()
