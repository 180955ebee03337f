"""Generates the table of the files that one unlock runs, from a measurement of real requests."""

import json
from pathlib import Path
from typing import Any

from docs.markdown import table
from docs.packages import SOURCE, sentence

MEASURED = Path(__file__).parent / "internals" / "unlock_path.json"
"""Written by `python -m tests.docs.unlock_path`: for each engine, the functions of each file in the
order in which a request enters them."""

ENGINES = ("sqlite", "postgres")


def unlock_path() -> str:
    """Every file with its number on each engine, its purpose, and the functions that run."""
    measured: dict[str, dict[str, list[str]]] = json.loads(MEASURED.read_text("utf-8"))
    numbers = {
        engine: {file: number for number, file in enumerate(measured[engine], 1)}
        for engine in ENGINES
    }
    rows: list[tuple[Any, ...]] = []
    for file in merged(list(measured["sqlite"]), list(measured["postgres"])):
        functions = {name: None for engine in ENGINES for name in measured[engine].get(file, ())}
        places = (numbers[engine].get(file, "") for engine in ENGINES)
        listed = ", ".join(f"`{name}`" for name in functions)
        rows.append((*places, f"`{file}`", sentence(SOURCE / file), listed))
    counted = " and ".join(
        f"{len(measured[engine])} files on {name}"
        for engine, name in zip(ENGINES, ("SQLite", "PostgreSQL"), strict=True)
    )
    columns = ("SQLite", "PostgreSQL", "File", "What it holds", "Functions")
    return f"One unlock passes through {counted}.\n\n{table(columns, rows)}"


def merged(one: list[str], other: list[str]) -> list[str]:
    """Both lists merged: each name that only `other` has follows its predecessor in `other`."""
    result = list(one)
    at = 0
    for name in other:
        if name in result:
            at = result.index(name) + 1
        else:
            result.insert(at, name)
            at += 1
    return result
