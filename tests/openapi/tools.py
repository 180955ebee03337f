"""The tools that these tests need: their paths, and what happens without them.

See decision 129.
"""

from pathlib import Path

from docs.generate import ROOT
from tests.requirements import missing

LINTER = ROOT / "tests" / "openapi" / "linting" / "node_modules" / ".bin" / "redocly"
TYPESCRIPT = ROOT / "tests" / "openapi" / "clients" / "typescript" / "node_modules"
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
    """A path; if it is missing, skip on a person's machine, and fail where all tests must run."""
    if not path.exists():
        missing(sentence)
    return path
