"""What these tests take that is no Python package of ours: where it is, and what if it is not."""

import os
import shutil
from pathlib import Path

import pytest

from docs.generate import ROOT

LINTER = ROOT / "tests" / "reference" / "linting" / "node_modules" / ".bin" / "redocly"
GENERATOR = ROOT / ".venv-generator" / "bin" / "python"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def linter() -> Path:
    """The public linter of OpenAPI documents."""
    return _there(LINTER, "Run make tools (it needs npm) for the linter of OpenAPI documents.")


def generator() -> Path:
    """The Python beside a public generator of clients."""
    return _there(GENERATOR, "Run make tools for the generator of clients.")


def chromium() -> Path:
    """A real browser."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), "chromium")
    return _there(Path(found), "Install Chromium with your system's package manager.")


def _there(path: Path, sentence: str) -> Path:
    """A path; without it skip on a person's machine, and fail where all must be run."""
    if path.exists():
        return path
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)
