"""Makes `seatlatch.client._sync` from `_async`, so that no call is typed twice.

`python -m tools.sync_client [FOLDER]` writes it, elsewhere if a folder is given.
"""

import re
import subprocess
import sys
from pathlib import Path

from unasync import Rule, unasync_files  # type: ignore[import-untyped]

CLIENT = Path(__file__).parent.parent / "src" / "seatlatch" / "client"
WRITTEN_BY_HAND = {"__init__.py", "ways.py"}
MADE = "# Made from ../_async by `make client`: change it there.\n"
RENAMED = {
    "aclose": "close",
    "aiter_raw": "iter_raw",
    "anext": "next",
    "asynccontextmanager": "contextmanager",
}


def sources() -> list[Path]:
    """The modules from which one is made."""
    modules = sorted((CLIENT / "_async").glob("*.py"))
    return [module for module in modules if module.name not in WRITTEN_BY_HAND]


def make(target: Path) -> list[Path]:
    """Write the sync modules into a folder; their paths."""
    modules = sources()
    classes = {
        name for module in modules for name in re.findall(r"\bAsync\w+", module.read_text("utf-8"))
    }
    renamed = {name: name.removeprefix("Async") for name in classes} | RENAMED
    renamed |= {"AsyncIterator": "Iterator"}
    unasync_files(
        [str(module) for module in modules],
        [Rule(str(CLIENT / "_async"), str(target), additional_replacements=renamed)],
    )
    made = [target / module.name for module in modules]
    for path in made:
        path.write_text(MADE + path.read_text("utf-8"), "utf-8")
    settings = ["--quiet", "--config", str(CLIENT.parents[2] / "pyproject.toml")]
    ruff = [sys.executable, "-m", "ruff"]
    subprocess.run([*ruff, "check", "--fix", "--select", "I", *settings, *made], check=True)  # noqa: S603
    subprocess.run([*ruff, "format", *settings, *made], check=True)  # noqa: S603
    return made


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else CLIENT / "_sync")
