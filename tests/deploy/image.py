"""The Dockerfile without a container engine: its steps run in a folder.

As a program it installs seatlatch into a folder by the steps of the first stage: what they copy,
and the commands that they run, except those of the system's package manager. `make tools` does so.
"""

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.deploy.deploying import DEPLOY, ROOT

DOCKERFILE = DEPLOY / "Dockerfile"
IMAGE = ROOT / ".image"
"""What `make tools` installs."""

INSTALLED = "/opt/seatlatch"


class Step(NamedTuple):
    """An instruction, such as COPY, and what is behind it."""

    name: str
    text: str


def stages() -> list[list[Step]]:
    """The steps of each stage, without its FROM."""
    found: list[list[Step]] = []
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, text = line.partition(" ")
        if name == "FROM":
            found.append([])
        elif name:
            found[-1].append(Step(name, text))
    return found


def of_stage(stage: int, name: str) -> list[str]:
    """The texts of a stage's instructions with this name."""
    return [step.text for step in stages()[stage] if step.name == name]


def environment_in(folder: Path) -> dict[str, str]:
    """The variables of a container, and what a machine needs to reach its package index."""
    allowed = ("PIP_", "SSL_", "HOME", "HTTP", "http")
    kept = {name: value for name, value in os.environ.items() if name.startswith(allowed)}
    declared = [pair for text in of_stage(1, "ENV") for pair in shlex.split(text)]
    settings = dict(pair.split("=", 1) for pair in declared)
    url = settings["SEATLATCH_DATABASE_URL"].replace("/var/lib/seatlatch", str(folder))
    settings |= {"SEATLATCH_DATABASE_URL": url}
    return {**kept, "PATH": "/usr/local/bin:/usr/bin:/bin", **settings}


def install_into(folder: Path) -> None:
    """Run the steps of the first stage."""
    source = folder / "source"
    for text in of_stage(0, "COPY"):
        *names, target = text.split()
        for name in names:
            copied = source / (target if target == name else f"{target}/{Path(name).name}")
            copied.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, copied, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, copied)
    for text in of_stage(0, "RUN"):
        if not text.startswith("apt-get "):
            command = text.replace(INSTALLED, str(folder / "installed"))
            subprocess.run(
                ["sh", "-c", command], cwd=source, env=environment_in(folder), check=True
            )


if __name__ == "__main__":
    shutil.rmtree(IMAGE, ignore_errors=True)
    install_into(IMAGE)
