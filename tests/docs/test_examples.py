"""The pages' examples are run as they stand, and answer as the pages say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from docs.generate import ROOT
from seatlatch.sandbox.data import curl_command
from tests.docs.pages import DOCS, PAGES, Block, blocks, name_of
from tests.docs.running import ADDRESS, environment, require_curl, run_shell, sandbox

WITH_EXAMPLES = [page for page in PAGES if any(ADDRESS in block.text for block in blocks(page))]
REQUEST_ID = "7d444840-9dc0-41d1-b245-5ffdce74fad2"
"""Stands in the README's example."""


def is_run(block: Block) -> bool:
    """Whether a block is to be run against the sandbox, or makes a file for one that is."""
    return block.language == "sh" and (ADDRESS in block.text or block.text.startswith("cat >"))


def same_answer(shown: Block, printed: str) -> None:
    """A block `json` is a body to the letter; `http` an answer with its body broken into lines."""
    if shown.language == "json":
        assert printed == shown.text.rstrip("\n")
        return
    head, _, body = shown.text.partition("\n\n")
    printed_head, _, printed_body = printed.replace("\r\n", "\n").partition("\n\n")
    assert without_date(printed_head) == without_date(head)
    assert printed_body == json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False)


def without_date(head: str) -> list[str]:
    """The lines of an answer's head, but for its date."""
    lines = head.split("\n")
    assert sum(line.startswith("date: ") for line in lines) == 1
    return [line for line in lines if not line.startswith("date: ")]


def test_the_pages_for_the_start_have_examples() -> None:
    names = {name_of(page) for page in WITH_EXAMPLES}
    assert names >= {"README.md", "docs/start/first-unlock.md", "docs/start/sandbox.md"}


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=name_of)
def test_examples_answer_as_the_page_says(page: Path, tmp_path: Path) -> None:
    require_curl()
    answered = 0
    with sandbox(tmp_path) as about:
        printed = ""
        for block in blocks(page):
            if is_run(block):
                assert not printed, "an example without its answer"
                printed = run_shell(block.text, about["url"], tmp_path)
            elif block.language in {"json", "http"}:
                same_answer(block, printed)
                printed = ""
                answered += 1
        assert not printed, "an example without its answer"
    assert answered


def test_the_readme_shows_what_the_sandbox_prints() -> None:
    example = next(block for block in blocks(ROOT / "README.md") if is_run(block))
    assert example.text == curl_command(ADDRESS, REQUEST_ID) + "\n"


def test_an_inventory_is_filled_and_backed_up_as_the_page_says(tmp_path: Path) -> None:
    scripts = [b for b in blocks(DOCS / "operating" / "running.md") if b.language == "python"]
    assert len(scripts) == 2
    for script in scripts:
        run_python(["-c", script.text], tmp_path)
    command = ["-m", "seatlatch", "migrate", "--database", "sqlite:///backup.db", "--json"]
    assert json.loads(run_python(command, tmp_path))["applied"] == []


def run_python(arguments: list[str], folder: Path) -> str:
    """What Python prints."""
    ran = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout.decode()
