"""Words that plain English does not need, in source, pages and error texts."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BANNED = re.compile(
    r"(?<![a-z])("
    r"told|whoever|anew|oftener|so[ ]many|is[ ]others|mend(s|ed|ing)?|ought|shall"
    r"|rooms?|doors?|doorplates?|houses?|walk(s|ed|ing)?"  # metaphors for packages, calls and loops
    r"|look(s|ed)?[ ](whether|if)|looked[ ]at|a[ ]look|lets?[ ](us|in|nobody)|letting[ ]in"
    r"|for[ ]good|(what|that)[ ]is[ ]so|is[ ]so[ ]already|in[ ]the[ ]midst|by[ ]way[ ]of"
    r"|(none|one)[ ]of[ ]ours|on[ ]our[ ]side|is[ ]none[ ]that|beyond[ ]all|has[ ]not[ ]what"
    r"|given[ ]back|tak(e|en|es|ing)[ ]out|but[ ]for|of[ ]whom|for[ ](he|she|they|nobody)"
    r"|going[ ]on|speaks?[ ]of|stands?[ ]in|spelt|bring[ ]about|broken[ ]off|withstand"
    r"|out[ ]of[ ]reach"
    r"|by[ ](chance|lot)|hears?[ ]of|lies?[ ]about|under[ ]way|as[ ](is|it)[ ](wanted|stands)"
    r"|send[ ]the[ ]request[ ]again\."
    r")(?![a-z])",
    re.IGNORECASE,
)
LIBRARY_NAMES = re.compile(r"walk_tb|(ast|os)\.walk")

BAD_START = re.compile(r"(Who|Whose|Whom|What|Where|Why|So|Of|By|That|Those)\b")
"""The first word of a docstring that does not say what the thing is or does."""

DONE = (
    "CONTRIBUTING.md",
    "README.md",
    "bench",
    "campaigns",
    "docs",
    "src/seatlatch",
    "tests/auth",
    "tests/domain",
    "tests/gated_store.py",
    "tests/group_commit.py",
    "tests/test_change_queue.py",
    "tests/test_commit_lanes.py",
    "tests/test_group_commit.py",
    "tests/test_group_commit_lanes.py",
    "tests/test_logs.py",
    "tests/test_shared_metrics.py",
    "tests/test_sink.py",
    "tests/test_tasks.py",
    "tests/webhooks",
)
"""Where the words are not used. Of the tests, the folders that are rewritten."""


def files(done: str) -> list[Path]:
    """The files of an entry."""
    path = ROOT / done
    return sorted([*path.rglob("*.py"), *path.rglob("*.md")]) if path.is_dir() else [path]


def banned_words(text: str) -> list[str]:
    """The banned words in a text, also as parts of names, with their line numbers."""
    return [
        f"{number}: {found[0]}"
        for number, line in enumerate(text.splitlines(), 1)
        for found in BANNED.finditer(LIBRARY_NAMES.sub("", line))
    ]


def bad_starts(source: str) -> list[str]:
    """The docstrings in a source, also those of constants, that begin with a bad word."""
    texts = [
        (node.lineno, node.value.value)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
    return [f"{number}: {text.splitlines()[0]}" for number, text in texts if BAD_START.match(text)]


@pytest.mark.parametrize("done", DONE)
def test_no_banned_words(done: str) -> None:
    found = files(done)
    assert found
    offenders = {
        str(path.relative_to(ROOT)): words
        for path in found
        if (words := banned_words(path.read_text()))
    }
    assert offenders == {}


@pytest.mark.parametrize("done", ["bench", "campaigns", "docs", "src/seatlatch"])
def test_docstrings_begin_with_what_the_thing_is(done: str) -> None:
    offenders = {
        str(path.relative_to(ROOT)): starts
        for path in files(done)
        if path.suffix == ".py" and (starts := bad_starts(path.read_text()))
    }
    assert offenders == {}


@pytest.mark.parametrize("text", ["is told.", "TOLD_ROWS", "_told", "a door to it", "so many"])
def test_banned_words_are_found(text: str) -> None:
    assert banned_words(text)


@pytest.mark.parametrize("text", ["the box office", "from traceback import walk_tb", "doorbell"])
def test_other_words_are_not_found(text: str) -> None:
    assert banned_words(text) == []


def test_a_bad_start_of_a_docstring_is_found() -> None:
    source = 'LIMIT = 3\n"""So many."""\ndef wait():\n    """What it waits for."""\n'
    assert bad_starts(source) == ["2: So many.", "4: What it waits for."]
    assert bad_starts('"""Whatever comes."""\n') == []
