"""Where tests keep databases that need not survive a loss of power: in memory, if there is room.

A disk that is slow for some seconds, as a busy one can be, would cause responses 503.
"""

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - folders made there have unguessable names
DISK = Path("/tmp")  # noqa: S108 - as above
ROOM_BYTES = 2 * 1024**3


def fast_folder() -> Path:
    """A folder in which to make temporary ones."""
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM_BYTES:
        return MEMORY
    return DISK
