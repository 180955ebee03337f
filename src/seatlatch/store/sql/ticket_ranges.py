"""Ranges of the indexes of tickets: the statements that read one, in the order of its index.

See decisions 143 and 144.
"""

from functools import lru_cache
from typing import NamedTuple

from seatlatch.store.finding import Place, Search, TicketIndex
from seatlatch.store.sql.executor import Values
from seatlatch.store.sql.ticket_filters import ORGANIZATIONS, conditions_of
from seatlatch.store.sql.ticket_rows import WHOLE

KEYS = {
    "token": "token",
    "organization_id": "organization_id",
    "owner_id": "owner_id",
    "barcode": "barcode",
    "access_id": "coalesce(access_id, '')",
    "section": "coalesce(section, '')",
    "row": "coalesce(\"row\", '')",
    "seat": "coalesce(seat, '')",
}
"""The columns of the indexes, as the migrations have them; one that is required is as it is."""


class Shape(NamedTuple):
    """The form of a range without its values: of the first `known` columns of its index it has the
    tickets with one value each, and of these it has the tickets after the next `keys` columns.
    """

    by: TicketIndex
    known: int
    keys: int
    seeks_rows: bool


class Range:
    """The tickets that follow a place in an index.

    `seeks_rows`: whether the engine finds a place in an index by several expressions at once.
    Otherwise a range has only tickets that agree with the place in all values but the last one;
    `next` has the others.
    """

    def __init__(self, search: Search, place: Place, *, seeks_rows: bool) -> None:
        keys = (*search.known_values(place.organization_id), *place.keys)
        self._shape = Shape(search.by, search.known, len(place.keys), seeks_rows)
        self._conditions = tuple(conditions_of(search.wanted, search.rest))
        if search.organizations is not None and not search.by.is_by_organization:
            self._conditions = (ORGANIZATIONS, *self._conditions)
        self._place = place
        self.values: Values = {
            **search.wanted._asdict(),
            **{f"key{n}": key for n, key in enumerate(keys)},
            "organizations": list(search.organizations or ()),
        }

    @property
    def has_conditions(self) -> bool:
        """Whether not every ticket of the range matches."""
        return bool(self._conditions)

    @property
    def find(self) -> str:
        """The statement that returns `:limit` tickets that match, among the first `:portion`."""
        return _find(self._shape, self._conditions)

    @property
    def last(self) -> str:
        """The statement that returns the key of the last of the first `:portion` tickets, if there
        are that many. `:before_last` is one less.
        """
        return _last(self._shape)

    @property
    def count(self) -> str:
        """The statement that returns the number of tickets, up to `:portion`."""
        return _count(self._shape)

    @property
    def next(self) -> Place | None:
        """The place of the range that follows; None = all tickets of the organization were in this
        range and in those before it.
        """
        keys = self._place.keys[:-1]
        return self._place._replace(keys=keys) if keys and not self._shape.seeks_rows else None


@lru_cache(512)
def _find(shape: Shape, conditions: tuple[str, ...]) -> str:
    where, order = _where(shape), _order(shape)
    if not conditions:
        return f"SELECT {WHOLE} FROM seatlatch.tickets {where} ORDER BY {order} LIMIT :limit"
    return f"""
SELECT {WHOLE}
FROM (SELECT * FROM seatlatch.tickets {where} ORDER BY {order} LIMIT :portion) AS tickets
WHERE {" AND ".join(conditions)} LIMIT :limit
"""


@lru_cache(512)
def _last(shape: Shape) -> str:
    return f"""
SELECT {", ".join(_columns(shape.by))} FROM seatlatch.tickets {_where(shape)}
ORDER BY {_order(shape)} LIMIT 1 OFFSET :before_last
"""


@lru_cache(512)
def _count(shape: Shape) -> str:
    return f"""
SELECT count(*) FROM (
  SELECT token FROM seatlatch.tickets {_where(shape)}
  ORDER BY {_order(shape)} LIMIT :portion) AS examined
"""


def _where(shape: Shape) -> str:
    columns = _columns(shape.by)
    names = [f":key{n}" for n in range(shape.known + shape.keys)]
    conditions = (
        _compare_rows(shape, columns, names)
        if shape.seeks_rows
        else _compare_each(shape, columns, names)
    )
    if shape.by.required:
        conditions.append(f'"{shape.by.required}" IS NOT NULL')
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _compare_rows(shape: Shape, columns: list[str], names: list[str]) -> list[str]:
    """The conditions as comparisons of rows. From an equality the planner would conclude that its
    column does not matter for the order; then it could choose another index, by which it reads
    tickets that are not in the range.
    """
    first = (">", len(names)) if shape.keys else (">=", shape.known)
    return [
        f"({', '.join(columns[:width])}) {sign} ({', '.join(names[:width])})"
        for sign, width in (first, ("<=", shape.known))
        if width
    ]


def _compare_each(shape: Shape, columns: list[str], names: list[str]) -> list[str]:
    """The conditions as comparisons of single columns."""
    equal = _equal_columns(shape)
    conditions = [f"{columns[n]} = {names[n]}" for n in range(equal)]
    return conditions + [f"{columns[n]} > {names[n]}" for n in range(equal, len(names))]


def _order(shape: Shape) -> str:
    """The order of a range. SQLite sorts if a column of it has only one value."""
    first = 0 if shape.seeks_rows else _equal_columns(shape)
    return ", ".join(_columns(shape.by)[first:])


def _columns(index: TicketIndex) -> list[str]:
    return [f'"{name}"' if name == index.required else KEYS[name] for name in index.columns]


def _equal_columns(shape: Shape) -> int:
    """How many columns have one value in all tickets of a range, if it was not found by rows."""
    return shape.known + max(shape.keys - 1, 0)
