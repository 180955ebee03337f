"""The form of the fields of a record, over HTTP and in an import."""

from seatlatch.domain.label import UNREADABLE, code_point, ends_problem
from seatlatch.domain.ticket import TicketRecord

FIELD_CHARACTERS_MAX = 200
SEAT_BYTES_MAX = 250
"""The most bytes of a section, row or seat in UTF-8: an index row of PostgreSQL, which has all of
them, the event and the token, cannot be longer than 2,704 bytes.
"""
SEAT_FIELDS = ("section", "row", "seat")
REQUIRED = ("token", "organization_id", "owner_id")
FIELDS = TicketRecord._fields


def record_problem(record: TicketRecord) -> tuple[str, str] | None:
    """The first field that can't be stored, and what is wrong with it; None = all are valid.

    A token is an opaque string, but a person must be able to read it aloud, paste it and search for
    it. Tickets are looked up by every other field too, so the same rule applies to all.
    """
    for field, value in zip(FIELDS, record, strict=True):
        if not value:
            if field in REQUIRED:
                return field, "must not be empty"
        elif problem := field_problem(value):
            return field, problem
        elif field in SEAT_FIELDS and len(value.encode()) > SEAT_BYTES_MAX:
            return field, f"is longer than {SEAT_BYTES_MAX} bytes in UTF-8"
    return None


def field_problem(value: str) -> str | None:
    """The problem with a field's value; None = it can be stored."""
    if len(value) > FIELD_CHARACTERS_MAX:
        return f"is longer than {FIELD_CHARACTERS_MAX} characters"
    if not value.isprintable() and (found := UNREADABLE.search(value)):
        return f"contains a control character, {code_point(found[0])}"
    return ends_problem(value)


def changes_details(stored: TicketRecord, put: TicketRecord) -> bool:
    """Whether a put changes a ticket of the same token. What it does not give stays as it is."""
    return any(new and new != old for old, new in zip(stored, put, strict=True))
