"""The names of the source that a page mentions, and whether they exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from docs.generate import ROOT
from docs.packages import SOURCE
from tests.docs.pages import DOCS

INTERNALS = [*sorted((DOCS / "internals").glob("*.md")), ROOT / "CONTRIBUTING.md"]
CODE = re.compile(r"`([^`\n]+)`")
IDENTIFIER = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*")
OURS = re.compile(r"_*[a-z0-9]+(_[a-z0-9]+)+|_[a-z0-9]+|_*([A-Z][a-z0-9]+)+|[A-Z][A-Z0-9_]+")
"""A name in the form of the source: snake_case, CapWords or UPPER_CASE. A word may be anything."""

MODULE = re.compile(r"`([\w./*-]+\.py)`")
"""A span of code that is the path of a module."""


def missing_modules(text: str) -> list[str]:
    """The modules that a text names and that are neither in the source nor in the project."""
    return [
        name
        for name in dict.fromkeys(MODULE.findall(text))
        if not any(next(folder.glob(name), None) for folder in (SOURCE, ROOT))
    ]


def names_in(file: Path) -> set[str]:
    """The qualified names that a module defines."""
    return set(_names(ast.parse(file.read_text("utf-8")), ""))


def _names(body: ast.AST, prefix: str) -> Iterator[str]:
    for node in ast.iter_child_nodes(body):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name
            if isinstance(node, ast.ClassDef):
                yield from _names(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (prefix + target.id for target in targets if isinstance(target, ast.Name))


def index_rows(text: str) -> list[tuple[str, list[str]]]:
    """The file and the names of each row of the table under "Where is"."""
    section = text.partition("## Where is")[2].partition("\n## ")[0]
    rows = [line.split("|")[2:4] for line in section.splitlines() if line.startswith("| ")]
    return [
        (file.strip(" `"), re.findall(r"`([^`]+)`", names)) for file, names in rows if "`" in file
    ]


def missing_names(text: str) -> list[str]:
    """What the table under "Where is" names and the source has not."""
    missing = []
    for file, names in index_rows(text):
        path = SOURCE / file
        found = names_in(path) if path.is_file() else set()
        missing += [f"{file}: {name}" for name in names if name not in found]
    return missing


def names_of_ours(text: str) -> set[str]:
    """The names in the code of a text that look like names of the source, also after a dot."""
    codes = (code for code in CODE.findall(text) if IDENTIFIER.fullmatch(code))
    return {name for code in codes for name in code.split(".") if OURS.fullmatch(name)}


def words_of_the_project() -> set[str]:
    """Every word of the source, the tests, the benchmarks and the scripts for the pages."""
    files = [
        file
        for top in ("src", "tests", "bench", "campaigns")
        for file in (ROOT / top).rglob("*.py")
    ]
    files += [*(ROOT / "docs").glob("*.py"), *(ROOT / "src").rglob("*.sql")]
    return {word for file in files for word in re.findall(r"\w+", file.read_text("utf-8"))}


def missing_packages(text: str, packages: list[str]) -> list[str]:
    """The packages that a page does not name."""
    return [name for name in packages if f"`{name}/`" not in text]
