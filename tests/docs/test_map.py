"""The map of the source and the other internals name only what exists, and the map is complete."""

import json

import pytest

from docs.diagram import lay_out, ranks
from docs.packages import foundations, imports, layered, packages, reachable, reduced
from docs.unlock_path import MEASURED, merged
from tests.databases import Database
from tests.docs.pages import DOCS
from tests.docs.source_names import (
    INTERNALS,
    index_rows,
    missing_modules,
    missing_names,
    missing_packages,
    names_of_ours,
    words_of_the_project,
)
from tests.docs.unlock_path import common, measure, until_second_read

MAP = DOCS / "internals" / "map.md"


def test_every_package_is_on_the_map() -> None:
    assert missing_packages(MAP.read_text("utf-8"), packages()) == []
    assert missing_packages(MAP.read_text("utf-8"), ["store", "no_package"]) == ["no_package"]


def test_the_internals_name_modules_that_exist() -> None:
    missing = {page.name: missing_modules(page.read_text("utf-8")) for page in INTERNALS}
    assert {name: modules for name, modules in missing.items() if modules} == {}


def test_a_module_that_is_gone_is_found() -> None:
    text = "`http/server.py`, `docs/parts.py`, `store/*/executor.py`, `http/no_server.py`"
    assert missing_modules(text) == ["http/no_server.py"]


def test_the_index_names_what_exists() -> None:
    text = MAP.read_text("utf-8")
    assert missing_names(text) == []
    assert len(index_rows(text)) > 30
    assert all(names for _, names in index_rows(text))


@pytest.mark.parametrize(
    "row",
    ["| Q? | `settings.py` | `NO_TABLE` |", "| Q? | `no_settings.py` | `TABLE` |"],
)
def test_a_name_that_is_gone_is_found(row: str) -> None:
    good = "| Q? | `settings.py` | `TABLE`, `Settings` |"
    assert missing_names(f"## Where is ...?\n\n{good}\n") == []
    assert len(missing_names(f"## Where is ...?\n\n{good}\n{row}\n")) == 1


def test_the_internals_use_names_that_exist() -> None:
    words = words_of_the_project()
    pages = [page for page in INTERNALS if page.name not in ("decisions.md", "CONTRIBUTING.md")]
    found = {page.name: names_of_ours(page.read_text("utf-8")) for page in pages}
    assert sum(map(len, found.values())) > 100
    assert {name: names - words for name, names in found.items() if names - words} == {}


def test_a_name_that_is_gone_is_found_in_a_sentence() -> None:
    gone = "_".join(("no", "such", "name"))
    text = f"`apply_group` calls `GroupCommit.{gone}`, see `change.py`, `SELECT 1` and `lock`."
    assert names_of_ours(text) - words_of_the_project() == {gone}


def test_the_diagram_has_every_package() -> None:
    drawn = layered(imports()).keys() | foundations(imports())
    assert {name.split("/")[0] for name in packages()} <= drawn | {"cli"}
    assert {"store/sql", "store/sqlite", "store/postgres", "settings", "wiring"} <= drawn


def test_reducing_keeps_what_is_reachable() -> None:
    graph = layered(imports())
    fewer = reduced(graph)
    assert all(reachable(graph, name) == reachable(fewer, name) for name in graph)
    assert sum(map(len, fewer.values())) < sum(map(len, graph.values()))


def test_arrows_point_down() -> None:
    graph = {name: frozenset(targets) for name, targets in {"a": "bc", "b": "c", "c": ""}.items()}
    assert ranks(graph) == {"a": 2, "b": 1, "c": 0}
    assert lay_out(reduced(graph)).rows == [["a"], ["b"], ["c"]]
    rows, edges = lay_out(graph)
    assert {name for row in rows for name in row} == {"a", "b", "c", "a>c@1"}
    assert ("a>c@1", "c") in edges


def test_the_path_of_an_unlock_is_the_measured_one(database: Database) -> None:
    documented = json.loads(MEASURED.read_text("utf-8"))[database.engine]
    measured = measure(database)
    run = "stale, run python -m tests.docs.unlock_path and make docs"
    assert {file: set(names) for file, names in measured.items()} == {
        file: set(names) for file, names in documented.items()
    }, run


def test_only_calls_of_every_recording_count() -> None:
    one = [("a.py", "f"), ("timer.py", "tick"), ("a.py", "g.<locals>.<lambda>"), ("a.py", "h")]
    other = [("a.py", "f"), ("a.py", "g.<locals>.<lambda>"), ("a.py", "h")]
    assert common([one, other]) == {"a.py": ["f", "h"]}


def test_a_recording_ends_at_the_second_read() -> None:
    read = ("c.py", "Connection.buffer_updated")
    calls = [read, ("a.py", "f"), read, ("b.py", "g")]
    assert until_second_read(calls) == calls[:2]


def test_the_paths_of_both_engines_are_merged() -> None:
    assert merged(["a", "b", "d"], ["a", "c", "d", "e"]) == ["a", "c", "b", "d", "e"]
