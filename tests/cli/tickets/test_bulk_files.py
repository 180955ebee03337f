"""The box office's commands on the tokens of a file, and the file of their results."""

import csv
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cases import all_cases
from tests.cli.box_office import add_two
from tests.cli.commands import run_here, run_within
from tests.cli.test_bad_databases import assert_one_sentence
from tests.cli.tickets.bulk import MANY, UNLOCK, add_many, outcomes
from tests.databases import ON_SQLITE, Database
from tests.serving import CHANNEL, ORGANIZATION


@pytest.fixture
def venue(inventory: Database) -> Database:
    """An inventory with a ticket for every case, `plain` and `seat`."""
    return add_two(inventory)


FILES = {
    "tokens.txt": " listed-1 \r\n\n\N{ZERO WIDTH SPACE}listed-2\nnothing\nlisted-1\n",
    "tokens": "listed-1\nlisted-2\nnothing",
    "tokens.csv": "owner,Token,note\no,listed-1,\no,listed-2,x\n,nothing,\n,,\n",
    "sheet.csv": 'sep=;\n"token";"x"\n"listed-1";1\n"listed-2";2\n"nothing";3\n',
    "tokens.tsv": "token\tx\nlisted-1\t1\nlisted-2\t2\nnothing\t3\n",
    "tokens.ndjson": '{"token":"listed-1"}\n\n{"x":1,"token":" listed-2"}\n{"token":"nothing"}\n',
}


@pytest.mark.parametrize("name", FILES)
def test_tokens_from_a_file(venue: Database, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text(FILES[name], "utf-8")
    result = run_here(venue, *UNLOCK, "--file", str(file), "--yes", "--json")
    assert (result.returncode, result.stderr) == (3, "")
    assert outcomes(json.loads(result.stdout)) == {
        **{"listed-1": "unlocked", "listed-2": "unlocked", "nothing": "unknown"}
    }


@ON_SQLITE
def test_tokens_from_standard_input(venue: Database) -> None:
    run = partial(run_within, *UNLOCK, "--file", "-", SEATLATCH_DATABASE_URL=venue.url)
    assert run(typed="listed-1\n").returncode == 2
    result = run_within(
        *(*UNLOCK, "listed-2", "--file", "-", "--yes"),
        typed="listed-1\n",
        SEATLATCH_DATABASE_URL=venue.url,
    )
    assert (result.returncode, result.stdout) == (0, "listed-2: unlocked.\nlisted-1: unlocked.\n")


def test_the_results_of_all_are_in_a_file(venue: Database, tmp_path: Path) -> None:
    add_many(venue)
    file = tmp_path / "results.csv"
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("\n".join([*MANY, *(f"unknown-{number}" for number in range(30))]))
    unlock = (*UNLOCK, "--file", str(tokens), "--yes")
    result = run_here(venue, *unlock, "--results", str(file))
    assert result.returncode == 3
    assert result.stdout.splitlines() == [
        "1,100 unlocked, 30 unknown.",
        "30 unknown, such as unknown-0: There is no such ticket. Check the spelling of the token.",
        f"The outcome of each ticket is in {file}.",
    ]
    with file.open(newline="") as opened:
        header, *rows = csv.reader(opened)
    assert header == ["token", "outcome", "message"]
    assert rows[0] == [MANY[0], "unlocked", "unlocked."]
    assert [row[0] for row in rows[-30:]] == [f"unknown-{number}" for number in range(30)]
    again = run_here(venue, *UNLOCK, "--file", str(file), "--yes", "--results", str(file))
    assert again.returncode == 2
    assert "exists already" in again.stderr
    as_lines = tmp_path / "results.ndjson"
    again = run_here(venue, *UNLOCK, "--file", str(file), "--yes", "--results", str(as_lines))
    assert again.stdout.splitlines()[0] == "1,100 already unlocked, 30 unknown."
    decoded = [json.loads(line) for line in as_lines.read_text().splitlines()]
    assert decoded[0] == {
        **{"token": MANY[0], "outcome": "already_unlocked", "message": "was already unlocked."}
    }
    assert len(decoded) == 1_130


@ON_SQLITE
def test_results_that_cannot_be_written_are_reported(venue: Database, tmp_path: Path) -> None:
    file = tmp_path / "results.csv"
    real = Path.open

    def full(path: Path, *arguments: Any, **more: Any) -> Any:
        return real(Path("/dev/full"), "w", **more) if path == file else real(path, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", full)
        result = run_here(venue, *UNLOCK, "listed-1", "--results", str(file))
    assert (result.returncode, result.stdout) == (3, "listed-1: unlocked.\n")
    assert "The results are not all in" in result.stderr
    assert_one_sentence(result.stderr)


WRONG: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "tokens and a channel": ("listed-1", "--channel", CHANNEL),
    "a file and a listing": ("--file", "x", "--listing", "L-1"),
    "an organization alone": ("--org", ORGANIZATION),
    "an organization with tokens": ("listed-1", "--org", ORGANIZATION),
    "an empty channel": ("--channel", "", "--yes"),
    "an empty listing": ("--listing", "", "--yes"),
    "no terminal to ask": ("--channel", CHANNEL),
    "results of no known format": ("listed-1", "--results", "results.txt"),
    "results in a folder that is missing": ("listed-1", "--results", "/missing/results.csv"),
    "a file that is missing": ("--file", "missing.txt", "--yes"),
    "a folder": ("--file", ".", "--yes"),
    "CSV without the column": ("--file", "{csv}", "--yes"),
    "lines that are not JSON": ("--file", "{ndjson}", "--yes"),
    "a compressed file": ("--file", "{gzip}", "--yes"),
    "a file that is not UTF-8": ("--file", "{latin}", "--yes"),
}


@ON_SQLITE
@all_cases("name", WRONG)
def test_wrong_usage_changes_nothing(venue: Database, tmp_path: Path, name: str) -> None:
    files = {
        "csv": ("tokens.csv", b"owner\nlisted-1\n"),
        "ndjson": ("tokens.ndjson", b'{"token":7}\n'),
        "gzip": ("tokens.txt", b"\x1f\x8b\x08"),
        "latin": ("latin.txt", b"listed-1\n\xfc\n"),
    }
    paths = {kind: str(tmp_path / path) for kind, (path, _) in files.items()}
    for path, content in files.values():
        (tmp_path / path).write_bytes(content)
    before = venue.rows()
    result = run_here(venue, *UNLOCK, *(word.format(**paths) for word in WRONG[name]))
    assert (result.returncode, result.stdout) == (2, "")
    assert_one_sentence(result.stderr)
    assert venue.rows() == before
