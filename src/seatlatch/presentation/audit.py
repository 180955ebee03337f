"""Pages of the audit: administrative changes and sign-ins, as every interface shows them.

Members are written in the order of the fields.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Struct

from seatlatch.domain.audit import AuditFilters, AuditPlace
from seatlatch.http.query import bound_cursor, place_in
from seatlatch.journal.rows import from_microseconds, to_microseconds
from seatlatch.operations.read_audit import AuditPage, read_audit
from seatlatch.presentation.schemas import Timestamp
from seatlatch.store.interface import Store

MICROSECONDS_MAX = to_microseconds(datetime(9999, 12, 31, tzinfo=UTC))
PAGE_ENTRIES = 100


class ShownAuditEntry(Struct, rename="camel"):
    """An administrative change or a sign-in, and its author."""

    audit_id: str
    timestamp: Timestamp
    actor: str
    client_address: str | None
    request_id: str
    action: str
    target: str
    details: Annotated[dict[str, Any], Meta(extra_json_schema={"additionalProperties": True})]


class ShownAudit(Struct, rename="camel"):
    """Entries of the audit, the newest first. `next`: the value of `after` for the next page; null
    = no more.
    """

    entries: list[ShownAuditEntry]
    next: str | None


class Before(NamedTuple):
    """The place at which the audit continues, as a cursor holds it."""

    microseconds: Annotated[int, Meta(ge=0, le=MICROSECONDS_MAX)]
    audit_id: Annotated[int, Meta(ge=1, le=2**63 - 1)]


async def audit_page(
    store: Store, filters: AuditFilters, after: str | None, limit: int
) -> ShownAudit:
    """A page of the audit. Raises `InvalidRequest` for a cursor of other filters."""
    before = None
    if after is not None:
        found = place_in(after, Before, filters)
        before = AuditPlace(from_microseconds(found.microseconds), found.audit_id)
    page = await store.read(lambda snapshot: read_audit(snapshot, filters, before, limit))
    return shown_audit(page, filters)


def shown_audit(page: AuditPage, filters: AuditFilters) -> ShownAudit:
    """A page of the audit in the form that people and programs get."""
    entries = [
        ShownAuditEntry(
            str(entry.audit_id),
            entry.timestamp,
            entry.actor,
            entry.client_address,
            entry.request_id,
            entry.action,
            entry.target,
            dict(entry.details),
        )
        for entry in page.entries
    ]
    if page.next is None:
        return ShownAudit(entries, None)
    place = Before(to_microseconds(page.next.timestamp), page.next.audit_id)
    return ShownAudit(entries, bound_cursor(place, filters))


def details_in_words(details: Mapping[str, object]) -> str:
    """The details of an entry as one line for people."""
    return ", ".join(f"{name}: {_value(name, value)}" for name, value in details.items())


def _value(name: str, value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "all" if name.lower().endswith("organizations") else "none"
    return str(value)
