"""Rows and fields that the pages about callers share."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from seatlatch.console.templating import CONSOLE
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.presentation.lists import ListQuery
from seatlatch.store.access import KeyEntry

CHANNELS = CONSOLE + "/channels"
CHANNEL = CHANNELS + "/{channelCode}"

CHOICE_ROWS_MAX = 20
"""The most organizations that a form offers as choices; with more, their ids are typed."""

HOUR_SECONDS = 3_600
DAY_SECONDS = 24 * HOUR_SECONDS
BETWEEN = re.compile(r"[\s,]+")


class NoticedQuery(ListQuery):
    """The query of a page with a list. `done`: the action that has led to the page."""

    done: str = ""

    @property
    def place(self) -> ListQuery:
        """The query of the list alone, which is what a cursor is bound to."""
        return ListQuery(self.after, self.limit)


class KeyRow(NamedTuple):
    """A key as pages show it. `age`: in words. `is_over`: whether it has ended."""

    key_id: str
    age: str
    created_at: datetime | None
    expires_at: datetime | None
    last_used_at: datetime | None
    is_over: bool


def key_rows(keys: Sequence[KeyEntry], now: datetime) -> list[KeyRow]:
    """The rows of keys."""
    return [
        KeyRow(
            key.key_id,
            age_of(key.created_at, now),
            key.created_at,
            key.expires_at,
            key.last_used_at,
            is_over=key.expires_at is not None and key.expires_at <= now,
        )
        for key in keys
    ]


def age_of(created_at: datetime | None, now: datetime) -> str:
    """An age in words."""
    if created_at is None:
        return "unknown"
    seconds = (now - created_at).total_seconds()
    if seconds < HOUR_SECONDS:
        return "less than an hour"
    count, unit = (
        (int(seconds // HOUR_SECONDS), "hour")
        if seconds < DAY_SECONDS
        else (int(seconds // DAY_SECONDS), "day")
    )
    return f"{count:,} {unit}{'' if count == 1 else 's'}"


def identifiers(fields: Sequence[str]) -> list[str]:
    """The identifiers in fields of a form: one each, or several with spaces or commas between."""
    return [one for field in fields for one in BETWEEN.split(field) if one]


def require_typed(typed: str, name: str) -> None:
    """Raise `InvalidRequest` unless somebody has typed the name of what cannot be restored."""
    if typed.strip() != name:
        raise InvalidRequest(f"Nothing was done. To confirm, type {name} exactly as it is.")
