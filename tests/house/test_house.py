"""The house rules that a machine can hold: sizes, doorplates, names, arrows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
ALL = [*SOURCES, *TESTS, *sorted((ROOT / "bench").rglob("*.py"))]
FUNCTION_LINES_MAX = 50
MODULE_LINES_MAX = 300
BANNED_NAMES = {"utils", "helpers", "manager", "common", "misc"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def all_functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def own_lines(function: Function) -> int:
    """Its lines without its docstring."""
    docstring = ast.get_docstring(function, clean=False)
    documented = docstring.count("\n") + 1 if docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - documented


def public(body: list[ast.stmt]) -> Iterator[Function | ast.ClassDef]:
    """What others may use: functions and classes, and the methods of the latter."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name.startswith("_"):
                continue
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


@pytest.mark.parametrize("path", ALL, ids=name)
def test_functions_and_modules_are_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MODULE_LINES_MAX
    long = [f.name for f in all_functions(path) if own_lines(f) > FUNCTION_LINES_MAX]
    assert long == []


@pytest.mark.parametrize("path", ALL, ids=name)
def test_every_module_opens_with_a_sentence(path: Path) -> None:
    text = path.read_text()
    if path.name == "__init__.py" and not text:
        return
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring
    assert docstring.split("\n\n")[0].endswith(".")


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_what_is_public_has_a_docstring(path: Path) -> None:
    bare = [n.name for n in public(ast.parse(path.read_text()).body) if not ast.get_docstring(n)]
    assert bare == []


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_rooms_are_named_from_the_field(path: Path) -> None:
    assert BANNED_NAMES.isdisjoint(re.split(r"[/_.]", name(path)))


def test_every_setting_of_a_limit_ends_in_its_unit() -> None:
    """A bare number among our constants says what it counts, as the last word or before _MAX."""
    unit = re.compile(
        r"(SECONDS|BYTES|PAGES|KIBIBYTES|CHARACTERS|TOKENS|REQUESTS|CONNECTIONS|ALLOCATIONS|CHARACTERS|LINES|TICKETS|ENTRIES|ROWS|EVENTS|CHANGES|MESSAGES|SEATS|DELIVERIES|WEBHOOKS|ADDRESSES|NETWORKS|LEASES|DAYS|SESSIONS|DESCRIPTORS)"
    )
    for path in SOURCES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                target = node.targets[0]
                if isinstance(target, ast.Name) and isinstance(node.value.value, int | float):
                    assert unit.search(target.id) or target.id in UNITLESS, f"{path}: {target.id}"


UNITLESS = {
    "APPLICATION_ID",
    "BUCKETS_AT_ONCE",
    "BUCKET_BITS",
    "CHAIN",
    "CLIENT_WENT_AWAY",
    "DELETE",
    "DONE_IN_PART",
    "DOUBLINGS_MAX",
    "FINEST_EXPONENT",
    "GONE",
    "GZIP_LEVEL",
    "HEADERS_MAX",
    "JITTER",
    "LANES",
    "LOOKS_MAX",
    "MIGRATION_LOCK",
    "NOTHING_DONE",
    "NUMBER_BITS",
    "OLDEST_VERSION",
    "PASSES_MAX",
    "READERS",
    "REMEMBERED_GRANTS",
    "REMEMBERED_VALUES",
    "RENEWALS_MAX",
    "SANDBOX_LOCK",
    "STANDARD_ERROR_DESCRIPTOR",
    "TRIES_MAX",
    "WRONG_USAGE",
}


def test_the_lock_files_have_hashes_and_no_addresses() -> None:
    generator = "tests/reference/generator/requirements.lock"
    ours = ("requirements.lock", "requirements-dev.lock", "requirements-docs.lock")
    for file in (*ours, generator):
        text = (ROOT / file).read_text()
        pins = re.findall(r"^[a-z0-9-]+==.*?(?=^[a-z0-9-]+==|\Z)", text, re.MULTILINE | re.DOTALL)
        assert len(pins) > 10
        assert all("--hash=sha256:" in pin for pin in pins)
        assert "://" not in text


def test_both_lock_files_agree() -> None:
    pin = re.compile(r"^([a-z0-9-]+==[^ ;]+)", re.MULTILINE)
    run = set(pin.findall((ROOT / "requirements.lock").read_text()))
    dev = set(pin.findall((ROOT / "requirements-dev.lock").read_text()))
    assert run <= dev


def test_every_room_of_the_source_has_its_tests() -> None:
    rooms = {path.parent.relative_to(ROOT / "src" / "seatlatch") for path in SOURCES}
    for room in rooms - {Path()}:
        top = ROOT / "tests" / room.parts[0]
        assert list(top.glob("test_*.py")), f"no tests in {name(top)}"
