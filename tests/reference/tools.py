"""What these tests take that is no Python package of ours: where it is, and what if it is not."""

from pathlib import Path

from docs.generate import ROOT
from tests.missing import missing

LINTER = ROOT / "tests" / "reference" / "linting" / "node_modules" / ".bin" / "redocly"
TYPESCRIPT = ROOT / "tests" / "reference" / "clients" / "typescript" / "node_modules"
GENERATOR = ROOT / ".venv-generator" / "bin" / "python"


def linter() -> Path:
    """The public linter of OpenAPI documents."""
    return _there(LINTER, "Run make tools (it needs npm) for the linter of OpenAPI documents.")


def generator() -> Path:
    """The Python beside public generators of clients."""
    return _there(GENERATOR, "Run make tools for the generators of clients.")


def typescript() -> Path:
    """The TypeScript compiler."""
    compiler = TYPESCRIPT / "typescript" / "bin" / "tsc"
    return _there(compiler, "Run make tools (it needs npm) for the TypeScript compiler.")


def _there(path: Path, sentence: str) -> Path:
    """A path; without it skip on a person's machine, and fail where all must be run."""
    if not path.exists():
        missing(sentence)
    return path
