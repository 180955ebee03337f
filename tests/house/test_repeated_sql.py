"""No statement is in both engines that could be written once, in `store/sql`."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

STORE = Path(__file__).parents[2] / "src" / "seatlatch" / "store"
CHARACTERS_MIN = 60
"""Shorter parts of statements repeat by chance; whole statements count at any length."""

STATEMENT = re.compile(r"(SELECT|INSERT|UPDATE|DELETE)\b")
SQL = re.compile(r"\b(SELECT|SET|WHERE|FROM|VALUES|RETURNING|CREATE|ALTER)\b|= NULL\b")
PLACEHOLDER = re.compile(r"(?<!:):[a-z_]\w*|\$\d+|\?\d*|%s|%\(\w+\)s")
CAST = re.compile(r"::[a-z]+(\[\])?")

PART = "A part of the statements that change tickets, which each engine has as a whole."
ALLOWED: Mapping[str, str] = {
    "mpreserve = 0, mpreserve_channel = NULL, listing_source = NULL, external_listing_id = NULL,"
    " total_price = NULL, individual_price = NULL, seller = NULL": PART,
    "UPDATE database_use SET database_use = database_use": (
        "The test write. On PostgreSQL it is one of several statements that go out in one piece."
    ),
    "seat_status = 'UNLOCK', hold_reason = NULL, hold_expires_at = NULL": PART,
}
"""Normalized texts that both engines may repeat, each with the reason."""


def literals(tree: ast.AST) -> Iterator[str]:
    """Every string in a module; a field of an f-string stands as its source in braces."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(map(_part, node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        else:
            yield from literals(node)


def _part(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else f"{{{ast.unparse(part)}}}"


def normalized(sql: str) -> str:
    """A statement without what differs between the engines by rule: schema, placeholders, casts,
    row locks, words for true and false, and white space.
    """
    text = CAST.sub("", sql)
    text = PLACEHOLDER.sub("?", text)
    text = text.replace("seatlatch.", "").replace(" FOR UPDATE", "")
    text = re.sub(r"\bfalse\b", "0", re.sub(r"\btrue\b", "1", text))
    return " ".join(text.split())


def statements(source: str) -> set[str]:
    """The normalized statements of a module, and the long parts of statements."""
    found = (normalized(literal) for literal in literals(ast.parse(source)))
    return {
        text
        for text in found
        if STATEMENT.match(text) or (len(text) >= CHARACTERS_MIN and SQL.search(text))
    }


def statements_of(engine: str) -> set[str]:
    """Those of all modules of an engine."""
    files = (STORE / engine).rglob("*.py")
    return {text for file in files for text in statements(file.read_text("utf-8"))}


def test_no_statement_is_repeated() -> None:
    repeated = statements_of("sqlite") & statements_of("postgres")
    assert repeated - ALLOWED.keys() == set()


def test_nothing_is_allowed_in_vain() -> None:
    assert ALLOWED.keys() <= statements_of("sqlite") & statements_of("postgres")


def test_a_repeated_statement_is_found() -> None:
    one = 'READ = "SELECT token, owner_id, voided FROM tickets WHERE token = ? AND voided = 0"'
    other = (
        'FIND = f"""\nSELECT token, owner_id, voided FROM seatlatch.tickets\n'
        'WHERE token = $1::text AND voided = false FOR UPDATE\n"""'
    )
    assert statements(one) == statements(other) != set()
    assert statements(one.replace("owner_id", "revision")) != statements(other)


def test_what_is_no_statement_is_not_compared() -> None:
    sentence = "This long sentence has no word of SQL but is a docstring or a text for people."
    assert statements(f'"""{sentence}"""') == set()
    assert len(statements_of("sqlite")) > 10
    assert len(statements_of("postgres")) > 10
