"""What all files of `deploy/` have in common, and the page that says how to use them."""

import re
import subprocess
from pathlib import Path

import pytest

from seatlatch.settings import TABLE, read_settings
from tests.deploy.deploying import DEPLOY, file_with, program, running_program
from tests.docs.pages import DOCS, blocks, prose

pytestmark = pytest.mark.slow

PAGE = DOCS / "operating" / "install.md"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
OTHERS = ("prometheus", "grafana")
"""Folders that another page describes."""


def test_every_setting_in_the_files_exists() -> None:
    names = {setting.name for setting in TABLE}
    for path in FILES:
        assert set(re.findall(r"SEATLATCH_[A-Z_]+", path.read_text())) <= names, path


def test_the_file_of_settings_is_read_alike_by_systemd_and_by_the_shell() -> None:
    """With each line that is commented out, too. systemd reads a line as name, = and value."""
    for line in (DEPLOY / "seatlatch.env").read_text().splitlines():
        found = re.fullmatch(r"#?(SEATLATCH_\w+)=(.*)", line)
        if not found:
            assert not line or line.startswith("# ")
            continue
        name, value = found[1], found[2].strip('"')
        ran = subprocess.run(
            ["sh", "-c", f'{line.lstrip("#")}; printf %s "${name}"'],
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stdout == value
        read_settings({name: value}, {})


def test_the_page_says_what_each_file_is_for() -> None:
    text = PAGE.read_text()
    for path in FILES:
        name = str(path.relative_to(DEPLOY))
        folder = name.partition("/")[0]
        if folder not in OTHERS and not name.endswith(".dockerignore"):
            assert path.name in text or f"deploy/{folder}/" in text, name


def test_the_page_names_only_files_that_exist() -> None:
    for text in (prose(PAGE), *(block.text for block in blocks(PAGE))):
        for name in re.findall(r"(?<![\w/])deploy/[\w./*-]*[\w/*]", text):
            if "certificate" not in name:
                assert list(DEPLOY.parent.glob(name.rstrip("/"))), name


def test_a_log_in_a_file_is_rotated_while_it_is_written(tmp_path: Path) -> None:
    log = tmp_path / "seatlatch.log"
    (tmp_path / "rotation").write_text(
        file_with("logrotate/seatlatch", {"/var/log/seatlatch.log": str(log)})
    )
    unit = (DEPLOY / "systemd" / "log-to-file.conf").read_text()
    assert "StandardError=append:/var/log/seatlatch.log" in unit
    with log.open("ab") as writing:
        writing.write(b"before\n")
        writing.flush()
        command = [program("logrotate", "logrotate"), "--force", "--state", "state", "rotation"]
        (tmp_path / "rotation").chmod(0o644)
        with running_program(command, tmp_path) as process:
            assert process.wait(30) == 0, (tmp_path / "output").read_text()
        writing.write(b"after\n")
    assert log.read_text() == "after\n"
    (rotated,) = tmp_path.glob("seatlatch.log-*")
    assert rotated.read_text() == "before\n"
