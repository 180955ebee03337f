"""Every module opens with one plain sentence that says what is in it."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "tests", "bench", "campaigns", "docs", "tools")
SOURCE = ROOT / "src" / "seatlatch"

CHARACTERS_MAX = 200
QUESTION = re.compile(r"(Who|What|Where|When|Which|How|Whether|So|Of)\b")
"""An opening that asks instead of saying what the module is or does."""


def modules(folders: Iterable[str]) -> Iterable[Path]:
    """Every module with something in it."""
    files = (file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))
    return (file for file in files if file.stat().st_size)


def opening(source: str) -> str:
    """The first sentence of a module's docstring, or nothing if it has none."""
    docstring = ast.get_docstring(ast.parse(source)) or ""
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    return paragraph if paragraph.endswith(".") else ""


def asks(source: str) -> bool:
    """Whether a module opens with a question word."""
    return bool(QUESTION.match(opening(source)))


def first_sentence(text: str) -> str:
    """A text up to the first period that ends a sentence."""
    return re.split(r"(?<=\.) (?=[A-Z`])", text, maxsplit=1)[0]


def test_every_module_opens_with_a_sentence() -> None:
    openings = {file: opening(file.read_text("utf-8")) for file in modules(FOLDERS)}
    assert [str(file) for file, text in openings.items() if not text] == []
    long = [file for file, text in openings.items() if len(first_sentence(text)) > CHARACTERS_MAX]
    assert list(map(str, long)) == []


def test_no_module_opens_with_a_question() -> None:
    offenders = [
        file.relative_to(SOURCE).as_posix()
        for file in modules(["src"])
        if asks(file.read_text("utf-8"))
    ]
    assert offenders == []


def test_openings_that_are_wrong_are_found() -> None:
    assert opening("X = 1\n") == ""
    assert opening('"""No period"""\n') == ""
    assert opening('"""The rate\nlimit. More.\n\nElse"""\n') == "The rate limit. More."
    assert asks('"""What a price is."""\n')
    assert not asks('"""Whatsoever."""\n')
    assert first_sentence("The rate limit. More.") == "The rate limit."
