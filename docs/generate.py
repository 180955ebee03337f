"""Writes the parts of the pages that are made from the code, between their markers.

`python -m docs.generate` rewrites them; with `--check` it changes nothing, names the pages that
are stale, and exits with 1 if there are any. What the parts say is in `docs.parts`.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from docs.parts import PARTS

ROOT = Path(__file__).parent.parent
BEGIN = "<!-- generated: "
END = "<!-- end -->"


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


def main(arguments: Sequence[str]) -> int:
    """Rewrite the stale pages, or only name them; the exit code."""
    check = "--check" in arguments
    stale = []
    for page in pages(ROOT):
        old = page.read_text(encoding="utf-8")
        new = rewritten(old)
        if new != old:
            stale.append(page)
            if not check:
                page.write_text(new, encoding="utf-8")
    for page in stale:
        word = "stale, run make docs" if check else "rewritten"
        sys.stdout.write(f"{page.relative_to(ROOT)}: {word}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
