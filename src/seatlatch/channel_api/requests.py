"""The query of a channel's list of its requests."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from seatlatch.domain.journal import Verb
from seatlatch.http.query import given
from seatlatch.operations.list_requests import RequestFilter
from seatlatch.presentation.requests import has_status

PAGE_REQUESTS = 100
PAGE_REQUESTS_MAX = 100


class ListQuery(Struct, rename="camel", forbid_unknown_fields=True):
    """The query of a list of requests. `after`: the `next` of an earlier page."""

    status: Annotated[int, Meta(ge=100, le=599)] | UnsetType = UNSET
    type: Literal["lock", "unlock"] | UnsetType = UNSET
    after: str | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=PAGE_REQUESTS_MAX)] = PAGE_REQUESTS


def filter_of(query: ListQuery, channel_code: str) -> RequestFilter:
    """The requests of a channel that a query asks for."""
    kind = given(query.type)
    verb = None if kind is None else Verb(kind)
    return RequestFilter(channel_code, verb, matches=has_status(given(query.status)))
