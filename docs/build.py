"""Builds the site of the pages, which the service serves at /docs/: `python -m docs.build`.

The pages are written for a code host. Sphinx reads a copy of them: the README of a folder becomes
its index, the pages in the root of the project get their own folder, and the sections of the index
become the navigation. A broken link or anchor fails the build, and so does a page that no index
lists.

See decisions 97, 98 and 99.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from docs.generate import ROOT, pages
from docs.markdown import links, relinked

SITE = ROOT / "src" / "seatlatch" / "site"
"""Part of the package, so that an installed package has the site too."""

LEFT_FOR_LATER_BUILDS = (".buildinfo", "objects.inv")
SECTION = re.compile(r"^## (.+)\n((?:(?!## ).*\n)*)", re.MULTILINE)


def build(root: Path, site: Path) -> int:
    """Build the site of a project's pages and return Sphinx's exit code. If it is 0, the new site
    replaces the old one.
    """
    with tempfile.TemporaryDirectory(prefix=".site-", dir=root) as folder:
        staged, doctrees, built, old = (
            Path(folder) / name for name in ("in", "trees", "out", "old")
        )
        stage(root, staged)
        options = ["-W", "--keep-going", "-q", "-c", str(ROOT / "docs"), "-d", str(doctrees)]
        command = [sys.executable, "-m", "sphinx", *options, str(staged), str(built)]
        code = subprocess.run(command, check=False).returncode  # noqa: S603 - Sphinx on our pages
        if code == 0:
            for name in LEFT_FOR_LATER_BUILDS:
                (built / name).unlink(missing_ok=True)
            if site.exists():
                site.rename(old)
            built.rename(site)
    return code


def stage(root: Path, into: Path) -> None:
    """Copy the pages, and the other files that they link to, to the folder that Sphinx reads."""
    for page in pages(root):
        text = page.read_text(encoding="utf-8")
        home = place(page, root)

        def retarget(target: str, page: Path = page, home: Path = home) -> str:
            path, hash_sign, anchor = target.partition("#")
            if not path:
                return target
            found = place((page.parent / path).resolve(), root)
            return os.path.relpath(found, home.parent) + hash_sign + anchor

        _write(into / home, relinked(text, retarget) + navigation(page, text, root))
        for file in linked(page, text):
            if file.suffix != ".md" and file.is_file():
                copy = into / place(file, root)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def place(file: Path, root: Path) -> Path:
    """The path of a file of the project within the folder that Sphinx reads."""
    if not file.is_relative_to(root / "docs"):
        return "project" / file.relative_to(root)
    inside = file.relative_to(root / "docs")
    return inside.with_name("index.md") if inside.name == "README.md" else inside


def linked(page: Path, text: str) -> list[Path]:
    """The files that a page links to, in order and without duplicates."""
    paths = (target.partition("#")[0] for target in links(text))
    return list(dict.fromkeys((page.parent / path).resolve() for path in paths if path))


def navigation(page: Path, text: str, root: Path) -> str:
    """The navigation directives for a page. The main index adds one part for each of its sections,
    and the index of a folder adds the pages of the folder.
    """
    if page == root / "docs" / "README.md":
        sections = SECTION.findall(text)
        return "".join(
            toctree([f":caption: {heading}"], linked(page, section), page, root)
            for heading, section in sections
        )
    if page.name == "README.md" and page.parent != root:
        inside = [file for file in linked(page, text) if file.parent == page.parent != file]
        return toctree([], inside, page, root)
    return ""


def toctree(options: Iterable[str], files: Iterable[Path], page: Path, root: Path) -> str:
    """The directive that adds pages to the navigation, hidden on the page itself."""
    home = place(page, root).parent
    entries = [
        os.path.relpath(place(file, root), home).removesuffix(".md")
        for file in files
        if file.suffix == ".md"
    ]
    lines = ["", "```{toctree}", ":hidden:", *options, "", *entries, "```", ""]
    return "\n".join(lines) if entries else ""


if __name__ == "__main__":
    sys.exit(build(ROOT, SITE))
