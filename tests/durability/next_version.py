"""The next version of seatlatch: this one with another number and one migration more.

The migration is of the kind that keeps this version working: it adds, and takes nothing away.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import seatlatch
from seatlatch.store.migrations import migrations_of
from tests.cli.commands import environment
from tests.databases import ENGINES, EngineName

VERSION = "999.0.0"
NAME = "gates"
EXPANDS: Mapping[EngineName, str] = {
    "sqlite": """
ALTER TABLE tickets ADD COLUMN gate TEXT;
CREATE TABLE gates (gate TEXT PRIMARY KEY, opens_at TEXT) STRICT, WITHOUT ROWID;
""",
    "postgres": """
ALTER TABLE seatlatch.tickets ADD COLUMN gate text;
CREATE TABLE seatlatch.gates (gate text PRIMARY KEY, opens_at timestamptz);
""",
}


class NextVersion:
    """Its source in a folder, and how to run it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        source = Path(seatlatch.__file__).parent
        package = folder / "seatlatch"
        shutil.copytree(source, package, ignore=shutil.ignore_patterns("site"))
        (package / "__init__.py").write_text(
            f'"""The next version."""\n__version__ = "{VERSION}"\n'
        )
        for engine in ENGINES:
            number = migrations_of(engine)[-1].number + 1
            file = package / "store" / "migrations" / engine / f"{number:04}_{NAME}.sql"
            oldest = f"-- The oldest seatlatch that can use this schema: {seatlatch.__version__}\n"
            file.write_text(oldest + EXPANDS[engine])

    def start(
        self, arguments: Sequence[str], *, env: Mapping[str, str], **files: Any
    ) -> "subprocess.Popen[Any]":
        """Start its command; see `Start`."""
        return subprocess.Popen(
            [sys.executable, "-m", "seatlatch", *arguments],
            env={**env, "PYTHONPATH": str(self._folder)},
            cwd=self._folder,
            **files,
        )

    def migrating(self, url: str) -> "subprocess.Popen[str]":
        """Its `migrate` on a database, which has been started."""
        return self.start(
            ["migrate", "--database", url],
            env=environment({}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def migrate(self, url: str) -> None:
        """Bring a database to its schema."""
        with self.migrating(url) as process:
            done, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert f"_{NAME}." in done
