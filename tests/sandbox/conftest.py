"""A sandbox that is fresh for each test."""

from collections.abc import Iterator

import pytest

from tests.databases import Databases
from tests.sandbox.sandboxes import Sandbox, sandbox_on


@pytest.fixture(scope="module")
def running(databases: Databases) -> Iterator[Sandbox]:
    """One for all tests of a module."""
    with sandbox_on(databases.new("sandbox"), rate_limit="off") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    """The same, reset."""
    assert running.reset().status_code == 200
    return running
