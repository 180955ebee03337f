"""`seatlatch tickets import`: its output, exit codes, and stored tickets."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from seatlatch.cli.tickets import import_command
from seatlatch.cli.tickets.import_command import import_file as import_file_here
from seatlatch.store.importing import Portion
from seatlatch.store.sqlite import importing, opening
from seatlatch.store.sqlite.opening import open_database
from tests.cli.commands import run, run_into, run_within, shown_on_terminal
from tests.databases import ON_SQLITE, Database
from tests.serving import ORGANIZATION, fill, listed
from tests.sqlite_database import file_of

HEAD = "token,owner_id,section\n"
Season = Callable[..., str]


@pytest.fixture
def database(database: Database) -> Database:
    """An inventory with a ticket that is listed."""
    fill(database, [listed("listed")])
    return database


@pytest.fixture
def season(tmp_path: Path) -> Season:
    """Writes a file of tickets."""

    def write(content: str, name: str = "season.csv") -> str:
        file = tmp_path / name
        file.write_text(content)
        return str(file)

    return write


def import_file(database: Database, file: str, *more: str) -> "subprocess.CompletedProcess[str]":
    options = ("--org", ORGANIZATION, "--database", database.url)
    return run_within("tickets", "import", file, *options, *more)


def test_on_a_pipe_it_prints_one_line(database: Database, season: Season) -> None:
    file = season(HEAD + "a,o,101\nb,o,101\nlisted,other,\n")
    first = run("tickets", "import", file, "--org", ORGANIZATION, "--database", database.url)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == "2 added, 1 updated, 0 unchanged.\n"
    assert import_file(database, file).stdout == "0 added, 0 updated, 3 unchanged.\n"
    assert database.mpreserve_of() == {"a": False, "b": False, "listed": True}


def import_typed(
    database: Database, content: bytes, *more: str
) -> "subprocess.CompletedProcess[str]":
    """Import standard input."""
    options = ("--org", ORGANIZATION, "--database", database.url)
    return run_within("tickets", "import", "-", *options, *more, typed=content)


def test_standard_input_is_read(database: Database) -> None:
    result = import_typed(database, (HEAD + "a,o,101\n").encode(), "--format", "csv")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "1 added, 0 updated, 0 unchanged.\n"
    lines = b'{"token":"b","ownerId":"o"}\n{"token":"c"}\n'
    result = import_typed(database, lines, "--format", "ndjson", "--keep-good")
    assert (result.returncode, result.stderr) == (3, "line 2, owner_id: is missing\n")
    assert database.mpreserve_of().keys() == {"listed", "a", "b"}
    result = import_typed(database, b"")
    assert (result.returncode, result.stdout) == (2, "")
    assert "Pass --format csv or --format ndjson." in result.stderr


def test_a_format_is_one_of_two(database: Database, season: Season) -> None:
    result = import_file(database, season(HEAD), "--format", "xlsx")
    assert (result.returncode, result.stdout) == (2, "")
    assert "--format" in result.stderr
    given = import_file(database, season(HEAD + "a,o,1\n", "season.txt"), "--format", "csv")
    assert (given.returncode, given.stdout) == (0, "1 added, 0 updated, 0 unchanged.\n")


def test_a_value_of_a_spreadsheet_is_named_and_kept_as_is(
    database: Database, season: Season
) -> None:
    file = season("Token;ownerId;accessId\n9.89735E+10;7;GAME-1\nT2;7.0;GAME-1\u00a0\n")
    result = import_file(database, file)
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "line 2, token: looks like a spreadsheet's number, '9.89735E+10': format the column as text"
        " and export it again, or import the value as it is with --as-is",
        "line 3, access_id: ends with whitespace, U+00A0 (NO-BREAK SPACE); remove it",
    ]
    assert import_file(database, file, "--as-is").returncode == 1
    kept = import_file(database, file, "--as-is", "--keep-good")
    assert kept.returncode == 3
    assert database.mpreserve_of().keys() == {"listed", "9.89735E+10"}


def test_two_files_in_one_keep_the_tickets_of_both(database: Database, season: Season) -> None:
    joined = season(HEAD + "a,o,1\n" + HEAD + "b,o,1\n,,\n")
    result = import_file(database, joined)
    assert (result.returncode, result.stderr) == (
        1,
        "line 3: is a second header, as if files had been joined: import each file by itself,"
        " or delete this line\n",
    )
    assert import_file(database, joined, "--keep-good").returncode == 3
    assert database.mpreserve_of().keys() == {"listed", "a", "b"}


MANY_LINES = HEAD + "".join(f"t{number:06},o,101\n" for number in range(80_000))


def import_on_a_terminal(database: Database, file: str, *more: str, typed: str = "") -> bytes:
    """The terminal output of an import; `typed` comes through a pipe."""
    options = ["--org", ORGANIZATION, "--database", database.url, *more]
    return shown_on_terminal("tickets", "import", file, *options, typed=typed)


@ON_SQLITE
def test_on_a_terminal_it_shows_how_far_it_is(database: Database, season: Season) -> None:
    shown = import_on_a_terminal(database, season(MANY_LINES))
    assert b"Reading" in shown
    assert b"Storing" in shown
    assert b"100%" in shown
    assert b"80,000 added, 0 updated, 0 unchanged." in shown


@ON_SQLITE
def test_on_a_terminal_it_shows_how_much_of_a_pipe_was_read(database: Database) -> None:
    shown = import_on_a_terminal(database, "-", "--format", "csv", typed=MANY_LINES)
    assert b"Reading (bytes)" in shown
    assert str(len(MANY_LINES)).encode() in shown
    assert b"%" not in shown.partition(b"Storing")[0]
    assert b"80,000 added, 0 updated, 0 unchanged." in shown


def test_bad_lines_are_named_and_nothing_is_kept(database: Database, season: Season) -> None:
    result = import_file(database, season(HEAD + "a,o,1\nb,,1\nc,o\na,o,2\n"))
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "line 3, owner_id: must not be empty",
        "line 4: has 2 fields, the header has 3",
        "line 5, token: is already in line 2",
    ]
    assert result.stdout.startswith("Nothing was imported: 3 bad lines.")
    assert database.mpreserve_of().keys() == {"listed"}


def test_the_good_ones_can_be_kept(database: Database, season: Season) -> None:
    result = import_file(database, season(HEAD + "a,o,1\nb,,1\n"), "--keep-good")
    assert result.returncode == 3
    assert result.stdout == "1 added, 0 updated, 0 unchanged, 1 bad line skipped.\n"
    assert database.mpreserve_of().keys() == {"listed", "a"}
    nothing_good = season(HEAD + "b,,1\n", "bad.csv")
    assert import_file(database, nothing_good, "--keep-good").returncode == 1


def test_json_is_one_document(database: Database, season: Season) -> None:
    content = '{"token":"a","owner_id":"o"}\n{"token":"b"}\n'
    result = import_file(database, season(content, "s.ndjson"), "--keep-good", "--json")
    assert (result.returncode, result.stderr) == (3, "")
    assert json.loads(result.stdout) == {
        "kept": True,
        "added": 1,
        "updated": 0,
        "unchanged": 0,
        "badLines": 1,
        "bad": [
            {
                "line": 2,
                "column": "owner_id",
                "problem": "is missing",
            }
        ],
    }


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("absent.csv", 2, "Can't read"),
        (".", 2, "Can't read"),
        ("season.txt", 2, "ends neither in .csv nor in .ndjson"),
        ("header.csv", 1, "has no column owner_id"),
    ],
)
def test_a_file_that_is_none_is_reported_in_a_sentence(
    database: Database, season: Season, tmp_path: Path, name: str, code: int, said: str
) -> None:
    season("token\n", "season.txt")
    season("token\n", "header.csv")
    result = import_file(database, str(tmp_path / name))
    assert result.returncode == code
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_organization_must_be_known(database: Database, season: Season) -> None:
    options = ("--org", "9", "--database", database.url)
    result = run("tickets", "import", season(HEAD), *options)
    assert result.returncode == 1
    assert result.stderr == (
        "seatlatch: There is no organization '9'. Add it with `seatlatch org add`.\n"
    )
    assert run("tickets", "import", season(HEAD)).returncode == 2


@pytest.mark.parametrize("organization", [os.fsdecode(b"\xff"), "x" * 5_000, "", "a b"])
def test_an_organization_must_have_its_form(
    database: Database, season: Season, organization: str
) -> None:
    options = ("--org", organization, "--database", database.url)
    result = run("tickets", "import", season(HEAD), *options)
    assert result.returncode == 2
    assert len(result.stderr) < 200
    assert len(result.stderr.splitlines()) == 1


@ON_SQLITE
def test_where_nothing_was_changed_a_lost_result_claims_nothing(
    database: Database, season: Season
) -> None:
    file = season(HEAD + "b,,1\n")
    for arguments, code, said in (
        (("tickets", "import", file, "--org", ORGANIZATION), 1, "Nothing was changed."),
        (("org", "list"), 1, "Nothing was changed."),
        (("org", "add", "new", "--name", "New"), 3, "The command has finished its work."),
    ):
        with Path("/dev/full").open("w") as full:
            result = run_into(full, *arguments, "--database", database.url)
        assert (result.returncode, said in result.stderr) == (code, True), result.stderr


@pytest.mark.only_on("sqlite")
def test_an_import_that_is_cut_off_says_how_much_is_in(
    database: Database,
    season: Season,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(importing, "PORTION_TOKENS", 2)
    monkeypatch.setattr(opening, "LOCK_WAIT_SECONDS", 0.1)
    other = open_database(file_of(database), "inventory")

    merged: list[int] = []
    real = import_command._Progress.merged

    def then_lock(progress: import_command._Progress, portion: Portion) -> None:
        real(progress, portion)
        merged.append(portion.added)
        other.execute("BEGIN IMMEDIATE")

    monkeypatch.setattr(import_command._Progress, "merged", then_lock)
    file = Path(season(HEAD + "".join(f"t{number},o,\n" for number in range(5))))
    with pytest.raises(typer.Exit) as ended:
        import_file_here(file, ORGANIZATION, database=database.url)
    other.close()
    assert (ended.value.exit_code, merged) == (3, [2])
    said = capsys.readouterr().err
    assert "is locked by another process" in said
    assert "2 tickets were stored before that. Run the command again." in said
    assert database.mpreserve_of().keys() == {"listed", "t0", "t1"}
