"""Memory that the processes of one server share. It has no path, so no other program removes it."""

import mmap
import os
from multiprocessing import reduction
from typing import Any


class SharedMemory:
    """Anonymous memory, initially zeros. A spawned process receives it as an argument.

    Linux only.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._map = mmap.mmap(descriptor, 0)
        self.bytes = memoryview(self._map)

    @classmethod
    def of(cls, size_bytes: int) -> "SharedMemory":
        """Allocate memory. Raises `OSError` if there is not enough."""
        descriptor = os.memfd_create("seatlatch")
        os.posix_fallocate(descriptor, 0, size_bytes)
        return cls(descriptor)

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (reduction.DupFd(self.descriptor),)

    def close(self) -> None:
        """Release the memory. Views of `bytes` must be released before."""
        self.bytes.release()
        self._map.close()
        os.close(self.descriptor)


def _received(descriptor: Any) -> SharedMemory:
    return SharedMemory(descriptor.detach())
