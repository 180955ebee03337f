"""Lists of organizations, channels, applications and operators, page by page.

See decision 165.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from seatlatch.http.query import bound_cursor, filters_of, place_in

PAGE_ENTRIES = 100
PAGE_ENTRIES_MAX = 1_000

Entry = TypeVar("Entry")


class ListQuery(Struct, forbid_unknown_fields=True):
    """The query of a list: entries that follow `after`, the `next` of an earlier page."""

    after: str | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=PAGE_ENTRIES_MAX)] = PAGE_ENTRIES


def page_of(
    path: str,
    entries: Sequence[Entry],
    key: Callable[[Entry], str],
    query: ListQuery,
) -> tuple[Sequence[Entry], str | None]:
    """The page of entries, which are in order of their keys, and the cursor of the next page.

    `path`: the route. Raises `InvalidRequest` for a cursor of another route or query.
    """
    start, list_of = 0, [path, filters_of(query)]
    if query.after is not UNSET:
        start = bisect_right(entries, place_in(str(query.after), str, list_of), key=key)
    page = entries[start : start + query.limit]
    has_more = start + query.limit < len(entries)
    return page, bound_cursor(key(page[-1]), list_of) if has_more else None
