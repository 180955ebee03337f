"""Writes the parts of the pages that are made from the code, between their markers.

`python -m docs.generate` rewrites them, and the OpenAPI documents; with `--check` it changes
nothing, names the files that are stale, and exits with 1 if there are any. What the parts say is in
`docs.parts`.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from docs.parts import PARTS
from seatlatch.reference.document import channel_document, operator_document

ROOT = Path(__file__).parent.parent
BEGIN = "<!-- generated: "
END = "<!-- end -->"

DOCUMENTS = {
    "docs/reference/openapi.json": channel_document,
    "docs/reference/operator-openapi.json": operator_document,
}
"""Where each OpenAPI document is kept, as it is served but for its line breaks."""


def rewritten(text: str) -> str:
    """A page's text with its generated parts made anew. Raises `KeyError`, `ValueError`."""
    lines = iter(text.split("\n"))
    return "\n".join(_rewritten_lines(lines))


def _rewritten_lines(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if line.startswith(BEGIN):
            name = line.removeprefix(BEGIN).removesuffix(" -->")
            yield f"\n{PARTS[name]()}\n"
            if END not in lines:  # also takes the old part off `lines`
                raise ValueError(f"generated part {name!r} has no {END}")
            yield END


def pages(root: Path) -> list[Path]:
    """Every page of a project."""
    return [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]


def made() -> Iterator[tuple[Path, str, str]]:
    """Each file that is made, in part or whole: where it is, what is in it, and what should be."""
    for page in pages(ROOT):
        old = page.read_text("utf-8")
        yield page, old, rewritten(old)
    for name, make in DOCUMENTS.items():
        file = ROOT / name
        old = file.read_text("utf-8") if file.exists() else ""
        yield file, old, json.dumps(make(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Rewrite the stale files, or only name them; the exit code."""
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
