"""Templates of the console that are compiled once, and not again for each server of a test."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import CodeType

import jinja2
import pytest
from jinja2.bccache import Bucket

from seatlatch.console import templating


class Compiled(jinja2.BytecodeCache):
    """Keeps what was compiled in memory."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Put the code into the bucket, if there is any."""
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code."""
        assert bucket.code
        self._code[bucket.key, bucket.checksum] = bucket.code


@contextmanager
def compiled_once() -> Iterator[None]:
    """Let all servers of this process share their compiled templates."""
    with pytest.MonkeyPatch.context() as patch:
        shared = partial(jinja2.Environment, bytecode_cache=Compiled())
        patch.setattr(templating, "Environment", shared)
        yield
