"""Writes the generated parts of the pages, between their markers.

`python -m docs.generate` rewrites these parts and the generated files. With `--check` it changes
nothing, lists the stale files, and exits with 1 if there are any. `docs.parts` makes the parts.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from docs.chart import chart
from docs.diagram import drawing
from docs.parts import PARTS
from seatlatch.openapi.document import channel_document, operator_document

ROOT = Path(__file__).parent.parent
BEGIN = "<!-- generated: "
END = "<!-- end -->"


def _indented(make: Callable[[], object]) -> str:
    return json.dumps(make(), indent=2, ensure_ascii=False) + "\n"


DOCUMENTS = {
    "docs/reference/openapi.json": channel_document,
    "docs/reference/operator-openapi.json": operator_document,
}
"""The files with the OpenAPI documents, as the service returns them except for line breaks."""

FILES: Mapping[str, Callable[[], str]] = {
    **{name: partial(_indented, make) for name, make in DOCUMENTS.items()},
    "docs/images/packages.svg": drawing,
    "docs/images/requests.svg": chart,
}
"""The generated files: the OpenAPI documents, the diagram of the packages, and the chart of the
requests a second.
"""


def rewritten(text: str) -> str:
    """A page's text with its current generated parts.

    Raises `KeyError` for an unknown part, `ValueError` for a part without an end.
    """
    lines = iter(text.split("\n"))
    return "\n".join(_rewritten_lines(lines))


def _rewritten_lines(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if line.startswith(BEGIN):
            name = line.removeprefix(BEGIN).removesuffix(" -->")
            yield f"\n{PARTS[name]()}\n"
            if END not in lines:  # also consumes the old part
                raise ValueError(f"generated part {name!r} has no {END}")
            yield END


def pages(root: Path) -> list[Path]:
    """Every page of a project."""
    return [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]


def made() -> Iterator[tuple[Path, str, str]]:
    """Yield each page and generated file with its present and its current content."""
    for page in pages(ROOT):
        old = page.read_text("utf-8")
        yield page, old, rewritten(old)
    for name, make in FILES.items():
        file = ROOT / name
        old = file.read_text("utf-8") if file.exists() else ""
        yield file, old, make()


def main(arguments: Sequence[str]) -> int:
    """Rewrite the stale files, or only list them, and return the exit code."""
    check = "--check" in arguments
    stale = []
    for file, old, new in made():
        if new != old:
            stale.append(file)
            if not check:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(new, encoding="utf-8")
    for file in stale:
        word = "stale, run make docs" if check else "rewritten"
        sys.stdout.write(f"{file.relative_to(ROOT)}: {word}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
