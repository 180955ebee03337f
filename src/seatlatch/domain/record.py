"""What the fields of a ticket's record may hold, whichever door it comes in by."""

from seatlatch.domain.label import UNREADABLE
from seatlatch.domain.ticket import TicketRecord

FIELD_CHARACTERS_MAX = 200
REQUIRED = ("token", "organization_id", "owner_id")
FIELDS = TicketRecord._fields


def record_problem(record: TicketRecord) -> tuple[str, str] | None:
    """The first field that can't be kept, and what is wrong with it; None = all is well.

    A token is an opaque string, but one that a person must be able to read aloud, paste and search
    for has no control characters, no blanks at its ends, and an end.
    """
    for field, value in zip(FIELDS, record, strict=True):
        if not value:
            if field in REQUIRED:
                return field, "must not be empty"
        elif len(value) > FIELD_CHARACTERS_MAX:
            return field, f"is longer than {FIELD_CHARACTERS_MAX} characters"
        elif not value.isprintable() and UNREADABLE.search(value):
            return field, "holds a control character"
        elif field in REQUIRED and value != value.strip():
            return field, "begins or ends with a blank" if value.strip() else "must not be empty"
    return None
