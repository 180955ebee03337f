"""The pages' examples are run as they stand, and answer as the pages say."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from docs.generate import ROOT
from seatlatch.sandbox.data import curl_command
from tests.docs.answers import same_answer
from tests.docs.pages import DOCS, PAGES, Block, blocks, name_of
from tests.docs.running import ADDRESS, require_curl, run_shell, sandbox

OPERATOR = DOCS / "guides" / "operator.md"
"""Brings a server of its own; see `test_guides`."""

SUPPORT = DOCS / "guides" / "support.md"
"""Looks into what happened on an inventory; see `test_support`."""

FIND_A_SEAT = DOCS / "guides" / "find-a-seat.md"
"""Finds tickets of an inventory; see `test_find_guide`."""

START = DOCS / "start" / "five-minutes.md"
"""Makes the file with the headers that the other pages' examples send."""

ERRORS = DOCS / "errors"
"""Each is met in a situation of its own; see `test_errors`."""

OPERATING = DOCS / "operating"
"""What operators do changes the machine. Their commands are run by tests of their own."""

WITH_EXAMPLES = [
    page
    for page in PAGES
    if page not in (OPERATOR, SUPPORT, FIND_A_SEAT)
    and page.parent not in (ERRORS, OPERATING)
    and any(ADDRESS in block.text for block in blocks(page))
]
REQUEST_ID = "7d444840-9dc0-41d1-b245-5ffdce74fad2"
"""Stands in the README's example."""

LANGUAGES = {"sh", "http", "json", "text", "python", "nginx"}

APART = ("HTTP/1.1 429", "HTTP/1.1 503")
"""Answers that no sequence of curl commands can bring about; `test_guides` does. Those of the error
catalogue have their situation.
"""

PROGRAM = re.compile(r"# (\w+\.py)\n")
"""How a program of a page begins: with the name of its file."""


def is_run(page: Path, block: Block) -> bool:
    """Whether a block is to be run. In the guides all are; elsewhere those against the sandbox,
    those that make a file for one, and those that run a program of the page.
    """
    if block.language != "sh":
        return False
    in_guide = page.parent.name == "guides"
    return in_guide or ADDRESS in block.text or block.text.startswith(("cat >", "python "))


def is_answer(page: Path, block: Block) -> bool:
    """Whether a block shows what the one before it prints."""
    apart = page.parent != ERRORS and block.text.startswith(APART)
    return block.language in {"json", "http", "text"} and not apart


def test_the_pages_for_the_start_have_examples() -> None:
    names = {name_of(page) for page in WITH_EXAMPLES}
    assert names >= {"README.md", "docs/start/five-minutes.md", "docs/start/answers.md"}
    assert names >= {"docs/guides/marketplace.md", "docs/guides/box-office.md"}


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=name_of)
def test_examples_answer_as_the_page_says(page: Path, tmp_path: Path) -> None:
    require_curl()
    with sandbox(tmp_path) as about:
        put_files(about["url"], tmp_path)

        def run(text: str) -> str:
            return run_shell(text, about["url"], tmp_path)

        for sent, printed, shown in in_turn(page, run):
            same_answer(shown, printed, sent)


def put_files(url: str, folder: Path) -> None:
    """Put what pages share where they have it: the headers, and each program under its name."""
    (headers,) = (block.text for block in blocks(START) if block.text.startswith("cat >"))
    run_shell(headers, url, folder)
    for block in (block for page in PAGES for block in blocks(page)):
        found = PROGRAM.match(block.text) if block.language == "python" else None
        if found:
            (folder / found[1]).write_text(block.text.replace(ADDRESS, url))


def in_turn(page: Path, run: Callable[[str], str]) -> Iterator[tuple[str, str, Block]]:
    """Each example that prints: its commands, what they printed, and what the page shows for it."""
    waiting: tuple[str, str] | None = None
    for block in blocks(page):
        if is_run(page, block):
            assert waiting is None, f"an example without its answer: {waiting}"
            printed = run(block.text)
            waiting = (block.text, printed) if printed else None
        elif is_answer(page, block):
            assert waiting is not None, f"an answer to nothing: {block.text}"
            yield *waiting, block
            waiting = None
    assert waiting is None, f"an example without its answer: {waiting}"


def test_every_example_in_the_guides_is_run_and_shows_its_answer() -> None:
    """Each curl command that prints has its answer right behind it."""
    for page in sorted((DOCS / "guides").glob("*.md")):
        found = [block for block in blocks(page) if not block.text.startswith(APART)]
        assert {block.language for block in found} <= LANGUAGES, page
        for block, behind in zip(found, [*found[1:], Block("", "")], strict=True):
            if ADDRESS in block.text and "curl" in block.text:
                assert is_run(page, block)
                assert is_answer(page, behind), f"{name_of(page)}: {block.text}"


def test_the_readme_shows_what_the_sandbox_prints() -> None:
    page = ROOT / "README.md"
    example = next(block for block in blocks(page) if is_run(page, block))
    assert example.text == curl_command(ADDRESS, REQUEST_ID) + "\n"
